#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What Cargo.toml can say beyond the simple package, and what happens when it changes.
bats_require_minimum_version 1.5.0
load project

setup() { enter_directory; }

license_of() { rexc inspect "$1" | sed -n 's/.*license \([^,]*\),.*/\1/p'; }

@test "a workspace hands down edition, license, dependencies and features, and changes of it count" {
    mkdir -p all/prog/src
    printf '%s\n' '[workspace]' 'members = ["prog", "lib"]' 'resolver = "2"' '[workspace.package]' 'edition = "2021"' \
        'version = "1.2.3"' 'license = "GPL-2.0-only"' '[workspace.dependencies]' 'rex = "*"' \
        'lib = { path = "lib", default-features = false }' >all/Cargo.toml
    printf '%s\n' '[package]' 'name = "prog"' 'edition.workspace = true' 'version.workspace = true' \
        'license.workspace = true' '[dependencies]' 'rex.workspace = true' \
        'lib = { workspace = true, features = ["two"] }' >all/prog/Cargo.toml
    library all/lib '[features]' 'default = ["one"]' 'one = []' 'two = []'
    printf '%s\n' 'pub const ON: (bool, bool) = (cfg!(feature = "one"), cfg!(feature = "two"));' >>all/lib/src/lib.rs
    program all/prog/src/main.rs length 'const _: () = assert!(!lib::ON.0 && lib::ON.1);'
    rexc build -q all/prog
    [ "$(license_of all/prog/target/rex/prog.rex)" = GPL ]
    sed -i 's/GPL-2.0-only/MIT/' all/Cargo.toml
    rexc build -q all/prog
    [ "$(license_of all/prog/target/rex/prog.rex)" != GPL ]
}

@test "a workspace that lies elsewhere, by package.workspace: its changes count" {
    mkdir -p root
    printf '%s\n' '[workspace]' 'members = ["../prog"]' 'resolver = "2"' '[workspace.package]' 'license = "GPL-2.0-only"' \
        >root/Cargo.toml
    package prog
    sed -i 's/^license.*/license.workspace = true\nworkspace = "..\/root"/' prog/Cargo.toml
    rexc build -q prog
    [ "$(license_of prog/target/rex/prog.rex)" = GPL ]
    sed -i 's/GPL-2.0-only/Proprietary/' root/Cargo.toml
    rexc build -q prog
    [ "$(license_of prog/target/rex/prog.rex)" = Proprietary ]
}

@test "a member that comes to be, two directories down" {
    package all/kinds/first/prog
    printf '[workspace]\nmembers = ["kinds/*/prog"]\nresolver = "2"\n' >all/Cargo.toml
    rexc build -q all -p prog
    package all/kinds/second/prog
    sed -i 's/name = "prog"/name = "other"/' all/kinds/second/prog/Cargo.toml
    rexc build -q all -p other
    [ -f all/target/rex/other.rex ]
}

@test "src/bin/NAME/main.rs: programs come and go" {
    package many
    mkdir -p many/src/bin/two
    mv many/src/main.rs many/src/bin/one.rs
    rexc build -q many
    program many/src/bin/two/main.rs length
    run rexc build many
    [ "$status" -eq 2 ]
    [[ "$output" == *REX0222*"one, two"* ]]
    rexc build -q many --bin two
    rm many/src/bin/two/main.rs
    rexc build -q many
    run rexc build many --bin two
    [ "$status" -eq 2 ]
}

@test "required-features: refused while they are off" {
    library dep '[features]' 'extra = []'
    manifest picky 'dep = { path = "../dep" }' '[features]' 'big = []' '[[bin]]' 'name = "picky"' 'path = "src/main.rs"' \
        'required-features = ["big", "dep/extra"]'
    program picky/src/main.rs length
    local arguments
    for arguments in "" "--features big" "--features dep/extra"; do
        # shellcheck disable=SC2086
        run rexc build picky $arguments
        [ "$status" -eq 1 ]
        [[ "$output" == *REX0211*"program 'picky' requires the feature"* ]]
    done
    rexc build -q picky --features big,dep/extra
    # With a library to look at, the program is left out, as Cargo does.
    printf '#![no_std]\n' >picky/src/lib.rs
    rexc check -q picky
}

@test "--features: what names nothing is refused" {
    library dep '[features]' 'extra = []'
    manifest user 'dep = { path = "../dep", optional = true }' '[features]' 'more = ["dep:dep"]'
    program user/src/main.rs length
    local feature
    for feature in less nope/x dep/nope dep:dep 'dep?/extra' user/less; do
        run rexc build user --features "$feature"
        [ "$status" -eq 1 ]
        [[ "$output" == *REX0211* ]]
    done
    [ ! -e user/target/rex/user.rex ]
    rexc build -q user --features user/more,dep/extra
}

@test "target is a symbolic link" {
    package linked
    mkdir elsewhere
    ln -s ../elsewhere linked/target
    rexc build -q linked
    [ -f elsewhere/rex/linked.rex ]
    [ "$(children rexc build -q linked)" -eq 0 ]
}

@test "test: a program without a main for its tests is told how to have one" {
    package strict
    run rexc test strict
    [ "$status" -eq 1 ]
    [[ "$output" == *"cfg_attr(not(test), no_main)"* ]]
}

@test "odd names of directories: built, or refused by name, and in no other way" {
    local name
    for name in 'pct%41%' "q'uote" 'd"q$x' 'a=b;c' '-dash' 'back\slash' 'ünï'; do
        mkdir -p "./$name"
        manifest "./$name/inside"
        program "./$name/inside/src/main.rs" length
        rexc build -q "./$name/inside"
        (cd "./$name/inside/src" && rexc main.rs -o out.rex)
    done
    cmp "./pct%41%/inside/target/rex/inside.rex" './-dash/inside/target/rex/inside.rex'
    for name in $'new\nline' $'t\tab' 'com,ma' $'latin\xe4'; do
        mkdir -p "./$name"
        manifest "./$name/inside"
        program "./$name/inside/src/main.rs" length
        run rexc build "./$name/inside"
        [ "$status" -eq 1 ]
        [[ "$output" == *REX0224* ]]
        [ ! -e "./$name/inside/target/rex/inside.rex" ]
        run rexc test "./$name/inside"
        [ "$status" -eq 1 ]
        [[ "$output" == *REX0224* ]]
        rm -rf "./$name/inside/target"
        ln -s "$PWD/elsewhere" "./$name/inside/target"
    done
    # A comma matters only where the compiler writes.
    mkdir elsewhere
    rexc build -q com,ma/inside
    run env TMPDIR="$PWD/com,ma" rexc com,ma/inside/src/main.rs -o out.rex
    [ "$status" -eq 1 ]
    [[ "$output" == *REX0224* ]]
    [ "$(ls com,ma)" = inside ]
    rexc com,ma/inside/src/main.rs -o out.rex
    # A module's name as well.
    package tabbed
    printf 'pub const X: i32 = 1;\n' >$'tabbed/src/a\tb.rs'
    program tabbed/src/main.rs 'length + m::X' $'#[path = "a\\tb.rs"]' 'mod m;'
    run rexc build tabbed
    [ "$status" -eq 1 ]
    [[ "$output" == *REX0224* ]]
}
