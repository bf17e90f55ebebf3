#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Tests of the Rex pass: small programs go through rustc with the plugin, and the object's bytes are looked at.

Every test is a function test_*; its first line of documentation is its title. Programs are written against the
few definitions of mini.rs, so that no core library is needed. REXC_BUILD names the build directory and REXC_RUSTC
the compiler (default: the installed rustc-web).
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import traceback

from elftools.elf.constants import SH_FLAGS

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))

from elf import Object  # noqa: E402

BUILD = pathlib.Path(os.environ.get("REXC_BUILD", HERE.parents[1] / "build" / "release"))
PLUGIN = BUILD / "lib" / "rexc" / "librexpass.so"
RUSTC = os.environ.get("REXC_RUSTC", "/usr/bin/rustc")
FLAGS = ("--target x86_64-unknown-none -Cpanic=abort -Ccodegen-units=1 -Crelocation-model=pic "
         "-Cembed-bitcode=no -Zfunction-sections=yes -Cforce-frame-pointers=yes -Cno-redzone=yes "
         "-Cjump-tables=no -Zsanitizer=kcfi -Zretpoline-external-thunk -Zfunction-return=thunk-extern "
         "-Zplt=yes -Zcf-protection=branch -Csymbol-mangling-version=v0 -Zmerge-functions=disabled "
         "-Awarnings --edition 2021 --crate-name prog").split()
HEAD = ("#![feature(no_core, lang_items, auto_traits, rustc_attrs, abi_x86_interrupt, link_llvm_intrinsics)]\n"
        "#![no_core]\n#![no_main]\n")
LEVELS = "0", "1", "2", "3", "s", "z"

ENDBR64 = bytes.fromhex("f30f1efa")
# The bytes of a stack check (llvm-pass/README.md); zeroes where relocations go.
CHECK = (ENDBR64 + bytes.fromhex("4c8d9424") + bytes(4) + bytes.fromhex("4c8b1d") + bytes(4)
         + bytes.fromhex("654d3b13") + bytes.fromhex("0f82") + bytes(4) + b"\xe9" + bytes(4))
RETURN_THUNK = "__x86_return_thunk"

TRAMPOLINE = 'extern "C" fn entry(c: *mut u8) -> u32 { unsafe { *(c as *mut u32) } }\n'


def marker(name="p", section="xdp", entry="entry", static="P"):
    return (f'#[used] static {static}: Marker = Marker {{ magic: MAGIC, name: "{name}", '
            f'section: "{section}", entry: {entry} }};\n')


# The functions of the real crate that may be trampolines, by the first part of the section (llvm-pass/MARKER.md).
MODULES = {"xdp": "3xdp", "tc": "9sched_cls", "kprobe": "6kprobe", "tracepoint": "10tracepoint",
           "perf_event": "10perf_event"}


def like_the_crate(source):
    """Gives each marker's trampoline the symbol that the crate's own has for that section."""
    named = set()
    for section, function in re.findall(r'section: "([^"]*)", entry: (\w+)', source) + [
            ("xdp", name) for name in re.findall(r"sl: 3, e: (\w+)", source)]:
        module = MODULES.get(section.split("/")[0])
        if module and function not in named:
            named.add(function)
            source = source.replace(f'extern "C" fn {function}(',
                                    f'#[export_name = "_RINvNtCs1a_3rex{module}5entry{function}"] '
                                    f'extern "C" fn {function}(', 1)
    return source


class Result:
    def __init__(self, status, text, data, report):
        self.status, self.text, self.data, self.report = status, text, data, report
        self.object = Object(data) if data else None


def compile(source, level="2", config=None, report=True, flags=(), crate=True, library=False, named=True):
    """Runs rustc with the plugin. config is the configuration without its first line and its report line."""
    if named:
        source = like_the_crate(source)
    with tempfile.TemporaryDirectory() as directory:
        work = pathlib.Path(directory)
        head = HEAD.replace("#![no_main]\n", "") if library else HEAD
        (work / "main.rs").write_text(head + (HERE / "mini.rs").read_text() + source if crate else source)
        environment = {"PATH": "/usr/bin:/bin", "RUSTC_BOOTSTRAP": "1"}
        if config is not None:
            lines = "rexpass 1\n" + (f"report {work}/report\n" if report else "") + config
            (work / "config").write_text(lines)
            environment["REXC_PASS_CONFIG"] = str(work / "config")
        done = subprocess.run([RUSTC, *FLAGS, f"-Copt-level={level}", *flags,
                               "--crate-type", "rlib" if library else "bin", f"-Zllvm-plugins={PLUGIN}",
                               "--emit", f"obj={work}/main.o", "main.rs"], cwd=work, env=environment,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=120)
        made = work / "main.o"
        told = work / "report"
        return Result(done.returncode, done.stdout.decode(),
                      made.read_bytes() if made.exists() else None,
                      told.read_text() if told.exists() else None)


def good(source, **arguments):
    result = compile(source, **arguments)
    assert result.status == 0, f"rustc ended with {result.status}:\n{result.text}"
    return result


def refused(source, *fragments, **arguments):
    """rustc fails with an error of the pass that says each fragment, and leaves neither object nor report."""
    result = compile(source, **arguments)
    assert result.status == 1, f"rustc ended with {result.status}, not 1:\n{result.text}"
    assert "error: rexpass: " in result.text, f"no error of the pass:\n{result.text}"
    for fragment in fragments:
        assert fragment in result.text, f"'{fragment}' is not said:\n{result.text}"
    assert result.data is None, "an object was left"
    assert result.report is None, "a report was left"


def report_lines(result):
    lines = result.report.splitlines()
    assert lines[0] == "rexpass-report 1", lines
    assert lines[1].startswith("llvm 22."), lines
    return lines[2:]


# Entry points

def test_entry_at_every_level():
    """a marker becomes a global function in its section, at every level of optimisation"""
    for level in LEVELS:
        result = good(TRAMPOLINE + marker("prog"), level=level, config="mode none\n")
        made = result.object
        symbol = made.symbol("prog")
        assert (symbol.bind, symbol.type) == ("STB_GLOBAL", "STT_FUNC"), symbol
        section = made.sections[symbol.section]
        assert section.name == "xdp" and section.align == 16, section
        assert section.flags == SH_FLAGS.SHF_ALLOC | SH_FLAGS.SHF_EXECINSTR, section
        assert made.code("prog").startswith(ENDBR64), "no endbr64"
        assert made.symbol("__cfi_prog"), "the kcfi prefix is lost"
        assert b"REXPROGRAM" not in result.data, "the marker is still there"
        assert not [s for s in made.symbols if "entry" in s.name], "the trampoline's name is still there"
        assert report_lines(result) == ["entry prog xdp"], result.report


def test_entry_without_configuration():
    """entry points are made without a configuration, and no report is written"""
    result = good(TRAMPOLINE + marker())
    assert result.object.symbol("p") and result.report is None


def test_sections():
    """every program type's section is taken"""
    names = ["xdp", "tc", "perf_event", "kprobe", "kprobe/do_unlinkat", "kprobe/a.isra.0",
             "tracepoint/syscalls/sys_enter_dup"]
    source = "".join(f'extern "C" fn e{i}(c: *mut u8) -> u32 {{ {i} }}\n'
                     + marker(f"p{i}", name, f"e{i}", f"P{i}") for i, name in enumerate(names))
    result = good(source, config="mode none\n")
    for i, name in enumerate(names):
        made = result.object
        assert made.sections[made.symbol(f"p{i}").section].name == name
    assert report_lines(result) == [f"entry p{i} {name}" for i, name in enumerate(names)]


def test_several_of_one_section():
    """two programs of one section are two functions in it"""
    source = (TRAMPOLINE + marker() + 'extern "C" fn other(c: *mut u8) -> u32 { 2 }\n'
              + marker("q", "xdp", "other", "Q"))
    made = good(source).object
    assert made.symbol("p").section == made.symbol("q").section


def test_no_markers():
    """a crate without markers is compiled as it is"""
    source = "#[no_mangle] pub fn f(x: u32) -> u32 { x }\n"
    result = good(source, config="mode none\n")
    assert report_lines(result) == [] and result.object.code("f")


def test_library():
    """a program in a library crate is an entry point of it, at every level"""
    source = TRAMPOLINE + marker("prog") + "pub fn generic<T>(x: T) -> u32 { 1 }\n"
    for level in LEVELS:
        made = good(source.replace("static P", "pub static P"), level=level, config="mode none\n", library=True).object
        assert made.sections[made.symbol("prog").section].name == "xdp"
        assert b"REXPROGRAM" not in made.data


def test_longest_names():
    """a name of 63 and a section of 127 bytes are taken, one more is refused"""
    name, section = "p" * 63, "kprobe/" + "s" * 120
    result = good(TRAMPOLINE + marker(name, section))
    assert result.object.symbol(name)
    refused(TRAMPOLINE + marker(name + "p"), "no identifier of 1 to 63")
    refused(TRAMPOLINE + marker("p", section + "s"), "of no known program type")


def test_names_refused():
    """names that are no identifiers or reserved are refused"""
    for name in "", "1p", "a-b", "a.b", "a b", "\\u{e9}t\\u{e9}", "p\\0":
        refused(TRAMPOLINE + marker(name), "no identifier")
    for name in "__p", "__rex_panic_body", "_Rp", "_ZN1p", "memcpy", "memset", "bcmp", "strlen":
        refused(TRAMPOLINE + marker(name), "reserved", name)


def test_sections_refused():
    """sections of no program type are refused"""
    for section in ("", "socket", "xdp/", "xdp/a", "tc/a", "kprobe/", "kprobe/a/b", "kprobe/a b", "tracepoint",
                    "tracepoint/a", "tracepoint/a/b/c", "tracepoint//b", ".text", "kprobe/a\\\"b",
                    "perf_event/x", "kretprobe/x"):
        refused(TRAMPOLINE + marker("p", section), "of no known program type", "program p")


def test_marker_not_used():
    """a marker that is not in llvm.used is refused"""
    refused(TRAMPOLINE + marker().replace("#[used]", "#[no_mangle] pub"), "P", "not in llvm.used")


def test_marker_shape():
    """markers that can change, are too short or too long are refused"""
    refused(TRAMPOLINE + marker().replace("static P", "static mut P"), "it is not constant")
    refused("#[used] static P: [u8; 16] = MAGIC;\n", "not 56 bytes long")
    refused("#[repr(C)] struct Long { m: [u8; 16], p: [u64; 6] }\n"
            "#[used] static P: Long = Long { m: MAGIC, p: [0; 6] };\n", "not 56 bytes long")


def test_marker_content():
    """markers whose pointers lead nowhere are refused"""
    words = ("#[repr(C)] struct Words { m: [u8; 16], p: [u64; 5] }\n"
             "#[used] static P: Words = Words { m: MAGIC, p: [%s] };\n")
    for content in "0, 0, 0, 0, 0", "1, 1, 1, 1, 1", "0, 1, 0, 1, 0", "8, !0, 8, !0, 8":
        if "!" not in content:
            refused(words % content, "no identifier")
    refused(words % "0, 0xffffffffffffffff, 0, 3, 0", "no identifier")
    raw = ("#[repr(C)] struct Raw { m: [u8; 16], n: *const u8, nl: usize, s: *const u8, sl: usize, "
           'e: extern "C" fn(*mut u8) -> u32 }\n'
           "static NAME: [u8; 2] = *b\"pq\"; static mut LOOSE: [u8; 3] = *b\"xdp\";\n"
           "static SECTION: [u8; 3] = *b\"xdp\";\n"
           "#[used] static P: Raw = Raw { m: MAGIC, n: &raw const NAME as *const u8, nl: %s, "
           "s: %s as *const u8, sl: 3, e: entry };\n")
    assert good(TRAMPOLINE + raw % (2, "&raw const SECTION")).object.symbol("pq")
    refused(TRAMPOLINE + raw % (3, "&raw const SECTION"), "no identifier")
    refused(TRAMPOLINE + raw % (2, "unsafe { &raw const LOOSE }"), "of no known program type")


def test_clashes():
    """a program called like another symbol of the crate or like another program is refused"""
    for other in ("#[no_mangle] pub fn p(x: u32) -> u32 { x }\n", "#[no_mangle] pub static p: u32 = 3;\n",
                  'extern "C" { fn p(x: u32); }\n#[no_mangle] pub fn f() { unsafe { p(1) } }\n'):
        refused(TRAMPOLINE + marker() + other, "program p is the name of another symbol")
    refused(TRAMPOLINE + marker() + 'extern "C" fn other(c: *mut u8) -> u32 { 2 }\n'
            + marker("p", "tc", "other", "Q"), "two programs are called p")


def test_trampolines_refused():
    """a trampoline that is shared, called, pointed to, imported or of another type is refused"""
    refused(TRAMPOLINE + marker() + marker("q", "xdp", "entry", "Q"), "p", "q", "share one trampoline")
    call = "#[no_mangle] pub fn f(c: *mut u8) -> u32 { entry(c) }\n"
    refused(TRAMPOLINE.replace("extern", "#[inline(never)] extern") + marker() + call,
            "trampoline of program p is used by other code")
    table = '#[no_mangle] pub static T: extern "C" fn(*mut u8) -> u32 = entry;\n'
    refused(TRAMPOLINE + marker() + table, "trampoline of program p is used by other code")
    refused('unsafe extern "C" { safe fn entry(c: *mut u8) -> u32; }\n' + marker(), "no function of this crate")
    for parameters, returns in ("c: *mut u8, d: u32", "u32"), ("c: *mut u8", "u64"), ("c: u64", "u32"):
        wrong = (f'extern "C" fn entry({parameters}) -> {returns} {{ 1 }}\n' + marker())
        types = ", ".join(p.split(": ")[1] for p in parameters.split(", "))
        mini = (HERE / "mini.rs").read_text().replace('extern "C" fn(*mut u8) -> u32',
                                                      f'extern "C" fn({types}) -> {returns}')
        refused(HEAD + mini + wrong, "not an extern", crate=False)


def test_foreign_trampolines_refused():
    """a trampoline that is not the crate's own for that section is refused"""
    def with_symbol(symbol, section="xdp"):
        named = f'#[export_name = "{symbol}"] ' if symbol else ""
        return named + TRAMPOLINE + marker("p", section)
    for symbol in (None, "entry", "_RINvNtCs1a_4prog3xdp5entryX", "_RINvNtCs1a_3rex3xdp6entry2X",
                   "_RINvNtNtCs1a_3rex3xdp5entry1aX", "_RINvNtC3rex3xdp5entryX", "_RNvNtCs1a_3rex3xdp5entry",
                   "x_RINvNtCs1a_3rex3xdp5entryX", "_RINvNtCs_3rex3xdp5entryX", "_RINvNtCs1-_3rex3xdp5entryX"):
        refused(with_symbol(symbol), "trampoline of program p", "the rex crate's", named=False)
    # The crate's own, but for contexts of another type.
    refused(with_symbol("_RINvNtCs1a_3rex9sched_cls5entryX"), "the rex crate's", named=False)
    refused(with_symbol("_RINvNtCs1a_3rex3xdp5entryX", "kprobe/f"), "the rex crate's", named=False)
    good(with_symbol("_RINvNtCs1a_3rex6kprobe5entryX", "kprobe/f"), named=False)


# Stack checks

RECURSIVE = """
#[no_mangle] #[inline(never)]
pub fn even(x: u32) -> u32 { match x { 0 => 1, 1 => 0, 2 => odd(1), _ => odd(3) } }
#[no_mangle] #[inline(never)]
pub fn odd(x: u32) -> u32 { match x { 0 => 0, 1 => 1, _ => even(2) } }
#[no_mangle] pub static TABLE: fn(u32) -> u32 = even;
"""


def assert_check(made, name):
    """name is a check of exactly the documented bytes, and nothing but it refers to its body."""
    assert made.code(name) == CHECK, f"{name}: {made.code(name).hex(' ')}"
    found = made.relocations_in(name)
    need, cpu, overflow, body = found
    assert (need.offset, need.type, need.target, need.addend) == (8, "R_X86_64_32S", "__rex_need." + name, 0)
    assert (cpu.offset, cpu.type, cpu.target, cpu.addend) == (15, "R_X86_64_GOTPCREL", "rex_cpu", -4)
    assert (overflow.offset, overflow.target, overflow.addend) == (25, "__rex_import_rex_stack_overflow", -4)
    assert overflow.type in ("R_X86_64_PC32", "R_X86_64_PLT32")
    # Local, so it may be named by its section.
    body_name = name + ".rex_body"
    body_symbol = made.symbol(body_name)
    targets = (body_name, -4), (".text." + body_name, body_symbol.value - 4)
    assert body.offset == 30 and (body.target, body.addend) in targets, body
    assert (body_symbol.bind, body_symbol.type) == ("STB_LOCAL", "STT_FUNC"), body_symbol
    assert not made.code(body_name).startswith(ENDBR64), "the body has an endbr64"
    assert not made.symbol("__cfi_" + body_name), "the body has a kcfi prefix"
    users = [r for r in made.relocations if r.target in (body_name, ".text." + body_name)
             and made.sections[r.section].flags & SH_FLAGS.SHF_ALLOC  # debug information and kcfi's list may
             and made.sections[r.section].name != ".kcfi_traps"]
    assert len(users) == 1, f"the body is referred to by {users}"
    assert made.symbol("__rex_need." + name).section == 0


def kcfi_id(made, name):
    prefix = made.code("__cfi_" + name)
    assert prefix[-5] == 0xb8, prefix.hex(" ")
    return prefix[-4:]


def test_check_at_every_level():
    """a check has the documented bytes at every level of optimisation, with and without debug information"""
    for level in LEVELS:
        for flags in (), ("-g",):
            result = good(RECURSIVE, level=level, flags=flags, config="mode list\ncheck even\n")
            assert_check(result.object, "even")
            assert report_lines(result) == ["check even"], result.report
            assert result.object.symbol("odd.rex_body") is None


def test_check_keeps_identity():
    """a function with a check keeps its binding, kcfi id and uses"""
    plain = good(RECURSIVE).object
    checked = good(RECURSIVE, config="mode list\ncheck even\n").object
    before, after = plain.symbol("even"), checked.symbol("even")
    assert (before.bind, before.type) == (after.bind, after.type) == ("STB_GLOBAL", "STT_FUNC")
    assert kcfi_id(plain, "even") == kcfi_id(checked, "even")
    for user in "odd", "TABLE":
        targets = [r.target for r in checked.relocations_in(user)]
        assert "even" in targets, f"{user} refers to {targets}"
    assert [r.target for r in plain.relocations_in("even")][:2] == [
        r.target for r in checked.relocations_in("even.rex_body")][:2]


def test_local_function():
    """a private function keeps being private"""
    source = RECURSIVE.replace("#[no_mangle] #[inline(never)]\npub fn even", "#[inline(never)]\nfn even")
    name, = good(source).object.named("even")
    made = good(source, config=f"mode list\ncheck {name}\n").object
    assert made.symbol(name).bind == "STB_LOCAL"
    assert_check(made, name)


SIGNATURES = """
#[repr(C)] pub struct Big { a: u64, b: u64, c: u64, d: u64, e: u64 }
pub struct Wide { a: [u64; 9], b: u64 }
#[no_mangle] pub extern "C" fn by_value(x: Big, y: u32) -> u64 { x.c }
#[no_mangle] pub extern "C" fn returned(y: u64) -> Big { Big { a: y, b: 2, c: 3, d: 4, e: 5 } }
#[no_mangle] pub extern "C" fn both(x: Big, a: u64, b: u64, c: u64, d: u64, e: u64, f: u64, g: u64, y: Big)
    -> Big { Big { a: x.e, b: y.a, c: g, d: a, e: f } }
#[no_mangle] pub fn rust_abi(x: Wide, a: u128, b: u128, c: u128, d: u128) -> Wide { Wide { a: [x.b; 9], b: 3 } }
#[no_mangle] pub extern "C" fn pair(a: u128, b: u128, c: u128, d: u128) -> u128 { d }
#[no_mangle] pub fn nothing() {}
"""
SIGNED = "by_value", "returned", "both", "rust_abi", "pair", "nothing"


def test_signatures():
    """arguments and results of every kind of passing, sret and byval among them, change nothing"""
    config = "mode list\n" + "".join(f"check {name}\n" for name in SIGNED)
    for level in "0", "2":
        made = good(SIGNATURES, level=level, config=config).object
        plain = good(SIGNATURES, level=level).object
        for name in SIGNED:
            assert_check(made, name)
            body = made.code(name + ".rex_body")
            assert body == plain.code(name)[len(ENDBR64):] or level == "0", f"{name}: the body differs"


def test_checked_program_runs():
    """checked functions get their arguments, return, and reach the overflow import when room is short"""
    source = SIGNATURES + RECURSIVE
    names = [*SIGNED, "even"]
    config = "mode list\n" + "".join(f"check {name}\n" for name in names)
    for level in "0", "2":
        result = good(source, level=level, config=config)
        with tempfile.TemporaryDirectory() as directory:
            work = pathlib.Path(directory)
            (work / "prog.o").write_bytes(result.data)
            needs = [f"-Wl,--defsym=__rex_need.{name}={-4096 & (1 << 64) - 1:#x}" for name in names]
            subprocess.run(["cc", "-O1", "-fcf-protection=none", "-no-pie", "-Wl,--defsym=rex_cpu=0", *needs,
                            "-o", "host", str(HERE / "host.c"), "prog.o"], cwd=work, check=True,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            done = subprocess.run([work / "host"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            assert done.returncode == 0, f"level {level}: {done.returncode} {done.stdout.decode()}"


def test_missing():
    """names that the crate does not define are reported, not refused"""
    result = good(RECURSIVE + 'extern "C" { fn away(); }\n#[no_mangle] pub fn f() { unsafe { away() } }\n',
                  config="mode list\ncheck zzz\ncheck even\ncheck away\n")
    assert report_lines(result) == ["check even", "missing away", "missing zzz"]
    assert "away" in [r.target for r in result.object.relocations_in("f")]


def test_checked_entry():
    """an entry point can carry a check; its body is ordinary text"""
    made = good(TRAMPOLINE + marker("prog"), config="mode list\ncheck prog\n").object
    assert_check(made, "prog")
    assert made.sections[made.symbol("prog").section].name == "xdp"
    assert made.sections[made.symbol("prog.rex_body").section].name == ".text.prog.rex_body"


def test_check_is_not_inlined():
    """a function that asks to be inlined, and was not, is called through its check"""
    source = ("#[no_mangle] #[inline(always)] pub fn small(x: u32) -> u32 { x }\n"
              "#[no_mangle] pub fn user(f: &fn(u32) -> u32) -> u32 { (*f)(1) }\n"
              "#[no_mangle] pub static T: fn(u32) -> u32 = small;\n")
    made = good(source, config="mode list\ncheck small\n").object
    assert_check(made, "small")
    assert "small" in [r.target for r in made.relocations_in("T")]


def test_equal_bodies_stay_apart():
    """two checked functions of equal code have a body each"""
    source = "".join(f"#[no_mangle] pub fn {name}(x: u32) -> u32 {{ match x {{ 3 => 4, _ => 5 }} }}\n"
                     for name in ("one", "two"))
    made = good(source, config="mode list\ncheck one\ncheck two\n").object
    for name in "one", "two":
        assert_check(made, name)


def refused_by_opt(definition, why):
    """The same for what rustc cannot be made to emit: LLVM's opt runs the pass."""
    text = ('target triple = "x86_64-unknown-none-elf"\n' + definition
            + "define void @user() {\n  ret void\n}\n")
    with tempfile.TemporaryDirectory() as directory:
        work = pathlib.Path(directory)
        (work / "in.ll").write_text(text)
        (work / "config").write_text("rexpass 1\nmode list\ncheck f\n")
        done = subprocess.run(["opt-22", f"-load-pass-plugin={PLUGIN}", "-passes=default<O0>", "-S", "in.ll",
                               "-o", "out.ll"], cwd=work, env={"REXC_PASS_CONFIG": str(work / "config"),
                                                               "PATH": "/usr/bin:/bin"},
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        said = done.stdout.decode()
        assert done.returncode == 1 and f"no stack check can be put in f: {why}" in said, said


def test_unsplittable():
    """functions that cannot carry a check are refused, by name and reason"""
    for convention in "win64", "x86-interrupt":
        parameters = "x: u64" if convention == "win64" else "x: &u64"
        returns = "-> u64 { x }" if convention == "win64" else "{ }"
        refused(f'#[no_mangle] pub extern "{convention}" fn f({parameters}) {returns}\n',
                "f: its calling convention", config="mode list\ncheck f\n")
    taken = RECURSIVE + '#[export_name = "even.rex_body"] pub fn other() {}\n'
    refused(taken, "even: the name of its body is taken", config="mode list\ncheck even\n")
    odd = '#[export_name = "a\\"b"] pub fn f() {}\n'
    refused(odd, "its name cannot be written", config='mode list\ncheck a"b\n')
    refused_by_opt("define void @f() naked {\n  unreachable\n}\n", "it is naked")
    refused_by_opt("define void @f(ptr nest %x) {\n  ret void\n}\n", "it takes a static chain")
    refused_by_opt("define void @f(ptr inalloca(i64) %x) {\n  ret void\n}\n", "it has a parameter passed")
    refused_by_opt("define void @f(ptr swifterror %x) {\n  ret void\n}\n", "it has a parameter passed")
    refused_by_opt("define void @f(ptr swiftasync %x) {\n  ret void\n}\n", "it has a parameter passed")
    refused_by_opt("define void @f() prologue i32 1 {\n  ret void\n}\n", "it has data of its own")
    refused_by_opt("define void @f() prefix i32 1 {\n  ret void\n}\n", "it has data of its own")
    refused_by_opt("define preserve_mostcc void @f() {\n  ret void\n}\n", "its calling convention")
    refused_by_opt("@t = global ptr blockaddress(@f, %b)\ndefine void @f() {\n  br label %b\nb:\n"
                   "  ret void\n}\n", "the address of one of its blocks")


def test_strange_names():
    """a dollar and a dot in a name are a dollar and a dot in the need's name"""
    made = good('#[export_name = "a$b.c$$d"] pub fn f() {}\n', config="mode list\ncheck a$b.c$$d\n").object
    assert_check(made, "a$b.c$$d")


def test_errors_come_together():
    """every bad function of a list is named in one compile"""
    source = "".join(f'#[no_mangle] pub extern "win64" fn {n}() {{}}\n' for n in ("f", "g"))
    refused(source, "in f: its", "in g: its", config="mode list\ncheck f\ncheck g\n")


def test_naked():
    """a naked function, which rustc hands over as assembly, is missing: there is nothing to put a check in"""
    result = good('#[no_mangle] #[unsafe(naked)] pub extern "C" fn f() { naked_asm!("ret") }\n',
                  config="mode list\ncheck f\n")
    assert report_lines(result) == ["missing f"]


def test_debug_information():
    """DWARF stays valid, and the body is what it describes"""
    result = good(RECURSIVE, flags=("-g",), config="mode list\ncheck even\n")
    with tempfile.NamedTemporaryFile(suffix=".o") as file:
        file.write(result.data)
        file.flush()
        done = subprocess.run(["llvm-dwarfdump-22", "--verify", file.name], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        assert done.returncode == 0, done.stdout.decode()
        described = subprocess.run(["llvm-dwarfdump-22", "--name=even", file.name],
                                   stdout=subprocess.PIPE, check=True).stdout.decode()
        size = result.object.symbol("even.rex_body").size
        assert f"({size:#018x})" in described, described


# Mode core

CORE = """
#[no_mangle] #[inline(never)] pub fn leaf(x: u32) -> u32 { match x { 9 => 8, _ => 1 } }
#[no_mangle] #[inline(never)] pub fn above(x: u32) -> u32 { match x { 0 => leaf(x), _ => leaf(2) } }
#[no_mangle] #[inline(never)] pub fn pointer(f: fn(u32) -> u32) -> u32 { f(1) }
#[no_mangle] #[inline(never)] pub fn tail(f: &fn(u64)) { (*f)(1) }
#[no_mangle] #[inline(never)] pub fn calls_pointer() -> u32 { pointer(leaf) }
#[no_mangle] #[inline(never)] pub fn itself(x: *mut u32) -> u32 {
    unsafe { match *x { 0 => 1, _ => { let y = itself(leaf(1) as usize as *mut u32); *x = 3; y } } } }
#[no_mangle] #[inline(never)] pub fn ring1(x: *mut u32) { unsafe { *x = 1; ring2(x); *x = 2; } }
#[no_mangle] #[inline(never)] pub fn ring2(x: *mut u32) { unsafe { *x = 3; ring3(x); *x = 4; } }
#[no_mangle] #[inline(never)] pub fn ring3(x: *mut u32) {
    unsafe { match *x { 7 => {}, 8 => ring1(x), _ => inner(x) } *x = 5; } }
#[no_mangle] #[inline(never)] pub fn inner(x: *mut u32) {
    unsafe { match *x { 9 => ring3(x), _ => { leaf(3); } } *x = 6; } }
#[no_mangle] #[inline(never)] pub fn outside(x: *mut u32) { unsafe { ring1(x); *x = 1; } }
"""


def test_core_mode():
    """mode core checks functions with indirect calls and on cycles of direct calls, and no other"""
    for level in "0", "2":
        result = good(CORE, level=level, config="mode core\n")
        expected = ["inner", "itself", "pointer", "ring1", "ring2", "ring3", "tail"]
        lines = [line for line in report_lines(result)]
        if level == "2":  # the loops' tails may have become jumps, inlining may have changed who calls
            expected = [name for name in expected if f"check {name}" in lines or name in ("pointer", "tail")]
        assert lines == [f"check {name}" for name in expected], result.report
        for name in expected:
            assert_check(result.object, name)
        for name in "leaf", "above", "outside":
            assert result.object.symbol(name + ".rex_body") is None


def test_core_mode_assembly():
    """inline assembly and imports are no indirect calls"""
    source = ('extern "C" { fn away(x: u32) -> u32; }\n'
              "#[no_mangle] pub fn f(x: u32) -> u32 { unsafe { away(x) } }\n")
    assert report_lines(good(source, config="mode core\n")) == []


# Configuration and report

def test_configuration_refused():
    """a configuration that is not exactly of the format is refused, with file and line"""
    for config, line, why in (("mode all\n", 2, "none, list or core"), ("mode none\nmode none\n", 3, "repeated"),
                              ("check f\n", 2, "mode is missing"), ("mode none\ncheck f\n", 3, "for mode list"),
                              ("mode core\ncheck f\n", 3, "for mode list"), ("mode list\n\n", 3, "expected"),
                              ("mode list\ncheck\n", 3, "expected"), ("mode list\ncheck f\ncheck f\n", 4, "twice"),
                              ("mode none\nstrict yes\n", 3, "unknown"), ("mode list\ncheck f", 0, "newline"),
                              ("mode none\nreport \n", 3, "expected"), ("", 1, "mode is missing")):
        refused(RECURSIVE, why, f"config:{line}:" if line else "config:", config=config, report=False)


def test_traps_become_calls():
    """an abort, and an unreachable that stays, call the import; no ud2 is left but kcfi's"""
    source = marker() + TRAMPOLINE + """
extern "C" { #[link_name = "llvm.trap"] fn trap() -> !; }
#[no_mangle] pub extern "C" fn aborts() -> ! { unsafe { trap() } }
"""
    for level in LEVELS:
        made = good(source, level=level).object
        code = made.code("aborts")
        assert b"\x0f\x0b" not in code, f"-O{level}: a bare ud2 in {code.hex()}"
        assert any(r.target == "__rex_import_rex_abort" for r in made.relocations_in("aborts")), f"-O{level}: no call"


def test_the_magic_alone_is_no_marker():
    """a constant that holds nothing but the magic is left alone"""
    good(marker() + TRAMPOLINE + "#[no_mangle] pub static ALONE: [u8; 16] = MAGIC;\n")


def test_configuration_of_another_format():
    """a configuration of another format or none at all is refused"""
    with tempfile.TemporaryDirectory() as directory:
        for name, text in ("two", "rexpass 2\nmode none\n"), ("empty", ""), ("missing", None):
            path = pathlib.Path(directory) / name
            if text is not None:
                path.write_text(text)
            source = pathlib.Path(directory) / "main.rs"
            source.write_text(HEAD + (HERE / "mini.rs").read_text())
            done = subprocess.run([RUSTC, *FLAGS, "--crate-type=bin", f"-Zllvm-plugins={PLUGIN}", "--emit",
                                   f"obj={directory}/main.o", str(source)],
                                  env={"RUSTC_BOOTSTRAP": "1", "REXC_PASS_CONFIG": str(path)}, cwd=directory,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            assert done.returncode == 1 and b"error: rexpass: " in done.stdout, done.stdout.decode()
            assert not (pathlib.Path(directory) / "main.o").exists()


def test_report_cannot_be_written():
    """a report that cannot be written is an error"""
    refused(RECURSIVE, "/nonexistent/report: ", config="mode none\nreport /nonexistent/report\n", report=False)
    refused(RECURSIVE, "/dev/full: ", config="mode none\nreport /dev/full\n", report=False)


def test_several_modules():
    """a second module of one compile is an error when a report is wanted"""
    source = "".join(f"pub mod m{i} {{ #[no_mangle] pub fn f{i}(x: u32) -> u32 {{ x }} }}\n" for i in range(4))
    result = compile(source, config="mode none\n", level="0", flags=("-Ccodegen-units=4",))
    assert result.status == 1 and "error: rexpass: more than one module" in result.text, result.text
    assert result.data is None


def test_same_bytes():
    """the same input gives the same bytes"""
    first = good(CORE + TRAMPOLINE + marker("prog"), config="mode core\n", flags=("-g", "--remap-path-prefix=/=x"))
    second = good(CORE + TRAMPOLINE + marker("prog"), config="mode core\n", flags=("-g", "--remap-path-prefix=/=x"))
    assert first.report == second.report
    names = [(s.name, s.value, s.size) for s in first.object.symbols]
    assert names == [(s.name, s.value, s.size) for s in second.object.symbols]


def test_description():
    """the file beside the plugin has its LLVM version and digest, and the plugin exports the version"""
    import ctypes
    import hashlib
    import json
    description = json.loads((PLUGIN.parent / "librexpass.json").read_text())
    assert description["format"] == 1
    assert description["sha256"] == hashlib.sha256(PLUGIN.read_bytes()).hexdigest()
    told = subprocess.run([RUSTC, "-vV"], stdout=subprocess.PIPE, check=True).stdout.decode()
    assert f"LLVM version: {description['llvm']}\n" in told, told
    symbols = subprocess.run(["nm", "-D", "--defined-only", PLUGIN], stdout=subprocess.PIPE,
                             check=True).stdout.decode()
    exported = {line.split()[-1] for line in symbols.splitlines()}
    assert {"llvmGetPassPluginInfo", "rexPassLLVMVersion"} <= exported
    assert description["llvm"].encode() + b"\0" in PLUGIN.read_bytes()
    needed = subprocess.run(["readelf", "-d", PLUGIN], stdout=subprocess.PIPE, check=True).stdout
    assert b"libLLVM" not in needed


def main():
    chosen = [a for a in sys.argv[1:] if not a.startswith("--")]
    tests = [(name, function) for name, function in globals().items()
             if name.startswith("test_") and (not chosen or any(c in name for c in chosen))]
    print(f"1..{len(tests)}")
    bad = 0
    for number, (name, function) in enumerate(tests, 1):
        title = function.__doc__.splitlines()[0]
        try:
            function()
            print(f"ok {number} - {title}", flush=True)
        except Exception:  # an assertion, or a tool that failed
            bad += 1
            print(f"not ok {number} - {title}", flush=True)
            print("".join(f"# {line}\n" for line in traceback.format_exc().splitlines()), flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
