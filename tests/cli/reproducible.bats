#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The same inputs give the same bytes.
bats_require_minimum_version 1.5.0
load project

setup() { enter_directory; }

# make_tree DIRECTORY: a program with a module, a dependency inside, and one beside it.
make_tree() {
    mkdir -p "$1"
    pushd "$1" >/dev/null
    library beside
    echo 'pub fn check(n: i32) -> i32 { assert!(n >= 0, "negative: {n}"); n }' >>beside/src/lib.rs
    library prog/inside
    echo 'pub fn twice(n: i32) -> i32 { n.checked_mul(2).expect("too large") }' >>prog/inside/src/lib.rs
    manifest prog 'beside = { path = "../beside" }' 'inside = { path = "inside" }'
    program prog/src/main.rs 'beside::check(inside::twice(part::value(length)))' 'mod part;'
    echo 'pub fn value(n: i32) -> i32 { [3, 5, 7][n as usize % 5] }' >prog/src/part.rs
    popd >/dev/null
}

@test "two directories, two times, two current directories: the same bytes" {
    make_tree first
    make_tree "second tree/deeper"
    rexc build -q first/prog
    sleep 1.1
    touch -d '2001-01-01' "second tree/deeper/prog/src/main.rs"
    (cd "second tree/deeper/prog/src" && TZ=Asia/Tokyo rexc build -q ..)
    cmp first/prog/target/rex/prog.rex "second tree/deeper/prog/target/rex/prog.rex"
}

@test "with one process at a time and with several" {
    make_tree first
    make_tree second
    rexc build -q -j1 first/prog
    rexc build -q -j8 second/prog
    cmp first/prog/target/rex/prog.rex second/prog/target/rex/prog.rex
}

@test "built step by step and at once" {
    make_tree first
    make_tree second
    echo '// later' >>second/prog/src/part.rs
    rexc build -q second/prog
    sed -i '$d' second/prog/src/part.rs
    rexc build -q second/prog
    rexc build -q first/prog
    cmp first/prog/target/rex/prog.rex second/prog/target/rex/prog.rex
}

@test "no path of this machine is in the object" {
    make_tree first
    rexc build -q first/prog
    run ! grep -aF "$BATS_TEST_TMPDIR" first/prog/target/rex/prog.rex
    run ! grep -aF "${REXC_CACHE_DIR:-$HOME/.cache}" first/prog/target/rex/prog.rex
    run ! grep -aF /home/ first/prog/target/rex/prog.rex
}

@test "debug information names files as the project does" {
    make_tree first
    rexc build -q first/prog
    run -0 readelf --debug-dump=decodedline first/prog/target/rex/prog.rex
    [[ "$output" == *part.rs* ]]
    run -0 strings -a first/prog/target/rex/prog.rex
    [[ "$output" == *"inside-0.1.0/src"* ]]
    [[ "$output" == *"beside-0.1.0/src"* ]]
}
