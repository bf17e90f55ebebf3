# SPDX-License-Identifier: Apache-2.0
# Shared by the scripts: saying what is done, and installing the Debian packages that are missing.
# shellcheck shell=bash disable=SC2034 # what it sets is for those who read it

set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

# Everything that the build, the tool and its tests need; docs/dependencies.md says what each is for.
build_packages=(
    build-essential cmake ninja-build pkg-config
    clang-22 llvm-22-dev lld-22
    libelf-dev libdw-dev libbpf-dev libssl-dev libzydis-dev libjansson-dev libpcap-dev libiberty-dev
    linux-libc-dev help2man
)
tool_packages=(
    rustc-web cargo-web rust-web-src rust-web-clippy
)
test_packages=(
    bats libcmocka-dev python3 python3-pyelftools jq strace openssl file llvm-22 clang-format clang-tidy-22 cppcheck shellcheck
    libclang-rt-22-dev iproute2 tcpdump tshark iputils-ping bpftool
    qemu-system-x86 busybox-static cpio kmod netcat-openbsd gcc-12 libc6-dev
)

if [ -t 1 ]; then bold=$'\033[1m' reset=$'\033[0m'; else bold="" reset=""; fi

say() { printf '%s==> %s%s\n' "$bold" "$*" "$reset"; }

# install_packages NAME...: installs those that are missing, and says which.
install_packages() {
    local missing=() package
    for package in "$@"; do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q '^install ok installed' ||
            missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    local as_root=()
    [ "$(id -u)" = 0 ] || as_root=(sudo)
    say "installing Debian packages: ${missing[*]}"
    "${as_root[@]}" apt-get update -q
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -q --no-install-recommends "${missing[@]}"
}

# build_preset NAME: configures and builds one CMake preset into build/NAME.
build_preset() {
    say "building ($1)"
    cmake --preset "$1" -S "$root" >"$root/build-$1.log" 2>&1 ||
        { cat "$root/build-$1.log"; return 1; }
    rm -f "$root/build-$1.log"
    cmake --build "$root/build/$1"
}
