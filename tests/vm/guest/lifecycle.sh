#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Objects that end while their programs run, loaders that are killed, CPUs that come and go, the module's end.
# shellcheck source=tests/vm/guest/lib.sh
. ./lib.sh
make_pair

nothing_left()
{
    equal "" "$(rexc list; bpftool link; bpftool prog; bpftool map)"
}

ping -q -f -W 1 10.0.0.2 >/dev/null 2>&1 &
flood=$!
dd if=/dev/zero of=/dev/null bs=1 2>/dev/null &
first=$!
taskset -c 1 dd if=/dev/zero of=/dev/null bs=1 2>/dev/null &
second=$!
unloaded=0
for round in 1 2 3 4; do
    rexc load vm_xdp.rex -q --attach vm_xdp=v0:native || break
    rexc load vm_tracepoint.rex -q --attach raw_enter || break
    rexc unload vm_xdp || break
    rexc unload vm_tracepoint || break
    unloaded=$round
done
check "load and unload while firing on all CPUs" equal 4 "$unloaded"

check "objects that are loaded, looked at and unloaded by several at a time" ./race vm_xdp.rex vm_xdp 3
check "and they leave nothing" soon nothing_left

rexc load vm_tracepoint.rex -q --attach raw_enter
rm -r $pins/vm_tracepoint
check "an object goes when its last pin does, while firing" soon nothing_left

# Killed sooner or later while it loads; what it has pinned by then is there, and can be removed.
for moment in 0.02 0.06 0.1 0.15 0.2 0.3; do
    rexc load vm_tracepoint.rex -q --attach raw_enter --attach openat_enter --attach openat_exit >/dev/null 2>&1 &
    loader=$!
    sleep $moment
    kill -9 $loader 2>/dev/null
    wait $loader 2>/dev/null
    rm -rf $pins/vm_tracepoint
done
check "loaders that are killed leave nothing" soon nothing_left
kill $first $second

rexc load vm_tracepoint.rex -q --attach raw_enter
check "a CPU goes" sh -c 'echo 0 >/sys/devices/system/cpu/cpu1/online'
check "and comes back" sh -c 'echo 1 >/sys/devices/system/cpu/cpu1/online'
getpids()
{
    value $pins/vm_tracepoint/CALLS 39 8
}
before=$(getpids)
taskset -c 1 ./openat /tmp/created
check "programs run there again" [ "$(getpids)" -gt "${before:-0}" ]
check "unload after that" rexc unload vm_tracepoint

rexc load vm_xdp.rex -q --attach vm_xdp=v0:native
check "the module is not removed while an object is loaded" fails rmmod rex
check "unload the last" rexc unload vm_xdp
kill $flood
check "the module is removed" soon rmmod rex
# Programs' own part is 16 KiB at most, and as much is for what they call and for what interrupts them.
deepest=$(dmesg | sed -n 's/.* rex: stack [0-9]: at most \([0-9]*\) bytes used.*/\1/p' | sort -n | tail -1)
dmesg | sed -n 's/.* rex: stack/# stack/p'
check "the stacks were deep enough" between 1 24576 "$deepest"
check "packets pass without it" passes 10.0.0.2
finish lifecycle.sh
