#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Attacks on the safe subset through `rexc build`, and their innocent twins.

tests/attacks/BAN/NAME.rs must be refused, NAME.ok.rs must build. A file is the library of a package that the
template's program depends on. Lines `//~ REX0301 ...` name the codes (or other words) that the refusal must
show; `//~ edition 2018` the edition.

tests/attacks/BAN/NAME/ and NAME.ok/ are packages. Their file `expect` has such codes a line (`A|B`: one of
them), and lines `env NAME=VALUE` for the environment of rexc; @ stands for the directory of the package.

A refusal is exit status 1, and no object anywhere below the package.
"""
import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent


def rexc():
    built = pathlib.Path(os.environ.get("REXC_BUILD", HERE.parents[1] / "build" / "release")) / "bin" / "rexc"
    return str(built) if built.exists() else shutil.which("rexc")


def marked(text, mark):
    words = []
    for line in text.splitlines():
        if line.startswith(mark):
            words += line[len(mark):].split()
    return words


class Runner:
    def __init__(self, tool, directory):
        self.tool = tool
        self.directory = directory
        self.base = directory / "base"
        made = subprocess.run([tool, "new", "xdp", "attacked", "--path", str(self.base)],
                              capture_output=True, text=True)
        if made.returncode:
            sys.exit(f"rexc new failed:\n{made.stderr}")

    def package_around(self, source, package):
        """The template's program with the file as a dependency."""
        text = source.read_bytes()
        edition = (marked(text.decode(errors="replace"), "//~ edition ") or ["2024"])[0]
        shutil.copytree(self.base, package)
        manifest = package / "Cargo.toml"
        manifest.write_text(manifest.read_text().replace(
            "[dependencies]", "[dependencies]\nsubject = { path = \"subject\" }"))
        library = package / "subject"
        (library / "src").mkdir(parents=True)
        (library / "Cargo.toml").write_text(
            f"[package]\nname = \"subject\"\nversion = \"0.1.0\"\nedition = \"{edition}\"\n"
            "license = \"GPL-2.0-only\"\n")
        (library / "src" / "lib.rs").write_bytes(text)
        with open(package / "src" / "main.rs", "a") as main:
            main.write("\nuse subject as _;\n")
        return [[word] for word in marked(text.decode(errors="replace"), "//~ ") if word.startswith(("REX", "E0"))], {}

    def package_from(self, source, package):
        shutil.copytree(source, package)
        wanted, extra = [], {}
        expect = source / "expect"
        for line in expect.read_text().splitlines() if expect.exists() else []:
            if line.startswith("env "):
                name, value = line[4:].split("=", 1)
                extra[name] = value.replace("@", str(package))
            elif line:
                wanted.append(line.split("|"))
        return wanted, extra

    def check(self, source):
        """None when it went as it must, else what happened."""
        with tempfile.TemporaryDirectory(dir=self.directory) as temporary:
            package = pathlib.Path(temporary) / "package"
            make = self.package_from if source.is_dir() else self.package_around
            wanted, extra = make(source, package)
            built = subprocess.run([self.tool, "build", str(package)], capture_output=True, text=True,
                                   errors="replace", env={**os.environ, **extra}, timeout=600)
            objects = [str(path.relative_to(package)) for path in package.rglob("*.rex")]
            return verdict(source, wanted, built, objects)


def verdict(source, wanted, built, objects):
    innocent = ".ok" in source.name
    told = f"exit status {built.returncode}, objects {objects}\n{built.stderr}"
    if innocent:
        return None if built.returncode == 0 and objects else f"must build: {told}"
    if built.returncode != 1:
        return f"must be refused with status 1: {told}"
    if objects:
        return f"must leave no object: {told}"
    missing = [words for words in wanted if not any(word in built.stderr for word in words)]
    return f"does not say {missing}: {told}" if missing else None


def cases(names):
    files = sorted(HERE.glob("*/*.rs")) + sorted(path.parent for path in HERE.glob("*/*/Cargo.toml"))
    return [path for path in files
            if not names or any(name in str(path.relative_to(HERE)) for name in names)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tap", action="store_true", help="speak TAP (it always does)")
    parser.add_argument("names", nargs="*", help="only the cases whose path contains one of these")
    arguments = parser.parse_args()
    tool = rexc()
    if not tool:
        print("1..0 # SKIP rexc is not built")
        return 0
    failed = 0
    with tempfile.TemporaryDirectory(prefix="rexc-attacks-") as directory:
        runner = Runner(tool, pathlib.Path(directory))
        chosen = cases(arguments.names)
        print(f"1..{len(chosen)}")
        for number, source in enumerate(chosen, 1):
            wrong = runner.check(source)
            failed += wrong is not None
            print(f"{'not ok' if wrong else 'ok'} {number} - {source.relative_to(HERE)}", flush=True)
            for line in (wrong or "").splitlines():
                print(f"#   {line}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
