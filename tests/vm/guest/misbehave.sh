#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Programs of every type that panic, that never end, that recurse too deeply; runs within runs.
# shellcheck source=tests/vm/guest/lib.sh
. ./lib.sh
make_pair
maps=$pins/vm_misbehave
echo 0 >/proc/sys/debug/kprobes-optimization

# The index of a program in vm_misbehave's maps, and what makes it run.
index()
{
    case $1 in
    on_packet) echo 0 ;;
    on_filter) echo 1 ;;
    on_call) echo 2 ;;
    on_event) echo 3 ;;
    on_sample) echo 4 ;;
    esac
}
trigger()
{
    case $1 in
    on_packet | on_filter) ping -q -c 1 -W 0.3 10.0.0.2 ;;
    on_sample) sleep 0.3 ;;
    *) ./dup ;;
    esac
}
mode()
{
    set_word $maps/MODE "$(index "$1")" "$2" 4
}

# grown PROGRAM MEMBER BEFORE: more than that have been counted, after one run more.
grown()
{
    trigger "$1" >/dev/null
    [ "$(count "$1" "$2")" -gt "$3" ]
}
held()
{
    trigger "$1" >/dev/null
    [ "$(value $maps/HELD "$(index "$1")" 4)" -gt "$2" ]
}

# ends PROGRAM MODE MEMBER WHAT: the run ends and is counted, and then gets its lock and a record.
ends()
{
    ends_before=$(count "$1" "$3")
    mode "$1" "$2"
    check "$1, $4: ended and counted" soon grown "$1" "$3" "$ends_before"
    mode "$1" 6
    check "$1, $4: nothing is held" soon held "$1" "$(value $maps/HELD "$(index "$1")" 4)"
    mode "$1" 0
}

# Somebody has to take records out, discarded ones too, or there will be no room.
drain()
{
    ./ringbuf $maps/RING drain &
    drainer=$!
}

check "load the programs of five types" rexc load vm_misbehave.rex --attach on_packet=v0:native --attach on_filter=v0:egress \
    --attach on_call --attach on_event --attach on_sample=2
drain
check "packets pass" passes 10.0.0.2
for program in on_packet on_filter on_call on_event on_sample; do
    ends $program 11 panics "panic with a lock"
    ends $program 2 timeouts "endless loop"
    ends $program 13 timeouts "endless calls of helpers with a lock"
    ends $program 17 timeouts "an end only between long imports, with a lock"
done
ends on_packet 14 timeouts "endless copy with a lock"
ends on_sample 14 timeouts "endless copy with a lock"
ends on_packet 5 panics "panic with an endless message"
ends on_event 15 panics "panic with an endless message and a lock"
check "the log has the message" soon logged "index out of bounds: the len is 3 but the index is 3"
check "and its place" logged "vm_misbehave.rs:"
check "and native frames by name" logged "::vm_misbehave::innermost+0x"
check "and kernel frames below them" logged "veth_xdp_rcv_skb+0x"
check "the program stays attached" equal loaded "$(count on_packet state)"
mode on_packet 1
check "a packet whose program panics is dropped" loses 10.0.0.2
mode on_packet 0
check "packets pass afterwards" passes 10.0.0.2

mode on_sample 0
mode on_event 11
./dup 3000 >/dev/null
mode on_event 6
check "after 3000 panics nothing is held" soon held on_event "$(value $maps/HELD 3 4)"
check "they were counted" between 3000 1000000 "$(count on_event panics)"
kill $drainer
check "unload" rexc unload vm_misbehave

check "load on a breakpoint, where interrupts are off" rexc load vm_misbehave.rex --attach on_call=__x64_sys_dup+"$(behind_ftrace)"
drain
ends on_call 11 panics "panic in a breakpoint"
ends on_call 12 timeouts "endless loop in a breakpoint"
ends on_call 13 timeouts "endless helpers in a breakpoint"
ends on_call 15 panics "panic with an endless message and a lock in a breakpoint"
ends on_call 17 timeouts "an end only between long imports in a breakpoint"
kill $drainer
check "unload from the breakpoint" rexc unload vm_misbehave

check "load, to detach on panic, with 30 ms a run" \
    rexc load vm_misbehave.rex --attach on_packet=v0:native --detach-on-panic --timeout 30
check "its limit is shown" sh -c 'rexc list | grep -q "at most 30 ms a run"'
mode on_packet 1
detached()
{
    ping -q -c 1 -W 1 10.0.0.2
    equal detached "$(count on_packet state)"
}
check "detached on panic" soon detached
check "once it has panicked" between 1 100 "$(count on_packet panics)"
check "packets pass: it is as good as not there" passes 10.0.0.2
check "unload what was detached" rexc unload vm_misbehave

check "load a recursive program" rexc load vm_recursion.rex --attach vm_recursion
set_word $pins/vm_recursion/DEPTH 0 20 8
./dup >/dev/null
check "recursion: the bottom of a shallow one is reached" between 1 1000 "$(value $pins/vm_recursion/BOTTOM 0 4)"
set_word $pins/vm_recursion/DEPTH 0 1000000 8
./dup 100 >/dev/null
check "recursion: too deep, a hundred times" between 100 1000 "$(count vm_recursion overflows)"
# overflows INDEX DEPTH: of one run that is so deep.
overflows()
{
    overflows_before=$(count vm_recursion overflows)
    set_word $pins/vm_recursion/DEPTH "$1" "$2" 8
    ./dup >/dev/null
    echo $(($(count vm_recursion overflows) - overflows_before))
}
# 16 KiB are 102 frames of 160 bytes, or 12 of 1336.
check "recursion: small frames may use the whole stack" equal 0 "$(overflows 0 98)"
check "recursion: and no more" equal 1 "$(overflows 0 103)"
check "recursion: large frames may use the whole stack" equal 0 "$(overflows 1 11)"
check "recursion: and no more either" equal 1 "$(overflows 1 13)"
check "unload the recursive program" rexc unload vm_recursion

check "load runs within runs" rexc load vm_nested.rex --timeout 10000 --attach outer=v0:native --attach inner --attach again=v0:egress
check "nested: packets pass" passes 10.0.0.2
check "nested: the kprobe ran inside the XDP program" between 10 1000000 "$(count inner nested)"
check "nested: and did its work" between 10 1000000 "$(value $pins/vm_nested/CALLS 1 4)"
set_word $pins/vm_nested/INTERFACE 0 "$(cat /sys/class/net/v0/ifindex)" 4
check "nested: packets and their copies pass" ping -q -c 3 -i 0.2 -W 30 10.0.0.2
check "nested: the tc program ran inside itself" between 3 1000000 "$(count again nested)"
nested=$(count again nested) skipped=$(count again skipped)
check "nested: and so on to eight runs within each other; the ninth was skipped, for each packet" \
    sh -c "[ $skipped -ge 3 ] && [ $nested -eq $((7 * skipped)) ]"
# Each packet's program holds the lock that the ten runs inside it want: they panic at once, and it goes on. If each of them
# waited for as long as it may, no answer would come in time.
set_word $pins/vm_nested/LOCKING 0 1 4
panics=$(count inner panics)
check "nested: packets pass while a run outside holds a lock" ping -q -c 3 -i 0.2 -W 30 10.0.0.2
check "nested: who wants it inside is told of the deadlock" between 30 1000000 $(($(count inner panics) - panics))
check "nested: the lock is taken and given back each time" between 3 1000000 "$(member $pins/vm_nested/LOCKED 0 4 runs)"
check "nested: the run outside ends well" equal 0 "$(count outer panics)"
check "a copy of a packet is refused while a lock is held: EBUSY" equal 16 "$(value $pins/vm_nested/REFUSED 0 4)"
check "and the run goes on" equal 0 "$(count again panics)"
set_word $pins/vm_nested/INTERFACE 0 0 4
check "unload runs within runs" rexc unload vm_nested
finish misbehave.sh
