#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The in-kernel runtime in stock kernels under QEMU: each check of guest/*.sh, on each kernel, is a test.

Needs rexc and librex of a build directory ($REXC_BUILD, else build/release), QEMU, and the kernels of tests/vm/fetch; what
is missing skips the tests of that kernel. The kernel's log of each machine is kept in build/vm-logs.
"""
import argparse
import concurrent.futures
import dataclasses
import json
import os
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile

import stepping
from harness import kernels, machine, module

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parents[1]
sys.path.insert(0, str(SOURCE / "tests/lib"))

from elf import Object  # noqa: E402  pylint: disable=wrong-import-position

# A machine that has not ended by then hangs: hundreds of times what it takes on an idle computer would still do.
TIMEOUT = 900
# scripts/soak has 100,000 of each.
HOSTILE_OBJECTS = 200
HOSTILE_CALLS = 3000
# Of each profile of random programs, stepped in the machine; tests/stack has 200 at the desk.
STEPPED_PROGRAMS = 2
CHECK = re.compile(r"^(not ok|ok) - (.*)$")

# x86-64 code that faults, and what the kernel calls that.
FAULTS = {
    "divide": "31c9 31d2 f7f1",  # xor ecx,ecx; xor edx,edx; div ecx
    "opcode": "0f0b",  # ud2
    "protection": "48b80000000000000080 488b00",  # movabs rax,0x8000000000000000; mov rax,[rax]
    "breakpoint": "cc",
    "page": "31c0 488b00",  # xor eax,eax; mov rax,[rax]
    "code": "c605f9ffffff90",  # mov byte ptr [rip-7],0x90: itself
}


@dataclasses.dataclass
class Boot:
    """One machine: its scripts run one after the other."""

    name: str
    scripts: tuple
    parameters: tuple = ()
    append: str = ""
    expected_splats: tuple = ()
    smp: int = 2
    threads: str = "single"
    processor: str = "max"


BOOTS = (
    # Debian has no kernel with KASAN. Of what it has: freed memory is poisoned and what was written to it is found (slub_debug,
    # both kernels), and a sample of all allocations lies between guard pages (KFENCE, which only 6.12 has).
    Boot("main", ("network.sh", "tracing.sh", "misbehave.sh", "returns.sh", "trust.sh", "reserve.sh", "nmi.sh", "lifecycle.sh"),
         ("measure_stacks=1",), "slub_debug=FZPU kfence.sample_interval=10"),
    # The page fault's oops is printed before the module gets to see it.
    # Of reports there are ten in five seconds at most, and nmi.sh makes more: it comes last.
    Boot("no mitigations", ("hotplug.sh", "mitigations.sh", "returns.sh", "faults.sh", "nmi.sh"),
         ("allow_unsigned=1", "run_in_nmi=1"), "mitigations=off",
         (r"BUG: kernel NULL pointer dereference", r"BUG: unable to handle page fault for address", r"Oops: ", r"\[#1\]"), smp=3),
    # AMD's Zen: kernels return there through thunks of theirs.
    Boot("return thunk", ("mitigations.sh", "returns.sh"), processor="max,family=23,model=1",
         expected_splats=(r"Speculative Return Stack Overflow: WARNING: See https",)),
    # Few breakpoints come and go there (harness/machine.py).
    Boot("clock", ("clock.sh", "secondary.sh"), ("trust_secondary=1",), smp=4, threads="multi"),
)


class Report:
    """TAP: numbers, names, comments."""

    def __init__(self):
        self.number = 0
        self.failed = 0

    def test(self, passed, name):
        self.number += 1
        self.failed += not passed
        print(f"{'ok' if passed else 'not ok'} {self.number} - {name}", flush=True)

    def skip(self, name, reason):
        self.number += 1
        print(f"ok {self.number} - {name} # SKIP {reason}", flush=True)

    def comment(self, text):
        for line in text.splitlines():
            print(f"# {line}", flush=True)


# -- What the machines get ------------------------------------------------------------------------

def rexc(*arguments):
    subprocess.run([str(machine.default_build() / "bin" / "rexc"), *map(str, arguments)], check=True,
                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def function_offset(file, name):
    """Where in an object the code of the function is whose mangled name contains this."""
    image = Object(file.read_bytes())
    return image.place(next(symbol.value for symbol in image.symbols if symbol.section and name in symbol.name))


def make_forged_returns(root, sign):
    """What the machines need to find an object's returns, and objects whose notes are wrong about them."""
    source = root / "vm_recursion.rex"
    listed = subprocess.run([str(machine.default_build() / "bin" / "rexc"), "inspect", "--json", str(source)], check=True,
                            stdout=subprocess.PIPE, text=True).stdout
    description = json.loads(listed)
    sites = description["note"]["returns"]
    thunk = function_offset(source, "__x86_return_thunk")
    (root / "vm_recursion.returns").write_text("".join(f"{address:x}\n" for address in (thunk, *sites)))
    jump = description["note"]["handle_timeout"] + 4
    forged = {
        "moved": [sites[0] + 1, *sites[1:]],
        "jump": sorted([*sites[1:], jump]),
        "outside": [*sites[:-1], 0xfffffff0],
    }
    data = source.read_bytes()
    table = struct.pack(f"<{len(sites)}I", *sites)
    for name, addresses in forged.items():
        assert data.count(table) == 1
        target = root / f"returns-{name}.rex"
        target.write_bytes(data.replace(table, struct.pack(f"<{len(sites)}I", *addresses)))
        sign(target)


def make_objects(root):
    """The programs, signed by somebody whom the machines trust; and what they are to refuse."""
    keys = root.parent / "keys"
    keys.mkdir()
    for name in "test", "other", "third":
        rexc("keygen", keys / name)
        shutil.copy(keys / f"{name}.crt", root)
    subprocess.run(["openssl", "x509", "-in", str(root / "other.crt"), "-outform", "DER", "-out", str(root / "other.der")], check=True)

    def compile_object(source, target, signer="test"):
        rexc(source, "-o", root / target, "-g", "--license", "GPL",
             *(("--sign-key", keys / f"{signer}.key", "--sign-cert", keys / f"{signer}.crt") if signer else ("--no-sign",)))

    for source in sorted((HERE / "programs").glob("*.rs")):
        compile_object(source, f"{source.stem}.rex")
    compile_object(HERE / "programs/vm_xdp.rs", "unsigned.rex", None)
    foreign = root.parent / "foreign.rs"
    shutil.copy(HERE / "programs/vm_xdp.rs", foreign)
    compile_object(foreign, "foreign.rex", "other")
    damaged = bytearray((root / "vm_xdp.rex").read_bytes())
    damaged[len(damaged) // 3] ^= 1
    (root / "damaged.rex").write_bytes(damaged)
    offset = function_offset(root / "vm_fault.rex", "hole")
    # mov byte ptr [rip+...],0: the definition of a map, which has the map's address now.
    distance = function_offset(root / "vm_fault.rex", "LOCKED") - (offset + 7)
    faults = FAULTS | {"definition": (b"\xc6\x05" + struct.pack("<ib", distance, 0)).hex()}
    for name, code in faults.items():
        data = bytearray((root / "vm_fault.rex").read_bytes())
        code = bytes.fromhex(code)
        data[offset:offset + len(code)] = code
        (root / f"fault-{name}.rex").write_bytes(data)
    make_forged_returns(root, lambda file: rexc("sign", file, "--key", keys / "test.key", "--cert", keys / "test.crt"))
    return keys / "test.crt"


def make_programs(root, build):
    """Programs that the scripts call, and loaders that use librex as others do."""
    include = root.parent / "include"
    shutil.copytree(SOURCE / "runtime/librex", include, ignore=shutil.ignore_patterns("*.c", "*.txt"))
    (include / "rex").mkdir()
    shutil.copy(SOURCE / "runtime/abi/rex_ioctl.h", include / "rex")
    shared, static = [f"-L{build / 'lib'}", "-lrex", "-lbpf"], [str(build / "lib/librex.a"), "-lbpf", "-lelf"]
    for name, source, arguments in (
            ("dup", "dup.c", []), ("openat", "openat.c", []), ("ringbuf", "ringbuf.c", ["-lbpf"]), ("locked", "locked.c", ["-lbpf"]),
            ("unprivileged", "unprivileged.c", []), ("flood", "flood.c", []), ("cycles", "cycles.c", shared),
            ("race", "race.c", shared), ("returns", "returns.c", []), ("other_maps", "other_maps.c", shared),
            ("loader", "loader.c", shared), ("loader-static", "loader.c", static),
            ("compat", "compat.c", ["-include", "librex_compat.h", *shared])):
        subprocess.run(["cc", "-O1", "-Wall", "-Werror", f"-I{include}", "-o", str(root / name), str(HERE / "guest" / source),
                        *arguments], check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def make_root(temporary):
    """The machines' /root, and the certificate that they trust."""
    root = pathlib.Path(temporary) / "root"
    root.mkdir()
    build = machine.default_build()
    os.environ["LD_LIBRARY_PATH"] = str(build / "lib")
    certificate = make_objects(root)
    make_programs(root, build)
    for script in (HERE / "guest").glob("*.sh"):
        shutil.copy(script, root)
    return root, certificate


# -- Running --------------------------------------------------------------------------------------

def log_of(series, plan):
    logs = SOURCE / "build" / "vm-logs"
    logs.mkdir(parents=True, exist_ok=True)
    return logs / f"{series}-{plan.name.replace(' ', '-')}.log"


def boot(series, plan, root, certificate):
    """One machine, from beginning to end; its log is there to be followed."""
    secondary = module.build(kernels.find(series), "tests/vm/modules/secondary")
    files = (*((str(path), f"/root/{path.name}") for path in sorted(root.iterdir())), (str(secondary), "/root/secondary.ko"))
    request = machine.Request(
        kernel=series, commands="; ".join(f"sh ./{script}" for script in plan.scripts), timeout=TIMEOUT,
        trust=(str(certificate),), files=files, parameters=plan.parameters, append=plan.append,
        expected_splats=plan.expected_splats, processor=plan.processor, smp=plan.smp, threads=plan.threads)
    with open(log_of(series, plan), "wb", buffering=0) as log:
        result = machine.run(request, log.write)
        log.write(f"\n---- console ----\n{result.console}".encode())
    return result


def tell(report, series, plan, result):
    """The checks of a machine, as the scripts printed them, and what became of the machine."""
    begun, failed = f"{series}, {plan.name}", report.failed
    ended = set()
    for line in result.output.replace("\r", "").splitlines():
        match = CHECK.match(line)
        if match:
            report.test(match[1] == "ok", f"{begun}: {match[2]}")
        elif line.startswith("end of "):
            ended.add(line.removeprefix("end of "))
        else:
            report.comment(line.removeprefix("# "))
    for script in plan.scripts:
        if script not in ended:
            report.test(False, f"{begun}: {script} runs to its end")
    report.test(not result.splats, f"{begun}: the kernel does not complain")
    report.test(result.status not in (machine.HANG, machine.UNAVAILABLE), f"{begun}: the machine ends by itself")
    report.comment(f"{begun}: {result.seconds:.0f} s; its log is {log_of(series, plan).relative_to(SOURCE)}")
    if report.failed > failed:
        report.comment("\n".join(result.splats[:10]))
        report.comment("the end of the kernel's log:")
        report.comment("\n".join(result.console.splitlines()[-40:]))


def hostile(series, root, objects, ioctls):
    """hostile/run.py with that many mutated objects and random calls; what it printed, and whether all was well."""
    keys = root.parent / "keys"
    done = subprocess.run([sys.executable, str(HERE / "hostile/run.py"), "--kernel", series, "--build", str(machine.default_build()),
                           "--key", str(keys / "test.key"), "--cert", str(keys / "test.crt"), "--count", str(objects),
                           "--ioctls", str(ioctls), *(str(root / f"vm_{name}.rex") for name in ("xdp", "kprobe", "maps", "tc"))],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, text=True)
    return done.returncode == 0, done.stdout


def run(report, chosen, plans, with_hostile):
    available = []
    for series in chosen:
        try:
            module.build(kernels.find(series))
            machine.initramfs.tool("qemu-system-x86_64")
            available.append(series)
        except kernels.Unavailable as missing:
            report.skip(f"stock kernel {series}", str(missing))
    if not available:
        return
    with tempfile.TemporaryDirectory(prefix="rexc-vm-suite-") as temporary:
        root, certificate = make_root(temporary)
        # Mostly they wait, so two at a time.
        with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
            results = [(series, plan, pool.submit(boot, series, plan, root, certificate))
                       for plan in plans for series in available]
            attacks = [(series, pool.submit(hostile, series, root, HOSTILE_OBJECTS, HOSTILE_CALLS))
                       for series in available if with_hostile]
            stepped = [(series, pool.submit(stepping.step_programs, series, STEPPED_PROGRAMS))
                       for series in available if with_hostile]
            for series, plan, result in results:
                tell(report, series, plan, result.result())
            for series, result in attacks:
                good, output = result.result()
                report.test(good, f"{series}, hostile: the kernel takes nothing that rexc verify refuses, and stands random calls")
                report.comment(output)
            for series, result in stepped:
                for good, what in result.result():
                    report.test(good, f"{series}, a random program stepped, {what}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tap", action="store_true", help="as the runner of all suites calls it; it is always TAP")
    parser.add_argument("--kernel", choices=kernels.SERIES, action="append", help="only this series")
    parser.add_argument("--script", action="append", help="only this one of guest/, e.g. network.sh")
    arguments = parser.parse_args()
    plans = [dataclasses.replace(plan, scripts=tuple(script for script in plan.scripts
                                                     if not arguments.script or script in arguments.script))
             for plan in BOOTS]
    report = Report()
    try:
        run(report, arguments.kernel or kernels.SERIES, [plan for plan in plans if plan.scripts], not arguments.script)
    except (module.BuildFailed, subprocess.CalledProcessError) as error:
        report.test(False, "what the machines need is built")
        report.comment(f"{error}\n{getattr(error, 'stdout', '') or ''}")
    print(f"1..{report.number}")
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
