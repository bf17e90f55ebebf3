#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Records traffic.pcap: real traffic of real protocol stacks, between two network namespaces that this
# script makes and removes again. Nothing leaves them. Needs root and the Debian packages iproute2, ethtool,
# tcpdump, iputils-ping, python3, wireshark-common (editcap), tshark, and clang-22 and libbpf-dev for vlan.bpf.c.
# The result differs from run to run in times, ports and sequence numbers, so counts.json is written anew with it.
set -eu
cd "$(dirname "$0")"
left=rexc-left-$$
right=rexc-right-$$
snapshot=256 # bytes of a frame that are kept: longer ones are truncated in the capture

cleanup() {
    ip netns pids "$left" 2>/dev/null | xargs -r kill 2>/dev/null || true
    ip netns pids "$right" 2>/dev/null | xargs -r kill 2>/dev/null || true
    ip netns del "$left" 2>/dev/null || true
    ip netns del "$right" 2>/dev/null || true
    rm -f vlan.bpf.o traffic.pcap.new
}
trap cleanup EXIT INT TERM

clang-22 -O2 -g -target bpf -I"/usr/include/$(uname -m)-linux-gnu" -c vlan.bpf.c -o vlan.bpf.o
ip netns add "$left"
ip netns add "$right"
ip -n "$left" link add veth0 address 02:00:00:00:00:01 type veth \
    peer name veth0 address 02:00:00:00:00:02 netns "$right"
number=1
for space in "$left" "$right"; do
    # Frames as they would be on a wire: checksums filled in, no segment larger than the MTU.
    ip netns exec "$space" ethtool -K veth0 tx off tso off gso off gro off >/dev/null
    ip -n "$space" link set lo up
    ip -n "$space" link set veth0 up
    ip -n "$space" addr add "192.0.2.$number/24" dev veth0
    ip -n "$space" addr add "2001:db8::$number/64" dev veth0 nodad
    ip -n "$space" addr add "198.51.100.$number/24" dev veth0
    tc -n "$space" qdisc add dev veth0 clsact
    tc -n "$space" filter add dev veth0 egress bpf direct-action object-file vlan.bpf.o section tc/push
    tc -n "$space" filter add dev veth0 ingress bpf direct-action object-file vlan.bpf.o section tc/pop
    number=$((number + 1))
done
sleep 2 # what the interfaces say when they come up is not part of it

ip netns exec "$left" tcpdump -q -n -i veth0 -s "$snapshot" --immediate-mode -U -Z root \
    -w traffic.pcap.new 2>/dev/null &
tcpdump_pid=$!
sleep 1

left_do() { ip netns exec "$left" "$@"; }
ip netns exec "$right" python3 traffic.py serve &
server_pid=$!
sleep 1
left_do ping -q -c 5 -i 0.05 192.0.2.2 >/dev/null         # ARP, ICMP
left_do ping -q -c 2 -i 0.05 -s 4000 192.0.2.2 >/dev/null # IPv4 fragments
left_do ping -q -c 5 -i 0.05 2001:db8::2 >/dev/null       # neighbour discovery, ICMPv6
left_do ping -q -c 2 -i 0.05 -s 3000 2001:db8::2 >/dev/null # IPv6 fragments
left_do ping -q -c 3 -i 0.05 198.51.100.2 >/dev/null      # ARP and ICMP in VLAN 42
left_do python3 traffic.py talk
left_do ping -q -c 1 -W 1 192.0.2.77 >/dev/null || true   # ARP for nobody
sleep 1

kill "$server_pid"
kill -INT "$tcpdump_pid"
wait "$tcpdump_pid" || true
mv traffic.pcap.new traffic.pcap
editcap -F pcapng traffic.pcap traffic.pcapng
./count.sh traffic.pcap >counts.json
cat counts.json
