#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Copies of memory that others write are copies in the machine code too. Results in TAP.

copies.rs is compiled and disassembled. Where a reader is called, the address that it gets must be one of the stack; where
a value is compared and then used, there must be one load of it. Then the same with a crate whose copy is an ordinary one:
the test must notice."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))

from tap import Failure, Tap, rexc, true  # noqa: E402

# Function: the reader that it calls, and the register with the bytes' address there.
COPIES = {
    "get_hash": ("check", "rdi"),
    "get_array": ("check", "rdi"),
    "get_per_cpu": ("check", "rdi"),
    "read_slice": ("check", "rdi"),
    "view_slice": ("check", "rdi"),
    "text_of_slice": ("from_utf8", "rsi"),
    "text_of_array": ("from_utf8", "rsi"),
}
INSTRUCTION = re.compile(r"^\s*[0-9a-f]+:\s+(\S+)\s*(.*?)(?:\s+#.*)?$")
FUNCTION = re.compile(r"^[0-9a-f]+ <(.*)>:$")


def disassemble(rex_object):
    """The instructions of each function, as (mnemonic, operands) in AT&T's order, by a name that is not mangled."""
    text = subprocess.run(["objdump", "-d", "--no-show-raw-insn", str(rex_object)],
                          capture_output=True, text=True, check=True).stdout
    functions, body = {}, []
    for line in text.splitlines():
        if head := FUNCTION.match(line):
            body = []
            # v0 mangling: the last path component, after its length.
            name = re.sub(r"^_R.*\d([a-z_]+)$", r"\1", head[1])
            functions[name] = body
        elif instruction := INSTRUCTION.match(line):
            body.append((instruction[1], instruction[2]))
    return functions


def calls(body, reader):
    return [i for i, (mnemonic, operands) in enumerate(body)
            if mnemonic in ("call", "jmp") and re.search(rf"\d{reader}>", operands)]


def origin(body, at, register):
    """The instruction that made what the register holds at an instruction: moves between registers are followed."""
    for mnemonic, operands in reversed(body[:at]):
        source, _, target = operands.rpartition(",")
        if target.strip() != f"%{register}":
            continue
        if mnemonic == "mov" and (copy := re.fullmatch(r"%(\w+)", source)):
            register = copy[1]
            continue
        return mnemonic, source
    raise Failure(f"where %{register} comes from is not to be seen")


def is_on_the_stack(functions, name):
    reader, register = COPIES.get(name, ("check", "rdi"))
    body = functions[name]
    places = calls(body, reader)
    true(len(places) == 1, f"{name} calls {reader} {len(places)} times")
    try:
        mnemonic, source = origin(body, places[0], register)
    except Failure:
        return False  # the function's own parameter
    return mnemonic == "lea" and re.fullmatch(r"-?0x[0-9a-f]+\(%r[bs]p\)", source) is not None


def is_a_copy(functions, name):
    true(is_on_the_stack(functions, name), f"{name} hands out the address of the original")


def loads_once(functions, name, base):
    """One instruction reads through a pointer: the value that is checked is the one that is used."""
    loads = [f"{mnemonic} {operands}" for mnemonic, operands in functions[name]
             if re.search(rf"(^|[ ,])\(%{base}\)", operands)]
    true(len(loads) == 1, f"{name}: {loads}")


def reads_again(body):
    return any(mnemonic == "mov" and operands.startswith("(%rdi),") for mnemonic, operands in body)


def noalias_is_noticed(directory):
    """The same function by a compiler that takes for granted that references differ."""
    text = (HERE / "copies.rs").read_text()
    start = text.index("fn both(")
    source = directory / "both.rs"
    source.write_text("#![no_std]\n#[unsafe(no_mangle)]\npub " + text[start:text.index("\n}\n", start) + 3])
    subprocess.run(["/usr/bin/rustc", "--edition=2024", "-O", "--crate-type=lib", "--emit=obj", source, "-o", directory / "both.o"],
                   check=True)
    true(not reads_again(disassemble(directory / "both.o")["both"]), "it reads again even so")


def build(tool, source, directory, environment):
    rex_object = directory / "copies.rex"
    rexc(source, "-o", rex_object, "--license", "GPL", environment=environment, tool=tool)
    return disassemble(rex_object)


def broken_crate(tool, directory):
    """rexc with a crate whose copy is what copy_nonoverlapping makes of it."""
    prefix = Path(tool).resolve().parents[1]
    for part in ("bin", "lib", "share"):
        if (prefix / part).exists():
            shutil.copytree(prefix / part, directory / part, symlinks=True)
    path = directory / "share/rexc/rust/rex/src/opaque.rs"
    text = path.read_text()
    start = text.index("pub(crate) unsafe fn copy(")
    end = text.index("\n}\n", start)
    body = ("pub(crate) unsafe fn copy(from: *const u8, to: *mut u8, size: usize) {\n"
            "    // SAFETY: broken on purpose.\n"
            "    unsafe { core::ptr::copy_nonoverlapping(from, to, size) };")
    path.write_text(text[:start] + body + text[end:])
    return directory / "bin/rexc"


def notices(tool, directory, environment):
    broken = directory / "broken"
    broken.mkdir()
    functions = build(broken_crate(tool, broken), HERE / "copies.rs", broken, environment)
    true(not all(is_on_the_stack(functions, name) for name in COPIES), "the broken crate passes")


def main():
    tap = Tap()
    tool = shutil.which("rexc")
    with tempfile.TemporaryDirectory() as temporary:
        directory = Path(temporary)
        environment = {**os.environ, "XDG_CONFIG_HOME": str(directory / "config")}
        functions = build(tool, HERE / "copies.rs", directory, environment)
        for name in COPIES:
            tap.test(f"{name}: the reader gets a copy", is_a_copy, functions, name)
        tap.test("index_of_slice: one load", loads_once, functions, "index_of_slice", "rdi")
        tap.test("index_of_element: one load", loads_once, functions, "index_of_element", "rdi")
        tap.test("index_of_map: one load", loads_once, functions, "index_of_map", "rsi")
        tap.test("both: a reference is not taken for the only one",
                 lambda: true(reads_again(functions["both"]), "what was written through another is not seen"))
        tap.test("an ordinary compiler takes it for that, and that is noticed", noalias_is_noticed, directory)
        tap.test("the control is none: the compiler does what is guarded against",
                 lambda: true(not is_on_the_stack(functions, "control"), "it makes a copy now"))
        tap.test("an ordinary copy in the crate is noticed", notices, tool, directory, environment)
    tap.plan()
    return 1 if tap.failed else 0


if __name__ == "__main__":
    sys.exit(main())
