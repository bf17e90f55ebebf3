# SPDX-License-Identifier: Apache-2.0
"""Reads and writes captures, and takes frames apart; shares nothing with the samples that it is
compared with."""

import ipaddress
import random
import struct
from collections import namedtuple

MAGIC = 0xA1B2C3D4
ETHERNET_LINK = 1
FILE_HEADER = struct.Struct("<IHHiIII")
RECORD_HEADER = struct.Struct("<IIII")

# What an IP packet says. Ports are None where it has none, fragment is "", "first" or "later".
Packet = namedtuple("Packet", "version vlan source destination protocol ports fragment")

TCP, UDP, SCTP, UDP_LITE = 6, 17, 132, 136


class Malformed(Exception):
    """The frame ends too early or contradicts itself."""


class NotIp(Exception):
    """The frame carries something else; .ethertype says what."""

    def __init__(self, ethertype):
        super().__init__(f"{ethertype:#06x}")
        self.ethertype = ethertype


def read(path):
    """The frames of a pcap file, as captured."""
    with open(path, "rb") as file:
        data = file.read()
    magic, *_, link = FILE_HEADER.unpack_from(data)
    assert magic == MAGIC and link == ETHERNET_LINK, "a little-endian pcap file of Ethernet frames"
    frames, at = [], FILE_HEADER.size
    while at < len(data):
        _, _, captured, _ = RECORD_HEADER.unpack_from(data, at)
        at += RECORD_HEADER.size
        frames.append(data[at : at + captured])
        at += captured
    return frames


def write(path, frames):
    with open(path, "wb") as file:
        file.write(FILE_HEADER.pack(MAGIC, 2, 4, 0, 0, 65535, ETHERNET_LINK))
        for number, frame in enumerate(frames):
            file.write(RECORD_HEADER.pack(number, 0, len(frame), len(frame)))
            file.write(frame)


def damaged(frames, seed):
    """Frames as an attacker may send them: each cut at every length of its headers, and each with
    bytes of its headers changed."""
    chance = random.Random(seed)
    for frame in frames:
        for length in range(14, min(len(frame), 96)):
            yield frame[:length]
        for _ in range(40):
            changed = bytearray(frame[: chance.randrange(14, len(frame) + 1)])
            for _ in range(chance.randrange(1, 4)):
                at = chance.randrange(12, min(len(changed), 80))
                changed[at] = chance.choice((0, 1, 0x45, 0x60, 0x81, 0xFF, chance.randrange(256)))
            yield bytes(changed)


def field(data, at, size):
    if at + size > len(data):
        raise Malformed
    return int.from_bytes(data[at : at + size], "big")


def network_layer(frame):
    """EtherType behind at most two VLAN tags, where what it names begins, and the outer tag's
    identifier or 0."""
    ethertype, at, vlan = field(frame, 12, 2), 14, None
    for _ in range(2):
        if ethertype not in (0x8100, 0x88A8):
            break
        tag = field(frame, at, 4)
        vlan = tag >> 16 & 0xFFF if vlan is None else vlan
        ethertype, at = tag & 0xFFFF, at + 4
    return ethertype, at, vlan or 0


def packet(frame, with_ports=(TCP, UDP, SCTP, UDP_LITE)):
    """What a frame says; ports are looked for in packets of those protocols."""
    ethertype, at, vlan = network_layer(frame)
    if ethertype == 0x0800:
        field(frame, at, 20)
        version, words = frame[at] >> 4, frame[at] & 15
        if version != 4 or words < 5:
            raise Malformed
        flags = field(frame, at + 6, 2)
        later = flags & 0x1FFF != 0
        fragment = "later" if later else "first" if flags & 0x2000 else ""
        source, destination = (ipaddress.IPv4Address(frame[at + o : at + o + 4]) for o in (12, 16))
        protocol, payload = frame[at + 9], at + words * 4
    elif ethertype == 0x86DD:
        field(frame, at, 40)
        if frame[at] >> 4 != 6:
            raise Malformed
        source, destination = (ipaddress.IPv6Address(frame[at + o : at + o + 16]) for o in (8, 24))
        version = 6
        protocol, payload, fragment = extensions(frame, at + 40, frame[at + 6])
        later = fragment == "later"
    else:
        raise NotIp(ethertype)
    ports = None
    if protocol in with_ports and not later:
        both = field(frame, payload, 4)
        ports = both >> 16, both & 0xFFFF
    return Packet(version, vlan, source, destination, protocol, ports, fragment)


def extensions(frame, at, header):
    """Protocol, place and fragment of what an IPv6 packet carries, behind at most seven extension
    headers."""
    fragment = ""
    for _ in range(8):
        if header not in (0, 43, 44, 51, 60):
            return header, at, fragment
        following = field(frame, at, 4)
        length = following >> 16 & 0xFF
        if header == 44:
            if following & 0xFFF8:
                return following >> 24, None, "later"
            fragment = "first" if following & 1 else fragment
            at += 8
        else:
            at += (length + 2) * 4 if header == 51 else (length + 1) * 8
        header = following >> 24
    raise Malformed
