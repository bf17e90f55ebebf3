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
    [[ "$output" == *"second (address taken)"* ]]
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

@test "wrong usage ends with status 2" {
    run rexc stack
    [ "$status" -eq 2 ]
    run rexc stack program.rex --format xml
    [ "$status" -eq 2 ]
    run rexc stack --diff program.rex
    [ "$status" -eq 2 ]
    run rexc stack --diff --format json program.rex program.rex
    [ "$status" -eq 2 ]
}

@test "what is no object is refused with status 1" {
    echo nonsense > nonsense.rex
    run rexc stack nonsense.rex
    [ "$status" -eq 1 ]
    run rexc stack missing.rex
    [ "$status" -eq 1 ]
}
