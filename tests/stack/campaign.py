#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Many random programs, or the repository's own, measured thoroughly; prints figures and what was wrong.

usage: campaign.py [--programs N] [--seed N] [--results FILE]
       campaign.py --corpus [--results FILE]

The programs of seed N up are built in objects of 20, and the share of each profile is that of run.py. A result for
each program is appended to FILE (one line of JSON), and programs that are in it already are left out, so that a long run can be
stopped and goes on where it was. --corpus takes tests/programs, samples and templates. Nothing is made small: run.py
--seed N does that.
"""

import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE / "random_programs"), str(HERE)]

from generate import generate  # noqa: E402
from measuring import TOO_DEEP, BadProgram, Bench  # noqa: E402
from run import SHARES  # noqa: E402

THOROUGH = ["--runs", "1500", "--stepped", "1", "--steps", "20000"]
PER_OBJECT = 20


def measure_batch(bench, profile, seeds):
    """Results of the programs; of those that were refused, the reason in their place."""
    try:
        objects, refused = bench.build_all([generate(profile, seed) for seed in seeds], f"{profile}{seeds[0]}")
    except BadProgram as error:
        return [{"profile": profile, "seed": seed, "error": str(error)} for seed in seeds]
    results = []
    for target in objects:
        try:
            results += [{"profile": profile, "seed": int(r["program"].removeprefix("prog")), **r}
                        for r in bench.measure(target, "--seed", seeds[0])]
        except (RuntimeError, subprocess.TimeoutExpired) as error:
            results.append({"profile": profile, "seed": seeds[0], "error": str(error)})
        os.remove(target)
    return results + [{"profile": p.profile, "seed": p.seed, "refused": sorted(codes), "said": said[:2000]}
                      for p, codes, said in refused]


def random_programs(arguments, bench, known, write):
    work = []
    for profile, share in SHARES.items():
        count = arguments.programs * share // sum(SHARES.values())
        seeds = [s for s in range(arguments.seed, arguments.seed + count) if (profile, s) not in known]
        work += [(profile, seeds[i:i + PER_OBJECT]) for i in range(0, len(seeds), PER_OBJECT)]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for results in pool.map(lambda item: measure_batch(bench, *item), work):
            for result in results:
                write(result)


def corpus(bench, directory):
    """The repository's programs, each with the packets of tests/captures."""
    sources = [("program", path, None) for path in sorted((ROOT / "tests/programs").glob("*.rs"))]
    sources += [("sample", path.parent, path.parent) for path in sorted((ROOT / "samples").glob("*/Cargo.toml"))]
    for kind in ("kprobe", "perf_event", "tc", "tracepoint", "xdp"):
        path = pathlib.Path(directory) / f"template_{kind}"
        subprocess.run([bench.rexc, "new", kind, path.name], cwd=directory, check=True, capture_output=True)
        sources.append(("template", path, path))
    for profile, source, package in sources:
        target = os.path.join(directory, f"{profile}_{source.stem}.rex")
        command = [bench.rexc, "build", package, "--no-sign", "-o", target] if package else [
            bench.rexc, source, "--license", "GPL-2.0-only", "--no-sign", "-o", target]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            yield {"profile": profile, "program": source.stem, "error": done.stderr[-500:]}
            continue
        for result in bench.measure(target, "--capture", ROOT / "tests/captures/traffic.pcap"):
            yield {"profile": profile, "source": source.stem, **result}


def explain(result):
    """Why the deepest run that was found is not as deep as the bound."""
    if result["not_entered"]:
        return f"the deepest path goes through {result['not_entered']}, which no stepped run entered"
    return "every function of the deepest path was entered, but not from the places that it is called from there"


def show(results):
    by_profile = collections.defaultdict(list)
    for result in results:
        by_profile[result["profile"]].append(result)
    for profile, members in by_profile.items():
        measured = [r for r in members if "bound" in r]
        free = [r for r in measured if not r["checked"] and r["depth"]]
        found = sorted(r["bound"] / r["depth"] for r in free)
        print(f"{profile}: {len(members)} programs, {len(measured)} measured, {len(free)} without checks")
        if found:
            print(f"  bound / depth: median {statistics.median(found):.3f}, 1.00 for {sum(f == 1 for f in found)}, "
                  f"above 1.25 for {sum(f > 1.25 for f in found)}, worst {found[-1]:.2f}")
            for r in sorted(free, key=lambda r: -r["bound"] / r["depth"]):
                if r["bound"] > 1.25 * r["depth"]:
                    print(f"    {r.get('seed', r.get('source'))} {r['program']}: bound {r['bound']}, depth {r['depth']}: {explain(r)}")
        panics = [r["panic_bound"] / r["panic_depth"] for r in measured if r["panic_depth"] and not r["panic_checked"]]
        if panics:
            print(f"  panic bound / depth: median {statistics.median(panics):.3f}")
        overflowed = [r for r in measured if r["overflowed"]]
        print(f"  {sum(r['checked'] for r in measured)} with checks, in {len(overflowed)} of them a check failed; deepest "
              f"{max((r['depth'] for r in measured if r['checked']), default=0)}; {sum(r['panicked'] > 0 for r in measured)} panicked")
        print(f"  {sum(r['runs'] for r in measured)} runs, {sum(r['stepped'] for r in measured)} stepped, "
              f"{sum(r['steps'] for r in measured)} instructions")
        refused = collections.Counter(" ".join(r["refused"]) for r in members if "refused" in r)
        for codes, count in refused.items():
            kind = "needs too much stack" if set(codes.split()) & TOO_DEEP else "not understood"
            print(f"  refused, {kind}: {codes}: {count}")
    bad = [r for r in results if r.get("wrong") or "error" in r]
    for result in bad[:40]:
        print("WRONG", json.dumps(result)[:1500])
    print(f"{len(results) - len(bad)} passed, {len(bad)} failed")
    return 1 if bad else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--programs", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--corpus", action="store_true")
    parser.add_argument("--results", help="one line of JSON for each program; read first, then appended to")
    arguments = parser.parse_args()
    measure = os.path.join(os.environ.get("REXC_BUILD", ROOT / "build/release"), "tests/stack/measure")
    results = []
    if arguments.results and os.path.exists(arguments.results):
        with open(arguments.results, encoding="utf-8") as file:
            results = [json.loads(line) for line in file]
    known = {(r["profile"], r.get("seed")) for r in results}

    def write(result):
        results.append(result)
        if arguments.results:
            with open(arguments.results, "a", encoding="utf-8") as file:
                file.write(json.dumps(result) + "\n")

    with tempfile.TemporaryDirectory(prefix="rexc-campaign-") as directory:
        bench = Bench(directory, measure, options=THOROUGH)
        if arguments.corpus:
            for result in corpus(bench, directory):
                write(result)
        else:
            random_programs(arguments, bench, known, write)
    return show(results)


if __name__ == "__main__":
    sys.exit(main())
