#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the test suites and adds up what they say.

A suite speaks TAP (https://testanything.org): "ok N - name", "not ok N - name", "ok N - name # SKIP why"; or it ends with a
line "N passed, N failed".
Two suites run at a time. A suite that ends with a status other than 0 without a "not ok" counts as one
failure, and so does one that reports no test at all.
"""
import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
SUMMARY = re.compile(r"^(\d+) passed, (\d+) failed\s*\Z", re.MULTILINE)
LINE = re.compile(r"^\s*(not ok|ok)\b\s*\d*\s*-?\s*(.*?)\s*(?:#\s*(SKIP|skip)\b\s*(.*))?$")


def suites(release, asan):
    """(name, command, extra environment) of every suite, long ones first."""
    found = []
    # The machines of vm run for minutes, and wait a good part of them: they begin first.
    for test in sorted(ROOT.glob("tests/*/run.py"), key=lambda test: (test.parent.name != "vm", test)):
        found.append((test.parent.name, [sys.executable, str(test), "--tap"], {}))
    found.append(("crate", [sys.executable, str(ROOT / "rex-crate/tests/run.py"), str(release / "share/rexc/rust")], {}))
    for test in sorted(ROOT.glob("tests/**/*.bats")):
        name = str(test.relative_to(ROOT / "tests"))[:-5]
        found.append((name, ["bats", "--tap", str(test)], {}))
    for test in sorted((asan / "tests" / "unit").glob("test_*")):
        if test.is_file() and os.access(test, os.X_OK):
            found.append((f"unit/{test.name[5:]}", [str(test)], {"CMOCKA_MESSAGE_OUTPUT": "TAP"}))
    for target in sorted((asan / "tests" / "fuzz").glob("*_replay")):
        name = target.name[: -len("_replay")]
        corpus = ROOT / "tests" / "fuzz" / "corpus" / name
        more = [str(ROOT / "tests" / "attacks")] if name == "lexer" else []
        found.append((f"fuzz/{name}", [str(target), "--tap", str(corpus), *more], {}))
    for kind in "unit/", "fuzz/":
        if not any(name.startswith(kind) for name, _, _ in found):
            sys.exit(f"no {kind} suites in {asan}: they were not built")
    return found


def run(suite, release, asan):
    name, command, extra = suite
    environment = dict(os.environ, PATH=f"{release / 'bin'}:{os.environ['PATH']}",
                       REXC_BUILD=str(release), REXC_ASAN_BUILD=str(asan), REXC_SOURCE=str(ROOT),
                       REXC_CACHE_DIR=os.environ.get("REXC_CACHE_DIR", str(ROOT / "build" / "cache")),
                       XDG_CONFIG_HOME=str(ROOT / "build" / "config"), **extra)
    begun = time.monotonic()
    try:
        done = subprocess.run(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=1500)
        output, status = done.stdout.decode(errors="replace"), done.returncode
    except subprocess.TimeoutExpired as late:
        output, status = (late.stdout or b"").decode(errors="replace") + "\ntimed out\n", 124
    return name, output, status, time.monotonic() - begun


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="run the suites whose name contains one of these")
    parser.add_argument("--list", action="store_true", help="print the suites and run nothing")
    parser.add_argument("--build", type=pathlib.Path, metavar="DIR",
                        help="test what is built there, not in build/release and, for units, build/asan")
    arguments = parser.parse_args()
    release, asan = [(arguments.build or ROOT / "build" / name).resolve() for name in ("release", "asan")]
    found = suites(release, asan)
    for name in arguments.names:
        if not any(name in s[0] for s in found):
            parser.error(f"no suite has '{name}' in its name: --list prints them")
    chosen = [s for s in found if not arguments.names or any(n in s[0] for n in arguments.names)]
    if arguments.list:
        print("\n".join(s[0] for s in chosen))
        return 0

    # The first build of a test compiles core; doing it here keeps that out of every suite's time.
    passed = failed = skipped = 0
    failures, skips = [], []
    warm_up = ("sysroot", ["bash", str(ROOT / "scripts/lib/warm_up.sh")], {})
    print("preparing the compiler sysroot", flush=True)
    _, output, status, seconds = run(warm_up, release, asan)
    if status:
        print(output)
        failures.append(("sysroot", output))
        failed += 1
    print(f"sysroot ready after {seconds:.0f} s", flush=True)

    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        for number, future in enumerate(
                concurrent.futures.as_completed([pool.submit(run, s, release, asan) for s in chosen]), 1):
            name, output, status, seconds = future.result()
            good = bad = left_out = 0
            for line in output.splitlines():
                match = LINE.match(line)
                if not match:
                    continue
                verdict, title, skip, reason = match.groups()
                if skip:
                    left_out += 1
                    skips.append(f"{name}: {title}: {reason}")
                elif verdict == "ok":
                    good += 1
                else:
                    bad += 1
            closing = SUMMARY.search(output)
            if good + bad + left_out == 0 and closing:
                good, bad = int(closing[1]), int(closing[2])
            if bad == 0 and (status != 0 or good + left_out == 0):
                bad += 1
            passed, failed, skipped = passed + good, failed + bad, skipped + left_out
            if bad:
                failures.append((name, output))
            print(f"[{number}/{len(chosen)}] {name}: {good} passed, {bad} failed"
                  f"{f', {left_out} skipped' if left_out else ''} ({seconds:.1f} s)", flush=True)

    for name, output in failures:
        print(f"\n---- {name} ----\n{output[-8000:]}")
    for skip in skips:
        print(f"SKIPPED {skip}")
    print(f"\n{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
