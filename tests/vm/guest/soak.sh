#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Its functions are called by name, at the end.
# shellcheck disable=SC2317
# soak.sh PART TIMES: one part of the long runs; its status says whether all was well.
# shellcheck source=tests/vm/guest/lib.sh
. ./lib.sh
maps=$pins/vm_misbehave
failed=0
expect()
{
    "$@" || failed=1
}

# Kilobytes in use that a leak would show in: of the kernel's caches and of vmalloc, and tasks.
memory()
{
    echo 3 >/proc/sys/vm/drop_caches
    sleep 5 # what is freed after a grace period
    awk '/^(SUnreclaim|VmallocUsed|Percpu):/ { sum += $2 } END { print sum }' /proc/meminfo
}
tasks()
{
    awk '$1 == "task_struct" { print $2 }' /proc/slabinfo
}
# measure TIMES WHAT COMMAND...: the command, whose last argument is the number; before, after and the time it took.
measure()
{
    measure_times=$1 measure_what=$2
    shift 2
    "$@" 100 >/dev/null # caches are warm
    before=$(memory) tasks_before=$(tasks) begun=$(cut -d. -f1 /proc/uptime)
    "$@" "$measure_times"
    after=$(memory) tasks_after=$(tasks)
    echo "# $measure_times $measure_what took $(($(cut -d. -f1 /proc/uptime) - begun)) s;" \
        "memory: $before KiB before, $after after; tasks: $tasks_before before, $tasks_after after"
    # Half a mebibyte and thirty tasks are what an idle machine varies by.
    expect [ $((after - before)) -lt 1024 ]
    expect [ $((tasks_after - tasks_before)) -lt 100 ]
}
load()
{
    rexc load vm_misbehave.rex -q "$@" || exit 1
    ./ringbuf "$maps/RING" drain &
    drainer=$!
}
# ended PROGRAM INDEX MEMBER TIMES: so many were counted, and the lock and the ring buffer are free.
ended()
{
    set_word "$maps/MODE" "$2" 6 4
    ended_held=$(value "$maps/HELD" "$2" 4)
    ./dup >/dev/null
    ./flood 10.0.0.2 3
    sleep 1
    expect between "$4" 100000000 "$(count "$1" "$3")"
    expect between $((ended_held + 1)) 100000000 "$(value "$maps/HELD" "$2" 4)"
    echo "# $(count "$1" "$3") $3 counted"
    kill "$drainer"
    rexc unload vm_misbehave || failed=1
}

# A thousand calls in a process, and then another process: a reference to a task that is lost keeps the task.
many_dups()
{
    many_left=$1
    while [ "$many_left" -gt 0 ]; do
        ./dup $((many_left > 1000 ? 1000 : many_left)) >/dev/null
        many_left=$((many_left - 1000))
    done
}

panics_in_processes()
{
    load --attach on_event
    set_word "$maps/MODE" 3 11 4
    measure "$1" panics many_dups
    ended on_event 3 panics "$1"
}
panics_in_softirqs()
{
    make_pair >/dev/null
    load --attach on_packet=v0:native
    ip neighbor replace 10.0.0.2 lladdr 02:00:00:00:00:02 nud permanent dev v0
    set_word "$maps/MODE" 0 11 4
    # Sent from the other side, so that they arrive where the program is, in the softirq that receives them.
    measure "$1" panics ip netns exec peer ./flood 10.0.0.1
    set_word "$maps/MODE" 0 6 4
    ip netns exec peer ./flood 10.0.0.1 3
    ended on_packet 0 panics "$1"
}
panics_in_breakpoints()
{
    echo 0 >/proc/sys/debug/kprobes-optimization
    load --attach on_call=__x64_sys_dup+"$(behind_ftrace)"
    set_word "$maps/MODE" 2 11 4
    measure "$1" panics many_dups
    ended on_call 2 panics "$1"
}
terminations()
{
    load --attach on_event --timeout 1
    set_word "$maps/MODE" 3 12 4
    measure "$1" terminations many_dups
    ended on_event 3 timeouts "$1"
}
recursions()
{
    rexc load vm_recursion.rex -q --attach vm_recursion || exit 1
    set_word "$pins/vm_recursion/DEPTH" 0 1000000 8
    measure "$1" recursions many_dups
    expect between "$1" 100000000 "$(count vm_recursion overflows)"
    rexc unload vm_recursion || failed=1
}
loads()
{
    measure "$1" loads ./cycles vm_xdp.rex
    expect equal "" "$(rexc list)"
}

"$1" "$2"
exit $failed
