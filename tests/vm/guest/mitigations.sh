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
# ended MODE MEMBER: a run in that mode has ended so. On a machine that stalls a run may end by its time before.
ended()
{
    set_word $pins/vm_misbehave/MODE 3 "$1" 4
    ./dup >/dev/null
    set_word $pins/vm_misbehave/MODE 3 0 4
    [ "$(count on_event "$2")" -gt 0 ]
}
check "a panic" soon ended 11 panics
check "a timeout" soon ended 13 timeouts
check "unload" rexc unload vm_misbehave
finish mitigations.sh
