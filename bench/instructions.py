#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Instructions per packet of three samples, against the same source with fat LTO, whatever else the machine does. Those of a
program that looks at the clock, as ratelimit does, differ from run to run.
usage: bench/instructions.py, after bench/build.sh, which makes the crates with bitcode."""
import os
import pathlib
import shutil
import subprocess
import sys

from count_instructions import count

ROOT = pathlib.Path(__file__).resolve().parents[1]
WORK = ROOT / "build" / "bench"
REXC = str(ROOT / "build" / "release" / "bin" / "rexc")
SAMPLES = ("firewall", "flow_stats", "ratelimit")
CAPTURE = str(ROOT / "tests" / "captures" / "traffic.pcap")


def compiler_with_lto():
    place = WORK / "rustc-lto"
    shutil.rmtree(place, ignore_errors=True)
    (place / "bin").mkdir(parents=True)
    shutil.copy(ROOT / "bench" / "fat_lto_rustc.py", place / "bin" / "rustc")
    (place / "bin" / "rustc").chmod(0o755)
    sysroot = pathlib.Path(subprocess.run(["/usr/bin/rustc", "--print", "sysroot"], capture_output=True, text=True,
                                          check=True).stdout.strip())
    (place / "lib").symlink_to(sysroot / "lib")
    (place / "bin" / "clippy-driver").symlink_to(sysroot / "bin" / "clippy-driver")
    (place / "bin" / "lto").symlink_to(WORK / "lto")
    return str(place / "bin" / "rustc")


def build(sample, name, environment):
    directory = WORK / "instructions" / name / sample
    shutil.copytree(ROOT / "samples" / sample, directory, ignore=shutil.ignore_patterns("target"))
    subprocess.run([REXC, "build", "-q", str(directory)], env=environment, check=True)
    return str(next((directory / "target" / "rex").glob("*.rex")))


def main():
    if not (WORK / "lto" / "librex.rlib").exists():
        sys.exit("run bench/build.sh first: it makes core and the rex crate with bitcode")
    shutil.rmtree(WORK / "instructions", ignore_errors=True)
    plain = dict(os.environ, REXC_CACHE_DIR=str(WORK / "cache"), XDG_CONFIG_HOME=str(WORK / "config"))
    whole = dict(plain, REXC_RUSTC=compiler_with_lto())
    print("| sample | instructions per packet | with fat LTO | ratio |\n|---|---|---|---|")
    for sample in SAMPLES:
        ours, runs, _ = count(REXC, build(sample, "plain", plain), CAPTURE)
        theirs, _, _ = count(REXC, build(sample, "lto", whole), CAPTURE)
        print(f"| {sample} | {ours / runs:.2f} | {theirs / runs:.2f} | {ours / theirs:.3f} |", flush=True)


main()
