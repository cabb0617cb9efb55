#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What a capture at the server shows of one TCP connection, without what differs from run to run.

Reads a pcap file (Ethernet); prints JSON: the 4-tuple's fixed parts, the options of the SYN, TTL, MSS,
bytes of payload and their digest in order, packets with a wrong checksum. Two forwarders that do the same
give the same.
"""

import hashlib
import ipaddress
import json
import struct
import sys

ETH_IPV4, ETH_IPV6 = 0x0800, 0x86DD


def frames(path):
    with open(path, "rb") as file:
        data = file.read()
    offset = 24
    while offset + 16 <= len(data):
        _, _, length, _ = struct.unpack_from("<IIII", data, offset)
        yield data[offset + 16 : offset + 16 + length]
        offset += 16 + length


def ones_sum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def parse(frame):
    """The fields of a TCP segment, or None."""
    ether, ip = struct.unpack_from("!H", frame, 12)[0], frame[14:]
    if ether == ETH_IPV4 and ip[9] == 6:
        header, total = (ip[0] & 15) * 4, struct.unpack_from("!H", ip, 2)[0]
        src, dst, ttl, tcp = ip[12:16], ip[16:20], ip[8], ip[header:total]
        good = ones_sum(ip[:header]) == 0xFFFF
    elif ether == ETH_IPV6 and ip[6] == 6:
        total = struct.unpack_from("!H", ip, 4)[0]
        src, dst, ttl, tcp = ip[8:24], ip[24:40], ip[7], ip[40 : 40 + total]
        good = True
    else:
        return None
    pseudo = src + dst + struct.pack("!II", len(tcp), 6)
    source_port, port, seq = struct.unpack_from("!HHI", tcp)
    header = (tcp[12] >> 4) * 4
    return {
        "src": str(ipaddress.ip_address(src)),
        "dst": str(ipaddress.ip_address(dst)),
        "source_port": source_port,
        "port": port,
        "seq": seq,
        "ttl": ttl,
        "flags": tcp[13],
        "options": tcp[20:header],
        "payload": tcp[header:],
        "good": good and ones_sum(pseudo + tcp) == 0xFFFF,
    }


def option_kinds(options):
    """Kinds and lengths in order, and the MSS's value: timestamps and keys differ anyway."""
    kinds, at = [], 0
    while at < len(options) and options[at] != 0:
        if options[at] == 1:
            kinds.append([1])
            at += 1
            continue
        length = options[at + 1]
        value = [int.from_bytes(options[at + 2 : at + 4], "big")] if options[at] == 2 else []
        kinds.append([options[at], length] + value)
        at += length
    return kinds


def stream(segments):
    """The bytes that arrived, in sequence order, each once."""
    first = next(s for s in segments if s["flags"] & 2)["seq"] + 1
    pieces = {}
    for segment in segments:
        if segment["payload"]:
            at = (segment["seq"] - first) % 2**32
            if len(segment["payload"]) > len(pieces.get(at, b"")):
                pieces[at] = segment["payload"]
    data = b""
    for at in sorted(pieces):
        if at <= len(data):
            data += pieces[at][len(data) - at :]
    return data


def digest(path, port):
    segments = [s for s in map(parse, frames(path)) if s and s["port"] == port]
    syns = [s for s in segments if s["flags"] & 2]
    data = stream(segments)
    return {
        "src": sorted({s["src"] for s in segments}),
        "dst": sorted({s["dst"] for s in segments}),
        "source_port": sorted({s["source_port"] for s in segments}),
        "syn_options": option_kinds(syns[0]["options"]),
        "ttl": sorted({s["ttl"] for s in segments}),
        "bad_checksums": sum(not s["good"] for s in segments),
        "bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
    }


if __name__ == "__main__":
    print(json.dumps(digest(sys.argv[1], int(sys.argv[2])), sort_keys=True))
