#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# With trust_secondary=1, who is in the kernel's secondary keyring is trusted as well.
# shellcheck source=tests/vm/guest/lib.sh
. ./lib.sh
check "somebody else's object is refused" refused "rexc trust" rexc load foreign.rex
check "sealing the module's own keyring" rexc trust --seal
check "a certificate more in the kernel's secondary keyring" insmod secondary.ko certificate=/root/other.der
check "somebody else's object is taken now" rexc load foreign.rex
check "unload it" rexc unload foreign
check "a damaged object is still refused" refused REX1003 rexc load damaged.rex
check "so is an unsigned one" refused REX1003 rexc load unsigned.rex
check "and who is in the module's own keyring is trusted as before" rexc load vm_xdp.rex
check "unload" rexc unload vm_xdp
finish secondary.sh
