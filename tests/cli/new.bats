#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# rexc new: packages that work as they are, names that cannot be, and nothing half-made.
bats_require_minimum_version 1.5.0
load project

setup() { enter_directory; }

types=(kprobe tracepoint perf_event xdp tc)

@test "each type: made, built, verified" {
    for type in "${types[@]}"; do
        rexc new "$type" "my-$type"
        rexc build -q "my-$type"
        rexc verify "my-$type/target/rex/my-$type.rex" --cert "$XDG_CONFIG_HOME/rexc/development.crt"
    done
}

@test "each type: its tests pass on the host" {
    for type in "${types[@]}"; do
        rexc new "$type" "a_$type"
        run --separate-stderr rexc test "a_$type"
        [ "$status" -eq 0 ]
        [[ "$output" == *"test result: ok."* ]]
        [[ "$output" != *" 0 passed"* ]]
        [ -z "$stderr" ]
    done
}

@test "each type: runs as its README says" {
    for type in "${types[@]}"; do
        rexc new "$type" "$type-run"
        rexc build -q "$type-run"
        cp "$BATS_TEST_DIRNAME/../captures/traffic.pcap" "$type-run/capture.pcap"
        line=$(sed -n 's/^ *\(rexc run .*\)/\1/p' "$type-run/README.md")
        [ -n "$line" ]
        # shellcheck disable=SC2086 # words
        (cd "$type-run" && run -0 $line && [ -n "$output" ])
    done
}

@test "xdp: the counts are those of the capture" {
    rexc new xdp filter
    rexc build -q filter
    run -0 --separate-stderr rexc run filter/target/rex/filter.rex --pcap "$BATS_TEST_DIRNAME/../captures/traffic.pcap" --json
    python3 - "$output" "$BATS_TEST_DIRNAME/../captures/counts.json" <<'EOF'
import json, sys
result, counts = json.loads(sys.argv[1]), json.load(open(sys.argv[2]))
assert result["verdicts"] == {"pass": counts["frames"] - counts["udp_to_port_5353"],
                              "drop": counts["udp_to_port_5353"]}, result["verdicts"]
EOF
}

@test "each type: plain cargo check resolves it" {
    for type in "${types[@]}"; do
        rexc new "$type" "${type}_check"
        (cd "${type}_check" && run -0 cargo check && [[ "$output" == *Finished* ]])
    done
}

@test "rust-analyzer's cargo check resolves it, and only the rex crate may use unfinished features" {
    rexc new tc analyzed
    cd analyzed
    run -0 cargo check --workspace --message-format=json --all-targets --keep-going
    [[ "$output" == *'"reason":"build-finished","success":true'* ]]
    [[ "$output" != *'"level":"warning"'* ]]
    sed -i '1i #![feature(never_type)]' src/main.rs
    run cargo check
    [ "$status" -ne 0 ]
    [[ "$output" == *"error[E0554]"* ]]
}

@test "an ordinary package: what a Rust programmer expects to find" {
    rexc new xdp ordinary
    [ -f ordinary/Cargo.toml ] && [ -f ordinary/src/main.rs ] && [ -f ordinary/README.md ]
    [ -f ordinary/.gitignore ] && [ -f ordinary/.cargo/config.toml ]
    run ! grep -rn '{{' ordinary
    [ "$(stat -c %a ordinary)" = "$(printf '%o' $((0777 & ~$(umask))))" ]
}

@test "--path says where" {
    rexc new xdp name --path some/where/else/
    grep -q 'name = "name"' some/where/else/Cargo.toml
}

# refused STATUS TEXT TYPE NAME: an error that says so, and nothing left.
refused() {
    run rexc new "$3" "$4"
    [ "$status" -eq "$1" ]
    [[ "$output" == *"$2"* ]]
    [ -z "$(ls -A)" ]
}

@test "bad names are refused, each with its reason" {
    refused 2 "it is empty" xdp ""
    refused 2 "it is a path" xdp ../x
    refused 2 "it is a path" xdp /x
    refused 2 "Rust keyword" xdp fn
    refused 2 "Rust keyword" xdp Self
    refused 2 "begins with a digit" xdp 1st
    refused 2 "more than 64" xdp "$(printf 'a%.0s' {1..200})"
    refused 2 "beyond ASCII" xdp näme
    refused 2 "comes with the compiler" xdp core
    refused 2 "comes with the compiler" xdp rex
    refused 2 "comes with the compiler" xdp test
    refused 2 "other than letters" xdp "a b"
    refused 2 "other than letters" xdp .
}

@test "unknown types get a suggestion" {
    refused 2 'did you mean `kprobe`' kprob x
    refused 2 "not a program type" socket x
}

@test "an existing directory is not touched" {
    mkdir there
    run rexc new xdp there
    [ "$status" -eq 1 ]
    [[ "$output" == *"REX0218"* ]]
    [ -z "$(ls -A there)" ]
    touch file
    run rexc new xdp file
    [ "$status" -eq 1 ]
}

@test "a directory that cannot be written to" {
    [ "$(id -u)" -ne 0 ] || skip "root may write anywhere"
    mkdir closed
    chmod 500 closed
    run rexc new xdp x --path closed/x
    [ "$status" -eq 1 ]
    [ -z "$(ls -A closed)" ]
}

@test "two at once: one makes it, the other says that it exists" {
    for i in 1 2 3 4 5 6; do
        rexc new xdp contested >"out.$i" 2>&1 &
    done
    wait
    [ "$(cat out.* | grep -c '^contested$')" -eq 1 ]
    [ "$(cat out.* | grep -c REX0218)" -eq 5 ]
    rm out.*
    [ "$(ls -A)" = contested ]
}
