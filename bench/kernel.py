#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Counts the instructions that programs take in a stock kernel, against the same programs in eBPF.

The machine runs under QEMU with -icount, where an instruction takes one nanosecond of the machine's time and nothing else
takes any: the averages of BPF_PROG_TEST_RUN are numbers of instructions, and every run gives the same ones. Needs a release
build with its compiler set up, clang for eBPF, and the kernels of tests/vm/fetch.
"""
import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/vm"))
from harness import kernels, machine  # noqa: E402  pylint: disable=wrong-import-position

HERE = ROOT / "bench/kernel"
CLANG = "clang-22"
LINE = re.compile(r"^(ebpf|rex) (\w+) (\d+) (\d+)$", re.MULTILINE)


def run(*command):
    subprocess.run([str(word) for word in command], check=True)


def build(temporary, rexc):
    """The files of the machine."""
    key = temporary / "bench"
    subprocess.run([str(rexc), "keygen", str(key)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    run(rexc, HERE / "bench_kernel.rs", "-o", temporary / "bench_kernel.rex", "--license", "GPL", "-g",
        "--sign-key", f"{key}.key", "--sign-cert", f"{key}.crt")
    run(CLANG, "-O2", "-g", "-target", "bpf", "-I/usr/include/x86_64-linux-gnu", "-c", HERE / "twin.bpf.c",
        "-o", temporary / "twin.bpf.o")
    run("cc", "-O1", "-Wall", "-static", "-o", temporary / "clocked", HERE / "clocked.c")
    files = [(str(temporary / name), f"/root/{name}") for name in ("bench_kernel.rex", "twin.bpf.o", "clocked")]
    return [*files, (str(HERE / "guest.sh"), "/root/guest.sh")], f"{key}.crt"


def count(series, files, certificate, build_directory):
    """(kind, program, depth): instructions"""
    request = machine.Request(kernel=series, commands="sh ./guest.sh", smp=1, timeout=1800, icount=True, files=tuple(files),
                              trust=(certificate,), build=build_directory)
    result = machine.run(request)
    if result.status != 0:
        sys.exit(f"{series}: status {result.status}\n{result.output}\n{result.explain()}")
    return {(kind, program, int(depth)): int(number) for kind, program, depth, number in LINE.findall(result.output)}


def table(series, counts):
    empty = {kind: counts[kind, "empty", 0] for kind in ("ebpf", "rex")}
    lines = [f"| {series} | eBPF | rexc | difference | goal |", "|---|---|---|---|---|"]

    def add(what, ebpf, rex, goal):
        lines.append(f"| {what} | {ebpf} | {rex} | {rex - ebpf:+} | {goal} |")

    add("empty program, with what the kernel does to call it", empty["ebpf"], empty["rex"], "≤ +30")
    for program, goal in ("array", "≤ +10"), ("hash", "≤ +10"), ("lock", "reported"):
        add(f"{program}, beyond the empty program", *(counts[kind, program, 0] - empty[kind] for kind in ("ebpf", "rex")), goal)
    for depth in 1, 2, 4, 8, 16, 32:
        ebpf, rex = (counts[kind, "recursion", depth] - empty[kind] for kind in ("ebpf", "rex"))
        lines.append(f"| recursion {depth} deep, beyond the empty program | {ebpf} | {rex} | {ebpf / rex:.1f} times fewer | "
                     "≥ 3 times |")
    deepest = [counts[kind, "recursion", 32] - counts[kind, "recursion", 16] for kind in ("ebpf", "rex")]
    lines.append(f"| each further level | {deepest[0] / 16:.1f} | {deepest[1] / 16:.1f} | {deepest[0] / deepest[1]:.1f} times fewer | "
                 "≥ 3 times |")
    loads = [min(counts[kind, "load", round] for round in (1, 2, 3)) / 1e6 for kind in ("ebpf", "rex")]
    lines.append(f"| load of these programs, millions, waiting included | {loads[0]:.1f} | {loads[1]:.1f} | | reported |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kernel", choices=kernels.SERIES, action="append", help="only this one")
    parser.add_argument("--build", type=pathlib.Path, default=machine.default_build(), help="build directory of rexc")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rexc-bench-") as temporary:
        files, certificate = build(pathlib.Path(temporary), arguments.build / "bin/rexc")
        for series in arguments.kernel or kernels.SERIES:
            print(table(series, count(series, files, certificate, arguments.build)), end="\n\n", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
