#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What is in a capture, counted by tcpdump's filters (tshark's for truncation): the truth that tests compare with.
# The kinds up to "other" are disjoint, add up to "frames", and are of untagged frames except for "vlan".
set -eu
capture=$1

count() { tcpdump -n -r "$capture" "$1" 2>/dev/null | grep -c '^[0-9]' || true; }
truncated=$(tshark -r "$capture" -Y 'frame.cap_len < frame.len' 2>/dev/null | wc -l)

first_or_whole='(ip[6:2] & 0x1fff = 0)'
cat <<END
{
  "frames": $(count ''),
  "arp": $(count 'arp'),
  "ipv4_tcp": $(count 'ip proto 6'),
  "ipv4_udp": $(count 'ip proto 17'),
  "ipv4_icmp": $(count 'ip proto 1'),
  "ipv6_tcp": $(count 'ip6 and ip6[6] = 6'),
  "ipv6_udp": $(count 'ip6 and ip6[6] = 17'),
  "ipv6_icmp": $(count 'ip6 and ip6[6] = 58'),
  "ipv6_fragment": $(count 'ip6 and ip6[6] = 44'),
  "ipv6_hop_by_hop": $(count 'ip6 and ip6[6] = 0'),
  "vlan": $(count 'vlan'),
  "other": $(count 'not arp and not ip and not ip6 and not vlan'),
  "ipv4": $(count 'ip'),
  "ipv6": $(count 'ip6'),
  "ipv4_fragments": $(count 'ip[6:2] & 0x3fff != 0'),
  "ipv4_later_fragments": $(count "ip and not $first_or_whole"),
  "udp_to_port_5353": $(count "ip proto 17 and $first_or_whole and udp dst port 5353"),
  "tcp_syn": $(count 'ip proto 6 and tcp[tcpflags] & (tcp-syn|tcp-ack) = tcp-syn'),
  "truncated": $truncated
}
END
