#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What help says of options is what the parsers take, and man pages and completion say the same.

bats_require_minimum_version 1.5.0

commands() { rexc --help | sed -n '/^commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' | grep -v '^help$'; }

# options: the words of a help text, on stdin, that are options.
options() { grep -oE -- '(^|[ ,[|(])--?[a-zA-Z][a-zA-Z0-9-]*' | grep -oE -- '--?[a-zA-Z][a-zA-Z0-9-]*' | sort -u; }

# long_options COMMAND: what its source gives to getopt.
long_options() {
    local files=("$REXC_SOURCE/cmd/$1.c")
    ! grep -q PROJECT_OPTIONS "${files[0]}" || files+=("$REXC_SOURCE/cmd/project_options.h")
    grep -ohE '"[a-z-]+", (no|required|optional)_argument' "${files[@]}" | sed 's/"\([a-z-]*\)".*/--\1/'
}

@test "every command's help has its usage and an example that begins with rexc" {
    for command in $(commands); do
        run -0 rexc help "$command"
        [[ "$output" == *"usage: rexc $command"* ]]
        [[ "$output" == *"example: rexc "* ]]
        [ "$output" = "$(rexc "$command" --help)" ]
    done
}

@test "every option that a command takes stands in its help" {
    for command in $(commands); do
        help=$(rexc help "$command" | options)
        for option in $(long_options "$command"); do
            grep -qxe "$option" <<<"$help" || { echo "$command takes $option, and its help does not say so"; false; }
        done
    done
}

@test "every option in a command's help is taken by its parser" {
    cd "$BATS_TEST_TMPDIR"
    for command in $(commands); do
        for option in $(rexc help "$command" | sed '/^example/d' | options); do
            # With a value, and one word more, so that nothing but the option can be what is not known.
            run rexc "$command" "$option" 1 /nonexistent/word
            [[ "$output" != *"unknown option"* ]] || { echo "$command $option: $output"; false; }
        done
    done
}

@test "every command has a man page with every option of its help" {
    [ -f "$REXC_BUILD/man/rexc.1" ] || skip "built without help2man"
    for command in $(commands); do
        page=$(sed 's/\\-/-/g; s/\\f[BIRP]//g' "$REXC_BUILD/man/rexc-$command.1")
        for option in $(rexc help "$command" | options); do
            grep -qFe "$option" <<<"$page" || { echo "rexc-$command.1 lacks $option"; false; }
        done
    done
}

@test "completion offers every command, and every option of each" {
    source "$REXC_SOURCE/scripts/completion/rexc"
    compopt() { :; }
    COMP_WORDS=(rexc "") COMP_CWORD=1
    _rexc
    for command in $(commands); do
        [[ " ${COMPREPLY[*]} " == *" $command "* ]]
    done
    for command in $(commands); do
        offered=$(COMP_WORDS=(rexc "$command" -) COMP_CWORD=2; _rexc; printf ' %s' "${COMPREPLY[@]}" ' ')
        for option in $(rexc help "$command" | options); do
            [[ "$offered" == *" $option "* ]] || { echo "$command $option: $offered"; false; }
        done
    done
}

@test "completion does not take the value of an option for the command" {
    source "$REXC_SOURCE/scripts/completion/rexc"
    compopt() { :; }
    COMP_WORDS=(rexc -j 2 --color never ver) COMP_CWORD=5
    _rexc
    [ "${COMPREPLY[*]}" = verify ]
    COMP_WORDS=(rexc --color "=" never ver) COMP_CWORD=4
    _rexc
    [ "${COMPREPLY[*]}" = verify ]
    COMP_WORDS=(rexc -j 2 verify --int) COMP_CWORD=4
    _rexc
    [ "${COMPREPLY[*]}" = --integrity-only ]
}

@test "a misspelt option has a suggestion, those of every command included" {
    for words in "build --no-sgin:--no-sign" "verify --integrity-onyl:--integrity-only" "build --quite:--quiet" \
        "a.rs --exern x -o y:--extern" "--verison:--version"; do
        # shellcheck disable=SC2086 # words
        run rexc ${words%:*}
        [ "$status" -eq 2 ]
        [[ "$output" == *"did you mean ${words##*:}?"* ]]
    done
}

@test "a result that cannot be written is an error, said once, with status 3" {
    cd "$BATS_TEST_TMPDIR"
    printf '#![no_std]\n#![no_main]\nuse rex::xdp::{XDP_PASS, xdp, xdp_md};\n#[rex::rex_xdp]\nfn passes(_: &xdp, _: &mut xdp_md) -> rex::Result { Ok(XDP_PASS as i32) }\n' >p.rs
    export XDG_CONFIG_HOME=$PWD/config
    rexc p.rs -o p.rex
    for words in --help 'explain REX0301' 'stack p.rex' 'inspect p.rex --json' 'verify p.rex --integrity-only' \
        'verify p.rex --integrity-only --json' 'bindgen task_struct' 'doctor --json' 'cache show' \
        "run p.rex --json --pcap $BATS_TEST_DIRNAME/../captures/traffic.pcap"; do
        echo "$words"
        status=0
        # shellcheck disable=SC2086
        rexc $words >/dev/full 2>told || status=$?
        cat told
        [ "$(grep -c 'cannot write to standard output' told)" = 1 ]
        ! grep -q REX0002 told
        [ "$status" -eq 3 ]
    done
}

@test "bindgen: the empty name is no type, though kernels have types without a name" {
    [ -r /sys/kernel/btf/vmlinux ] || skip "the running kernel has no BTF"
    run rexc bindgen ''
    [ "$status" -eq 2 ]
    [[ "$output" == *"has no type"* ]]
}
