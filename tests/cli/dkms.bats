#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The module's source as a package for DKMS.

setup_file() {
    cpack --config "$REXC_BUILD/CPackConfig.cmake" -G DEB -B "$BATS_FILE_TMPDIR/package" -D CPACK_COMPONENTS_ALL=dkms
    export tree="$BATS_FILE_TMPDIR/tree"
    dpkg-deb -x "$BATS_FILE_TMPDIR"/package/rex-dkms_*_all.deb "$tree"
}

@test "the package has the module's source, and nothing that was built" {
    version=$(basename "$tree"/usr/src/rex-* | cut -d- -f2)
    cd "$tree/usr/src/rex-$version"
    (cd "$REXC_SOURCE" && git ls-files runtime/kernel runtime/abi | grep -E '\.([chS]|def)$|/Kbuild$' | sort) >"$BATS_TEST_TMPDIR/expected"
    find runtime -type f | sort >"$BATS_TEST_TMPDIR/found"
    diff "$BATS_TEST_TMPDIR/expected" "$BATS_TEST_TMPDIR/found"
    grep -q "PACKAGE_VERSION=\"$version\"" dkms.conf
    run grep '@' dkms.conf
    [ "$status" -eq 1 ]
}

@test "the package depends on dkms and hands the source to it" {
    deb=$(ls "$BATS_FILE_TMPDIR"/package/rex-dkms_*_all.deb)
    [ "$(dpkg-deb -f "$deb" Depends)" = dkms ]
    dpkg-deb -e "$deb" "$BATS_TEST_TMPDIR/control"
    sh -n "$BATS_TEST_TMPDIR/control/postinst"
    sh -n "$BATS_TEST_TMPDIR/control/prerm"
    grep -q common.postinst "$BATS_TEST_TMPDIR/control/postinst"
}

@test "dkms builds the module from the package's files" {
    command -v dkms >/dev/null || skip "dkms is not installed"
    headers=$(ls -d "${XDG_CACHE_HOME:-$HOME/.cache}"/rexc-vm/kernels/6.1/usr/src/linux-headers-*-cloud-amd64) ||
        skip "no kernel headers: tests/vm/fetch"
    version=$(basename "$tree"/usr/src/rex-* | cut -d- -f2)
    mkdir -p "$BATS_TEST_TMPDIR/dkms"
    # It goes through the motions for a kernel that is not installed, in directories of the test's own.
    dkms build -m rex -v "$version" -k "${headers##*/linux-headers-}" -a x86_64 --kernelsourcedir "$headers" \
        --sourcetree "$tree/usr/src" --dkmstree "$BATS_TEST_TMPDIR/dkms" --config "$headers/.config"
    find "$BATS_TEST_TMPDIR/dkms" -name 'rex.ko*' | grep -q .
}
