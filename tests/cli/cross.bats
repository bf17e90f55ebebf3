#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# rexc as a cross-compiler is called: files in, files out; in make, in CMake with Ninja, under wrappers.
bats_require_minimum_version 1.5.0
load project

setup() { enter_directory; }

sources() {
    printf '#![no_std]\npub fn half(n: i32) -> i32 { n / 2 }\n' >util.rs
    program prog.rs 'util::half(length) & 1'
}

# content FILE: changes with the file.
content() { sha256sum <"$1"; }

@test "-c writes a library with a record; a program takes it" {
    sources
    rexc -c util.rs -o libutil.rlib
    [ -f libutil.rlib.rexc ]
    rexc prog.rs --extern util=libutil.rlib -o prog.rex
    rexc verify --integrity-only prog.rex
    rexc prog.rs -L . --extern util -o second.rex
    cmp prog.rex second.rex
}

@test "-c without -o; nothing else is left behind" {
    sources
    mkdir out
    cd out
    rexc -c ../util.rs
    [ "$(ls)" = "$(printf 'libutil.rlib\nlibutil.rlib.rexc')" ]
}

@test "-o names a device or a link: it is written to, not replaced" {
    sources
    rexc util.rs prog.rs -o prog.rex
    mkfifo pipe
    cat pipe >through.rex &
    rexc util.rs prog.rs -o pipe
    wait
    [ -p pipe ]
    cmp prog.rex through.rex
    touch there.rex
    ln -s there.rex link.rex
    rexc util.rs prog.rs -o link.rex
    [ -L link.rex ]
    cmp prog.rex there.rex
}

@test "several files: the last is the program" {
    sources
    rexc util.rs prog.rs -o prog.rex
    rexc verify --integrity-only prog.rex
    [ ! -e libutil.rlib ]
}

@test "recursion in a library: refused when it is compiled already, and the way out that is named works" {
    printf '#![no_std]\npub fn depth(n: i32) -> i32 { if n < 1 { 1 } else { depth(n - 1).wrapping_mul(n) ^ depth(n / 2) } }\n' >util.rs
    program prog.rs 'util::depth(length & 7) & 1'
    rexc -c util.rs
    run rexc prog.rs --extern util=libutil.rlib -o prog.rex
    [ "$status" -eq 1 ]
    [[ "$output" == *"REX0609"*"util::depth"*"rexc LIBRARY.rs PROGRAM.rs"* ]]
    [ ! -e prog.rex ]
    rexc util.rs prog.rs -o prog.rex
    run -0 rexc stack prog.rex
    [[ "$output" == *"stack checks: 1"* ]]
}

@test "a library that uses a library, found beside it" {
    sources
    mkdir libs
    printf '#![no_std]\npub fn quarter(n: i32) -> i32 { util::half(util::half(n)) }\n' >upper.rs
    rexc -c util.rs -o libs/libutil.rlib
    rexc -c upper.rs --extern util=libs/libutil.rlib -o libs/libupper.rlib
    program prog.rs 'upper::quarter(length) & 1'
    rexc prog.rs --extern upper=libs/libupper.rlib -o prog.rex
    mkdir other
    mv libs/libutil.rlib libs/libutil.rlib.rexc other/
    run rexc prog.rs --extern upper=libs/libupper.rlib -o prog.rex
    [ "$status" -eq 1 ]
    [[ "$output" == *REX0220* ]]
    rexc prog.rs --extern upper=libs/libupper.rlib -L other -o prog.rex
}

# refused TEXT: the library is not taken, and there is no object.
refused() {
    run rexc prog.rs --extern util=libutil.rlib -o prog.rex
    [ "$status" -eq 1 ]
    [[ "$output" == *REX0220* ]]
    [[ "$output" == *"$1"* ]]
    [ ! -e prog.rex ]
}

@test "a library without its record, or not the one of the record, is refused" {
    sources
    rexc -c util.rs
    mv libutil.rlib.rexc kept
    refused "no record beside it"
    sed 's/^out v crate\tutil/out v crate\tevil/' kept >libutil.rlib.rexc
    refused "did not write"
    cp kept libutil.rlib.rexc
    printf X >>libutil.rlib
    refused "not the file that its record is about"
}

@test "a library that plain rustc made is refused, with a forged record too" {
    sources
    rexc -c util.rs
    printf '#![no_std]\npub fn half(n: i32) -> i32 { unsafe { *(n as usize as *const i32) } }\n' >evil.rs
    RUSTC_BOOTSTRAP=1 /usr/bin/rustc --crate-type rlib --crate-name util evil.rs -o evil.rlib
    digest=$(sha256sum evil.rlib | cut -d' ' -f1)
    mv evil.rlib libutil.rlib
    sed -i "s/^out v library\t.*/out v library\t$digest/" libutil.rlib.rexc
    refused "did not write"
    # A record that another user's rexc wrote, with a key of its own.
    printf '#![no_std]\npub fn half(n: i32) -> i32 { n }\n' >util.rs
    XDG_CONFIG_HOME=$PWD/other rexc -c util.rs
    refused "did not write"
}

@test "refused: objects, archives, and names that mean something else" {
    sources
    for file in foreign.o foreign.a foreign.rlib; do
        run rexc prog.rs $file -o prog.rex
        [ "$status" -eq 2 ]
    done
    rexc -c util.rs
    for name in core std rex; do
        run rexc prog.rs --extern $name=libutil.rlib -o prog.rex
        [ "$status" -eq 1 ]
        [[ "$output" == *REX0208* ]]
    done
}

@test "the policy holds for -c" {
    printf '#![no_std]\npub fn f(p: *const u8) -> u8 { unsafe { *p } }\n' >bad.rs
    run rexc -c bad.rs
    [ "$status" -eq 1 ]
    [[ "$output" == *REX03* ]]
    [[ "$output" == *"bad.rs:2"* ]]
    [ ! -e libbad.rlib ]
}

@test "dependency files: every source, library and key, with blanks escaped" {
    sources
    mkdir "with blank"
    echo 'pub const N: i32 = 1;' >"with blank/part.rs"
    program "with blank/prog.rs" 'util::half(length) & part::N' 'mod part;'
    rexc -c util.rs -MD
    [ "$(tr -d '\\\n' <libutil.d | tr -s ' ')" = "libutil.rlib: util.rs" ]
    rexc keygen k
    rexc "with blank/prog.rs" --extern util=libutil.rlib -MD -MF deps -o out.rex --sign-key k.key --sign-cert k.crt
    for file in 'with\ blank/part.rs' 'with\ blank/prog.rs' libutil.rlib k.key k.crt; do
        grep -qF "  $file" deps
    done
    grep -q '^out.rex:' deps
    # make reads it as it is meant.
    printf 'include deps\nout.rex:\n\t@echo rebuilt\n' >Makefile
    touch -d '1 minute' out.rex
    [ "$(make -s out.rex)" = "make: 'out.rex' is up to date." ] || [ -z "$(make -s out.rex)" ]
    touch -d '2 minutes' "with blank/part.rs"
    [ "$(make -s out.rex)" = rebuilt ]
}

@test "-g, -O, --license" {
    sources
    rexc util.rs prog.rs -o plain.rex
    rexc util.rs prog.rs -g -o debug.rex
    run -0 readelf -SW debug.rex
    [[ "$output" == *.debug_line* ]]
    run -0 readelf -SW plain.rex
    [[ "$output" != *.debug_line* ]]
    rexc util.rs prog.rs -O0 -o slow.rex
    run ! cmp -s slow.rex plain.rex
    run -0 rexc inspect plain.rex --json
    [ "$(jq -r '.. | .license? // empty' <<<"$output")" = Proprietary ]
    rexc util.rs prog.rs --license 'MIT OR GPL-2.0-only' -o free.rex
    run -0 rexc inspect free.rex --json
    [ "$(jq -r '.. | .license? // empty' <<<"$output")" = "Dual MIT/GPL" ]
}

@test "-O0: what the compiler takes for impossible in a match is no bare trap" {
    for name in matching derive_debug; do
        rexc "$BATS_TEST_DIRNAME/../programs/$name.rs" -O0 --license GPL -o "$name.rex"
    done
}

@test "wrong usage" {
    sources
    for words in "prog.rs" "prog.rs -o" "-c util.rs -o util.rlib" "-c util.rs prog.rs -o libx.rlib" "prog.rs -o x --frobnicate" \
        "prog.rs -o x -MF y" "prog.rs -o x -O4" "prog.rs -o x --edition 2020" "-c util.rs --license MIT"; do
        # shellcheck disable=SC2086 # words
        run rexc $words
        [ "$status" -eq 2 ]
    done
}

@test "what follows -- is a file" {
    sources
    rexc -o a.rex -- util.rs prog.rs
    rexc -o b.rex util.rs prog.rs
    cmp a.rex b.rex
    mv prog.rs ./-prog.rs
    rexc -o c.rex -- util.rs -prog.rs
    [ -f c.rex ]
    run rexc -- -o d.rex
    [ "$status" -eq 2 ]
    [[ "$output" == *"'-o' is no Rust source file"* ]]
}

@test "a failed compile leaves the old output" {
    sources
    rexc util.rs prog.rs -o prog.rex
    before=$(content prog.rex)
    echo 'fn f( {' >>prog.rs
    run rexc util.rs prog.rs -o prog.rex
    [ "$status" -eq 1 ]
    [ "$(content prog.rex)" = "$before" ]
}

@test "the same bytes from two directories" {
    mkdir a b
    (cd a && sources && rexc util.rs prog.rs -g -o prog.rex)
    (cd b && sources)
    (cd b && rexc util.rs prog.rs -g -o prog.rex)
    cmp a/prog.rex b/prog.rex
}

@test "-### prints and runs nothing" {
    sources
    run -0 rexc '-###' util.rs prog.rs -o prog.rex
    [[ "$output" == *rustc*--crate-name=prog* ]]
    [ "$(ls)" = "$(printf 'prog.rs\nutil.rs')" ]
}

@test "under a wrapper, under another name, through a symbolic link" {
    sources
    rexc=$(command -v rexc)
    printf '#!/bin/sh\nexec "$@"\n' >wrapper
    chmod +x wrapper
    ./wrapper rexc util.rs prog.rs -o one.rex
    ln -s "$rexc" cc
    ./cc util.rs prog.rs -o two.rex
    (exec -a something-else "$rexc" util.rs prog.rs -o three.rex)
    env -i PATH=/usr/bin:/bin HOME="$HOME" XDG_CONFIG_HOME="$XDG_CONFIG_HOME" REXC_CACHE_DIR="${REXC_CACHE_DIR:-$HOME/.cache/rexc}" "$rexc" util.rs prog.rs -o four.rex
    cmp one.rex two.rex && cmp one.rex three.rex && cmp one.rex four.rex
}

@test "many at once" {
    sources
    for i in 1 2 3 4 5 6; do rexc util.rs prog.rs -o "out$i.rex" & done
    wait
    for i in 2 3 4 5 6; do cmp out1.rex "out$i.rex"; done
}

# rebuilt COMMAND...: which outputs the command made anew.
rebuilt() {
    touch -d '1 second' "$BATS_TEST_TMPDIR/stamp"
    sleep 1.1
    "$@" >&2
    find build -newer "$BATS_TEST_TMPDIR/stamp" \( -name '*.rlib' -o -name '*.rex' \) -printf '%f\n' | sort | tr '\n' ' '
}

# later FILE: touched, beyond doubt newer than what was made.
later() {
    sleep 1.1
    touch "$1"
}

@test "make: builds again what must be, and nothing else" {
    cp -r "$BATS_TEST_DIRNAME/../../samples/make" project
    cd project
    rexc keygen k
    m() { make -s -j4 KEY=k.key CERT=k.crt; }
    m
    rexc verify build/sizes.rex --cert k.crt
    [ "$(rebuilt m)" = "" ]
    later limits.rs
    [ "$(rebuilt m)" = "sizes.rex " ]
    later classes.rs
    [ "$(rebuilt m)" = "libclasses.rlib sizes.rex " ]
    rm k.key k.crt
    rexc keygen k
    later k.key
    [ "$(rebuilt m)" = "sizes.rex " ]
    rexc verify build/sizes.rex --cert k.crt
    [ "$(rebuilt m)" = "" ]
    run -0 rexc run build/sizes.rex --pcap "$BATS_TEST_DIRNAME/../captures/traffic.pcap" --map-dump
}

@test "CMake and Ninja: builds again what must be, and nothing else" {
    cp -r "$BATS_TEST_DIRNAME/../../samples/cmake" project
    cd project
    rexc keygen k
    cmake -S . -B build -G Ninja -Drexc_DIR="$BATS_TEST_DIRNAME/../../scripts/cmake" \
        -DSIGN_KEY="$PWD/k.key" -DSIGN_CERT="$PWD/k.crt" >/dev/null
    m() { ninja -C build -j4; }
    m
    rexc verify build/sizes.rex --cert k.crt
    [[ "$(m)" == *"no work to do"* ]]
    later limits.rs
    [ "$(rebuilt m)" = "sizes.rex " ]
    later classes.rs
    [ "$(rebuilt m)" = "libclasses.rlib sizes.rex " ]
    rm k.key k.crt
    rexc keygen k
    later k.key
    [ "$(rebuilt m)" = "sizes.rex " ]
    rexc verify build/sizes.rex --cert k.crt
    [[ "$(m)" == *"no work to do"* ]]
}

# kept FILE ARGUMENTS...: wrong usage, and the file is as it was.
kept() {
    local file=$1 before
    shift
    before=$(content "$file")
    run -2 rexc "$@"
    [[ "$output" == *REX0001*"would be overwritten"* ]]
    [ "$(content "$file")" = "$before" ]
}

@test "no input is overwritten: source, module, depfile, library, key, manifest, object, capture" {
    sources
    rexc -c util.rs -o libutil.rlib
    rexc keygen mine
    rexc util.rs prog.rs -o prog.rex
    kept prog.rs util.rs prog.rs -o prog.rs
    kept prog.rs util.rs prog.rs -o ./prog.rs
    kept prog.rs util.rs prog.rs -o new.rex -MD -MF prog.rs
    kept util.rs prog.rs -L . --extern util -o util.rs
    kept libutil.rlib prog.rs --extern util=libutil.rlib -o libutil.rlib
    kept mine.key prog.rs --extern util=libutil.rlib -o mine.key --sign-key mine.key --sign-cert mine.crt
    ln prog.rs other.name
    kept prog.rs util.rs prog.rs -o other.name
    kept prog.rex stack prog.rex --format svg -o prog.rex
    cp "$BATS_TEST_DIRNAME/../captures/traffic.pcap" in.pcap
    kept in.pcap run prog.rex --pcap in.pcap --write in.pcap
    rexc new xdp made
    kept made/Cargo.toml build made -o made/Cargo.toml
    kept made/src/main.rs build made -o made/src/main.rs
    run -2 rexc util.rs prog.rs -o same -MD -MF same
    [ ! -e same ]
}

@test "a source whose path begins with @ is a source, not arguments; what cannot name a crate is said" {
    mkdir @d
    program @d/prog.rs 'length & 1'
    rexc @d/prog.rs -o prog.rex
    rexc verify --integrity-only prog.rex
    cp @d/prog.rs @prog.rs
    for name in @prog.rs 'a b.rs' 'a=b.rs'; do
        [ "$name" = @prog.rs ] || cp @prog.rs "$name"
        run -2 rexc "$name" -o no.rex
        [[ "$output" == *"'$name' cannot be the name of a crate"* ]]
    done
    [ ! -e no.rex ]
}

@test "macros of a compiled library: what they make is looked at in the program" {
    sources
    printf '%s\n' '#![no_std]' '#[macro_export]' 'macro_rules! pointer {' \
        '    ($arguments:tt $keyword:tt $result:ty) => { $keyword $arguments -> $result };' '}' \
        '#[macro_export]' 'macro_rules! quote { () => { pub const Q: &core::ffi::CStr = cr"\"; } }' >parts.rs
    rexc -c parts.rs -o libparts.rlib
    cp prog.rs plain.rs
    sed -i 's/util::half(length)/length/' plain.rs
    cp plain.rs bad.rs
    printf '%s\n' "pub struct Promise<'b>(core::marker::PhantomData<&'b ()>);" \
        "pub type Converter = parts::pointer!((&Promise<'static>, &u32) fn &'static u32);" >>bad.rs
    run -1 rexc bad.rs --extern parts=libparts.rlib -o bad.rex
    [[ "$output" == *REX0314* ]]
    [ ! -e bad.rex ]
    # The library's edition is not the program's.
    cp plain.rs old.rs
    printf '%s\n' 'parts::quote!();' "pub struct Promise<'b>(core::marker::PhantomData<&'b ()>);" \
        "pub type Converter = parts::pointer!((&Promise<'static>, &u32) fn &'static u32);" 'pub const END: &str = "\"";' >>old.rs
    run -1 rexc old.rs --edition 2018 --extern parts=libparts.rlib -o bad.rex
    [[ "$output" == *REX0314* ]]
    printf '%s\n' 'pub type Plain = parts::pointer!((u32) fn u32);' >>plain.rs
    rexc plain.rs --extern parts=libparts.rlib -o plain.rex
}

@test "aliases and traits of a compiled library: what they stand for is known in the program" {
    sources
    printf '%s\n' '#![no_std]' "pub struct Pair<'a, 'b: 'a>(core::marker::PhantomData<(&'a (), &'b ())>);" \
        'pub trait Plain { type Number; }' "impl<'a, 'b> Plain for Pair<'a, 'b> { type Number = (); }" \
        "pub type Number<'a, 'b> = <Pair<'a, 'b> as Plain>::Number;" 'pub type Same<T> = T;' \
        "pub trait Lasting: 'static {}" 'impl Lasting for u32 {}' 'pub struct Wrapped<T>(pub T);' 'pub type Other<T> = Wrapped<T>;' >parts.rs
    rexc -c parts.rs -o libparts.rlib
    # By way of a second library, which has another name for it.
    printf '%s\n' '#![no_std]' 'pub use parts::Number as Renamed;' >more.rs
    rexc -c more.rs --extern parts=libparts.rlib -o libmore.rlib
    cp prog.rs plain.rs
    sed -i 's/util::half(length)/length/' plain.rs
    attempt() {
        cp plain.rs bad.rs
        printf '%s\n' "$2" >>bad.rs
        run -1 rexc bad.rs --extern parts=libparts.rlib --extern more=libmore.rlib -o bad.rex
        [[ "$output" == *"$1"* ]]
        [ ! -e bad.rex ]
    }
    local longer="pub trait Longer<'a, 'b> { fn longer(self, value: &'b str) -> &'a str; }"
    local body="{ fn longer(self, value: &'b str) -> &'a str { value } }"
    attempt REX0316 "$longer impl<'a, 'b> Longer<'a, 'b> for parts::Number<'a, 'b> $body"
    attempt REX0316 "$longer impl<'a, 'b> Longer<'a, 'b> for more::Renamed<'a, 'b> $body"
    attempt REX0316 'pub trait Local { type Of; } impl<T> Local for parts::Same<T> { type Of = T; }'
    attempt REX0323 'pub fn kept<T: Copy>(_: T) -> impl parts::Lasting { 1u32 }'
    printf '%s\n' 'pub trait Local { type Of; } impl Local for parts::Other<u8> { type Of = u8; }' >>plain.rs
    rexc plain.rs --extern parts=libparts.rlib --extern more=libmore.rlib -o plain.rex
}

@test "the compilers make nothing in the working directory, which may be read-only" {
    mkdir here elsewhere
    program elsewhere/main.rs length
    printf '#![no_std]\n' >elsewhere/lib.rs
    cd here
    local arguments
    for arguments in "../elsewhere/main.rs -o ../out.rex" "-c ../elsewhere/lib.rs -o ../liblib.rlib"; do
        # shellcheck disable=SC2086
        strace -f -qq -e trace=mkdir,mkdirat,open,openat -e signal=none -o ../trace rexc $arguments
        # Where lld runs is a directory of the build.
        grep -v image.elf ../trace >../made
        run grep -E "(mkdir\(|open\(|AT_FDCWD, )\"([^/.]|$PWD/).*(O_CREAT|07[0-7][0-7]\))" ../made
        [ -z "$output" ]
    done
}

@test "what a killed run left in TMPDIR is removed by the next, and nobody else's directory" {
    export TMPDIR=$BATS_TEST_TMPDIR/temporary
    mkdir -p "$TMPDIR/rexc-compile.backup"
    printf 'mine\n' >"$TMPDIR/rexc-compile.backup/file"
    ln -s "$BATS_TEST_TMPDIR" "$TMPDIR/rexc-compile.elsewhere"
    printf 'held\n' >lock
    program main.rs length
    # Stopped while the compiler runs, as a build in another container would be in the middle of its work.
    rexc main.rs -o killed.rex &
    local build=$! left
    for _ in $(seq 100); do
        left=$(find "$TMPDIR" -mindepth 2 -name lock)
        [ -z "$left" ] || break
        sleep 0.02
    done
    kill -STOP "$build"
    rexc main.rs -o out.rex
    [ -f "$left" ]
    kill -KILL "$build"
    wait "$build" || true
    rexc main.rs -o out.rex
    [ ! -e "$left" ]
    [ "$(ls "$TMPDIR")" = $'rexc-compile.backup\nrexc-compile.elsewhere' ]
    [ -f "$TMPDIR/rexc-compile.backup/file" ]
    [ -f lock ]
}

@test "a limit on the size of files is an error like a full disk" {
    program main.rs length
    rexc main.rs -o out.rex
    cp out.rex before.rex
    run bash -c 'ulimit -f 4; rexc main.rs -o out.rex'
    [ "$status" -eq 3 ]
    [[ "$output" == *"File too large"* ]]
    run bash -c 'ulimit -f 0; rexc new xdp program'
    [ "$status" -eq 3 ]
    cmp out.rex before.rex
    [ "$(ls -A)" = $'before.rex\nmain.rs\nout.rex' ]
}

@test "a dependency file that cannot be written keeps the old output, so that make tries again" {
    program main.rs length
    printf '#![no_std]\n' >library.rs
    rexc main.rs -o out.rex -MD
    rexc -c library.rs -o liblibrary.rlib -MD
    cp out.rex before.rex
    cp liblibrary.rlib before.rlib
    sed -i 's/Ok(length)/Ok(length | 1)/' main.rs
    printf 'pub const X: u8 = 1;\n' >>library.rs
    rm ./*.d
    mkdir out.d liblibrary.d
    run rexc main.rs -o out.rex -MD
    [ "$status" -eq 3 ]
    cmp out.rex before.rex
    run rexc -c library.rs -o liblibrary.rlib -MD
    [ "$status" -eq 3 ]
    cmp liblibrary.rlib before.rlib
}

@test "a source that is no file is said to be none, at once" {
    mkfifo main.rs
    run timeout 20 rexc main.rs -o out.rex
    [ "$status" -eq 1 ]
    [[ "$output" == *REX0003*"not a regular file"* ]]
    ln -s /dev/zero zero.rs
    run timeout 20 rexc zero.rs -o out.rex
    [ "$status" -eq 1 ]
    [ ! -e out.rex ]
}
