#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# How long endless loops last. The machine's processors are a thread of the host's each: where they share one, a processor waits
# for up to 100 ms for its turn (QEMU's), and so does its timer.
# shellcheck source=tests/vm/guest/lib.sh
. ./lib.sh
maps=$pins/vm_misbehave
echo 0 >/proc/sys/debug/kprobes-optimization

# measure PLACE INDEX MODE WHAT: fifteen runs, one by one. The third of them tells, as a busy host makes the others late.
measure()
{
    set_word $maps/MODE "$2" "$3" 4
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
        ./dup
    done | sort -n >/tmp/times
    echo "# $1, $4, limit 100 ms: ended after $(tr '\n' ' ' </tmp/times)ms"
    check "$1, $4: none ends before its time" between 100 100000 "$(head -n 1 /tmp/times)"
    check "$1, $4: ended within 50 ms of its limit" between 100 150 "$(sed -n 3p /tmp/times)"
    set_word $maps/MODE "$2" 0 4
}

check "clock: load on a tracepoint" rexc load vm_misbehave.rex -q --attach on_event
measure "tracepoint" 3 2 "endless loop"
measure "tracepoint" 3 3 "endless helpers"
check "clock: unload from the tracepoint" rexc unload vm_misbehave
check "clock: load on a breakpoint" rexc load vm_misbehave.rex -q --attach on_call=__x64_sys_dup+"$(behind_ftrace)"
measure "interrupts off" 2 2 "endless loop"
measure "interrupts off" 2 3 "endless helpers"
measure "interrupts off" 2 4 "endless copy"
# Each CPU watches the next one, and those behind it whose own watchers are in such loops. The slowest of three at a time.
set_word $maps/MODE 2 2 4
for _ in 1 2 3 4 5 6 7 8 9; do
    for cpu in 1 2 3; do
        taskset -c $cpu ./dup >/tmp/time.$cpu &
    done
    wait
    cat /tmp/time.1 /tmp/time.2 /tmp/time.3 | sort -n | tail -n 1
done | sort -n >/tmp/times
set_word $maps/MODE 2 0 4
echo "# interrupts off, endless loops on three of four CPUs: all ended after $(tr '\n' ' ' </tmp/times)ms"
check "interrupts off, three loops at a time: ended within 50 ms of their limit" between 100 150 "$(sed -n 2p /tmp/times)"
check "clock: unload from the breakpoint" rexc unload vm_misbehave
finish clock.sh
