#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Random programs, run instruction by instruction: how deep they really go is never above their bounds.

usage: run.py [--tap] [--programs N] [--seed N] [--keep DIR]

rexc is the one on the path; measure is the one in $REXC_BUILD. Programs are those of the same seeds each time; --seed N
takes N, N + 1 ... A failing program is made small before it is shown.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(HERE / "random_programs"), str(ROOT / "tests/lib")]

import shrink  # noqa: E402
from forged import Image  # noqa: E402
from generate import generate  # noqa: E402
from measuring import TOO_DEEP, BadProgram, Bench, wrong  # noqa: E402
from tap import Failure, Tap, rexc, true  # noqa: E402

# How many of 200 programs have which profile.
SHARES = {"plain": 50, "ordinary": 70, "debug": 30, "recursive": 50}
PER_OBJECT = 10
# Of tests/programs: no panics, no calls through pointers, and packets that take the deepest path.
EXACT = ["big_locals", "generics", "map_array", "map_hash", "map_percpu", "state_machine"]
# Enough for each; `campaign.py` takes more.
QUICK = ["--runs", "500", "--stepped", "0", "--steps", "6000"]


class Batch:
    """Programs of one object, and what became of them."""

    def __init__(self, bench, profile, seeds):
        self.bench = bench
        self.profile = profile
        self.seeds = seeds
        self.title = f"{profile} {seeds[0]} to {seeds[-1]}"
        self.objects, self.refused, self.results, self.error = [], [], [], None

    def run(self):
        try:
            programs = [generate(self.profile, seed) for seed in self.seeds]
            self.objects, self.refused = self.bench.build_all(programs, f"{self.profile}{self.seeds[0]}")
            self.results = [r for target in self.objects for r in self.bench.measure(target, "--seed", self.seeds[0])]
        except (BadProgram, RuntimeError) as error:
            self.error = str(error)
        return self

    def test(self):
        if self.error:
            raise Failure(self.error)
        if len(self.results) + len(self.refused) != len(self.seeds):
            raise Failure(f"{len(self.results)} measured and {len(self.refused)} refused of {len(self.seeds)} programs")
        failures = wrong(self.results)
        if failures:
            culprit = next(r["program"] for r in self.results if r["wrong"])
            raise Failure("\n".join([*failures, self.shrunk(int(culprit.removeprefix("prog")))]))

    def shrunk(self, seed):
        program = generate(self.profile, seed)

        def fails(candidate):
            try:
                targets, _ = self.bench.build_all([candidate], f"shrink{seed}")
                return any(r["wrong"] for target in targets for r in self.bench.measure(target, "--seed", self.seeds[0]))
            except (BadProgram, RuntimeError):
                return False

        if not fails(program):
            return f"{self.profile} {seed} does not fail by itself, only with the others of its object"
        return shrink.shrink(program, fails).render()


def batches(bench, programs, first):
    made = []
    for profile, share in SHARES.items():
        count = max(1, programs * share // sum(SHARES.values()))
        seeds = list(range(first, first + count))
        made += [Batch(bench, profile, seeds[i:i + PER_OBJECT]) for i in range(0, count, PER_OBJECT)]
    return made


def ratios(done, profile):
    """bound / depth of the programs without checks."""
    return sorted(r["bound"] / r["depth"] for b in done if b.profile == profile for r in b.results
                  if not r["checked"] and r["depth"])


def is_tight(done, profile, most):
    found = ratios(done, profile)
    if not found or statistics.median(found) > most:
        raise Failure(f"median of {len(found)}: {statistics.median(found) if found else None}, at most {most} wanted")


def exact(bench):
    """Nothing is counted that does not run, not 8 bytes: bound / depth is 1.00."""
    for name in EXACT:
        target = os.path.join(bench.directory, f"{name}.rex")
        rexc(ROOT / "tests/programs" / f"{name}.rs", "-o", target, "--no-sign", "--license", "GPL-2.0-only", environment=None)
        for result in bench.measure(target, "--capture", ROOT / "tests/captures/traffic.pcap"):
            if result["wrong"] or result["checked"] or result["bound"] != result["depth"]:
                raise Failure(f"{result['program']}: bound {result['bound']}, depth {result['depth']}: {result['wrong']}")


def few_refused(done):
    refused = [(p, codes) for b in done for p, codes, _ in b.refused if not codes & TOO_DEEP]
    count = sum(len(b.seeds) for b in done)
    if len(refused) > count * 0.02:
        raise Failure("\n".join(f"{p.profile} {p.seed}: {' '.join(sorted(codes))}" for p, codes in refused))


def notices(done, bench, profile):
    """Bounds that are taken to be 8 bytes lower must be noticed, or measuring proves nothing."""
    targets = [target for b in done if b.profile == profile for target in b.objects]
    results = [r for target in targets[:2] for r in bench.measure(target, "--pretend", 8)]
    noticed = sum(1 for r in results if any(w["what"] == "depth" for w in r["wrong"]))
    if noticed == 0:
        raise Failure(f"none of {len(results)} {profile} programs was found to be above its bound less 8")


def panic_notices(bench):
    """The last 8 bytes of that bound are memcpy's for more bytes than the sign has."""
    target = os.path.join(bench.directory, "deepest_panic.rex")
    rexc(HERE / "deepest_panic.rs", "-o", target, "--no-sign", environment=None)
    result = bench.measure(target)[0]
    if result["wrong"] or result["panic_depth"] + 8 != result["panic_bound"]:
        raise Failure(f"the panic body goes down {result['panic_depth']} bytes of {result['panic_bound']}: {result['wrong']}")
    if not any(w["what"] == "depth of the panic body" for w in bench.measure(target, "--pretend", 16)[0]["wrong"]):
        raise Failure("a bound that is lower by 16 was not noticed")


def checked(done):
    """(object, program) of the programs with checks that failed or panicked, those that did so most first."""
    found = [(min(r["overflowed"], r["panicked"]), r["overflowed"], target, r["program"])
             for b in done if b.profile == "recursive" and len(b.objects) == 1 for target in b.objects
             for r in b.results if r["checked"] and r["overflowed"]]
    if not found:
        raise Failure("no check failed in any program")
    return [(target, name) for _, _, target, name in sorted(found, reverse=True)]


def cost_of_checks(done):
    """A check is at most six instructions each time; what lies behind it is the function as it is without one (tests/pass)."""
    results = [r for b in done for r in b.results if r["checks"]]
    passed, spent = sum(r["checks"] for r in results), sum(r["check_steps"] for r in results)
    over = [r["program"] for r in results if r["check_steps"] > 6 * r["checks"]]
    # One that fails, or at which a run was stopped or stepping ended, has fewer.
    if over or passed < 100 or spent < 5 * passed:
        raise Failure(f"{spent} instructions in {passed} checks; more than six in {over}")


def every_limit(bench, done):
    failures = [line for target, name in checked(done)[:4]
                for line in wrong(bench.measure(target, "--program", name, "--limits", 999))]
    if failures:
        raise Failure("\n".join(failures))


def many_panics(bench, done):
    target, name = checked(done)[0]
    failures = wrong(bench.measure(target, "--program", name, "--repeat", 100000))
    if failures:
        raise Failure("\n".join(failures))


def shrinks(bench):
    """What makes programs small is needed when nothing else works, so it is tried on a harmless property."""
    program = generate("plain", 4)

    def deep(candidate):
        try:
            targets, _ = bench.build_all([candidate], "shrinks")
            return any(r["depth"] > 1000 for target in targets for r in bench.measure(target, "--runs", 100))
        except BadProgram:
            return False

    if not deep(program):
        raise Failure("plain 4 is not deeper than 1000 bytes")
    small = shrink.shrink(program, deep, attempts=40)
    if not deep(small) or shrink.size(small) > shrink.size(program) // 2:
        raise Failure(f"{shrink.size(program)} lines became {shrink.size(small)}:\n{small.render()}")


def forged_pointers_trap(directory):
    """What the bound did not count is not reached, though its type is right; with its id put back the object is refused."""
    intact, forged, opened = (os.path.join(directory, f"{name}.rex") for name in ("intact", "forged", "opened"))
    rexc(HERE / "forge.rs", "-o", intact, "--license", "GPL-2.0-only", "--no-sign", environment=None)
    image = Image(intact)
    member, outsider = image.function("6triple"), image.function("8outsider")
    member_id = image.id(member)
    true(image.id(outsider) != member_id, "the id of a function in no set was left in place")
    image.redirect(member, outsider)
    image.write(forged)
    image.set_id(outsider, member_id)
    image.write(opened)
    capture = ROOT / "tests/captures/traffic.pcap"
    result, _ = rexc("run", intact, "--pcap", capture, "--json", environment=None)
    true(json.loads(result)["faults"] == 0, "the intact object faults")
    result, said = rexc("run", forged, "--pcap", capture, "--json", environment=None, status=1)
    true(json.loads(result)["faults"] > 0 and "REX0924" in said, f"no trap:\n{result}{said}")
    _, said = rexc("run", opened, "--pcap", capture, environment=None, status=1)
    true("REX0743" in said, f"refused for another reason:\n{said}")


def virtual_calls_by_slot(directory):
    """A call of one method cannot reach another of its type: no recursion is seen where there is none, and a table whose
    pointers are exchanged traps. What is called for a reason still is: each program computes what it should."""
    capture = ROOT / "tests/captures/traffic.pcap"
    for level in ("0", "2", "3"):
        target = os.path.join(directory, f"virtual{level}.rex")
        rexc(HERE / "virtual.rs", f"-O{level}", "-o", target, "--license", "GPL-2.0-only", "--no-sign", environment=None)
        for program in ("slots", "supertraits", "pointers", "known", "blind"):
            result = json.loads(rexc("run", target, "--prog", program, "--pcap", capture, "--json", environment=None)[0])
            true(result["faults"] == 0 and result["verdicts"] == {"pass": result["runs"]}, f"-O{level}, {program}: {result}")
        stack = json.loads(rexc("stack", target, "--format", "json", environment=None)[0])
        true(not any(program["checked"] or program["checks"] for program in stack["programs"]), f"-O{level}: checks")
        calls = [{member["function"] for member in call["members"]} for call in stack["indirect"]]
        nodes = "<virtual::Leaf as virtual::Node>::", "<virtual::Branch as virtual::Node>::"
        for method in ("depth", "value"):
            true({node + method for node in nodes} in calls, f"-O{level}, {method}: {calls}")
    forged = os.path.join(directory, "exchanged.rex")
    image = Image(os.path.join(directory, "virtual2.rex"))
    image.exchange(image.function("4LeafNtB2_4Node5depth"), image.function("4LeafNtB2_4Node5value"))
    image.write(forged)
    result, said = rexc("run", forged, "--prog", "slots", "--pcap", capture, "--json", environment=None, status=1)
    true(json.loads(result)["faults"] > 0 and "REX0924" in said, f"no trap:\n{result}{said}")


def mutations_are_caught(directory):
    """Some of them; `mutations.py` alone applies all."""
    command = [sys.executable, HERE / "mutations.py", "--every", "5", ROOT, os.path.join(directory, "mutations")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1200, check=False)
    if done.returncode:
        raise Failure(f"{done.stdout}\n{done.stderr}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tap", action="store_true", help="as every suite is called; it makes no difference")
    parser.add_argument("--programs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", help="build in this directory and leave it there")
    arguments = parser.parse_args()
    measure = os.path.join(os.environ.get("REXC_BUILD", ROOT / "build/release"), "tests/stack/measure")
    directory = arguments.keep or tempfile.mkdtemp(prefix="rexc-stack-")
    os.makedirs(directory, exist_ok=True)
    tap = Tap()
    try:
        bench = Bench(directory, measure, options=QUICK)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            # Large objects first, so that none is left alone at the end.
            done = list(pool.map(Batch.run, reversed(batches(bench, arguments.programs, arguments.seed))))
        for batch in done:
            tap.test(f"no run is deeper than its bound: {batch.title}", batch.test)
        tap.test("at most 2% are refused as not understood", few_refused, done)
        tap.test("bounds are tight: plain programs", is_tight, done, "plain", 1.10)
        tap.test("bounds are tight: ordinary programs", is_tight, done, "ordinary", 1.25)
        tap.test("bounds are exact without panics and calls through pointers", exact, bench)
        tap.test("a bound that is too low by 8 is noticed", notices, done, bench, "plain")
        tap.test("a panic bound that is too low is noticed", panic_notices, bench)
        tap.test("a check costs at most six instructions", cost_of_checks, done)
        tap.test("checks hold at every limit", every_limit, bench, done)
        tap.test("100,000 deep panics leave nothing behind", many_panics, bench, done)
        tap.test("failing programs are made small", shrinks, bench)
        tap.test("virtual calls reach what their slots hold", virtual_calls_by_slot, directory)
        tap.test("a forged pointer to what the bound left out traps", forged_pointers_trap, directory)
        tap.test("mutations of the analysis are caught", mutations_are_caught, directory)
    finally:
        if not arguments.keep:
            shutil.rmtree(directory)
    tap.plan()
    return 1 if tap.failed else 0


if __name__ == "__main__":
    sys.exit(main())
