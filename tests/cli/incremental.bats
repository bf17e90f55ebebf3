#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What is built again, and what is left alone.
bats_require_minimum_version 1.5.0
load project

setup() { enter_directory; }

@test "nothing changed: no child process" {
    package hello
    rexc build -q hello
    [ "$(children rexc build hello)" -eq 0 ]
    run -0 rexc build hello
    [[ "$output" == *"(nothing changed)"* ]]
}

@test "content decides, not the time stamp" {
    package hello
    rexc build -q hello
    touch hello/src/main.rs hello/Cargo.toml
    [ "$(children rexc build hello)" -eq 0 ]
    # Other content under the old time and size.
    touch -r hello/src/main.rs stamp
    sed -i 's/length & 1/length \& 3/' hello/src/main.rs
    touch -r stamp hello/src/main.rs
    [ "$(tools rexc build hello)" = "clippy-driver ld.lld-22 rustc " ]
}

@test "one line changed in the program: its dependency is left alone" {
    library helper
    echo 'pub fn half(n: i32) -> i32 { n / 2 }' >>helper/src/lib.rs
    manifest user 'helper = { path = "../helper" }'
    program user/src/main.rs 'helper::half(length) & 1'
    rexc build -q user
    sed -i 's/& 1/\& 3/' user/src/main.rs
    [ "$(tools rexc build user)" = "clippy-driver ld.lld-22 rustc " ]
    sed -i 's/n \/ 2/n \/ 4/' helper/src/lib.rs
    [ "$(tools rexc build user)" = "clippy-driver clippy-driver ld.lld-22 rustc rustc " ]
}

@test "a comment changes nothing that is linked" {
    package hello
    rexc build -q hello --no-sign
    cp hello/target/rex/hello.rex before.rex
    echo '// the end' >>hello/src/main.rs
    rexc build -q hello --no-sign
    # The sources' digests are in the note; the code is the same.
    cmp <(objcopy -O binary -j .text before.rex /dev/stdout) <(objcopy -O binary -j .text hello/target/rex/hello.rex /dev/stdout)
}

@test "another key: signed and verified again, nothing compiled or linked" {
    package hello
    rexc build -q hello
    rexc keygen release
    [ "$(children rexc build hello --sign-key release.key --sign-cert release.crt)" -eq 0 ]
    rexc verify hello/target/rex/hello.rex --cert release.crt
}

@test "a manifest that means the same asks cargo alone" {
    package hello
    rexc build -q hello
    echo '# a comment' >>hello/Cargo.toml
    [ "$(tools rexc build hello)" = "cargo " ]
    echo 'fn main() {}' >hello/build.rs
    run rexc build hello
    [ "$status" -eq 1 ]
    [[ "$output" == *"REX0203"* ]]
}

@test "the license is in the object" {
    package hello
    rexc build -q hello
    sed -i 's/^license = .*/license = "MIT OR GPL-2.0-only"/' hello/Cargo.toml
    [ "$(tools rexc build hello)" = "cargo ld.lld-22 " ]
    run -0 rexc inspect hello/target/rex/hello.rex
    [[ "$output" == *"Dual MIT/GPL"* ]]
}

@test "an output that was deleted, cut or changed is made again" {
    package hello
    rexc build -q hello
    object=hello/target/rex/hello.rex
    cp $object good.rex
    rm $object
    rexc build -q hello && cmp $object good.rex
    truncate -s 1000 $object
    rexc build -q hello && cmp $object good.rex
    printf 'X' | dd of=$object bs=1 seek=5000 conv=notrunc status=none
    rexc build -q hello && cmp $object good.rex
}

@test "intermediate files that were changed are made again" {
    package hello
    rexc build -q hello
    cp hello/target/rex/hello.rex good.rex
    find hello/target/rex/.build -type f | while read -r file; do
        printf 'X' >>"$file"
        rexc build -q hello
        cmp hello/target/rex/hello.rex good.rex
    done
    find hello/target/rex/.build -type f -delete
    rexc build -q hello
    cmp hello/target/rex/hello.rex good.rex
}

@test "a target directory prepared by somebody else is no way around the policy" {
    package innocent
    rexc build -q innocent
    # The attacker's rexc has another record key, and a policy that lets everything pass.
    package attack
    XDG_CONFIG_HOME=$PWD/attacker rexc build -q attack
    sed -i 's/Ok(.*/Ok(unsafe { *(8 as *const i32) })/' attack/src/main.rs
    digest=$(sha256sum attack/src/main.rs | cut -d' ' -f1)
    # All records claim that the new source is the one that was checked.
    sed -i "s#src/main.rs\t[0-9a-f]\{64\}#src/main.rs\t$digest#" attack/target/rex/.build/*.record attack/target/rex/.build/crates/*.record
    run rexc build attack
    [ "$status" -eq 1 ]
    [[ "$output" == *"REX03"* ]]
}

@test "stopped at any moment, the next build is right" {
    package hello
    rexc build -q hello
    cp hello/target/rex/hello.rex good.rex
    for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
        rm -rf hello/target
        rexc build -q hello & pid=$!
        sleep "0.$(printf '%02d' $((i * 4)))"
        if [ $((i % 2)) -eq 0 ]; then kill -KILL $pid; else kill -INT $pid; fi 2>/dev/null || true
        wait $pid || true
        # Whole, or not there.
        [ ! -e hello/target/rex/hello.rex ] || cmp hello/target/rex/hello.rex good.rex
        rexc build -q hello
        cmp hello/target/rex/hello.rex good.rex
        [ -z "$(find hello/target/rex -name 'rexc-*.??????' -o -name '.*.tmp.*')" ]
    done
}

@test "a full disk leaves the object as it was" {
    command -v unshare >/dev/null || skip "no unshare"
    unshare -rm true 2>/dev/null || skip "no user namespaces"
    package hello
    mkdir mount
    export -f manifest program package
    run unshare -rm bash -ec '
        mount -t tmpfs -o size=2m none mount
        cp -r hello mount/hello
        cd mount
        rexc build -q hello
        cp hello/target/rex/hello.rex good.rex
        sed -i "s/length & 1/length \& 3/" hello/src/main.rs
        head -c 3m /dev/zero >fill 2>/dev/null || true
        ! rexc build hello || exit 9
        cmp hello/target/rex/hello.rex good.rex
        rm fill
        rexc build -q hello
        ! cmp -s hello/target/rex/hello.rex good.rex
    '
    echo "$output"
    [ "$status" -eq 0 ]
    [[ "$output" == *"No space left"* ]]
}

@test "a disk that is full for the compiler is the machine's fault, and leaves the object as well" {
    command -v unshare >/dev/null || skip "no unshare"
    unshare -rm true 2>/dev/null || skip "no user namespaces"
    package hello
    mkdir mount
    export -f manifest program package
    run unshare -rm bash -ec '
        mount -t tmpfs -o size=2m none mount
        cp -r hello mount/hello
        cd mount
        rexc build -q hello
        cp hello/target/rex/hello.rex good.rex
        for left in 24 32 40 48; do
            sed -i "s/length & [0-9]*/length \& $left/" hello/src/main.rs
            head -c $(( ($(df -k --output=avail . | tail -1) - left) * 1024 )) /dev/zero >fill
            status=0
            rexc build hello || status=$?
            rm fill
            [ "$status" -eq 3 ] || [ "$status" -eq 0 ] || exit 9
            [ "$status" -eq 0 ] || cmp hello/target/rex/hello.rex good.rex || exit 8
            rexc build -q hello
            cp hello/target/rex/hello.rex good.rex
        done
    '
    echo "$output"
    [ "$status" -eq 0 ]
    [[ "$output" == *"could not copy"*REX0004*"the compiler could not do its work"* ]]
}

@test "builds of one package wait for each other" {
    package hello
    for i in 1 2 3 4; do rexc build -q hello & done
    wait
    cp hello/target/rex/hello.rex first.rex
    rm -rf hello/target
    rexc build -q hello
    cmp hello/target/rex/hello.rex first.rex
}

@test "a program that the policy refuses leaves no object, not even that of an earlier build" {
    package hello
    rexc build -q hello
    sed -i 's/Ok(/Ok(unsafe { 1 } + /' hello/src/main.rs
    run rexc build hello
    [ "$status" -eq 1 ]
    run rexc build hello
    [ "$status" -eq 1 ]
    [ ! -e hello/target/rex/hello.rex ]
}

@test "-v says why" {
    package hello
    rexc build -q hello
    sed -i 's/length & 1/length \& 3/' hello/src/main.rs
    run -0 rexc build -v hello
    [[ "$output" == *"# compile hello: 'src/main.rs' changed"* ]]
}
