#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# rexc build: packages of every shape, options, and what is refused.
bats_require_minimum_version 1.5.0
load project

setup() { enter_directory; }

# refused CODE TEXT [ARGUMENTS...]: exit status 1, that code and text, and no object.
refused() {
    local code=$1 text=$2
    shift 2
    run rexc build "$@"
    [ "$status" -eq 1 ]
    [[ "$output" == *"$code"* ]]
    [[ "$output" == *"$text"* ]]
    [ -z "$(find . -name '*.rex')" ]
}

@test "says what it made" {
    package hello
    run -0 --separate-stderr rexc build hello
    [[ "$output" == *"hello/target/rex/hello.rex: "*" bytes, signed: development key"* ]]
    [[ "$output" == *"xdp verdict: stack at most "*" of 16384 bytes"* ]]
    run -0 rexc inspect hello/target/rex/hello.rex
    [[ "$output" == *verdict* ]]
}

@test "the development key is private" {
    package hello
    rexc build -q hello
    [ "$(stat -c %a "$XDG_CONFIG_HOME/rexc")" = 700 ]
    [ "$(stat -c %a "$XDG_CONFIG_HOME/rexc/development.key")" = 600 ]
    [ "$(stat -c %a "$XDG_CONFIG_HOME/rexc/record.key")" = 600 ]
}

@test "the current directory without an argument; -o" {
    package hello
    cd hello
    rexc build -o ../elsewhere/out.rex
    [ -f ../elsewhere/out.rex ]
    [ ! -e target/rex/hello.rex ]
}

@test "JSON" {
    package hello
    run -0 --separate-stderr rexc build hello --message-format json
    [ "$(jq -r .kind <<<"$output")" = artifact ]
    [ "$(jq -r '.programs[0].name' <<<"$output")" = verdict ]
    [ "$(jq -r '.programs[0].type' <<<"$output")" = xdp ]
}

@test "a name with a dash" {
    package my-prog
    rexc build -q my-prog
    [ -f my-prog/target/rex/my-prog.rex ]
}

@test "modules in several files" {
    manifest parts
    mkdir -p parts/src/deep
    program parts/src/main.rs 'deep::inner::value(length)' 'mod deep;'
    echo 'pub mod inner;' >parts/src/deep/mod.rs
    echo 'pub fn value(n: i32) -> i32 { n.wrapping_mul(3) & 1 }' >parts/src/deep/inner.rs
    rexc build -q parts
    run -0 rexc inspect parts/target/rex/parts.rex --json
    [[ "$output" == *"source.src/deep/inner.rs"* ]]
}

@test "a path dependency, safe and no_std" {
    library helper
    echo 'pub fn half(n: i32) -> i32 { n / 2 }' >>helper/src/lib.rs
    manifest user 'helper = { path = "../helper" }'
    program user/src/main.rs 'helper::half(length) & 1'
    rexc build -q user
    run -0 rexc inspect user/target/rex/user.rex --json
    [[ "$output" == *"source.helper-0.1.0/src/lib.rs"* ]]
}

@test "a renamed, an optional and a transitive dependency; features" {
    library base '[features]' 'big = []'
    cat >>base/src/lib.rs <<'EOF'
#[cfg(feature = "big")]
pub const SIZE: i32 = 2;
#[cfg(not(feature = "big"))]
pub const SIZE: i32 = 1;
EOF
    library middle '[dependencies]' 'base = { path = "../base" }'
    echo 'pub use base::SIZE;' >>middle/src/lib.rs
    manifest user 'other = { package = "middle", path = "../middle" }' \
        'base = { path = "../base", optional = true }' '[features]' 'large = ["base/big"]'
    program user/src/main.rs 'other::SIZE & length' '#[cfg(feature = "large")] use base as _;'
    rexc build -q user
    cp user/target/rex/user.rex small.rex
    rexc build -q user --features large
    run ! cmp -s user/target/rex/user.rex small.rex
    rexc build -q user
    cmp user/target/rex/user.rex small.rex
}

@test "a feature that does not exist" {
    package hello
    refused REX0211 "no feature 'turbo'" hello --features turbo
}

@test "a workspace member, by its directory and by -p" {
    mkdir ws
    printf '%s\n' '[workspace]' 'members = ["one", "two"]' 'resolver = "3"' '[workspace.package]' 'version = "0.3.0"' >ws/Cargo.toml
    package ws/one
    package ws/two
    sed -i 's/^version = .*/version.workspace = true/' ws/two/Cargo.toml
    rexc build -q ws/one
    [ -f ws/one/target/rex/one.rex ]
    rexc build -q ws -p two
    [ -f ws/target/rex/two.rex ]
    run rexc build ws
    [ "$status" -eq 2 ]
    [[ "$output" == *"one, two"* ]]
    run rexc build ws -p three
    [ "$status" -eq 2 ]
}

@test "a package with a library of its own" {
    manifest both
    echo '#![no_std] pub fn one() -> i32 { 1 }' >both/src/lib.rs
    program both/src/main.rs 'both::one() & length'
    rexc build -q both
}

@test "several programs: --bin chooses" {
    manifest several
    mkdir several/src/bin
    program several/src/bin/a.rs 1
    program several/src/bin/b.rs 2
    run rexc build several
    [ "$status" -eq 2 ]
    [[ "$output" == *"a, b"* ]]
    rexc build -q several --bin b
    [ -f several/target/rex/b.rex ]
}

@test "a vendored registry package of the right version" {
    library user/vendor/helper-1.2.0
    sed -i 's/^name = .*/name = "helper"/; s/^version = .*/version = "1.2.0"/' user/vendor/helper-1.2.0/Cargo.toml
    echo 'pub const N: i32 = 1;' >>user/vendor/helper-1.2.0/src/lib.rs
    manifest user 'helper = "1.1"'
    program user/src/main.rs 'helper::N & length'
    rexc build -q user
    sed -i 's/helper = .*/helper = "2"/' user/Cargo.toml
    run rexc build user
    [ "$status" -eq 1 ]
    [[ "$output" == *"REX0207"*"vendored is 1.2.0"* ]]
}

@test "refused: a registry package that is not vendored" {
    manifest user 'serde = "1"'
    program user/src/main.rs length
    refused REX0207 "cargo vendor" user
}

@test "refused: a git dependency" {
    manifest user 'helper = { git = "https://example.org/helper" }'
    program user/src/main.rs length
    refused REX0206 "name it by path" user
}

@test "refused: a dependency with a build script, which does not run" {
    library helper
    echo "fn main() { std::fs::write(\"$PWD/ran\", \"\").unwrap(); }" >helper/build.rs
    manifest user 'helper = { path = "../helper" }'
    program user/src/main.rs length
    refused REX0203 "build script" user
    [ ! -e ran ]
}

@test "refused: a build script of the package's own" {
    package user
    echo 'fn main() {}' >user/build.rs
    refused REX0203 "build script" user
}

@test "refused: a procedural macro" {
    library macros '[lib]' 'proc-macro = true'
    manifest user 'macros = { path = "../macros" }'
    program user/src/main.rs length
    refused REX0204 "procedural macro" user
}

@test "refused: a library for other languages" {
    library helper '[lib]' 'crate-type = ["cdylib"]'
    manifest user 'helper = { path = "../helper" }'
    program user/src/main.rs length
    refused REX0205 "other languages" user
}

@test "refused: dependencies that take the name of the compiler's crates" {
    library core
    manifest user 'core = { path = "../core" }'
    program user/src/main.rs length
    refused REX0208 "'core'" user

    library helper '[lib]' 'name = "core"'
    sed -i '/^core/d' user/Cargo.toml
    echo 'helper = { path = "../helper" }' >>user/Cargo.toml
    refused REX0208 "calls itself 'core'" user
}

@test "a dependency called rex is ours, wherever it is said to be" {
    library rex
    echo 'pub fn evil() -> i32 { 7 }' >>rex/src/lib.rs
    package user
    sed -i 's#^rex = .*#rex = { path = "../rex" }#' user/Cargo.toml
    run -0 rexc build user
    [[ "$output" == *"REX0209"* ]]
    sed -i 's/Ok(.*/Ok(rex::evil())/' user/src/main.rs
    run rexc build user
    [ "$status" -eq 1 ]
    [[ "$output" == *"cannot find function"* ]]
}

@test "refused: a library that calls itself rex" {
    library helper '[lib]' 'name = "rex"'
    manifest user 'helper = { path = "../helper" }'
    program user/src/main.rs length
    refused REX0208 "calls itself 'rex'" user
}

@test "refused: unsafe code in a dependency" {
    library helper
    echo 'pub fn f(p: *const u8) -> u8 { unsafe { *p } }' >>helper/src/lib.rs
    manifest user 'helper = { path = "../helper" }'
    program user/src/main.rs length
    refused REX03 "helper/src/lib.rs" user
}

@test "refused: a target that cannot be evaluated" {
    package user
    printf '%s\n' "[target.'cfg(loom)'.dependencies]" 'helper = { path = "../helper" }' >>user/Cargo.toml
    library helper
    refused REX0210 "cfg(loom)" user
}

@test "dependencies for other targets do not count" {
    package user
    printf '%s\n' '[target."cfg(unix)".dependencies]' 'helper = { path = "../helper" }' \
        "[target.'cfg(target_os = \"none\")'.dependencies]" 'kernel = { path = "../kernel" }' >>user/Cargo.toml
    library kernel
    library helper
    echo 'fn main() {}' >helper/build.rs
    program user/src/main.rs length 'use kernel as _;'
    rexc build -q user
}

@test "refused: packages in a circle" {
    library a '[dependencies]' 'b = { path = "../b" }'
    library b '[dependencies]' 'a = { path = "../a" }'
    manifest user 'a = { path = "../a" }'
    program user/src/main.rs length
    refused REX0212 "depends on itself" user
}

@test "refused: a package without a program; a directory without a package" {
    library lonely
    refused REX0202 "has no program" lonely
    mkdir empty
    run rexc build empty
    [ "$status" -eq 2 ]
    [[ "$output" == *"REX0200"* ]]
    [ -z "$(ls -A empty)" ]
    package outer
    run rexc build outer/src
    [ "$status" -eq 2 ]
    [[ "$output" == *"run it in '$PWD/outer'"* ]]
}

@test "cargo's own message comes through" {
    package broken
    sed -i 's/^edition = .*/edition = "1999"/' broken/Cargo.toml
    refused REX0201 "error" broken
    [[ "$output" == *"Cargo.toml"* ]]
}

@test "nothing of the author's configuration has a say" {
    package hello
    rexc build -q hello
    cp hello/target/rex/hello.rex before.rex
    mkdir hello/.cargo
    cat >hello/.cargo/config.toml <<EOF
[build]
rustc-wrapper = "$PWD/wrapper"
rustflags = ["-Copt-level=0"]
target-dir = "elsewhere"
EOF
    printf '#!/bin/sh\ntouch %s/wrapped\nexec "$@"\n' "$PWD" >wrapper
    chmod +x wrapper
    printf '%s\n' '[profile.release]' 'opt-level = 0' '[lints.rust]' 'unsafe_code = "allow"' >>hello/Cargo.toml
    echo 'disallowed-methods = []' >hello/clippy.toml
    RUSTFLAGS=-Copt-level=0 RUSTC_WRAPPER=$PWD/wrapper CLIPPY_ARGS=-Aclippy::all CARGO_BUILD_RUSTC_WRAPPER=$PWD/wrapper \
        CARGO_TARGET_DIR=elsewhere rexc build -q hello
    cmp hello/target/rex/hello.rex before.rex
    [ ! -e wrapped ] && [ ! -e elsewhere ] && [ ! -e hello/elsewhere ]
    [ ! -e hello/Cargo.lock ]
}

@test "keys: given, from the environment, none, half" {
    package hello
    rexc keygen release
    run -0 rexc build hello --sign-key release.key --sign-cert release.crt
    [[ "$output" == *"signed: $PWD/release.crt"* ]]
    rexc verify hello/target/rex/hello.rex --cert release.crt
    cp hello/target/rex/hello.rex given.rex
    rexc build -q hello
    run ! cmp -s hello/target/rex/hello.rex given.rex
    REXC_SIGN_KEY=release.key REXC_SIGN_CERT=release.crt rexc build -q hello
    cmp hello/target/rex/hello.rex given.rex
    run -0 rexc build hello --no-sign
    [[ "$output" == *"not signed"* ]]
    run rexc build hello --sign-key release.key
    [ "$status" -eq 2 ]
    [[ "$output" == *"--sign-cert"* ]]
    run rexc build hello --no-sign --sign-key release.key --sign-cert release.crt
    [ "$status" -eq 2 ]
}

@test "a key that is not there leaves the object as it was" {
    package hello
    rexc build -q hello
    cp hello/target/rex/hello.rex before.rex
    run rexc build hello --sign-key nothing.key --sign-cert nothing.crt
    [ "$status" -ne 0 ]
    cmp hello/target/rex/hello.rex before.rex
}

@test "--stack-limit" {
    package hello
    refused REX06 "" hello --stack-limit 4
    run rexc build hello --stack-limit 20000
    [ "$status" -eq 2 ]
    run rexc build hello --stack-limit x
    [ "$status" -eq 2 ]
    rexc build -q hello --stack-limit 4096
}

@test "--strip puts debug sections beside the object" {
    package hello
    rexc build -q hello
    size=$(stat -c %s hello/target/rex/hello.rex)
    rexc build -q hello --strip
    [ -f hello/target/rex/hello.rex.debug ]
    [ "$(stat -c %s hello/target/rex/hello.rex)" -lt "$size" ]
    run -0 readelf -SW hello/target/rex/hello.rex
    [[ "$output" != *.debug_info* ]]
    rexc verify hello/target/rex/hello.rex --cert "$XDG_CONFIG_HOME/rexc/development.crt"
}

@test "-### prints commands, runs no compiler and writes nothing" {
    package hello
    rexc check -q hello
    before=$(find hello | sort)
    run -0 rexc build hello '-###'
    [[ "$output" == *rustc*--crate-name=hello* ]]
    [[ "$output" == *ld.lld* ]]
    [ "$(find hello | sort)" = "$before" ]
    [ "$(children rexc build hello '-###')" = 0 ]
}

@test "-### asks neither cargo nor a compiler that it knows nothing of: it prints the question" {
    package hello
    run -0 rexc build hello '-###'
    [[ "$output" == *"cargo metadata"* ]]
    [[ "$output" == *"depends on the answer"* ]]
    [ ! -e hello/target ]
    export REXC_CACHE_DIR=$PWD/cache XDG_CONFIG_HOME=$PWD/config
    [ "$(children rexc build hello '-###')" = 0 ]
    run -0 rexc build hello '-###'
    [[ "$output" == *"rustc --print sysroot"* ]]
    [ ! -e cache ] && [ ! -e config ] && [ ! -e hello/target ]
    [ "$(children rexc doctor '-###')" = 0 ]
}

@test "-### prints each command of a sysroot that is missing once" {
    program prog.rs 'length & 1'
    export REXC_CACHE_DIR=$PWD/cache
    rexc doctor >report
    run -0 rexc '-###' prog.rs -o prog.rex
    [ "$(grep -c -- '--crate-name=core ' <<<"$output")" = 1 ]
    [ "$(grep -c -- '--crate-name=rex ' <<<"$output")" = 1 ]
    [ ! -e cache/sysroot ] && [ ! -e prog.rex ]
}

@test "-### where no child is run is an error, and nothing is done" {
    run rexc cache clean '-###'
    [ "$status" -eq 2 ]
    run rexc new xdp hello '-###'
    [ "$status" -eq 2 ]
    [ ! -e hello ]
}

@test "lint and compiler have the same conditions, at every level of optimisation" {
    program prog.rs 'length & 1'
    for options in -O0 -O3 "-g -O1"; do
        read -ra words <<<"$options"
        rexc '-###' prog.rs "${words[@]}" -o prog.rex 2>commands
        # Each is asked for its conditions instead of being run; the files that it would write and find are not there.
        for tool in bin/rustc bin/clippy-driver; do
            grep "/usr/$tool " commands | sed 's/--emit=[^ ]*//; s/ -Zllvm-plugins=[^ ]*//' >"${tool#*/}"
            eval "$(cat "${tool#*/}") --print=cfg" | sort >"${tool#*/}.cfg"
            [ -s "${tool#*/}.cfg" ]
        done
        diff rustc.cfg clippy-driver.cfg
    done
}

@test "-v prints each command so that it can be pasted" {
    package hello
    rexc build -v hello 2>log
    grep -q '^env -i .*clippy-driver' log
    grep -q '^env -i .*rustc.*--emit=obj=' log
    grep -q '^cd .* && env -i .*ld.lld' log
}

@test "recursion: checks are put in, and the object says so" {
    manifest deep
    program deep/src/main.rs 'depth(length as u32 & 7) as i32' \
        '#[inline(never)] fn depth(n: u32) -> u32 { if n == 0 { 0 } else { core::hint::black_box(depth(core::hint::black_box(n - 1))) + 1 } }'
    run -0 rexc build deep
    [[ "$output" == *"checked as it runs"* ]]
    rexc verify deep/target/rex/deep.rex --cert "$XDG_CONFIG_HOME/rexc/development.crt"
    run -0 rexc build deep
    [[ "$output" == *"(nothing changed)"* ]]
}

@test "unknown options get a suggestion" {
    run rexc build --sign-kay x
    [ "$status" -eq 2 ]
    [[ "$output" == *"--sign-key"* ]]
}
