#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Keys, signing and inspecting, as a person meets them.

setup_file() {
    export XDG_CONFIG_HOME=$BATS_FILE_TMPDIR/config
    export object=$BATS_FILE_TMPDIR/p/target/rex/p.rex
    rexc new xdp p --path "$BATS_FILE_TMPDIR/p"
    rexc build "$BATS_FILE_TMPDIR/p"
    cd "$BATS_FILE_TMPDIR"
    rexc keygen release
    rexc keygen other
}

setup() { cd "$BATS_FILE_TMPDIR"; }

@test "the development key is private, and its directory too" {
    [ "$(stat -c %a "$XDG_CONFIG_HOME/rexc")" = 700 ]
    [ "$(stat -c %a "$XDG_CONFIG_HOME/rexc/development.key")" = 600 ]
}

@test "keygen makes a private key and a certificate, once" {
    [ "$(stat -c %a release.key)" = 600 ]
    openssl x509 -in release.crt -noout -text | grep -q "CA:FALSE"
    before=$(sha256sum release.key)
    run rexc keygen release
    [ "$status" -eq 1 ]
    [[ "$output" == *"REX0805"* ]]
    [ "$(sha256sum release.key)" = "$before" ]
}

@test "keygen refuses what is no name" {
    for name in "" .. a/.b "$(printf 'x%.0s' {1..65})"; do
        run rexc keygen "$name"
        [ "$status" -eq 2 ]
    done
}

@test "an object signed again verifies with that certificate only" {
    cp "$object" signed.rex
    rexc sign signed.rex --key release.key --cert release.crt
    rexc verify signed.rex --cert release.crt
    run rexc verify signed.rex --cert other.crt
    [ "$status" -eq 1 ]
    run rexc verify signed.rex
    [ "$status" -eq 1 ]
}

@test "signing twice gives the same bytes" {
    cp "$object" once.rex
    rexc sign once.rex --key release.key --cert release.crt
    cp once.rex twice.rex
    rexc sign twice.rex --key release.key --cert release.crt
    cmp once.rex twice.rex
}

@test "no configuration of OpenSSL changes what is signed or verified" {
    cp "$object" ours.rex
    rexc sign ours.rex --key release.key --cert release.crt
    # Without the default provider there are no algorithms.
    printf '%s\n' 'openssl_conf = c' '[c]' 'providers = p' '[p]' 'null = n' '[n]' 'activate = 1' >none.cnf
    echo '[' >broken.cnf
    run env OPENSSL_CONF="$PWD/none.cnf" openssl dgst -sha256 ours.rex
    [ "$status" -ne 0 ]
    for configuration in none.cnf broken.cnf absent.cnf; do
        export OPENSSL_CONF=$PWD/$configuration
        cp "$object" theirs.rex
        rexc sign theirs.rex --key release.key --cert release.crt
        cmp ours.rex theirs.rex
        rexc verify ours.rex --cert release.crt
        run rexc verify ours.rex --cert other.crt
        [ "$status" -eq 1 ]
        rexc build "$BATS_FILE_TMPDIR/p"
    done
}

@test "openssl agrees" {
    cp "$object" checked.rex
    rexc sign checked.rex --key release.key --cert release.crt
    size=$(stat -c %s checked.rex)
    cms=$(tail -c 32 checked.rex | head -c 4 | od -An -tu4 --endian=big)
    head -c $((size - 40 - cms)) checked.rex >elf
    tail -c $((40 + cms)) checked.rex | head -c "$((cms))" >signature
    openssl cms -verify -binary -inform DER -in signature -content elf -certfile release.crt \
        -CAfile release.crt -purpose any -out /dev/null
}

@test "unfit keys are refused by name, and the object is as it was" {
    cp "$object" kept.rex
    cp release.key open.key
    chmod 644 open.key
    openssl pkey -in release.key -aes256 -passout pass:x -out encrypted.key
    openssl rsa -in release.key -aes256 -traditional -passout pass:x -out encrypted-1421.key
    (umask 077 && openssl ecparam -name prime256v1 -genkey -noout -out curve.key)
    chmod 600 encrypted.key encrypted-1421.key
    for pair in "open.key release.crt REX0802" "encrypted.key release.crt REX0801" \
        "encrypted-1421.key release.crt REX0801" "curve.key release.crt REX0804" "release.key other.crt REX0803" \
        "none.key release.crt REX0800" "release.crt release.crt REX0802"; do
        read -r key cert code <<<"$pair"
        run rexc sign kept.rex --key "$key" --cert "$cert" </dev/null
        [ "$status" -eq 1 ]
        [[ "$output" == *"$code"* ]]
        cmp "$object" kept.rex
    done
}

@test "sign wants an object, a key and a certificate" {
    run rexc sign "$object" --key release.key
    [ "$status" -eq 2 ]
    run rexc sign --key release.key --cert release.crt
    [ "$status" -eq 2 ]
    run rexc sign release.crt --key release.key --cert release.crt
    [ "$status" -eq 1 ]
    [[ "$output" == *"REX0850"* ]]
}

@test "inspect shows what an object is" {
    run rexc inspect "$object"
    [ "$status" -eq 0 ]
    [[ "$output" == *"license GPL"* ]]
    [[ "$output" == *"filter"*"xdp"*"stack at most"* ]]
    [[ "$output" == *"PACKETS"*"hash"*"value u64 (8 bytes)"* ]]
    [[ "$output" == *"rex_hash_lookup"* ]]
    [[ "$output" == *"source.src/main.rs"* ]]
    [[ "$output" == *"development key, intact"* ]]
}

@test "inspect --json is format 1" {
    rexc inspect --json "$object" >inspected.json
    python3 - <<'PYTHON'
import json
o = json.load(open("inspected.json"))
assert o["format"] == 1
assert {"programs", "maps", "imports", "sections", "note", "signature", "layout"} <= o.keys()
assert o["programs"][0]["name"] == "filter" and o["programs"][0]["type"] == "xdp"
assert o["maps"][0]["value_type"] == "u64"
assert o["signature"]["development_key"] and o["signature"]["intact"]
assert o["note"]["provenance"]["rexc"]
PYTHON
}

@test "inspect tells a changed object" {
    cp "$object" changed.rex
    printf 'X' | dd of=changed.rex bs=1 seek=4096 conv=notrunc status=none
    run rexc inspect changed.rex
    [ "$status" -eq 0 ]
    [[ "$output" == *"CHANGED after signing"* ]]
}

@test "inspect refuses what is no object" {
    head -c 1000 "$object" >cut.rex
    for file in cut.rex /dev/null release.crt missing.rex .; do
        run rexc inspect "$file"
        [ "$status" -eq 1 ]
    done
}

@test "bpftool reads the types of the maps" {
    command -v bpftool >/dev/null || skip "no bpftool"
    run bpftool btf dump file "$object"
    [ "$status" -eq 0 ]
    [[ "$output" == *"VAR 'PACKETS'"* ]]
}
