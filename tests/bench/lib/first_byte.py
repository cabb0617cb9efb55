#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""When a detour came to be, and when it carried its first byte, out of a capture at the client.

usage: first_byte.py CAPTURE CLIENT      (pcap with nanoseconds, Ethernet, IPv4; the client's address)

Prints a line for each MPTCP connection that the client made, in order: the server's port, then in ms
  established to SYN        what agent and lease took: the SYN with MP_JOIN is the agent's doing
  SYN to usable             the subflow's own handshake, up to the server's ACK that ends it (RFC 8684, 3.2)
  established to data       the first segment with payload on the detour, whoever sent it
where "established" is the server's first data ACK on the first subflow: on it the client's kernel says
ESTABLISHED to the path manager (check_fully_established() in net/mptcp/options.c). All of it has one clock,
the kernel's stamps at one interface, and none is the word of what is measured.
"""
import ipaddress
import struct
import sys

MAGIC_NANOSECONDS = 0xA1B23C4D
OPTION_MPTCP, CAPABLE, JOIN, DSS = 30, 0, 1, 2
DSS_HAS_ACK = 1
SYN, RST, ACK = 2, 4, 16


def frames(path):
    with open(path, "rb") as file:
        data = file.read()
    if len(data) < 24 or struct.unpack_from("<I", data)[0] != MAGIC_NANOSECONDS:
        sys.exit(f"first_byte: {path} is no capture with nanoseconds")
    offset = 24
    while offset + 16 <= len(data):
        seconds, nanoseconds, length, _ = struct.unpack_from("<IIII", data, offset)
        yield seconds * 1000 + nanoseconds / 1e6, data[offset + 16:offset + 16 + length]
        offset += 16 + length


def mptcp_options(options):
    """{subtype: its flags} of what MPTCP has put there."""
    found, at = {}, 0
    while at + 1 < len(options) and options[at] != 0:
        length = 1 if options[at] == 1 else options[at + 1]
        if options[at] == OPTION_MPTCP and length >= 4:
            found[options[at + 2] >> 4] = options[at + 3]
        at += max(length, 1)
    return found


def parse(ms, frame):
    """A TCP segment's fields; None for anything else. The payload's length is IP's: frames are cut short."""
    ip = frame[14:]
    if frame[12:14] != b"\x08\x00" or ip[9] != 6:
        return None
    header, total = (ip[0] & 15) * 4, struct.unpack_from("!H", ip, 2)[0]
    tcp = ip[header:]
    source_port, port = struct.unpack_from("!HH", tcp)
    options = (tcp[12] >> 4) * 4
    return {"ms": ms, "from": (str(ipaddress.ip_address(ip[12:16])), source_port),
            "to": (str(ipaddress.ip_address(ip[16:20])), port), "flags": tcp[13],
            "mptcp": mptcp_options(tcp[20:options]), "payload": total - header - options}


class Connection:
    """What was seen of one connection; moments in ms, None: not yet."""

    def __init__(self, segment):
        self.first = {segment["from"], segment["to"]}
        self.client, self.port = segment["from"][0], segment["to"][1]
        self.detour = set()
        self.established = self.syn = self.usable = self.data = None

    def joins(self, segment):
        if self.syn is None:
            self.syn, self.detour = segment["ms"], {segment["from"], segment["to"]}

    def takes(self, segment):
        ends = {segment["from"], segment["to"]}
        from_server = segment["from"][0] != self.client
        if segment["flags"] & (SYN | RST):
            return
        if ends == self.first and from_server and self.established is None:
            if segment["mptcp"].get(DSS, 0) & DSS_HAS_ACK:
                self.established = segment["ms"]
        elif ends == self.detour:
            if from_server and self.usable is None:
                self.usable = segment["ms"]
            if segment["payload"] and self.data is None:
                self.data = segment["ms"]

    def line(self):
        if None in (self.established, self.syn, self.usable, self.data):
            return f"{self.port} - - -"
        return f"{self.port} {self.syn - self.established:.3f} {self.usable - self.syn:.3f} {self.data - self.established:.3f}"


def connections(path, client):
    found = []
    for ms, frame in frames(path):
        segment = parse(ms, frame)
        if not segment:
            continue
        opens = segment["from"][0] == client and segment["flags"] & (SYN | ACK) == SYN
        if opens and CAPABLE in segment["mptcp"] and not any(c.first == {segment["from"], segment["to"]} for c in found):
            found.append(Connection(segment))
        elif opens and JOIN in segment["mptcp"] and found:
            found[-1].joins(segment)
        elif found:
            found[-1].takes(segment)
    return found


if __name__ == "__main__":
    for connection in connections(sys.argv[1], sys.argv[2]):
        print(connection.line())
