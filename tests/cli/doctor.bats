#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# doctor and discovery: a tool that is missing or of another version is named, with paths, versions and the remedy.

setup() {
    bin=$BATS_TEST_TMPDIR/bin
    mkdir "$bin"
    rexc=$(command -v rexc)
    export REXC_CACHE_DIR=$BATS_TEST_TMPDIR/cache
    local tool
    for tool in rustc clippy-driver cargo ld.lld-22; do
        ln -s "/usr/bin/$tool" "$bin/$tool"
    done
}

# fake NAME OUTPUT: a tool that answers every question with OUTPUT.
fake() {
    rm -f "$bin/$1"
    printf '#!/bin/sh\ncat <<EOF\n%s\nEOF\n' "$2" >"$bin/$1"
    chmod +x "$bin/$1"
}

doctor() { PATH=$bin run "$rexc" doctor "$@"; }

@test "every tool fits" {
    doctor
    [ "$status" -eq 0 ]
    [[ "$output" == *"ok       rustc         $bin/rustc"* ]]
    [[ "$output" == *"no sysroot yet"* ]]
}

@test "whether the running kernel can take the module" {
    doctor
    [ "$status" -eq 0 ]
    [[ "$output" == *" kernel        $(uname -r)"* ]]
    doctor --json
    [ "$(jq -r .kernel.release <<<"$output")" = "$(uname -r)" ]
    [ "$(jq '.kernel.fits or (.kernel.problem | length > 0)' <<<"$output")" = true ]
}

@test "a second call starts no process" {
    doctor
    doctor -v
    [ "$status" -eq 0 ]
    [[ "$output" != *"env -i"* ]]
}

@test "no rustc" {
    rm "$bin/rustc"
    doctor
    [ "$status" -eq 3 ]
    [[ "$output" == *"missing  rustc"* ]]
    [[ "$output" == *"fix: apt-get install rustc-web"* ]]
}

@test "no clippy-driver" {
    rm "$bin/clippy-driver"
    doctor
    [ "$status" -eq 3 ]
    [[ "$output" == *"missing  clippy-driver"* ]]
    [[ "$output" == *"fix: apt-get install rust-web-clippy"* ]]
}

@test "no cargo" {
    rm "$bin/cargo"
    doctor
    [ "$status" -eq 3 ]
    [[ "$output" == *"missing  cargo"* ]]
    [[ "$output" == *"fix: apt-get install cargo-web"* ]]
}

@test "no lld" {
    rm "$bin/ld.lld-22"
    doctor
    [ "$status" -eq 3 ]
    [[ "$output" == *"missing  ld.lld"* ]]
    [[ "$output" == *"fix: apt-get install lld-22"* ]]
}

@test "no sources" {
    REXC_RUST_SRC=/nonexistent doctor
    [ "$status" -eq 3 ]
    [[ "$output" == *"missing  rust sources"* ]]
    [[ "$output" == *"fix: correct or unset REXC_RUST_SRC"* ]]
    fake rustc "rustc 1.50.0 (abc 2020-01-01)
host: x86_64-unknown-linux-gnu
release: 1.50.0
LLVM version: 22.1.8"
    doctor
    [ "$status" -eq 3 ]
    [[ "$output" == *"missing  rust sources"* ]]
    [[ "$output" == *"fix: apt-get install rust-web-src"* ]]
}

@test "sources of another version" {
    mkdir -p "$BATS_TEST_TMPDIR/src/library/core/src" "$BATS_TEST_TMPDIR/src/src"
    touch "$BATS_TEST_TMPDIR/src/library/core/src/lib.rs"
    echo 1.70.0 >"$BATS_TEST_TMPDIR/src/src/version"
    REXC_RUST_SRC=$BATS_TEST_TMPDIR/src/library doctor
    [ "$status" -eq 3 ]
    [[ "$output" == *"$BATS_TEST_TMPDIR/src/library are of version 1.70.0"* ]]
    [[ "$output" == *"$bin/rustc is 1."* ]]
}

@test "clippy-driver of another version" {
    fake clippy-driver "clippy 0.1.70 (0123456789 2023-01-01)"
    doctor
    [ "$status" -eq 3 ]
    [[ "$output" == *"$bin/clippy-driver is \"clippy 0.1.70"* ]]
    [[ "$output" == *"$bin/rustc is 1."* ]]
}

@test "lld of another version" {
    fake ld.lld-22 "LLD 14.0.6 (compatible with GNU linkers)"
    doctor
    [ "$status" -eq 3 ]
    [[ "$output" == *"made for LLD 22"* ]]
}

@test "a rustc with another LLVM is refused before the pass is loaded into it" {
    fake rustc "rustc 1.50.0 (abc 2020-01-01)
host: x86_64-unknown-linux-gnu
commit-hash: abc
release: 1.50.0
LLVM version: 11.0.1"
    "$rexc" new xdp p --path "$BATS_TEST_TMPDIR/p"
    PATH=$bin run "$rexc" build "$BATS_TEST_TMPDIR/p"
    [ "$status" -eq 3 ]
    [[ "$output" == *"error[REX0101]"* ]]
    [[ "$output" == *"is for LLVM 22"* ]]
    [[ "$output" == *"$bin/rustc has LLVM 11.0.1"* ]]
    [ ! -e "$BATS_TEST_TMPDIR/p/target/rex/p.rex" ]
}

@test "a rustc of another version further up PATH is passed over" {
    mkdir "$BATS_TEST_TMPDIR/first"
    printf '#!/bin/sh\necho "rustc 1.50.0 (abc 2020-01-01)"\n' >"$BATS_TEST_TMPDIR/first/rustc"
    chmod +x "$BATS_TEST_TMPDIR/first/rustc"
    PATH=$BATS_TEST_TMPDIR/first:$bin run "$rexc" doctor
    [ "$status" -eq 0 ]
    [[ "$output" == *"ok       rustc         $bin/rustc"* ]]
}

@test "REXC_RUSTC names the compiler, and a wrong one is not worked around" {
    REXC_RUSTC=/nonexistent/rustc doctor
    [ "$status" -eq 3 ]
    [[ "$output" == *"/nonexistent/rustc"* ]]
}

@test "overrides: each is used, and one that does not fit is named with both paths and versions" {
    wrong=$BATS_TEST_TMPDIR/wrong
    mkdir "$wrong"
    printf '#!/bin/sh\necho "clippy 0.1.70 (0123456789 2023-01-01)"\n' >"$wrong/clippy-driver"
    printf '#!/bin/sh\necho "LLD 14.0.6 (compatible with GNU linkers)"\n' >"$wrong/ld.lld"
    chmod +x "$wrong"/*
    REXC_CLIPPY=$wrong/clippy-driver doctor
    [ "$status" -eq 3 ]
    [[ "$output" == *"$wrong/clippy-driver is \"clippy 0.1.70"*"$bin/rustc is 1."* ]]
    [[ "$output" == *"unset REXC_CLIPPY"* ]]
    REXC_LLD=$wrong/ld.lld doctor
    [ "$status" -eq 3 ]
    [[ "$output" == *"$wrong/ld.lld is \"LLD 14.0.6"* ]]
    [[ "$output" == *"unset REXC_LLD"* ]]
    rm "$bin"/*
    REXC_RUSTC=/usr/bin/rustc REXC_CLIPPY=/usr/bin/clippy-driver REXC_LLD=/usr/bin/ld.lld-22 doctor
    [ "$status" -eq 0 ]
}

@test "an override that is no program is said to be so" {
    for variable in REXC_RUSTC REXC_CLIPPY REXC_LLD; do
        for value in relative /nonexistent /tmp /etc/passwd; do
            export "$variable=$value"
            doctor
            [ "$status" -eq 3 ]
            [[ "$output" == *"$variable is '$value', which is not the absolute path of a program"* ]]
            [[ "$output" == *"unset $variable"* ]]
        done
        unset "$variable"
    done
}

@test "json" {
    rm "$bin/ld.lld-22"
    doctor --json
    [ "$status" -eq 3 ]
    python3 - "$output" <<'EOF'
import json, sys
report = json.loads(sys.argv[1])
assert report["format"] == 1
tools = {t["name"]: t for t in report["tools"]}
assert tools["rustc"]["verdict"] == "ok" and tools["rustc"]["fix"] is None
assert tools["ld.lld"]["verdict"] == "missing" and "lld-22" in tools["ld.lld"]["fix"]
EOF
}
