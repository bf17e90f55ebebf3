#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Whose objects the kernel takes, what it says of others, and loaders that use librex.
# shellcheck source=tests/vm/guest/lib.sh
. ./lib.sh

check "an unsigned object is refused" refused REX1003 rexc load unsigned.rex
check "a damaged object is refused" refused REX1003 rexc load damaged.rex
check "an object of somebody else's is refused" refused "rexc trust" rexc load foreign.rex
check "its certificate in the kernel's secondary keyring" insmod secondary.ko certificate=/root/other.der
check "that keyring is not asked unless it is said so" refused "rexc trust" rexc load foreign.rex
check "nothing of them is left" equal "" "$(rexc list; ls -A $pins 2>/dev/null; bpftool prog; bpftool map)"
check "a certificate more" rexc trust other.crt
check "somebody else's object is taken now" rexc load foreign.rex
check "unload it" rexc unload foreign
check "no certificate" refused REX08 rexc trust lib.sh
check "seal" rexc trust --seal
check "no certificate more" refused REX1008 rexc trust third.crt
check "what was trusted still is" rexc load vm_xdp.rex
check "unload" rexc unload vm_xdp

check "without capabilities nothing is loaded" refused REX1002 ./unprivileged rexc list
check "a loader that uses librex" ./loader vm_xdp.rex vm_xdp
check "a loader that uses librex statically" ./loader-static vm_xdp.rex vm_xdp
check "maps in whose values the kernel keeps things, and others that do not fit" ./other_maps vm_misbehave.rex LOCKED
check "a loader written for Rex's own library" ./compat vm_xdp.rex
nothing_left()
{
    equal "" "$(rexc list; bpftool prog; bpftool map)"
}
check "an object goes when its loader does" soon nothing_left
finish trust.sh
