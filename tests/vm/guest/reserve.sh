#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# How much is used of what lies below a program's part of the stack: a program that is nearly as deep as it may be calls
# what uses much, while packets arrive and timers come on all CPUs. The module says how much when it goes (lifecycle.sh).
# shellcheck source=tests/vm/guest/lib.sh
. ./lib.sh
make_pair
ip link add w0 type veth peer name w1
ip link set w0 up
ip link set w1 up
ip neighbor replace 10.0.0.2 lladdr 02:00:00:00:00:02 nud permanent dev v0
settings=$pins/vm_deep/SETTINGS

check "load the deep program" rexc load vm_deep.rex --attach vm_deep=v0:egress
set_word $settings 1 "$(cat /sys/class/net/w0/ifindex)" 4
low=0 high=4096
while [ $((high - low)) -gt 1 ]; do
    middle=$(((low + high) / 2))
    set_word $settings 0 $middle 4
    overflows=$(count vm_deep overflows)
    ./flood 10.0.0.2 1
    if [ "$(count vm_deep overflows)" -gt "$overflows" ]; then
        high=$middle
    else
        low=$middle
    fi
done
check "the deepest recursion that passes is found" between 100 4000 $low
set_word $settings 0 $low 4
check "programs that run on timers" rexc load vm_perf_event.rex --attach vm_perf_event=1000
before=$(value $pins/vm_deep/BOTTOM 0 4)
overflows=$(count vm_deep overflows)
taskset -c 1 ip netns exec peer ./flood 10.0.0.1 15000 &
other=$!
taskset -c 1 dd if=/dev/zero of=/dev/null bs=64k count=10000 2>/dev/null &
taskset -c 0 ./flood 10.0.0.2 5000
wait $other
after=$(value $pins/vm_deep/BOTTOM 0 4)
check "five thousand packets reach the bottom" between 5000 1000000000 $((after - before))
check "and no check fails" equal "$overflows" "$(count vm_deep overflows)"
check "unload the deep program" rexc unload vm_deep
check "unload what ran on timers" rexc unload vm_perf_event
ip link del w0
finish reserve.sh
