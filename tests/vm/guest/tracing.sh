#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# kprobe, tracepoint and perf_event programs; maps from both sides; printk.
# shellcheck source=tests/vm/guest/lib.sh
. ./lib.sh

check "load kprobe, attached to what its source says" rexc load vm_kprobe.rex --attach vm_kprobe
ip link set lo mtu 12345
check "kprobe: the argument in RSI" equal 12345 "$(member $pins/vm_kprobe/CALLS 0 4 mtu)"
bpftool map dump pinned $pins/vm_kprobe/CALLS >/tmp/calls
check "kprobe: the process" grep -A1 '"comm": \[105,112,0' /tmp/calls
check "kprobe: the call did what it does" grep -q 12345 /sys/class/net/lo/mtu
check "kprobe: printk reaches the trace" soon grep -q 'mtu 12345 for the asking' $trace/trace
check "unload kprobe" rexc unload vm_kprobe
ip link set lo mtu 65536
no_maps()
{
    equal "" "$(bpftool map)"
}
check "no map is left" soon no_maps

check "load kprobe elsewhere" rexc load vm_kprobe.rex --attach vm_kprobe=dev_set_mtu_ext+0
check "a function that is not there is refused" refused REX1005 \
    rexc load vm_kprobe.rex --pin /sys/fs/bpf/other --attach vm_kprobe=no_such_function
check "and nothing is left of that" test ! -e /sys/fs/bpf/other
check "unload it" rexc unload vm_kprobe

check "load tracepoints" rexc load vm_tracepoint.rex --attach raw_enter --attach openat_enter --attach openat_exit
./openat /tmp/created
./openat /no/such/directory/file
check "raw_syscalls: getpid by its number" between 1 1000000 "$(value $pins/vm_tracepoint/CALLS 39 8)"
check "openat: directory descriptor" equal -100 "$(member $pins/vm_tracepoint/OPEN 0 4 dfd)"
check "openat: flags" equal 65 "$(member $pins/vm_tracepoint/OPEN 0 4 flags)"
check "openat: mode" equal 416 "$(member $pins/vm_tracepoint/OPEN 0 4 mode)"
check "openat's result: ENOENT" between 1 1000000 "$(value $pins/vm_tracepoint/FAILED 2 8)"
check "unload tracepoints" rexc unload vm_tracepoint

begun=$(cut -d. -f1 /proc/uptime)
check "load perf_event at 99 Hz" rexc load vm_perf_event.rex --attach vm_perf_event=99
busy=
for cpu in 0 1; do
    taskset -c $cpu sh -c 'while :; do :; done' &
    busy="$busy $!"
done
sampled()
{
    between 50 1000000 "$(value $pins/vm_perf_event/SAMPLES "$1" 4)"
}
for cpu in 0 1; do
    check "perf_event: samples on CPU $cpu" soon sampled $cpu
done
samples=$(value $pins/vm_perf_event/SAMPLES 0 4)
elapsed=$(($(cut -d. -f1 /proc/uptime) - begun + 1))
check "perf_event: not more than 99 a second" between 50 $((elapsed * 99 + 99)) "$samples"
# shellcheck disable=SC2086
kill $busy
bpftool map dump pinned $pins/vm_perf_event/STACKS >/tmp/stacks
check "perf_event: stacks were collected" grep -q value /tmp/stacks
check "perf_event: and counted" between 1 1024 "$(bpftool map dump pinned $pins/vm_perf_event/SEEN | grep -c '"key"')"
check "unload perf_event" rexc unload vm_perf_event

check "load maps" rexc load vm_maps.rex --attach vm_maps
maps=$pins/vm_maps
timeout 120 bpftool map event_pipe pinned $maps/EVENTS >/tmp/events 2>&1 &
pipe=$!
timeout 120 ./ringbuf $maps/RING >/tmp/ring &
ring=$!
check "a reader of the perf event array is there" soon grep -q . /proc/$pipe/wchan
# shellcheck disable=SC2046
bpftool map update pinned $maps/HASH key $(bytes 7 4) value $(bytes 1000 8)
# shellcheck disable=SC2046
bpftool map push pinned $maps/STACK value $(bytes 10 8)
# shellcheck disable=SC2046
bpftool map enqueue pinned $maps/QUEUE value $(bytes 20 8)
moved()
{
    taskset -c 1 ./dup >/dev/null
    equal 1001 "$(value $maps/HASH 8 4)"
}
check "hash: user space to program to user space" moved
check "array" equal 1002 "$(value $maps/ARRAY 1 4)"
check "per-CPU array: of one CPU only" equal "0 1000" \
    "$(bpftool map dump pinned $maps/PER_CPU | sed -n 's/.*"value": \([0-9]*\)$/\1/p' | head -2 | xargs)"
check "queue to stack" equal "0x17" "$(bpftool map pop pinned $maps/STACK | sed -n 's/.*value: \(..\) .*/0x\1/p')"
check "stack to queue" equal "0x0e" "$(bpftool map dequeue pinned $maps/QUEUE | sed -n 's/.*value: \(..\) .*/0x\1/p')"
wait $ring
check "ring buffer" equal "1000 1005" "$(cat /tmp/ring)"
# Its reader may have come late: each dup() sends once more.
event()
{
    taskset -c 1 ./dup >/dev/null
    grep -q "$1" /tmp/events
}
check "perf event array: 1006" soon event "ee 03 00 00 00 00 00 00"
check "perf event array: from CPU 1" soon event "CPU: 1 index: 1"
kill $pipe
check "unload maps" rexc unload vm_maps
finish tracing.sh
