#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
"""Tests of the crate that need no kernel and no runtime: run.py RUST_DIRECTORY [--rustc RUSTC]

RUST_DIRECTORY has the crate's whole sources, {rex,rex-macros,builtins}, as a build of rexc makes them.
Unit tests of the builtins and of the crate run on the host; the cases of refused.rs are compiled against
the crate as a host library, and must be refused for the right reason, or accepted where they say so.
"""

import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
PRELUDE = """#![no_std]
#![allow(unused, dead_code, non_upper_case_globals)]
use rex::linux::bpf::*; use rex::map::*; use rex::utils::*; use rex::*;
"""


class Compiler:
    def __init__(self, rustc, rust, work):
        self.rustc, self.rust, self.work = rustc, rust, work

    def run(self, source, *arguments, unstable=False):
        environment = {key: value for key, value in os.environ.items() if key in ("PATH", "HOME")}
        if unstable:
            environment["RUSTC_BOOTSTRAP"] = "1"
        command = [self.rustc, "--edition=2024", f"-L{self.work}", *arguments, str(source)]
        return subprocess.run(command, env=environment, capture_output=True, text=True)

    def must(self, *arguments, **keywords):
        done = self.run(*arguments, **keywords)
        if done.returncode != 0 or "warning" in done.stderr:
            sys.exit(done.stderr or f"rustc failed: {arguments}")

    def unit_tests(self, name, source, *arguments):
        """Compiles with --test, runs, returns (passed, failed)."""
        binary = self.work / f"test_{name}"
        self.must(source, "--test", f"--crate-name={name}", "-o", binary, *arguments, unstable=True)
        done = subprocess.run([binary], capture_output=True, text=True)
        counts = re.search(r"(\d+) passed; (\d+) failed", done.stdout)
        if done.returncode != 0:
            print(done.stdout, done.stderr)
        return (int(counts[1]), int(counts[2])) if counts else (0, 1)


def cases(text):
    """(name, whether it compiles, expected messages, source) of each case."""
    for part in re.split(r"^//@ ", text, flags=re.M)[1:]:
        head, source = part.split("\n", 1)
        name, _, mode = head.partition(" ")
        yield name, mode == "ok", re.findall(r"^//~ (.*)$", source, flags=re.M), source


def refused(compiler):
    passed = failed = 0
    for name, compiles, expected, source in cases((HERE / "refused.rs").read_text()):
        path = compiler.work / f"{name}.rs"
        path.write_text(PRELUDE + source)
        done = compiler.run(path, "--crate-type=lib", "--emit=metadata", "--extern=rex",
                            "-o", compiler.work / "case.rmeta")
        problems = []
        if compiles and done.returncode != 0:
            problems.append("refused")
        if not compiles and done.returncode == 0:
            problems.append("accepted")
        if not compiles and not expected:
            problems.append("no expected message given")
        problems += [f"not in the message: {text}" for text in expected if text not in done.stderr]
        if problems:
            failed += 1
            print(f"{name}: {'; '.join(problems)}\n{done.stderr}")
        else:
            passed += 1
    return passed, failed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("rust", type=pathlib.Path)
    parser.add_argument("--rustc", default="/usr/bin/rustc")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        work = pathlib.Path(directory)
        compiler = Compiler(options.rustc, options.rust, work)
        host = ["--cfg=rexc_host", "--check-cfg=cfg(rexc_host)", "--check-cfg=cfg(test)",
                "--extern=rex_macros"]
        crate = options.rust / "rex/src/lib.rs"
        compiler.must(options.rust / "rex-macros/src/lib.rs", "--crate-name=rex_macros",
                      "--crate-type=proc-macro", "--out-dir", work)
        compiler.must(crate, "--crate-name=rex", "--crate-type=rlib", *host, "--out-dir", work,
                      unstable=True)
        results = [
            compiler.unit_tests("builtins", options.rust / "builtins/src/lib.rs", "-O"),
            compiler.unit_tests("rex", crate, *host),
            refused(compiler),
        ]
    passed, failed = (sum(counts) for counts in zip(*results))
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
