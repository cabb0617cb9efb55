#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Sends one hand-made TCP segment, for what an ordinary socket does not send."""

import argparse
import ipaddress
import os
import socket
import struct

TCP_FLAGS = {"syn": 0x02, "ack": 0x10, "rst": 0x04, "fin-ack": 0x11}

# RFC 8684: kind 30; MP_CAPABLE v1 (subtype 0, 4 bytes in a SYN), MP_JOIN (subtype 1, 12 bytes).
OPTIONS = {
    "none": b"",
    "capable": bytes([30, 4, 0x01, 0x01]),
    "join": bytes([30, 12, 0x10, 1]) + os.urandom(8),
}
MSS = struct.pack("!BBH", 2, 4, 1400)


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def segment(source, target, args):
    options = MSS + OPTIONS[args.option]
    payload = args.payload.encode()
    header = struct.pack(
        "!HHIIBBHHH",
        args.source_port,
        args.port,
        int.from_bytes(os.urandom(4), "big"),
        0,
        (5 + len(options) // 4) << 4,
        TCP_FLAGS[args.flags],
        65535,
        0,
        0,
    )
    data = header + options + payload
    pseudo = source.packed + target.packed
    if source.version == 4:
        pseudo += struct.pack("!BBH", 0, socket.IPPROTO_TCP, len(data))
    else:
        pseudo += struct.pack("!II", len(data), socket.IPPROTO_TCP)
    return data[:16] + struct.pack("!H", checksum(pseudo + data)) + data[18:]


def source_towards(target, wanted):
    """The address that the kernel would choose, unless one is wanted."""
    if wanted:
        return ipaddress.ip_address(wanted)
    family = socket.AF_INET if target.version == 4 else socket.AF_INET6
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect((str(target), 9))
        return ipaddress.ip_address(probe.getsockname()[0])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", required=True, type=ipaddress.ip_address)
    parser.add_argument("--port", required=True, type=int)
    parser.add_argument("--from", dest="source", help="an address of this host")
    parser.add_argument("--source-port", type=int, default=40000)
    parser.add_argument("--flags", choices=TCP_FLAGS, default="syn")
    parser.add_argument("--option", choices=OPTIONS, default="none")
    parser.add_argument("--payload", default="")
    parser.add_argument("--count", type=int, default=1)
    args = parser.parse_args()

    source = source_towards(args.to, args.source)
    family = socket.AF_INET if args.to.version == 4 else socket.AF_INET6
    with socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_TCP) as sock:
        sock.bind((str(source), 0))
        for _ in range(args.count):
            sock.sendto(segment(source, args.to, args), (str(args.to), 0))


if __name__ == "__main__":
    main()
