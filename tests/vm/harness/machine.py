# SPDX-License-Identifier: Apache-2.0
"""Runs commands as root in a stock kernel under QEMU, without KVM, and says how that went."""
import dataclasses
import os
import pathlib
import selectors
import shlex
import shutil
import subprocess
import sys
import tempfile
import time

from harness import initramfs, kernels, module, splat

HANG = 124
SPLAT = 70
UNAVAILABLE = 69  # the machine could not be made, or the module was refused


@dataclasses.dataclass
class Request:
    """What to boot, and what to run in it."""

    kernel: str
    commands: str
    processor: str = "max"  # of QEMU's models
    smp: int = 2
    memory: int = 512
    timeout: float = 180
    trust: tuple = ()  # PEM certificates
    files: tuple = ()  # (source, destination in the machine)
    parameters: tuple = ()  # of the module
    append: str = ""  # to the kernel's command line
    expected_splats: tuple = ()  # expressions
    with_module: bool = True
    icount: bool = False
    threads: str = "single"  # of the host, for the processors; multi: one each
    debugger: str = ""  # a socket to make, where QEMU answers GDB's remote protocol
    build: pathlib.Path = None  # build directory with rexc and librex


@dataclasses.dataclass
class Result:
    """How it went: what the commands printed, what the kernel logged."""

    status: int
    output: str
    console: str
    splats: list
    seconds: float

    def explain(self):
        """One text for a person: why a run did not go well, with the log."""
        lines = []
        if self.splats:
            lines.append("the kernel complained about itself:")
            lines += [f"    {line}" for line in self.splats[:20]]
        if self.status == HANG:
            lines.append(f"the machine did not end within {self.seconds:.0f} s")
        lines.append("---- console ----")
        lines.append(self.console.rstrip("\n"))
        lines.append("---- end of console ----")
        return "\n".join(lines)


def default_build():
    build = os.environ.get("REXC_BUILD")
    return pathlib.Path(build) if build else module.ROOT / "build" / "release"


def _trust_program(temporary):
    program = pathlib.Path(temporary) / "trust"
    done = subprocess.run(["cc", "-static", "-O1", "-Wall", f"-I{module.ROOT}", "-o", str(program),
                           str(initramfs.HERE / "trust.c")],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, text=True)
    if done.returncode != 0:
        raise module.BuildFailed(done.stdout)
    return program


def _overlay(request, kernel, temporary):
    """The archive that is this run's alone: module, certificates, files, commands."""
    tree = initramfs.Tree(pathlib.Path(temporary) / "overlay")
    tree.root.mkdir()
    built = module.build(kernel) if request.with_module else None
    if built:
        tree.copy(built, "run/vm/rex.ko")
        tree.write("run/vm/parameters", " ".join(request.parameters) + "\n")
    if request.trust:
        tree.binary(_trust_program(temporary), "bin/trust")
        (tree.root / "run/vm/trust").mkdir(parents=True, exist_ok=True)
        for number, certificate in enumerate(request.trust):
            subprocess.run(["openssl", "x509", "-in", str(certificate), "-outform", "DER", "-out",
                            str(tree.root / f"run/vm/trust/{number}.der")], check=True)
    for source, destination in request.files:
        path = pathlib.Path(source)
        if not path.exists():
            raise kernels.Unavailable(f"{source} does not exist")
        if path.is_dir():
            shutil.copytree(path, tree.root / destination.lstrip("/"), dirs_exist_ok=True)
        elif os.access(path, os.X_OK) and path.read_bytes()[:4] == b"\x7fELF":
            tree.binary(path, destination)
        else:
            tree.copy(path, destination)
    tree.write("run/vm/commands", request.commands + "\n")
    archive = pathlib.Path(temporary) / "overlay.cpio"
    tree.pack(archive)
    return archive


def _initrd(request, kernel, temporary):
    archives = [initramfs.base(kernel), initramfs.rexc(request.build or default_build()),
                _overlay(request, kernel, temporary)]
    initrd = pathlib.Path(temporary) / "initrd"
    with open(initrd, "wb") as output:
        for archive in archives:
            if archive:
                with open(archive, "rb") as part:
                    shutil.copyfileobj(part, output)
    return initrd


def _command(request, kernel, initrd, temporary):
    # Warnings of the boot are logged too: init raises the level further.
    # A busy host holds a machine up for seconds at a time: only what lasts for minutes is a stall.
    # And its timer may come so late that the boot takes it for missing ("IO-APIC + timer doesn't work").
    append = f"console=ttyS0 loglevel=5 panic=-1 no_timer_check rcupdate.rcu_cpu_stall_timeout=100 watchdog_thresh=60 {request.append}"
    command = [str(initramfs.tool("qemu-system-x86_64")), "-cpu", request.processor, "-m", str(request.memory), "-smp", str(request.smp),
               "-display", "none", "-nodefaults", "-no-reboot", "-kernel", str(kernel.image), "-initrd", str(initrd),
               "-append", append.strip(),
               "-serial", f"file:{temporary}/console", "-chardev", "stdio,id=output,signal=off", "-serial", "chardev:output",
               "-serial", f"file:{temporary}/status"]
    if request.debugger:
        command += ["-gdb", f"unix:{request.debugger},server=on,wait=off"]
    if request.icount:
        # One instruction takes one nanosecond of the machine's time; idle time is skipped. With a second processor the
        # kernel's boot ends at "Booting SMP configuration" (QEMU 7.2).
        return [*command, "-accel", "tcg,thread=single", "-icount", "shift=0,sleep=off"]
    # One thread for all processors: with one each, QEMU 7.2 now and then lets a processor run into a breakpoint that
    # another has long removed again, as the kernel does all the time where it patches its text ("Oops: int3" in
    # netif_receive_skb_list_internal(), at a static key).
    return [*command, "-accel", f"tcg,thread={request.threads}"]


def _follow(process, timeout, sink):
    """Reads what the commands print until QEMU ends; True when it had to be stopped."""
    deadline = time.monotonic() + timeout
    output = []
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                return b"".join(output), True
            if not selector.select(left):
                continue
            part = os.read(process.stdout.fileno(), 65536)
            if not part:
                break
            output.append(part)
            sink(part)
    try:
        process.wait(max(1.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        return b"".join(output), True
    return b"".join(output), False


def _read(path):
    return path.read_bytes().decode(errors="replace").replace("\r", "") if path.exists() else ""


def run(request, sink=lambda part: None):
    """Boots, runs, and takes the result apart. `sink` gets the commands' output as it comes."""
    kernel = kernels.find(request.kernel)
    with tempfile.TemporaryDirectory(prefix="rexc-vm-") as temporary:
        initrd = _initrd(request, kernel, temporary)
        begun = time.monotonic()
        with subprocess.Popen(_command(request, kernel, initrd, temporary), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=None) as process:
            try:
                output, late = _follow(process, request.timeout, sink)
            finally:
                process.kill()
        seconds = time.monotonic() - begun
        console = _read(pathlib.Path(temporary) / "console")
        reported = _read(pathlib.Path(temporary) / "status").strip()
    found = splat.splats(console, request.expected_splats)
    if found:
        status = SPLAT
    elif late or not reported.isdigit():
        # No status and no splat: the machine was reset or stopped without a word.
        status = HANG
    else:
        status = int(reported)
    return Result(status, output.decode(errors="replace"), console, found, seconds)


def describe(request):
    """The command line that does the same by hand."""
    words = ["tests/vm/boot", "--kernel", request.kernel, "--smp", str(request.smp), "--mem", str(request.memory)]
    for option, values in (("--trust", request.trust), ("--module-parameter", request.parameters),
                           ("--expect-splat", request.expected_splats)):
        for value in values:
            words += [option, str(value)]
    for source, destination in request.files:
        words += ["--file", f"{source}:{destination}"]
    if request.append:
        words += [f"--append={request.append}"]
    if request.icount:
        words.append("--icount")
    return shlex.join([*words, "--", request.commands])


def stream(part):
    """A sink that prints."""
    sys.stdout.buffer.write(part)
    sys.stdout.buffer.flush()
