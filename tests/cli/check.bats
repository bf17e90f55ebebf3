#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# rexc check and rexc test.
bats_require_minimum_version 1.5.0
load project

setup() { enter_directory; }

@test "check: policy and types, no code" {
    package hello
    rexc check hello
    [ -z "$(find hello -name '*.rex' -o -name '*.o')" ]
    [ "$(children rexc check hello)" -eq 0 ]
}

@test "check: a type error comes with its place" {
    package hello
    sed -i 's/Ok(.*/Ok("no number")/' hello/src/main.rs
    run rexc check hello
    [ "$status" -eq 1 ]
    [[ "$output" == *"src/main.rs:9:"* ]]
    [[ "$output" == *"mismatched types"* ]]
    [ "$(grep -c 'mismatched types' <<<"$output")" -eq 1 ]
}

@test "check: a warning is no error, and does not go away by checking again" {
    package hello
    echo 'fn unused() {}' >>hello/src/main.rs
    for _ in 1 2; do
        run -0 rexc check hello
        [ "$(grep -c 'function `unused` is never used' <<<"$output")" -eq 1 ]
    done
}

@test "check: the policy" {
    package hello
    echo 'fn f(p: *const u8) -> u8 { unsafe { *p } }' >>hello/src/main.rs
    run rexc check hello
    [ "$status" -eq 1 ]
    [[ "$output" == *"REX03"* ]]
    [[ "$output" == *"src/main.rs"* ]]
}

@test "check: a library alone" {
    library lonely
    rexc check lonely
}

@test "test: failing tests fail, with their output" {
    rexc new xdp hello
    sed -i 's/assert!(!is_refused(&datagram(53), kind));/assert!(is_refused(\&datagram(53), kind));/' hello/src/main.rs
    run rexc test hello
    [ "$status" -eq 1 ]
    [[ "$output" == *"test tests::only_the_closed_port_is_refused ... FAILED"* ]]
    [[ "$output" == *"REX0221"* ]]
}

@test "test: what build would refuse is refused, and none of it is run" {
    rexc new xdp hello
    echo 'pub fn evil() { unsafe { core::hint::unreachable_unchecked() } }' >>hello/src/main.rs
    run rexc test hello
    [ "$status" -eq 1 ]
    [[ "$output" == *"REX0301"* ]]
    [[ "$output" != *"test result"* ]]
}

@test "test: what has not changed is not compiled again" {
    rexc new xdp hello
    rexc test hello
    strace -f -o trace -e trace=execve rexc test hello
    run -0 grep -c execve trace
    [ "$output" -eq 2 ] # rexc and the test program
    sed -i 's/is_refused(&datagram(53), kind)/is_refused(\&datagram(54), kind)/' hello/src/main.rs
    strace -f -o trace -e trace=execve rexc test hello
    grep -q rustc trace
    echo >hello/target/rex/.build/test/hello.test
    run -0 rexc test hello
    [[ "$output" == *" passed"* ]]
}

@test "test: a warning comes once" {
    rexc new xdp hello
    echo 'fn nobody() {}' >>hello/src/main.rs
    run -0 rexc test hello
    [ "$(grep -c 'nobody. is never used' <<<"$output")" -eq 1 ]
}

@test "test: arguments reach the test program" {
    rexc new xdp hello
    run -0 rexc test hello -- --list
    [[ "$output" == *"tests::kinds_of_packets: test"* ]]
}

@test "test: dev-dependencies count, and only for tests" {
    library checker
    echo 'pub fn good() -> bool { true }' >>checker/src/lib.rs
    manifest tested '[dev-dependencies]' 'checker = { path = "../checker" }'
    program tested/src/main.rs length '#[cfg(test)] mod tests { #[test] fn t() { assert!(checker::good()); } }'
    sed -i 's/#!\[no_std\]/#![cfg_attr(not(test), no_std)]/; s/#!\[no_main\]/#![cfg_attr(not(test), no_main)]/' tested/src/main.rs
    run -0 rexc test tested
    [[ "$output" == *"1 passed"* ]]
    rexc build -q tested
}

@test "test: a library of the package is tested as well" {
    manifest both
    echo '#![cfg_attr(not(test), no_std)] pub fn one() -> i32 { 1 } #[test] fn t() { assert_eq!(one(), 1); }' >both/src/lib.rs
    program both/src/main.rs 'both::one() & length'
    sed -i 's/#!\[no_std\]/#![cfg_attr(not(test), no_std)]/; s/#!\[no_main\]/#![cfg_attr(not(test), no_main)]/' both/src/main.rs
    run -0 rexc test both
    [[ "$output" == *"1 passed"* ]]
}
