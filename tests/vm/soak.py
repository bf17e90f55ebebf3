#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The long runs of the in-kernel runtime: the same thing, very often, and what it leaves behind.

Each part runs in a machine of its own on each kernel, as often as the table says, or a share of that (--share 0.01). A part
passes when nothing is held or lost afterwards and the kernel has not complained.
"""
import argparse
import sys
import tempfile

import run
from harness import kernels, machine

# Name, how often in full, shell function of guest/soak.sh.
PARTS = (
    ("panics in processes", 1000000, "panics_in_processes"),
    ("panics in softirqs", 1000000, "panics_in_softirqs"),
    ("panics in breakpoints", 1000000, "panics_in_breakpoints"),
    ("terminations", 10000, "terminations"),
    ("recursions that are too deep", 100000, "recursions"),
    ("loads", 10000, "loads"),
)
# Mutated objects, and as many random calls.
HOSTILE = 100000


def soak(series, part, share, root, certificate):
    name, full, function = part
    times = max(int(full * share), 10)
    files = tuple((str(path), f"/root/{path.name}") for path in sorted(root.iterdir()))
    result = machine.run(machine.Request(kernel=series, commands=f"sh ./soak.sh {function} {times}", files=files,
                                         trust=(str(certificate),), timeout=600 + 24 * 3600 * share), machine.stream)
    good = result.status == 0
    print(f"{'ok' if good else 'not ok'} - {series}: {times} {name} ({result.seconds:.0f} s)", flush=True)
    if not good:
        print(result.explain(), flush=True)
    return good


def soak_hostile(series, share, root):
    """Mutated objects and random calls: hostile/run.py."""
    objects, calls = max(int(HOSTILE * share), 10), max(int(HOSTILE * share), 1000)
    good, output = run.hostile(series, root, objects, calls)
    print(output, end="")
    print(f"{'ok' if good else 'not ok'} - {series}: {objects} hostile objects, {calls} random calls", flush=True)
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kernel", choices=kernels.SERIES, action="append", help="only this series")
    parser.add_argument("--share", type=float, default=1.0, metavar="S", help="that share of the full number (1)")
    parser.add_argument("parts", nargs="*", metavar="PART", help="only parts with this word in their name")
    arguments = parser.parse_args()
    chosen = [part for part in PARTS if not arguments.parts or any(word in part[0] for word in arguments.parts)]
    with tempfile.TemporaryDirectory(prefix="rexc-soak-") as temporary:
        root, certificate = run.make_root(temporary)
        results = [soak(series, part, arguments.share, root, certificate)
                   for series in arguments.kernel or kernels.SERIES for part in chosen]
        if not arguments.parts or any(word in "hostile" for word in arguments.parts):
            results += [soak_hostile(series, arguments.share, root) for series in arguments.kernel or kernels.SERIES]
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
