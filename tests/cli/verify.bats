#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
bats_require_minimum_version 1.5.0
# verify: what it says and how it ends, for an object made by hand (tests/verify/good.S) and for what is done to it.

setup() {
    export XDG_CONFIG_HOME=$BATS_TEST_TMPDIR/config
    cd "$BATS_TEST_TMPDIR"
    cp "$BATS_TEST_DIRNAME/../fuzz/corpus/verify/good.rex" good.rex
}

sign() {
    rexc keygen maker
    rexc sign good.rex --key maker.key --cert maker.crt
}

@test "an unsigned object does not verify" {
    run rexc verify good.rex
    [ "$status" -eq 1 ]
    [[ "$output" == *"REX0744"*"the object is not signed"* ]]
    run rexc verify --integrity-only good.rex
    [ "$status" -eq 1 ]
}

@test "a signed object verifies with the signer's certificate" {
    sign
    run rexc verify good.rex --cert maker.crt
    [ "$status" -eq 0 ]
    [[ "$output" == "good.rex: verified, signed by "*"maker"* ]]
}

@test "no certificate ships with the tool, and none is trusted" {
    sign
    run rexc verify good.rex
    [ "$status" -eq 1 ]
    [[ "$output" == *"REX0745"* ]]
    rexc keygen stranger
    run rexc verify good.rex --cert stranger.crt
    [ "$status" -eq 1 ]
    [[ "$output" == *"REX0745"* ]]
}

@test "a changed byte, a missing byte, another byte" {
    sign
    cp good.rex changed.rex
    printf '\x91' | dd of=changed.rex bs=1 seek=$((0x1010)) conv=notrunc status=none
    run rexc verify changed.rex --cert maker.crt
    [ "$status" -eq 1 ]
    head -c -1 good.rex >shorter.rex
    run rexc verify shorter.rex --cert maker.crt
    [ "$status" -eq 1 ]
    (cat good.rex && echo) >longer.rex
    run rexc verify longer.rex --cert maker.crt
    [ "$status" -eq 1 ]
}

@test "a violation names rule, place and reason" {
    cp "$BATS_TEST_DIRNAME/../fuzz/corpus/verify/import-types.rex" .
    run rexc verify import-types.rex
    [ "$status" -eq 1 ]
    [[ "$output" == *"error[REX0739]: a program of type xdp reaches bpf_clone_redirect"* ]]
    [[ "$output" == *"at 0x1180"* ]]
    [[ "$output" == *"a program reaches only imports that its type may call"* ]]
}

@test "--explain says of every rule whether it holds" {
    sign
    run rexc verify good.rex --cert maker.crt --explain
    [ "$status" -eq 0 ]
    [[ "$output" == *"holds      REX0703  w-xor-x"* ]]
    [[ "$output" == *"holds      REX0745  signed-by"* ]]
    [[ "$output" != *"broken"* ]]
    [[ "$output" != *"unchecked"* ]]
}

@test "--json has the verdicts and the violations" {
    run --separate-stderr rexc verify --json good.rex
    [ "$status" -eq 1 ]
    [ -z "$stderr" ]
    printf '%s' "$output" | python3 -c '
import json, sys
report = json.load(sys.stdin)
assert report["format"] == 1 and report["verified"] is False
assert report["signature"] == "unsigned" and report["signer"] is None
assert [v["rule"] for v in report["violations"]] == ["signature"]
assert {r["verdict"] for r in report["rules"]} == {"holds", "broken", "unchecked"}'
}

@test "libpcap is not loaded" {
    sign
    LD_DEBUG=files LD_DEBUG_OUTPUT=loaded rexc verify good.rex --cert maker.crt
    grep -q libcrypto loaded.*
    run grep libpcap loaded.*
    [ "$status" -eq 1 ]
}

@test "wrong usage, and what is no object" {
    run rexc verify
    [ "$status" -eq 2 ]
    run rexc verify good.rex --cert a.crt --integrity-only
    [ "$status" -eq 2 ]
    run rexc verify missing.rex
    [ "$status" -eq 1 ]
    echo text >text.rex
    run rexc verify text.rex
    [ "$status" -eq 1 ]
    [[ "$output" == *"REX0850"* ]]
    run rexc verify good.rex --cert missing.crt
    [ "$status" -eq 1 ]
}
