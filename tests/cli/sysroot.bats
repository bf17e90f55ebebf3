#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The sysroot cache: what is damaged or half-made is made again, and parallel builds share one making. Copies the cache that
# the suite runs with, as making core takes half a minute.

setup() {
    shared=$REXC_CACHE_DIR
    export REXC_CACHE_DIR=$BATS_TEST_TMPDIR/cache
    cp -r --reflink=auto "$shared" "$REXC_CACHE_DIR"
    rexc new xdp p --path "$BATS_TEST_TMPDIR/p"
    rexc build -v "$BATS_TEST_TMPDIR/p" 2>"$BATS_TEST_TMPDIR/commands"
    # The entry that the build used: a cache may hold entries of other versions.
    entry=$(grep -o -- '--sysroot=[^ ]*/empty' "$BATS_TEST_TMPDIR/commands" | tail -1)
    entry=${entry#--sysroot=}
    entry=${entry%/empty}
}

# Rebuilds p from scratch.
build() {
    rm -rf "$BATS_TEST_TMPDIR/p/target"
    run rexc build "$BATS_TEST_TMPDIR/p"
}

@test "a copied cache is taken after a look at its contents" {
    build
    [ "$status" -eq 0 ]
    [[ "$output" != *"preparing the compiler sysroot"* ]]
}

@test "a truncated file is noticed, and the entry made again" {
    truncate -s 100 "$entry/librex.rlib"
    run rexc doctor
    [[ "$output" == *"damaged"*"sysroot"* ]]
    build
    [ "$status" -eq 0 ]
    [[ "$output" == *"REX0104"* ]]
    run rexc doctor
    [ "$status" -eq 0 ]
    [[ "$output" != *"damaged"* ]]
}

@test "a changed byte is noticed though size and modification time are as before" {
    touch -r "$entry/librex.rlib" "$BATS_TEST_TMPDIR/times"
    printf 'X' | dd of="$entry/librex.rlib" bs=1 seek=1000 conv=notrunc 2>/dev/null
    touch -r "$BATS_TEST_TMPDIR/times" "$entry/librex.rlib"
    build
    [ "$status" -eq 0 ]
    [[ "$output" == *"REX0104"* ]]
}

@test "an interrupted making leaves nothing that is used, and two builds at once make it once" {
    rm -rf "$entry" "$REXC_CACHE_DIR"/compiler
    rm -rf "$BATS_TEST_TMPDIR/p/target"
    rexc new xdp q --path "$BATS_TEST_TMPDIR/q"
    setsid rexc build "$BATS_TEST_TMPDIR/p" &
    sleep 3
    kill -9 -- -$!
    wait || true
    [ ! -e "$entry" ]
    rexc build "$BATS_TEST_TMPDIR/p" 2>"$BATS_TEST_TMPDIR/p.err" &
    first=$!
    rexc build "$BATS_TEST_TMPDIR/q" 2>"$BATS_TEST_TMPDIR/q.err" &
    second=$!
    wait $first
    wait $second
    [ "$(cat "$BATS_TEST_TMPDIR"/[pq].err | grep -c 'preparing the compiler sysroot')" -eq 1 ]
    [ -f "$entry/manifest.json" ]
}

@test "cache show and clean" {
    run rexc cache
    [ "$status" -eq 0 ]
    [[ "$output" == *"plain"* ]]
    touch "$REXC_CACHE_DIR/not-ours"
    run rexc cache clean
    [ "$status" -eq 0 ]
    [ ! -e "$REXC_CACHE_DIR/sysroot" ]
    [ -e "$REXC_CACHE_DIR/not-ours" ]
    run rexc cache show
    [[ "$output" == *"empty"* ]]
}

@test "a relative REXC_CACHE_DIR in a directory that is gone is an error" {
    mkdir gone && cd gone && rmdir ../gone
    run env REXC_CACHE_DIR=cache rexc --version
    [ "$status" -eq 1 ]
    [[ "$output" == "error[REX0003]: REXC_CACHE_DIR is relative, "*"No such file or directory" ]]
}
