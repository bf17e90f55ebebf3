#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A CPU that comes and goes while the next one, which it watches, does nothing but run into endless loops with interrupts off:
# the way out and in ends only when these do. Needs three CPUs, as one that is left alone cannot stop such loops.
# shellcheck source=tests/vm/guest/lib.sh
. ./lib.sh
maps=$pins/vm_misbehave
echo 0 >/proc/sys/debug/kprobes-optimization
begun()
{
    between 1 1000000 "$(count on_call runs)"
}
cycle()
{
    for _ in 1 2 3; do
        echo 0 >/sys/devices/system/cpu/cpu1/online || return 1
        echo 1 >/sys/devices/system/cpu/cpu1/online || return 1
    done
}

check "hotplug: load on a breakpoint" rexc load vm_misbehave.rex -q --attach on_call=__x64_sys_dup+"$(behind_ftrace)"
set_word $maps/MODE 2 2 4
taskset -c 2 ./dup 1000000 >/dev/null &
loops=$!
check "hotplug: the loops are there" soon begun
check "hotplug: a CPU goes and comes, three times" cycle
ended=$(count on_call timeouts)
set_word $maps/MODE 2 0 4
kill $loops
check "hotplug: the loops have ended all the time" between 3 1000000 "$ended"
check "hotplug: unload" rexc unload vm_misbehave
finish hotplug.sh
