#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Random programs (tests/stack/random_programs) in a stock kernel, instruction by instruction: how deep each really goes is
never above the bound that rexc gave it.

QEMU's debugger interface stops the machine at a program's first instruction and steps it from there, with interrupts held
back. What the program calls in the kernel runs on its own and counts as the reserve's.

usage: stepping.py [--kernel SERIES]... [--programs N] [--seed N]
"""
import argparse
import concurrent.futures
import json
import pathlib
import queue
import random
import select
import socket
import struct
import subprocess
import sys
import tempfile
import time

from harness import kernels, machine

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "stack/random_programs"), str(HERE.parent / "lib")]

from elf import Object  # noqa: E402  pylint: disable=wrong-import-position
from generate import generate  # noqa: E402  pylint: disable=wrong-import-position
from tree import crate  # noqa: E402  pylint: disable=wrong-import-position

PROFILES = ("ordinary", "recursive", "debug", "plain")
PACKETS = tuple(random.Random(size).randbytes(size) for size in (14, 60, 61, 200, 777, 1400))
# Of one run. What comes after these is not looked at.
MOST_STEPS = 6000
# A thunk of the kernel's leads back to the program within so many instructions.
THUNK_STEPS = 64
# Bytes of a program's stack and of a panic's, with the reserve below them (runtime/abi/rex_abi.h).
PROGRAM_STACK = 32 << 10
PANIC_STACK = 24 << 10
# Bytes of the mark that a program begins with. The kernel's runtime, which knows its address, enters it behind that.
ENDBR64 = 4
RBP_RSP_RIP = struct.Struct("<56xQ64xQ")  # in the answer to "g": rsp and rip


class Debugger:
    """GDB's remote protocol, as far as it is needed (GDB manual, appendix E)."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.buffer = b""
        self.ask("?")

    def send(self, text):
        self.socket.sendall(f"${text}#{sum(text.encode()) % 256:02x}".encode())

    def receive(self, timeout=60.0):
        """The next packet; None when none comes."""
        deadline = time.monotonic() + timeout
        while True:
            begin = self.buffer.find(b"$")
            end = self.buffer.find(b"#", begin + 1)
            if begin >= 0 and 0 <= end < len(self.buffer) - 2:
                packet, self.buffer = self.buffer[begin + 1:end], self.buffer[end + 3:]
                self.socket.sendall(b"+")
                return packet.decode()
            if not select.select([self.socket], [], [], max(0.0, deadline - time.monotonic()))[0]:
                return None
            part = self.socket.recv(65536)
            if not part:
                raise ConnectionError("the machine has gone")
            self.buffer += part

    def ask(self, text):
        self.send(text)
        while (answer := self.receive()) is not None:
            # That the machine has stopped is also said without being asked, when the debugger comes.
            if answer[:1] != "T" or text in ("?", "c", "s"):
                return answer
        raise ConnectionError(f"no answer to {text}")

    def registers(self):
        """rsp and rip."""
        return RBP_RSP_RIP.unpack_from(bytes.fromhex(self.ask("g")))

    def word(self, address):
        return struct.unpack("<Q", bytes.fromhex(self.ask(f"m{address:x},8")))[0]

    def step(self):
        self.ask("s")
        return self.registers()

    def set_breakpoint(self, address, there=True):
        if self.ask(f"{'Z' if there else 'z'}1,{address:x},1") != "OK":
            raise ConnectionError("no breakpoint")

    def stop(self):
        self.socket.sendall(b"\x03")
        if self.receive() is None:
            raise ConnectionError("the machine does not stop")


class Layout:
    """What of an object has to be known: executable addresses, and where its functions are."""

    def __init__(self, path):
        file = Object(path.read_bytes())
        self.text = file.text()
        self.symbols = {symbol.name: symbol.value for symbol in file.symbols if symbol.section}


class Watch:
    """One program in the machine: how deep its runs were."""

    def __init__(self, debugger, layout, name, entry, land):
        self.debugger = debugger
        self.layout = layout
        self.base = entry - layout.symbols[name]
        self.entry, self.land = entry + ENDBR64, land
        self.panic_body = self.base + layout.symbols["__rex_panic_body"]
        self.top = self.back = 0  # of a run: rsp at the entry, where it returns to
        self.panic_top = None  # of a run that panicked: rsp at the entry of the panic body
        self.depth = self.panic_depth = self.runs = self.steps = 0
        self.truncated = False

    def in_text(self, rip):
        return any(low <= rip - self.base < high for low, high in self.layout.text)

    def note(self, rsp):
        if 0 <= self.top + 8 - rsp <= PROGRAM_STACK:
            self.depth = max(self.depth, self.top - rsp)
        elif self.panic_top is not None and 0 <= self.panic_top + 8 - rsp <= PANIC_STACK:
            self.panic_depth = max(self.panic_depth, self.panic_top - rsp)
        else:
            raise AssertionError(f"rsp {rsp:#x} is on neither stack (program {self.top:#x}, panic {self.panic_top})")

    def leave(self, rsp, rip):
        """Control is outside: until it is back, or the run is over (None)."""
        ends = {self.back, self.land, self.panic_body, self.panic_body + ENDBR64}
        if rsp - 8 != self.panic_top:  # else the panic's message is complete
            self.note(rsp)
            ends.add(self.debugger.word(rsp))
            for _ in range(THUNK_STEPS):
                rsp, rip = self.debugger.step()
                if rip == self.land or rip == self.back and rsp == self.top + 8:
                    return None
                if self.in_text(rip):
                    return rsp, rip
        # An import: it returns, or what it began ends the run or formats a panic's message.
        for address in ends:
            self.debugger.set_breakpoint(address)
        self.debugger.ask("c")
        for address in ends:
            self.debugger.set_breakpoint(address, there=False)
        rsp, rip = self.debugger.registers()
        return None if rip in (self.land, self.back) else (rsp, rip)

    def run(self):
        """From the first instruction of a run to its end."""
        rsp, rip = self.debugger.registers()
        self.top, self.panic_top = rsp, None
        self.back = self.debugger.word(rsp)
        self.runs += 1
        for _ in range(MOST_STEPS):
            self.steps += 1
            if self.in_text(rip):
                if rip in (self.panic_body, self.panic_body + ENDBR64) and self.panic_top is None:
                    self.panic_top = rsp
                self.note(rsp)
                rsp, rip = self.debugger.step()
            elif rip == self.back and rsp == self.top + 8:
                return
            else:
                back = self.leave(rsp, rip)
                if back is None:
                    return
                rsp, rip = back
        self.truncated = True


class Follower:
    """Reads what the guest says, and steps the programs that it is about to run."""

    def __init__(self, socket_path, layouts):
        self.path, self.layouts = socket_path, layouts
        self.lines = queue.Queue()
        self.text = b""
        self.results = {}

    def sink(self, part):
        self.text += part
        *lines, self.text = self.text.split(b"\n")
        for line in lines:
            self.lines.put(line.decode(errors="replace").strip())

    def follow(self):
        debugger = None
        try:
            while (line := self.lines.get()) is not None:
                words = line.split()
                if words[:1] != ["step"]:
                    continue
                _, file, name, entry, land = words
                if debugger:
                    debugger.stop()
                else:
                    debugger = Debugger(self.path)
                watch = Watch(debugger, self.layouts[file], name, int(entry, 16), int(land, 16))
                self.results[file, name] = watch
                debugger.set_breakpoint(watch.entry)
                self.watch_runs(debugger, watch)
                debugger.set_breakpoint(watch.entry, there=False)
                debugger.send("c")
        except Exception:
            if debugger:
                debugger.send("k")  # otherwise the machine stands still for ever
            raise
        return self.results

    def watch_runs(self, debugger, watch):
        """Until the guest says that it has run the program often enough; the machine is stopped then."""
        debugger.send("c")
        while True:
            if debugger.receive(0.05) is not None:
                watch.debugger.set_breakpoint(watch.entry, there=False)
                watch.run()
                watch.debugger.set_breakpoint(watch.entry)
                debugger.send("c")
            elif any(line.startswith("stepped ") for line in list(self.lines.queue)):
                debugger.stop()
                return


GUEST = r"""
land=0x$(sed -n 's/^\([0-9a-f]*\) t rex_land\t.*/\1/p' /proc/kallsyms)
for file in random*.rex; do
    name=${file%.rex}
    rexc load -q $file || exit 1
    for pin in /sys/fs/bpf/rexc/$name/prog*; do
        program=${pin##*/}
        entry=$(sed -n "s/^\([0-9a-f]*\) t rex_prog_[0-9a-f]*::$program\t.*/\1/p" /proc/kallsyms)
        echo step $file $program 0x$entry $land
        sleep 1
        for packet in packet*; do
            bpftool prog run pinned $pin data_in $packet data_out /dev/null repeat 1 >/dev/null || exit 1
        done
        echo stepped $program
        sleep 1
    done
    rexc unload -q $name || exit 1
done
echo all stepped
"""


def make_objects(rexc, directory, programs, first):
    """Objects of random programs, and what rexc says of their stacks."""
    keys = directory / "signer"
    subprocess.run([rexc, "keygen", "-q", str(keys)], check=True, stdout=subprocess.PIPE)
    bounds = {}
    for number, profile in enumerate(PROFILES):
        seeds = range(first + number * programs, first + (number + 1) * programs)
        source, target = directory / f"random{number}.rs", directory / f"random{number}.rex"
        source.write_text(crate([generate(profile, seed) for seed in seeds]), encoding="utf-8")
        subprocess.run([rexc, str(source), "-o", str(target), "--license", "GPL", "-q", "--sign-key", f"{keys}.key",
                        "--sign-cert", f"{keys}.crt"], check=True)
        said = json.loads(subprocess.run([rexc, "stack", str(target), "--format", "json"], check=True, stdout=subprocess.PIPE).stdout)
        for program in said["programs"]:
            allowed = program["limit"] if program["checked"] else program["bound"]
            bounds[target.name, program["name"]] = allowed, said["panic"]["limit" if said["panic"]["checked"] else "bound"]
    return bounds, f"{keys}.crt"


def step_programs(series, programs, first=1):
    """[(passed, what)] of random programs, `programs` of each profile, in that kernel."""
    build = machine.default_build()
    with tempfile.TemporaryDirectory(prefix="rexc-stepping-") as temporary:
        directory = pathlib.Path(temporary)
        bounds, certificate = make_objects(str(build / "bin/rexc"), directory, programs, first)
        files = [(str(directory / name), f"/root/{name}") for name in sorted({file for file, _ in bounds})]
        for number, packet in enumerate(PACKETS):
            path = directory / f"packet{number}"
            path.write_bytes(packet)
            files.append((str(path), f"/root/{path.name}"))
        follower = Follower(f"{temporary}/debugger", {path.name: Layout(path) for path in directory.glob("*.rex")})
        request = machine.Request(kernel=series, commands=GUEST, smp=1, timeout=900, trust=(certificate,), files=tuple(files),
                                  debugger=follower.path, build=build)
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            following = pool.submit(follower.follow)
            result = machine.run(request, follower.sink)
            follower.lines.put(None)
            watched = following.result()
    if result.status:
        return [(False, f"the machine ends well: status {result.status}\n{result.output[-2000:]}\n{result.explain()[-3000:]}")]
    verdicts = judge(bounds, watched)
    key, watch = max(watched.items(), key=lambda item: item[1].depth)
    too_low = {key: (watch.depth - 8, bounds[key][1])}
    return [*verdicts, (not judge(too_low, watched)[0][0], "a bound that is too low by 8 is noticed")]


def judge(bounds, watched):
    """Whether each program was seen to run, and not deeper than it may."""
    verdicts = []
    for key, (bound, panic_bound) in bounds.items():
        watch = watched.get(key)
        if not watch:
            verdicts.append((False, f"{key[1]} was not stepped"))
            continue
        good = watch.runs >= len(PACKETS) and 0 < watch.depth <= bound and watch.panic_depth <= panic_bound
        verdicts.append((good, f"{key[1]}: {watch.depth} of {bound} bytes, panics {watch.panic_depth} of {panic_bound}, "
                         f"{watch.runs} runs, {watch.steps} instructions{', not to their ends' if watch.truncated else ''}"))
    return verdicts


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kernel", choices=kernels.SERIES, action="append", help="only this series")
    parser.add_argument("--programs", type=int, default=2, metavar="N", help="of each profile (2)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of the first program (1)")
    arguments = parser.parse_args()
    good = True
    for series in arguments.kernel or kernels.SERIES:
        for passed, what in step_programs(series, arguments.programs, arguments.seed):
            print(f"{'ok' if passed else 'not ok'} - {series}: {what}", flush=True)
            good = good and passed
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
