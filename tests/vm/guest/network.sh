#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# XDP and tc programs on packets that go through the kernel's own network stack.
# shellcheck source=tests/vm/guest/lib.sh
. ./lib.sh
make_pair

# xdp HOST WHAT: with vm_xdp attached to the interface that its answers come in by
xdp()
{
    set_word $pins/vm_xdp/MODE 0 0 4
    check "xdp, $2: packets pass" passes "$1"
    check "xdp, $2: the program counted them" between 3 100 "$(value $pins/vm_xdp/COUNTS 0 4)"
    set_word $pins/vm_xdp/MODE 0 1 4
    check "xdp, $2: packets are dropped" loses "$1"
    set_word $pins/vm_xdp/MODE 0 2 4
    check "xdp, $2: packets are rewritten" equal 77 "$(ttl "$1")"
    check "xdp, $2: rexc list counts its runs" between 7 1000 "$(count vm_xdp runs)"
}

check "load and attach xdp, native" rexc load vm_xdp.rex --attach vm_xdp=v0:native
check "the interface shows it" sh -c 'ip -d link show v0 | grep -q "xdp "'
xdp 10.0.0.2 "native on veth"
check "a second load of the same is refused, as its pins are there" refused REX1006 rexc load vm_xdp.rex
check "unload xdp" rexc unload vm_xdp
nothing_left()
{
    equal "" "$(rexc list; ls -A $pins 2>/dev/null; bpftool link; bpftool prog; bpftool map)"
}
check "nothing is left of it" soon nothing_left
check "packets pass again" passes 10.0.0.2

check "load and attach xdp, generic" rexc load vm_xdp.rex --attach vm_xdp=lo:generic
xdp 127.0.0.1 "generic on lo"
check "unload by number" rexc unload "$(number vm_xdp)"

check "load xdp without attaching" rexc load vm_xdp.rex --pin /sys/fs/bpf/mine
check "ip link set xdp pinned" ip link set dev v0 xdp pinned /sys/fs/bpf/mine/vm_xdp
set_word /sys/fs/bpf/mine/MODE 0 1 4
check "what ip attached drops packets" loses 10.0.0.2
check "unload detaches what ip attached" rexc unload vm_xdp
check "packets pass after that" passes 10.0.0.2
check "its directory is gone" test ! -e /sys/fs/bpf/mine

check "load and attach tc, ingress" rexc load vm_tc.rex --attach vm_tc=v0:ingress
check "tc shows it" sh -c 'tc filter show dev v0 ingress | grep -q vm_tc'
check "tc ingress: packets pass" passes 10.0.0.2
set_word $pins/vm_tc/MODE 0 1 4
check "tc ingress: packets are dropped" loses 10.0.0.2
set_word $pins/vm_tc/MODE 0 2 4
check "tc ingress: packets are rewritten" equal 78 "$(ttl 10.0.0.2)"
check "unload tc" rexc unload vm_tc
check "the filter is gone" equal "" "$(tc filter show dev v0 ingress)"

check "load tc to be attached by others" rexc load vm_tc.rex --pin /sys/fs/bpf/mine
check "tc filter add pinned" tc filter add dev v0 egress bpf da pinned /sys/fs/bpf/mine/vm_tc
set_word /sys/fs/bpf/mine/MODE 0 1 4
check "tc egress: packets are dropped" loses 10.0.0.2
set_word /sys/fs/bpf/mine/MODE 0 3 4
ip netns exec peer timeout 60 nc -u -l -p 9999 >/tmp/heard &
heard()
{
    echo Hello | nc -u -w 1 10.0.0.2 9999
    grep -q '^Jello' /tmp/heard
}
check "tc egress: packets are rewritten" soon heard
kill $!
check "unload removes the filter" rexc unload vm_tc
check "tc egress: packets pass again" passes 10.0.0.2
finish network.sh
