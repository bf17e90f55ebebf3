#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A rustc for REXC_RUSTC that optimises a program and its libraries as one, with fat LTO, and is otherwise the one that rexc
would run. Beside it (bench/instructions.py arranges that) lie `lto`, core and the rex crate with bitcode, and lib, clippy-driver."""
import pathlib
import subprocess
import sys

REAL = "/usr/bin/rustc"
HERE = pathlib.Path(__file__).parent  # bin of a sysroot
PROGRAM_SECTIONS = ("xdp", "tc")


def changed(arguments):
    crates = HERE / "lto"
    result = []
    for argument in arguments:
        if argument.startswith("--sysroot="):
            result += [f"--sysroot={crates}/empty", f"-L{crates}"]
        elif argument.startswith("--extern=rex="):
            result.append(f"--extern=rex={crates}/librex.rlib")
        elif argument.startswith("--emit=obj="):
            # Only for what is linked does rustc put in other crates' code; nothing has to come of that link.
            linked = argument.removeprefix("--emit=obj=").split(",")[0] + ".linked"
            result += [f"{argument},link={linked}", "-Clinker=/bin/true", "-Clinker-flavor=gnu-lld", "-Zunstable-options"]
        elif argument != "-Cembed-bitcode=no" and not (
                argument.startswith("-L") and "/sysroot/" in argument and not argument.endswith("/host")):
            result.append(argument)
    return result + (["-Clto=fat"] if "--crate-type=bin" in arguments else [])


def make_programs_global(path):
    """LTO knows no caller of them outside of the program."""
    table = subprocess.run(["objdump", "-t", path], capture_output=True, text=True, check=True).stdout
    for fields in map(str.split, table.splitlines()):
        if len(fields) > 4 and fields[2] == "F" and fields[3].split("/")[0] in PROGRAM_SECTIONS:
            subprocess.run(["objcopy", f"--globalize-symbol={fields[-1]}", path], check=True)


def is_whole(path):
    """Whether the object has all Rust code in it, that of core and the rex crate included: else it was no LTO."""
    undefined = subprocess.run(["nm", "-u", path], capture_output=True, text=True, check=True).stdout.split()
    return not any(name.startswith("_R") for name in undefined)


def main(arguments):
    if arguments == ["--print", "sysroot"]:
        print(HERE.parent)
        return 0
    if not any(argument.startswith("--extern=rex=") for argument in arguments):
        return subprocess.run([REAL, *arguments]).returncode
    status = subprocess.run([REAL, *changed(arguments)]).returncode
    for argument in arguments:
        if status == 0 and argument.startswith("--emit=obj="):
            path = argument.removeprefix("--emit=obj=").split(",")[0]
            make_programs_global(path)
            if not is_whole(path):
                sys.exit(f"{path} was compiled without LTO")
    return status


sys.exit(main(sys.argv[1:]))
