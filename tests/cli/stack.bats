#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
bats_require_minimum_version 1.5.0
# stack: reports on an object made by hand (tests/stack/program.s), and what is refused.

setup() {
    cd "$BATS_TEST_TMPDIR"
    cp "$BATS_TEST_DIRNAME/../fuzz/corpus/stack/program" program.rex
}

@test "the report has each program's bound and path" {
    run --separate-stderr rexc stack program.rex
    [ "$status" -eq 0 ]
    [ -z "$stderr" ]
    [[ "$output" == *"by_table (xdp): 216 of 16384 bytes, 16168 to spare"* ]]
    [[ "$output" == *"    +200  realigned"* ]]
    [[ "$output" == *"by_recursion (xdp): bounded by stack checks at 16384 bytes"* ]]
    [[ "$output" == *"stack checks: 1"* ]]
    [[ "$output" == *"second (taken in "* ]]
    [[ "$output" == *"helpers: at most "*" of the 16384 that are reserved"* ]]
}

@test "the JSON is one line of the documented shape" {
    run --separate-stderr rexc stack program.rex --format json
    [ "$status" -eq 0 ]
    python3 - "$output" <<'PYTHON'
import json, sys
report = json.loads(sys.argv[1])
assert report["format"] == 1
table, recursion = report["programs"]
assert table["name"] == "by_table" and table["type"] == "xdp"
assert table["bound"] == 216 == sum(frame["bytes"] for frame in table["path"])
assert table["limit"] == 16384 and table["checked"] is False and table["checks"] == []
assert table["panic_bound"] == 72
assert recursion["bound"] is None and recursion["checked"] is True
check, = recursion["checks"]
assert check["function"] == "recursive" and check["need"] == 64 and "recursive" in check["cycle"]
PYTHON
}

@test "the picture is well-formed and has the deepest path" {
    run -0 --separate-stderr rexc stack program.rex --format svg -o graph.svg
    [ -z "$output$stderr" ]
    python3 - graph.svg <<'PYTHON'
import sys, xml.etree.ElementTree as tree
svg = "{http://www.w3.org/2000/svg}"
root = tree.parse(sys.argv[1]).getroot()
assert root.tag == svg + "svg"
deepest = [group for group in root.iter(svg + "g") if "deepest" in group.get("class").split()]
labels = [group.find(svg + "text").text for group in deepest]
assert "+200  realigned" in labels, labels
titles = [text.text for text in root.iter(svg + "text") if text.get("class") == "title"]
assert titles[0] == "by_table (xdp): 216 bytes; the limit is 16384", titles
assert any(title.startswith("behind the stack check of recursive: 64 bytes") for title in titles), titles
PYTHON
}

@test "the author's function is named where it is inlined, with its variables" {
    export XDG_CONFIG_HOME=$BATS_FILE_TMPDIR/config
    rexc new -q xdp hello
    cp "$BATS_TEST_DIRNAME/../programs/big_locals.rs" hello/src/main.rs
    rexc build -q hello
    run -0 --separate-stderr rexc stack hello/target/rex/hello.rex
    [[ "$output" == *"big_locals (src/main.rs:"*"inlined: hello::big_locals (src/main.rs:"* ]]
    [[ "$output" == *"largest variables of hello::most_frequent"*"8192  histogram (src/main.rs:"* ]]
    [ "$(wc -L <<<"$output")" -le 100 ]
    rexc stack --format json hello/target/rex/hello.rex >report.json
    python3 - report.json <<'PYTHON'
import json, sys
program, = json.load(open(sys.argv[1]))["programs"]
assert program["headroom"] == program["limit"] - program["bound"]
assert program["path"][0]["file"] == "src/main.rs"
assert program["path"][0]["inlined"][-1]["function"] == "hello::big_locals"
assert program["largest"]["function"] == "hello::most_frequent"
assert program["largest"]["variables"][0]["bytes"] == 8192
PYTHON
}

@test "long names stay inside the picture" {
    cat > names.rs <<RUST
#![no_std]
#![no_main]
use rex::xdp::*;
use rex::{Result, rex_xdp};

#[inline(never)]
fn a_function_$(printf 'with_a_long_name_%.0s' {1..8})end(seed: u8) -> u8 {
    core::hint::black_box([seed; 40])[0]
}

#[rex_xdp]
fn a_program_$(printf 'with_a_long_name_%.0s' {1..2})end(_: &xdp, ctx: &mut xdp_md) -> Result {
    let array = core::hint::black_box([1u8; 9000]);
    Ok(i32::from(a_function_$(printf 'with_a_long_name_%.0s' {1..8})end(ctx.data_slice.len() as u8) ^ array[7]))
}
RUST
    rexc names.rs -o names.rex --license GPL-2.0-only --no-sign
    rexc stack names.rex --format svg -o names.svg
    python3 - names.svg <<'PYTHON'
import sys, xml.etree.ElementTree as tree
root = tree.parse(sys.argv[1]).getroot()
texts = list(root.iter("{http://www.w3.org/2000/svg}text"))
assert sum("with_a_long_name" in text.text for text in texts) == 3
for text in texts:  # monospace: 0.6 of the font's size, 13 px in titles, 11 elsewhere
    size = 13 if text.get("class") == "title" else 11
    assert int(text.get("x")) + len(text.text) * 0.6 * size <= int(root.get("width")), text.text
PYTHON
}

@test "-o writes a file and prints nothing" {
    run rexc stack program.rex -o report.txt
    [ "$status" -eq 0 ]
    [ -z "$output" ]
    grep -q "by_table (xdp): 216" report.txt
}

@test "--diff of an object with itself tells no difference" {
    run rexc stack --diff program.rex program.rex
    [ "$status" -eq 0 ]
    [[ "$output" == *"by_table: 216 -> 216 bytes (+0)"* ]]
}

@test "--diff says what grew and where, as text and as JSON" {
    mkdir old new
    cat > old/grows.rs <<'RUST'
#![no_std]
#![no_main]
use rex::xdp::*;
use rex::{Result, rex_xdp};

#[inline(never)]
fn work(seed: u8) -> u8 {
    let buffer = core::hint::black_box([seed; 512]);
    buffer[0]
}

#[rex_xdp]
fn grows(_: &xdp, ctx: &mut xdp_md) -> Result {
    Ok(work(ctx.data_slice.len() as u8) as i32)
}
RUST
    sed 's/512/1024/' old/grows.rs > new/grows.rs
    rexc old/grows.rs -o old.rex --license GPL-2.0-only --no-sign
    rexc new/grows.rs -o new.rex --license GPL-2.0-only --no-sign
    run --separate-stderr rexc stack --diff old.rex new.rex
    [ "$status" -eq 0 ]
    [[ "$output" == "grows: "*" -> "*" bytes (+512)"* ]]
    run --separate-stderr rexc stack --diff old.rex new.rex --format json
    [ "$status" -eq 0 ]
    python3 - "$output" <<'PYTHON'
import json, sys
report = json.loads(sys.argv[1])
assert report["format"] == 1
program, = report["programs"]
assert program["name"] == "grows" and program["change"] == 512
assert program["new"]["bound"] - program["old"]["bound"] == 512 and program["new"]["checked"] is False
assert sum(frame["change"] for frame in program["frames"]) == 512
assert any(frame["function"].endswith("work") for frame in program["frames"])
assert report["panic"]["change"] == 0 and report["panic"]["frames"] == []
PYTHON
}

@test "the machine code agrees with the compiler's call frame information, and disagreement is told" {
    rexc new -q xdp hello
    rexc build -q hello --no-sign
    rexc stack hello/target/rex/hello.rex --format json > report.json
    python3 - hello/target/rex/hello.rex broken.rex <<'PYTHON'
import json, subprocess, sys
assert json.load(open("report.json"))["cross_checked"] > 50
data = bytearray(open(sys.argv[1], "rb").read())
for line in subprocess.run(["readelf", "-SW", sys.argv[1]], capture_output=True, text=True, check=True).stdout.splitlines():
    if " .debug_frame " in line:
        offset, size = (int(field, 16) for field in line.split("PROGBITS")[1].split()[1:3])
# DW_CFA_def_cfa_offset 16 after the first push becomes 24.
at = data.index(b"\x0e\x10", offset, offset + size)
data[at + 1] = 24
open(sys.argv[2], "wb").write(data)
PYTHON
    run rexc stack broken.rex
    [ "$status" -eq 1 ]
    [[ "$output" == *"error[REX0613]: rsp lies 16 bytes below its value at the entry by the compiler's call frame information, 8 by the machine code"* ]]
}

@test "wrong usage ends with status 2" {
    run rexc stack
    [ "$status" -eq 2 ]
    run rexc stack program.rex --format xml
    [ "$status" -eq 2 ]
    run rexc stack --diff program.rex
    [ "$status" -eq 2 ]
    run rexc stack --diff --format svg program.rex program.rex
    [ "$status" -eq 2 ]
}

@test "what is no object is refused with status 1" {
    echo nonsense > nonsense.rex
    run rexc stack nonsense.rex
    [ "$status" -eq 1 ]
    run rexc stack missing.rex
    [ "$status" -eq 1 ]
}
