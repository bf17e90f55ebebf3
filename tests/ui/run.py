#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Golden-output tests of what a person sees when something is wrong.

A case is NAME.rs or NAME.cmd in this folder or below it, beside NAME.stderr, NAME.stdout (absent: empty) and a second
line, after the license, that says the exit status:
  NAME.rs    "//! exit: 1" (more options for rexc after a semicolon: "//! exit: 1; --stack-limit 512"). Compiled as
             `rexc NAME.rs -o out.rex --no-sign` in a directory of its own.
  NAME.cmd   "# exit: 2", then a bash script; $DIR is the case's folder.
Paths and what differs from run to run are replaced before comparing. `tests/ui/run.py --bless` writes the expected files
anew; look at the difference before you commit it.
"""
import argparse
import difflib
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent


def normalize(text, work, case):
    text = text.replace(str(work), "$WORK").replace(str(case.parent), "$DIR")
    text = re.sub(r"\(os error \d+\)", "(os error)", text)
    text = re.sub(r"/usr/src/rustc-[0-9.]+", "$RUST", text)
    return text


def run(case):
    second = case.read_text().splitlines()[1]
    match = re.match(r"(?://!|#)\s*exit:\s*(\d)\s*(?:;\s*(.*))?$", second)
    if not match:
        return None, None, f"{case.name}: the second line must say '//! exit: N' or '# exit: N'"
    expected, options = int(match[1]), (match[2] or "").split()
    with tempfile.TemporaryDirectory(prefix="rexc-ui.") as work:
        environment = dict(os.environ, NO_COLOR="1", LC_ALL="C", DIR=str(case.parent))
        if case.suffix == ".rs":
            command = ["rexc", str(case), "-o", "out.rex", "--no-sign", *options]
        else:
            command = ["bash", str(case)]
        done = subprocess.run(command, cwd=work, env=environment, stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=120)
        problem = None
        if done.returncode != expected:
            problem = f"exit status {done.returncode}, expected {expected}"
        elif expected and (pathlib.Path(work) / "out.rex").exists():
            problem = "a failed command left an object"
        out = normalize(done.stdout.decode(errors="replace"), work, case)
        err = normalize(done.stderr.decode(errors="replace"), work, case)
    return out, err, problem


def compare(path, actual):
    expected = path.read_text() if path.exists() else ""
    return "".join(difflib.unified_diff(expected.splitlines(True), actual.splitlines(True),
                                        path.name, "actual"))


def bless(path, actual):
    if actual:
        path.write_text(actual)
    elif path.exists():
        path.unlink()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bless", action="store_true", help="write the expected files anew")
    parser.add_argument("--tap", action="store_true", help="accepted: TAP is the only output")
    parser.add_argument("names", nargs="*", help="cases whose path contains one of these")
    arguments = parser.parse_args()
    cases = sorted(p for s in ("*.rs", "*.cmd") for p in HERE.rglob(s))
    cases = [c for c in cases
             if not arguments.names or any(n in str(c.relative_to(HERE)) for n in arguments.names)]
    failed = 0
    for number, case in enumerate(cases, 1):
        out, err, problem = run(case)
        if arguments.bless and not problem:
            bless(case.with_suffix(".stdout"), out)
            bless(case.with_suffix(".stderr"), err)
        difference = ""
        if out is not None:
            difference = compare(case.with_suffix(".stdout"), out) + compare(case.with_suffix(".stderr"), err)
        if problem or difference:
            failed += 1
        print(f"{'not ok' if problem or difference else 'ok'} {number} - {case.relative_to(HERE)}", flush=True)
        for line in (f"{problem}\n{err or ''}" if problem else difference).splitlines():
            print(f"# {line}")
    print(f"1..{len(cases)}")
    return 1 if failed or not cases else 0


if __name__ == "__main__":
    sys.exit(main())
