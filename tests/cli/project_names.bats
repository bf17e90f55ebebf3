#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Crates that would be taken for rex, core and their like.
bats_require_minimum_version 1.5.0
load project

setup() { enter_directory; }

# refused TEXT ARGUMENTS...: REX0208 with that text, and no object.
refused() {
    local text=$1
    shift
    run rexc "$@"
    [ "$status" -eq 1 ]
    [[ "$output" == *REX0208* ]]
    [[ "$output" == *"$text"* ]]
    [ -z "$(find . -name '*.rex')" ]
}

@test "a package's name" {
    local name
    for name in rex rex-macros rex_macros core std alloc compiler_builtins proc_macro test; do
        package "$name"
        refused "calls itself '$name'" build "$name"
    done
}

@test "a program's name, in a package of another" {
    manifest user '[[bin]]' 'name = "rex"' 'path = "src/main.rs"'
    program user/src/main.rs length
    refused "the program calls itself 'rex'" build user
}

@test "the name of the package's own library" {
    manifest user '[lib]' 'name = "core"'
    program user/src/main.rs length
    printf '#![no_std]\n' >user/src/lib.rs
    refused "library calls itself 'core'" build user
}

@test "a file's name" {
    program rex.rs length
    refused "'rex'" rex.rs -o out.rex
    program core.rs length
    program main.rs length
    refused "'core'" core.rs main.rs -o out.rex
}

@test "names that only look alike" {
    package rexx
    rexc build -q rexx
    [ -f rexx/target/rex/rexx.rex ]
    package my-core
    rexc build -q my-core
    [ -f my-core/target/rex/my-core.rex ]
    program test.rs length
    rexc test.rs -o out.rex
    [ -f out.rex ]
}
