#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What reads the tree instead of running it: SPDX lines, clang-format, clang-tidy, cppcheck, shellcheck.

usage: tests/style/run.py [--tap] [CHECK...]

Looks at the files that git tracks. Kernel modules are left out: they have the kernel's style, and are built with the
kernel's headers. A C or C++ file that the build does not compile is an error, unless it is named here.
What clang-tidy found in order is kept in build/style-cache, by content, and not looked at again.
"""
import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("REXC_BUILD", ROOT / "build/release"))
CACHE = ROOT / "build/style-cache"
JOBS = 2
TIDY = "clang-tidy-22"

KERNEL = ("runtime/kernel/", "tests/vm/modules/")
# Not compiled by the build: for the BPF target, or by a test with flags of its own.
NOT_BUILT = ("*.bpf.c", "bench/kernel/*.c", "tests/pass/host.c", "tests/vm/**/*.c", "tests/stack/measure/*.c", "samples/**/*.c")

DUAL = "GPL-2.0-only OR Apache-2.0"
# The licenses that a folder's files may have; the last that fits counts.
LICENSES = (
    ("", {"Apache-2.0"}),
    ("rex-crate/", {DUAL}),
    ("runtime/abi/", {DUAL}),
    ("runtime/kernel/", {"GPL-2.0-only"}),
    ("samples/", {"Apache-2.0", DUAL}),
    ("bench/", {"Apache-2.0", DUAL}),
    ("templates/", {DUAL}),
    ("templates/CMakeLists.txt", {"Apache-2.0"}),
    ("tests/", {"Apache-2.0", DUAL, "GPL-2.0-only"}),
)
# Data, which has no place for a comment, or of which every byte is looked at: golden output, inputs of programs, what
# `rexc new` copies into a person's project.
NO_SPDX = ("*.json", "*.pcap", "*.pcapng", "*.btf", "*.stderr", "*.stdout", "*.text", "*.svg", "LICENSES/*", "templates/*/gitignore",
           "tests/attacks/**/expect", "tests/attacks/**/*.toml", "tests/attacks/**/data.txt",
           "tests/fuzz/corpus/**", "tests/ui/**/*.out")
SPDX = re.compile(rb"SPDX-License-Identifier: ([A-Za-z0-9.-]+(?: (?:OR|AND|WITH) [A-Za-z0-9.-]+)*)")

# bats runs each test in a subshell under `set -e`, and messages that are looked for have backticks.
BATS_EXCLUDE = "SC2016,SC2030,SC2031,SC2164"


def tracked():
    listed = subprocess.run(["git", "-C", ROOT, "ls-files", "-z"], check=True, stdout=subprocess.PIPE).stdout
    names = [os.fsdecode(name) for name in listed.split(b"\0") if name]
    return [name for name in names if (ROOT / name).is_file() and not (ROOT / name).is_symlink()]


def matches(name, patterns):
    path = pathlib.PurePath(name)
    for pattern in patterns:
        if "**" in pattern:
            before, after = pattern.split("**", 1)
            if name.startswith(before) and (after == "" or path.match(after.lstrip("/"))):
                return True
        elif path.match(pattern):
            return True
    return False


def of_c(names, endings=(".c", ".h", ".cpp")):
    return [name for name in names if name.endswith(endings) and not name.startswith(KERNEL)]


def run(command):
    done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout.decode(errors="replace").replace(f"{ROOT}/", "")


def check_spdx(names):
    problems, looked = [], 0
    for name in names:
        if matches(name, NO_SPDX):
            continue
        looked += 1
        with open(ROOT / name, "rb") as file:
            lines = file.read(2048).split(b"\n")[:4]
        found = next((m[1].decode() for m in map(SPDX.search, lines) if m), None)
        allowed = [licenses for folder, licenses in LICENSES if name.startswith(folder)][-1]
        if found is None:
            problems.append(f"{name}: no SPDX-License-Identifier in its first lines")
        elif found not in allowed:
            problems.append(f"{name}: '{found}', where files are {' or '.join(sorted(allowed))}")
    return looked, problems


def check_format(names):
    files = of_c(names)
    status, output = run(["clang-format-14", "--dry-run", "--Werror", *files])
    return len(files), output.splitlines() if status else []


def compiled(names):
    """The compile command of each tracked file that the build compiles, and the files that it should and does not."""
    with open(BUILD / "compile_commands.json", encoding="utf-8") as file:
        commands = {os.path.relpath(entry["file"], ROOT): entry["command"] for entry in json.load(file)}
    sources = [name for name in of_c(names, (".c", ".cpp")) if not matches(name, NOT_BUILT)]
    return ({name: commands[name] for name in sources if name in commands},
            [f"{name}: not compiled by the build, so nothing looks at it" for name in sources if name not in commands])


def tidy_one(name, key):
    stamp = CACHE / key
    if stamp.exists():
        return []
    status, output = run([TIDY, "-p", BUILD, "--quiet", name])
    if status == 0 and "warning:" not in output:
        CACHE.mkdir(parents=True, exist_ok=True)
        stamp.touch()
        return []
    return [line for line in output.splitlines() if not re.match(r"\d+ warnings? (generated|treated)", line)]


def check_tidy(names):
    commands, problems = compiled(names)
    common = hashlib.sha256(run([TIDY, "--version"])[1].encode())
    for name in sorted(names):
        if name.endswith((".h", ".def", ".clang-tidy")):
            common.update((ROOT / name).read_bytes())
    keys = {}
    for name, command in commands.items():
        key = common.copy()
        key.update(command.encode() + b"\0" + (ROOT / name).read_bytes())
        keys[name] = key.hexdigest()
    with concurrent.futures.ThreadPoolExecutor(max_workers=JOBS) as pool:
        for found in pool.map(tidy_one, keys.keys(), keys.values()):
            problems += found
    return len(commands), problems


def check_cppcheck(names):
    """cppcheck reads the same commands, cut down to tracked files, as the build generates sources."""
    commands, problems = compiled(names)
    CACHE.mkdir(parents=True, exist_ok=True)
    database = CACHE / "compile_commands.json"
    database.write_text(json.dumps([{"directory": str(BUILD), "file": str(ROOT / name), "command": command}
                                    for name, command in commands.items()]), encoding="utf-8")
    status, output = run(["cppcheck", f"-j{JOBS}", f"--project={database}", "--quiet", "--error-exitcode=1", "--inline-suppr",
                          "--enable=warning,style,performance,portability",
                          "--suppress=useStlAlgorithm",  # a loop of LLVM's own style
                          "--library=tests/style/libbpf.cfg",
                          "--template={file}:{line}: {severity}: {message} [{id}]"])
    return len(commands), problems + (output.splitlines() if status else [])


def is_shell(name):
    if name.endswith((".sh", ".bash", ".bats")) or name.startswith("scripts/completion/") and "." not in name:
        return True
    with open(ROOT / name, "rb") as file:
        return re.match(rb"#!\s*/\S*(/env (-S )?)?.*\b(bash|sh|bats)\b", file.readline(200)) is not None


def check_shell(names):
    files = [name for name in names if is_shell(name)]
    bats = [name for name in files if name.endswith(".bats") or name.startswith("tests/") and name.endswith(".bash")]
    others = [name for name in files if name not in bats]
    found = run(["shellcheck", "--format=gcc", *others])[1]
    found += run(["shellcheck", "--format=gcc", f"--exclude={BATS_EXCLUDE}", *bats])[1]
    return len(files), found.splitlines()


CHECKS = {"spdx": check_spdx, "clang-format": check_format, "clang-tidy": check_tidy, "cppcheck": check_cppcheck,
          "shellcheck": check_shell}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tap", action="store_true", help="say it in TAP only")
    parser.add_argument("checks", nargs="*", metavar="CHECK", help=f"one of {', '.join(CHECKS)}; all when none is named")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.checks if name not in CHECKS]
    if unknown:
        parser.error(f"there is no check '{unknown[0]}'; there are {', '.join(CHECKS)}")
    chosen = arguments.checks or list(CHECKS)
    names = tracked()
    failed = 0
    print(f"1..{len(chosen)}")
    for number, check in enumerate(chosen, 1):
        count, problems = CHECKS[check](names)
        # A check that looks at nothing has not passed.
        good = count > 0 and not problems
        failed += not good
        print(f"{'ok' if good else 'not ok'} {number} - {check} ({count} files)", flush=True)
        for line in problems:
            print(f"# {line}" if arguments.tap else line)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
