#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The measurements of bench/build.sh."""
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
WORK = ROOT / "build" / "bench"
ROUNDS = int(sys.argv[1])
CLANG = "/usr/bin/clang-22"


def run(command, **options):
    done = subprocess.run(command, capture_output=True, text=True, **options)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return done


def timed(command, **options):
    begun = time.perf_counter()
    run(command, **options)
    return time.perf_counter() - begun


def proportional_kib(pid):
    """The memory of a process, what it shares with others in shares (proc(5), smaps_rollup)."""
    try:
        text = open(f"/proc/{pid}/smaps_rollup").read()
    except OSError:
        return 0
    found = re.search(r"^Pss:\s+(\d+) kB", text, re.M)
    return int(found[1]) if found else 0


def descendants(root):
    children = {}
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            try:
                parent = open(f"/proc/{entry.name}/stat").read().rsplit(")", 1)[1].split()[1]
            except OSError:
                continue
            children.setdefault(int(parent), []).append(int(entry.name))
    found, index = [root], 0
    while index < len(found):
        found += children.get(found[index], [])
        index += 1
    return found


def peak_kib(command, **options):
    """Highest memory of a command and its descendants together, sampled. The proportional set: the compiler's
    library, which two processes map, is in memory once."""
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)
    peak, done = 0, threading.Event()

    def sample():
        nonlocal peak
        while not done.is_set():
            peak = max(peak, sum(map(proportional_kib, descendants(child.pid))))
            time.sleep(0.001)

    sampler = threading.Thread(target=sample)
    sampler.start()
    child.wait()
    done.set()
    sampler.join()
    return peak


def largest_kib(command, **options):
    """Highest resident set of the largest single process of a command: what GNU time calls maximum resident set size."""
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"{command[0]} ended with {child.returncode}")
    return usage.ru_maxrss


def sysroot_with_bitcode(flags, source, crates):
    """core and the rex crate once more, with bitcode, as fat LTO needs it."""
    place = WORK / "lto"
    if (place / "librex.rlib").exists():
        return place
    print("compiling core with bitcode for the fat LTO baseline (once, about 40 s)", flush=True)
    place.mkdir(parents=True, exist_ok=True)
    (place / "empty").mkdir(exist_ok=True)
    environment = {"RUSTC_BOOTSTRAP": "1", "PATH": "/usr/bin:/bin"}
    common = ["/usr/bin/rustc", "--crate-type=rlib", "--edition=2024", *flags, "-Copt-level=2",
              f"--out-dir={place}"]
    run([*common, "--crate-name=core", "--cap-lints=allow", f"{source}/core/src/lib.rs"], env=environment)
    macros = next((ROOT / "build" / "bench" / "cache" / "sysroot").glob("*/host"))
    common += [f"--sysroot={place}/empty", f"-L{place}", f"-L{macros}"]
    run([*common, "--crate-name=compiler_builtins", f"{crates}/builtins/src/lib.rs"], env=environment)
    run([*common, "--crate-name=rex", "--extern=rex_macros", f"{crates}/rex/src/lib.rs"], env=environment)
    return place


def change(main, number):
    """One line of the program: the port that it closes."""
    text = main.read_text()
    main.write_text(re.sub(r"CLOSED_PORT: u16 = \d+", f"CLOSED_PORT: u16 = {5000 + number}", text))


def big_program(directory):
    """A program whose object, without debug information, is of about 128 KiB."""
    functions = []
    for i in range(420):
        functions.append(f"""
#[inline(never)]
fn step_{i}(data: &[u8], seed: u64) -> u64 {{
    let mut sum = seed ^ {i * 2654435761 % 2**32};
    for (place, byte) in data.iter().enumerate() {{
        match byte % 7 {{
            0 => sum = sum.rotate_left({i % 60 + 1}) ^ u64::from(*byte),
            1 => sum = sum.wrapping_mul({2 * i + 3}).wrapping_add(place as u64),
            2 => sum ^= sum >> {i % 30 + 1},
            3 => sum = sum.wrapping_sub({i}),
            _ => sum = sum.wrapping_add(u64::from(*byte) << (place % 32)),
        }}
    }}
    sum
}}""")
    calls = "\n".join(f"    sum = step_{i}(&ctx.data_slice, sum);" for i in range(420))
    (directory / "src" / "main.rs").write_text(f"""#![no_std]
#![no_main]
use rex::xdp::*;
use rex::{{Result, rex_xdp}};
{''.join(functions)}
#[rex_xdp]
fn big(_obj: &xdp, ctx: &mut xdp_md) -> Result {{
    let mut sum = 0u64;
{calls}
    Ok((XDP_PASS + (sum & 1) as u32) as i32)
}}
""")


def median(values):
    return statistics.median(values)


def main():
    WORK.mkdir(parents=True, exist_ok=True)
    environment = dict(os.environ, REXC_CACHE_DIR=str(WORK / "cache"), XDG_CONFIG_HOME=str(WORK / "config"))
    project = WORK / "filter"
    shutil.rmtree(project, ignore_errors=True)
    run(["rexc", "new", "xdp", "filter", "--path", str(project)], env=environment)
    run(["rexc", "build", str(project)], env=environment)
    doctor = json.loads(run(["rexc", "doctor", "--json"], env=environment).stdout)
    tools = {tool["name"]: tool["path"] for tool in doctor["tools"]}
    inspect = json.loads(run(["rexc", "inspect", "--json", str(project / "target/rex/filter.rex")],
                             env=environment).stdout)
    provenance = inspect["note"]["provenance"]
    flags = [f for f in provenance["flags"].split() if not f.startswith(("-Cembed-bitcode", "-Copt-level"))]
    lto = sysroot_with_bitcode(flags, tools["rust sources"], tools["rex crate"])
    macros = next((WORK / "cache" / "sysroot").glob("*/host"))

    source = project / "src" / "main.rs"
    bare = ["/usr/bin/rustc", "--crate-name=filter", "--crate-type=bin", "--edition=2024", *flags,
            "-Copt-level=2", "-Cdebuginfo=2", "-Clto=fat", f"--sysroot={lto}/empty", f"-L{lto}", f"-L{macros}",
            "--extern=rex", "--extern=compiler_builtins", f"-Clinker={tools['ld.lld']}", "-Clinker-flavor=gnu-lld", "-Zunstable-options",
            "-Clink-args=-pie --no-dynamic-linker -z undefs -z dynamic-undefined-weak --gc-sections -e 0",
            "-o", str(WORK / "filter.lto"), str(source)]
    bare_environment = {"RUSTC_BOOTSTRAP": "1", "PATH": "/usr/bin:/bin"}
    twin = WORK / "twin.bpf.o"
    vmlinux = WORK / "vmlinux.h"
    has_btf = pathlib.Path("/sys/kernel/btf/vmlinux").exists() and shutil.which("bpftool")
    if has_btf and not vmlinux.exists():
        vmlinux.write_text(run(["bpftool", "btf", "dump", "file", "/sys/kernel/btf/vmlinux", "format", "c"]).stdout)
    clang = [CLANG, "-O2", "-g", "-target", "bpf", f"-I{WORK}", "-c", str(ROOT / "bench/twin.bpf.c"), "-o", str(twin)]
    build = ["rexc", "build", str(project)]

    figures = {name: [] for name in ("warm", "lto", "nothing", "clang")}
    number = 0
    for _ in range(ROUNDS + 1):  # the first round warms the page cache and is dropped
        change(source, number := number + 1)
        figures["warm"].append(timed(build, env=environment))
        figures["nothing"].append(timed(build, env=environment))
        change(source, number := number + 1)
        figures["lto"].append(timed(bare, env=bare_environment))
        if has_btf:
            figures["clang"].append(timed(clang))
    figures = {name: values[1:] for name, values in figures.items() if values}

    change(source, number := number + 1)
    memory, memory_lto = {}, {}
    for name, measure in (("together", peak_kib), ("largest", largest_kib)):
        memory[name], memory_lto[name] = [], []
        for _ in range(ROUNDS):
            change(source, number := number + 1)
            memory[name].append(measure(build, env=environment))
            memory_lto[name].append(measure(bare, env=bare_environment))
    memory = {name: median(memory[name]) / median(memory_lto[name]) for name in memory}

    big = WORK / "big"
    shutil.rmtree(big, ignore_errors=True)
    run(["rexc", "new", "xdp", "big", "--path", str(big)], env=environment)
    big_program(big)
    object_file = big / "target/rex/big.rex"
    verify, sizes = {}, {}
    for name, options in (("verify", ["--strip"]), ("verify+debug", [])):
        run(["rexc", "build", *options, str(big)], env=environment)
        sizes[name] = object_file.stat().st_size
        verify[name] = [timed(["rexc", "verify", "--integrity-only", str(object_file)], env=environment)
                        for _ in range(ROUNDS + 1)][1:]
    text = next(s["size"] for s in json.loads(run(["rexc", "inspect", "--json", str(object_file)],
                                                  env=environment).stdout)["sections"] if s["name"] == ".text")

    warm, bare_time = median(figures["warm"]), median(figures["lto"])
    print(f"\nmedians of {ROUNDS}, milliseconds (least-most)\n")
    for name, values in (*figures.items(), *verify.items()):
        print(f"  {name:12} {1000 * median(values):7.1f}  ({1000 * min(values):.1f}-{1000 * max(values):.1f})")
    print("\n| what | against | goal | measured |\n|---|---|---|---|")
    print(f"| warm build, one line changed | bare rustc, fat LTO | ≤ 0.8 | {warm / bare_time:.2f} |")
    print(f"| build with nothing to do | - | < 20 ms | {1000 * median(figures['nothing']):.1f} ms |")
    if "clang" in figures:
        print(f"| the same warm build | clang -target bpf with vmlinux.h | ≤ 1.6 | "
              f"{warm / median(figures['clang']):.2f} |")
    print(f"| peak memory of a build, all processes together | bare rustc, fat LTO | ≤ 1.1 | {memory['together']:.2f} |")
    print(f"| peak memory of a build, its largest process | bare rustc, fat LTO | - | {memory['largest']:.2f} |")
    for name, goal in (("verify", "< 20 ms"), ("verify+debug", "-")):
        print(f"| verify of a {sizes[name] // 1024} KiB object, {text // 1024} KiB of code | - | {goal} | "
              f"{1000 * median(verify[name]):.1f} ms, {text / 2**20 / median(verify[name]):.1f} MiB/s of code |")


main()
