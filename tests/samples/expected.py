# SPDX-License-Identifier: Apache-2.0
"""What each sample must count, computed from its input by other means than its own."""

import ipaddress
import struct
from collections import Counter

import capture

# --- firewall: the built-in rules, as samples/firewall/README.md states them.

LAB = ipaddress.ip_network("192.0.2.0/24")
LAB_LOWER_HALF = ipaddress.ip_network("192.0.2.0/25")
SERVER = ipaddress.ip_address("192.0.2.2")
FIREWALL_REASONS = {"no rule": 0, "fragment": 1, "malformed": 2, "not IPv4": 3}


def firewall_decision(frame):
    """A rule's number or a reason, and the verdict."""
    try:
        ethertype, *_ = capture.network_layer(frame)
        if ethertype != 0x0800:
            return "not IPv4", "pass"
        packet = capture.packet(frame, with_ports=(capture.TCP, capture.UDP))
    except capture.Malformed:
        return "malformed", "drop"
    source_port, port = packet.ports or (None, None)
    if packet.fragment:
        return "fragment", "drop"
    if packet.protocol == capture.TCP and packet.source in LAB and port == 8080:
        return 0, "pass"
    from_server = packet.source == SERVER and source_port == 8080
    if packet.protocol == capture.TCP and from_server and port >= 1024:
        return 1, "pass"
    if packet.protocol == capture.UDP and port == 5353:
        return 2, "drop"
    if packet.protocol == capture.UDP and packet.source in LAB_LOWER_HALF:
        return 3, "pass"
    if packet.protocol == 1:
        return 4, "pass"
    return "no rule", "drop"


def firewall(frames):
    """Verdicts, and packets and bytes by rule or reason."""
    verdicts, packets, octets = Counter(), Counter(), Counter()
    for frame in frames:
        decision, verdict = firewall_decision(frame)
        verdicts[verdict] += 1
        packets[decision] += 1
        octets[decision] += len(frame)
    return verdicts, {key: (packets[key], octets[key]) for key in packets}


# --- flow_stats


def address_bytes(address):
    if address.version == 4:
        return bytes(10) + b"\xff\xff" + address.packed
    return address.packed


def flow_key(packet):
    """The key's bytes, as the machine (x86-64) stores them."""
    ports = packet.ports or (0, 0)
    tail = struct.pack("<HHHBB", *ports, packet.vlan, packet.protocol, packet.version)
    return address_bytes(packet.source) + address_bytes(packet.destination) + tail


def flows(frames):
    """Packets and bytes by flow; the length of each flow's first packet, in the order of these; and
    how many frames are not IP and malformed."""
    traffic, first, missed = {}, {}, Counter()
    for frame in frames:
        try:
            key = flow_key(capture.packet(frame))
        except capture.NotIp:
            missed["not IP"] += 1
            continue
        except capture.Malformed:
            missed["malformed"] += 1
            continue
        packets, octets = traffic.get(key, (0, 0))
        traffic[key] = packets + 1, octets + len(frame)
        first.setdefault(key, len(frame))
    return traffic, first, missed


def ring_capacity(size, record):
    """Records of that length that fit into a ring buffer which nobody reads: 8 bytes of header
    each, rounded up to 8, and never all of the buffer (kernel/bpf/ringbuf.c,
    __bpf_ringbuf_reserve)."""
    return (size - 1) // ((record + 8 + 7) // 8 * 8)


# --- ratelimit


def limited(frames):
    """Packets by source that the rate limit is about. The outermost VLAN tag is not in the data of
    a tc program."""
    sources = Counter()
    for frame in frames:
        ethertype, at = int.from_bytes(frame[12:14], "big"), 14
        if ethertype in (0x8100, 0x88A8):
            ethertype, at = int.from_bytes(frame[16:18], "big"), 18
        if ethertype == 0x0800 and len(frame) >= at + 20 and frame[at + 9] != 6:
            sources[frame[at + 12 : at + 16]] += 1
    return sources


# --- programs that run for events


def occurrences(context):
    """Each event of a context file as often as it happens, with its task."""
    tasks = {task["pid"]: task for task in context["tasks"]}
    for event in context["events"]:
        for _ in range(event.get("repeat", 1)):
            yield event, tasks[event["task"]]


def opens(context):
    """The records of samples/opensnoop, files opened for reading and writing by process, and events
    without a readable path."""
    memory = {int(m["address"], 16): bytes.fromhex(m["bytes"]) for m in context["memory"]}
    records, counts, unreadable = [], {}, 0
    for event, task in occurrences(context):
        registers = event["registers"]
        name = int.from_bytes(memory[int(registers["rsi"], 16)], "little")
        flags = int.from_bytes(memory[int(registers["rdx"], 16)], "little")
        if name not in memory:
            unreadable += 1
            continue
        path = memory[name].split(b"\0")[0][:128]
        comm = task["comm"].encode()
        head = struct.pack("<IIII16s", task["tgid"], task["pid"], flags, len(path), comm)
        records.append(head + path.ljust(128, b"\0"))
        reading, writing = counts.get(task["tgid"], (0, 0))
        counts[task["tgid"]] = (reading, writing + 1) if flags & 3 else (reading + 1, writing)
    return records, counts, unreadable
