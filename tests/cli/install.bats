#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# An installation works where it is put, moved included, and the Debian package is one.

setup() {
    prefix=$BATS_TEST_TMPDIR/prefix
    capture=$BATS_TEST_DIRNAME/../captures/traffic.pcap
}

# works REXC: scaffolds, builds, verifies and runs with that rexc.
works() {
    "$1" new xdp p --path "$BATS_TEST_TMPDIR/p"
    "$1" build "$BATS_TEST_TMPDIR/p"
    "$1" verify --integrity-only "$BATS_TEST_TMPDIR/p/target/rex/p.rex"
    "$1" run "$BATS_TEST_TMPDIR/p/target/rex/p.rex" --pcap "$capture"
}

@test "an installed prefix works, and still does after it was moved" {
    cmake --install "$REXC_BUILD" --prefix "$prefix"
    works "$prefix/bin/rexc"
    mv "$prefix" "$BATS_TEST_TMPDIR/moved"
    rm -rf "$BATS_TEST_TMPDIR/p"
    works "$BATS_TEST_TMPDIR/moved/bin/rexc"
}

@test "an installation without its pass says so" {
    cmake --install "$REXC_BUILD" --prefix "$prefix"
    rm "$prefix"/lib/rexc/librexpass.so
    run "$prefix/bin/rexc" doctor
    [ "$status" -eq 3 ]
    [[ "$output" == *"REX0102"* ]]
    [[ "$output" == *"librexpass.so"* ]]
}

@test "an installation without its way to libpcap says so, when it meets a capture" {
    local type
    for type in xdp kprobe; do
        rexc new "$type" "$type" --path "$BATS_TEST_TMPDIR/$type"
        rexc build "$BATS_TEST_TMPDIR/$type"
    done
    packets=$BATS_TEST_TMPDIR/xdp/target/rex/xdp.rex
    cmake --install "$REXC_BUILD" --prefix "$prefix"
    "$prefix/bin/rexc" run "$packets" --pcap "$capture"

    echo "no library" >"$prefix"/lib/rexc/librexpcap.so
    for command in "run $packets --pcap $capture" doctor; do
        # shellcheck disable=SC2086 # words
        run "$prefix/bin/rexc" $command
        [ "$status" -eq 3 ]
        [[ "$output" == *"error[REX0102]: '$prefix/"*"/librexpcap.so' belongs to rexc and cannot be loaded: "* ]]
        [[ "$output" == *"help: install libpcap"* ]]
    done

    rm "$prefix"/lib/rexc/librexpcap.so
    for command in "run $packets --pcap $capture" doctor; do
        # shellcheck disable=SC2086 # words
        run "$prefix/bin/rexc" $command
        [ "$status" -eq 3 ]
        [[ "$output" == *"error[REX0102]: '$prefix/"*"/librexpcap.so' belongs to rexc and is missing"* ]]
    done
    # Nothing else has a use for it.
    "$prefix/bin/rexc" run "$BATS_TEST_TMPDIR/kprobe/target/rex/kprobe.rex"
    "$prefix/bin/rexc" verify --integrity-only "$packets"
}

@test "man pages and completion are installed" {
    cmake --install "$REXC_BUILD" --prefix "$prefix"
    [ -f "$prefix/share/man/man1/rexc.1" ]
    grep -q 'rexc build' "$prefix/share/man/man1/rexc-build.1"
    grep -q '^rexc-verify .- does an object obey the contract$' "$prefix/share/man/man1/rexc-verify.1"
    [ -f "$prefix/share/bash-completion/completions/rexc" ]
}

@test "completion knows every command and a command's options" {
    run bash -c '
        source "$REXC_SOURCE/scripts/completion/rexc"
        COMP_WORDS=(rexc ver) COMP_CWORD=1; _rexc; echo "${COMPREPLY[@]}"
        COMP_WORDS=(rexc verify --int) COMP_CWORD=2; compopt() { :; }; _rexc; echo "${COMPREPLY[@]}"
        COMP_WORDS=(rexc new "") COMP_CWORD=2; _rexc; echo "${COMPREPLY[@]}"'
    [ "${lines[0]}" = "verify" ]
    [ "${lines[1]}" = "--integrity-only" ]
    [ "${lines[2]}" = "kprobe tracepoint perf_event xdp tc" ]
}

@test "the Debian package names what rexc needs, and its content works" {
    [ "$(id -u)" -eq 0 ] || skip "dpkg -i needs root"
    cd "$BATS_TEST_TMPDIR"
    cpack --config "$REXC_BUILD/CPackConfig.cmake" -G DEB -B "$BATS_TEST_TMPDIR/package"
    package=$(ls package/rexc_*.deb)
    depends=$(dpkg-deb -f "$package" Depends)
    for name in rustc-web rust-web-src rust-web-clippy cargo-web lld-22 libelf1 libdw1 libbpf1 libssl3 \
        libzydis4.0 libjansson4 libpcap0.8; do
        [[ "$depends" == *"$name"* ]] || { echo "no $name in: $depends"; false; }
    done
    dpkg -i "$package"
    works /usr/bin/rexc
    dpkg -r rexc
    [ ! -e /usr/bin/rexc ]
}
