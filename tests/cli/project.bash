# SPDX-License-Identifier: Apache-2.0
# Packages for tests. Each makes NAME below the current directory.

# Config of its own for a test file, so that its development key is nobody else's; made once a file, as a key takes long.
setup_file() {
    export XDG_CONFIG_HOME=$BATS_FILE_TMPDIR/config
}

enter_directory() {
    cd "$BATS_TEST_TMPDIR"
}

# manifest NAME [MORE...]: Cargo.toml with a dependency on rex and further lines.
manifest() {
    local name=$1
    shift
    mkdir -p "$name/src"
    printf '%s\n' '[package]' "name = \"${name##*/}\"" 'version = "0.1.0"' 'edition = "2024"' \
        'license = "GPL-2.0-only"' '' '[dependencies]' 'rex = "*"' "$@" >"$name/Cargo.toml"
}

# library NAME [MORE...]: a package with an empty library and no dependency.
library() {
    local name=$1
    shift
    mkdir -p "$name/src"
    printf '%s\n' '[package]' "name = \"${name##*/}\"" 'version = "0.1.0"' 'edition = "2024"' "$@" >"$name/Cargo.toml"
    printf '#![no_std]\n' >"$name/src/lib.rs"
}

# program FILE EXPRESSION [ITEMS...]: an xdp program whose verdict is the expression.
program() {
    local file=$1 expression=$2
    shift 2
    cat >"$file" <<EOF
#![no_std]
#![no_main]
use rex::xdp::*;
use rex::{Result, rex_xdp};
$(printf '%s\n' "$@")
#[rex_xdp]
fn verdict(_: &xdp, ctx: &mut xdp_md) -> Result {
    let length = ctx.data_length() as i32;
    Ok($expression)
}
EOF
}

# package NAME: a program without anything special.
package() {
    manifest "$1"
    program "$1/src/main.rs" 'length & 1'
}

# started COMMAND...: the programs that the command starts, itself left out. A file a process: in one file the
# lines of two at once are torn.
started() {
    rm -f "$BATS_TEST_TMPDIR"/strace.*
    strace -ff -qq -e trace=execve -e signal=none -o "$BATS_TEST_TMPDIR/strace" "$@" >&2
    sed -n 's/.*execve("\([^"]*\)".* = 0/\1/p' "$BATS_TEST_TMPDIR"/strace.* | xargs -rn1 basename | sort | sed "0,/^$1\$/{/^$1\$/d}"
}

# children COMMAND...: how many processes the command starts.
children() { started "$@" | wc -l; }

# tools COMMAND...: the names of the programs that it starts, in order of name.
tools() { started "$@" | tr '\n' ' '; }
