#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# That what the object's thunks are rewritten to fits this kernel: all five types, on the machine's other setting.
# shellcheck source=tests/vm/guest/lib.sh
. ./lib.sh
make_pair
cat /sys/devices/system/cpu/vulnerabilities/retbleed /sys/devices/system/cpu/vulnerabilities/spectre_v2 | sed 's/^/# /'
check "load" rexc load vm_misbehave.rex --attach on_packet=v0:native --attach on_filter=v0:egress --attach on_call \
    --attach on_event --attach on_sample=20
ran()
{
    ./dup >/dev/null
    passes 10.0.0.2
    [ "$(count "$1" runs)" -gt 0 ]
}
for program in on_packet on_filter on_call on_event on_sample; do
    check "$program runs" soon ran $program
done
for mode in 11 13; do
    set_word $pins/vm_misbehave/MODE 3 $mode 4
    ./dup >/dev/null
done
set_word $pins/vm_misbehave/MODE 3 0 4
check "a panic" between 1 100 "$(count on_event panics)"
check "a timeout" between 1 100 "$(count on_event timeouts)"
check "unload" rexc unload vm_misbehave
finish mitigations.sh
