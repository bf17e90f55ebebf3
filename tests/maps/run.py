#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Maps give what the kernel's give: operations.txt, as programs, in `rexc run`. Results in TAP.

    run.py                         run all, one test for each operation
    run.py --source TYPE           print the program that a section of operations.txt makes
    run.py --check TYPE RESULTS    compare the numbers that another runtime has left in map RESULTS, one a line"""

import errno
import json
import os
import re
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))

import capture  # noqa: E402
from tap import Failure, Run, Tap, rexc  # noqa: E402

NONE = -(1 << 63)
HEAD = """// SPDX-License-Identifier: Apache-2.0
// Made of operations.txt by run.py.
#![no_std]
#![no_main]
#![allow(unused_imports, dead_code)]
use rex::linux::bpf::*;
use rex::map::*;
use rex::utils::PerfEventMaskedCPU;
use rex::{Result, rex_map, %(attribute)s};

#[rex_map]
static RESULTS: RexArrayMap<i64> = RexArrayMap::new(%(count)d, 0);

trait Code {
    fn code(self) -> i64;
}
impl Code for Result {
    fn code(self) -> i64 {
        match self {
            Ok(value) | Err(value) => i64::from(value),
        }
    }
}
impl Code for Option<u64> {
    fn code(self) -> i64 {
        self.map_or(i64::MIN, |value| value as i64)
    }
}
impl Code for usize {
    fn code(self) -> i64 {
        self as i64
    }
}
impl Code for bool {
    fn code(self) -> i64 {
        i64::from(self)
    }
}

#[inline(never)]
fn put(index: u32, code: i64) {
    RESULTS.insert(&index, &code).ok();
}
"""
ATTRIBUTES = {"xdp": "rex_xdp", "tracepoint": "rex_tracepoint", "perf_event": "rex_perf_event"}
# What a program imports, and its parameters.
PROGRAMS = {
    "xdp": ("rex::xdp::{xdp, xdp_md}", "obj: &xdp, _: &mut xdp_md"),
    "tracepoint": ("rex::tracepoint::{RawSyscallsEnterCtx, tracepoint}",
                   "obj: &tracepoint<RawSyscallsEnterCtx>, ctx: &'static RawSyscallsEnterCtx"),
    "perf_event": ("rex::perf_event::{bpf_perf_event_data, perf_event}",
                   "obj: &perf_event, ctx: &bpf_perf_event_data"),
}
# What the programs run on here.
INPUT = {
    "xdp": ["--pcap", "one.pcap"],
    "tracepoint": [],
    "perf_event": ["--ctx", "stacks.json"],
}
STACKS = {"events": [{"stack": [1, 2, 3], "user_stack": [4, 5]}]}


def number_of(result):
    if result == "None":
        return NONE
    if re.fullmatch(r"\d+", result):
        return int(result)
    return -getattr(errno, result)


def read(path):
    """By program type, in order: its maps, and its operations as (expression, result)."""
    sections = {}
    for line in path.read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        if line.startswith("["):
            maps, operations = sections.setdefault(line.strip("[]"), ([], []))
        elif line.startswith("map "):
            maps.append(line[4:])
        else:
            operations.append(tuple(line.rsplit(" -> ", 1)))
    return sections


def source(kind, maps, operations):
    text = [HEAD % {"count": len(operations), "attribute": ATTRIBUTES[kind]}]
    text += [f"#[rex_map]\nstatic {definition};" for definition in maps]
    imports, function = PROGRAMS[kind]
    text += [f"use {imports};", f"#[{ATTRIBUTES[kind]}]", f"fn cases({function}) -> Result {{"]
    text += [f"    put({i}, {{ {expression} }}.code());"
             for i, (expression, _) in enumerate(operations)]
    text.append("    Ok(0)\n}")
    return "\n".join(text) + "\n"


def agrees(found, result):
    wanted = number_of(result)
    if found == wanted:
        return
    name = "None" if found == NONE else errno.errorcode.get(-found, found) if found < 0 else found
    raise Failure(f"{name}, where the kernel gives {result}")


def compare(tap, kind, operations, found):
    for (expression, result), number in zip(operations, found, strict=True):
        tap.test(f"{kind}: {expression} -> {result}", agrees, number, result)


def run_here(kind, operations, program_text):
    """The numbers that `rexc run` leaves in RESULTS."""
    with tempfile.TemporaryDirectory() as directory:
        environment = {**os.environ, "XDG_CONFIG_HOME": str(Path(directory) / "config")}
        os.chdir(directory)
        Path("maps.rs").write_text(program_text)
        Path("stacks.json").write_text(json.dumps(STACKS))
        capture.write("one.pcap", [bytes(64)])
        rexc("maps.rs", "-o", "maps.rex", "--license", "GPL", environment=environment)
        run = Run("maps.rex", *INPUT[kind], environment=environment)
        run.uneventful()
        results = run.array("RESULTS")
        return [int.from_bytes(results[i], "little", signed=True) for i in range(len(operations))]


def main(arguments):
    sections = read(HERE / "operations.txt")
    tap = Tap()
    if arguments[:1] == ["--source"]:
        print(source(arguments[1], *sections[arguments[1]]), end="")
        return 0
    if arguments[:1] == ["--check"]:
        found = [int(line) for line in Path(arguments[2]).read_text().split()]
        compare(tap, arguments[1], sections[arguments[1]][1], found)
    else:
        for kind, (maps, operations) in sections.items():
            compare(tap, kind, operations, run_here(kind, operations, source(kind, maps, operations)))
    tap.plan()
    return 1 if tap.failed else 0


if __name__ == "__main__":
    sys.exit(main([a for a in sys.argv[1:] if a != "--tap"]))
