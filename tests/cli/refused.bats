#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What a refused build leaves: no object, not one of an earlier build either.
bats_require_minimum_version 1.5.0
load project

setup() { enter_directory; }

# refused_after_success CODE: the package `hello`, built before, is refused now.
refused_after_success() {
    [ -f hello/target/rex/hello.rex ]
    run rexc build hello
    [ "$status" -eq 1 ]
    [[ "$output" == *"$1"* ]]
    [[ "$output" == *"removed '"*"hello.rex' of an earlier build"* ]]
    [ ! -e hello/target/rex/hello.rex ]
}

@test "refused by the policy" {
    package hello
    rexc build -q hello
    cp hello/target/rex/hello.rex before.rex
    cp hello/src/main.rs main.rs
    echo 'pub fn peek(p: *const u8) -> u8 { unsafe { *p } }' >>hello/src/main.rs
    refused_after_success REX0301
    # Nothing is left to say of it.
    run rexc build hello
    [ "$status" -eq 1 ]
    [[ "$output" != *removed* ]]
    cp main.rs hello/src/main.rs
    rexc build -q hello
    cmp hello/target/rex/hello.rex before.rex
}

@test "not compiled" {
    package hello
    rexc build -q hello
    sed -i 's/length & 1/nothing/' hello/src/main.rs
    refused_after_success REX0400
}

@test "refused for its stack" {
    package hello
    rexc build -q hello
    run rexc build hello --stack-limit 4
    [ "$status" -eq 1 ]
    [[ "$output" == *REX06* ]]
    [ ! -e hello/target/rex/hello.rex ]
}

@test "a check, a dry run, a key that is not there and another output leave it" {
    package hello
    rexc build -q hello
    cp hello/target/rex/hello.rex before.rex
    run rexc build hello --sign-key nothing.key --sign-cert nothing.crt
    [ "$status" -ne 0 ]
    cmp hello/target/rex/hello.rex before.rex
    echo 'pub fn peek(p: *const u8) -> u8 { unsafe { *p } }' >>hello/src/main.rs
    run rexc check hello
    [ "$status" -eq 1 ]
    run rexc build hello --dry-run
    cp before.rex other.rex
    run rexc build hello -o other.rex
    [ "$status" -eq 1 ]
    cmp other.rex before.rex
    cmp hello/target/rex/hello.rex before.rex
}

@test "messages stay JSON" {
    package hello
    rexc build -q hello
    echo 'pub fn peek(p: *const u8) -> u8 { unsafe { *p } }' >>hello/src/main.rs
    run rexc build hello --message-format json
    [ "$status" -eq 1 ]
    [ ! -e hello/target/rex/hello.rex ]
    jq -e . <<<"$output"
}

@test "an author's deny(warnings) makes errors of rustc's warnings, not of clippy's advice" {
    package hello
    sed -i 's/Ok(.*/return Ok(length \& 1);/; 1i #![deny(warnings)]' hello/src/main.rs
    run -0 rexc build hello
    [[ "$output" == *"warning: unneeded \`return\`"* ]]
    run -0 rexc build hello
    sed -i 's/return Ok/let unused = 1; return Ok/' hello/src/main.rs
    run rexc build hello
    [ "$status" -eq 1 ]
    [[ "$output" == *"unused variable"* ]]
    [[ "$output" == *REX0400* ]]
}

@test "thousands of mistakes on one line are reported in a few pages" {
    python3 -c 'print("unsafe " * 20000)' >many.rs
    run timeout 60 rexc many.rs -o many.rex
    [ "$status" -eq 1 ]
    [ "${#output}" -lt 200000 ]
    [[ "$output" == *"| ..."*"unsafe unsafe"*"..."* ]]
    [[ "$output" == *"100 mistakes in one file: the rest of it is not looked at"* ]]
}
