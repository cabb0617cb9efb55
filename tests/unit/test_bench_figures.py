#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What the benchmark makes of a capture and of a receiver's diary, from made-up ones whose figures are known."""
import ipaddress
import json
import struct
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "bench" / "lib"))
import first_byte  # noqa: E402
import outage  # noqa: E402

CLIENT, SERVER, RELAY = "10.0.0.1", "10.0.0.2", "10.0.0.3"
CAPABLE, JOIN = bytes([30, 4, 0x01, 0]), bytes([30, 4, 0x10, 0])
DATA_ACK, NO_DATA_ACK = bytes([30, 4, 0x20, 1]), bytes([30, 4, 0x20, 4])
TIMESTAMP = bytes([1, 1, 8, 10]) + bytes(8)
SYN, SYN_ACK, ACK = 2, 18, 16

# An MPTCP connection with a detour, as the client's interface sees it: ms, source, port, destination, port, flags,
# options, payload
CONNECTION = [
    (0.0, CLIENT, 1000, SERVER, 80, SYN, CAPABLE, 0),
    (10.0, SERVER, 80, CLIENT, 1000, SYN_ACK, CAPABLE, 0),
    (10.1, CLIENT, 1000, SERVER, 80, ACK, CAPABLE, 1400),
    (20.0, SERVER, 80, CLIENT, 1000, ACK, NO_DATA_ACK, 0),
    (20.5, SERVER, 80, CLIENT, 1000, ACK, DATA_ACK, 0),
    (23.0, CLIENT, 1001, RELAY, 10000, SYN, JOIN, 0),
    (23.5, CLIENT, 1001, RELAY, 10000, SYN, JOIN, 0),
    (43.0, RELAY, 10000, CLIENT, 1001, SYN_ACK, JOIN, 0),
    (43.1, CLIENT, 1001, RELAY, 10000, ACK, JOIN, 0),
    (63.0, RELAY, 10000, CLIENT, 1001, ACK, TIMESTAMP + NO_DATA_ACK, 0),
    (64.0, CLIENT, 1001, RELAY, 10000, ACK, TIMESTAMP + DATA_ACK, 1400),
]
DIRECT_ONLY = [(ms, source, 2000 if port == 1000 else port, to, 2000 if to_port == 1000 else to_port, flags, options, size)
               for ms, source, port, to, to_port, flags, options, size in CONNECTION[:5]]
PLAIN_TCP = [(ms, source, port, to, to_port, flags, TIMESTAMP, size)
             for ms, source, port, to, to_port, flags, options, size in CONNECTION[:3]]

# name, packets, lines
CAPTURES = [
    ("a connection with a detour", CONNECTION, ["80 2.500 40.000 43.500"]),
    ("one without is named, not left out", DIRECT_ONLY, ["80 - - -"]),
    ("two, in order", DIRECT_ONLY + CONNECTION, ["80 - - -", "80 2.500 40.000 43.500"]),
    ("plain TCP is none", PLAIN_TCP, []),
]


def frame(source, port, to, to_port, flags, options, payload):
    tcp = struct.pack("!HHIIBBHHH", port, to_port, 0, 0, (20 + len(options)) // 4 << 4, flags, 0, 0, 0) + options
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp) + payload, 0, 0, 64, 6, 0,
                     ipaddress.ip_address(source).packed, ipaddress.ip_address(to).packed)
    return bytes(12) + b"\x08\x00" + ip + tcp  # cut short: without its payload


def write_capture(path, packets):
    data = struct.pack("<IHHIIII", first_byte.MAGIC_NANOSECONDS, 2, 4, 0, 0, 128, 1)
    for ms, *rest in packets:
        content = frame(*rest)
        data += struct.pack("<IIII", 7, int(ms * 1e6), len(content), len(content)) + content
    path.write_bytes(data)


def diary(rate_of):
    """A line each 0.05 s for 10 s; rate_of(s): Mbit/s of direct and detour, delivered or not."""
    direct = detour = delivered = 0.0
    lines = []
    for n in range(201):
        at = n * 0.05
        lines.append({"at": 1000 + at, "bytes": int(delivered), "subflows": [
            {"local": "s:1", "remote": f"{CLIENT}:1000", "received": int(direct)},
            {"local": "s:1", "remote": f"{RELAY}:20000", "received": int(detour)}]})
        if at >= 8:
            del lines[-1]["subflows"][1]  # the detour has gone: what it carried stays
        one, other, arrives = rate_of(at)
        direct += one * 0.05e6 / 8
        detour += other * 0.05e6 / 8
        delivered += (one + other) * 0.05e6 / 8 if arrives else 0
    return lines


# name, rates over time, the figures; the event is at 4 s, mended at 6 s
DIARIES = [
    ("nothing happens", lambda s: (8, 4, True), {"before_mbit": 12, "during_mbit": 12, "below_s": 0, "pause_s": 0.05}),
    ("a third is lost", lambda s: (8, 0 if 4 <= s < 6 else 4, True), {"during_mbit": 8, "below_s": 0}),
    ("most is lost for a second", lambda s: (0 if 4 <= s < 5 else 8, 4, True), {"during_mbit": 8, "below_s": 1.0, "pause_s": 0.05}),
    ("nothing arrives for a second and a half", lambda s: (8, 4, not 4 <= s < 5.5), {"pause_s": 1.5, "during_mbit": 3}),
    ("and to the end", lambda s: (8, 4, s < 4), {"pause_s": 6.0, "below_s": 6.0, "during_mbit": 0}),
]


def near(value, expected):
    return abs(value - expected) <= 0.06 + 0.02 * expected


def check_captures(folder):
    for name, packets, lines in CAPTURES:
        write_capture(folder / "pcap", packets)
        found = [connection.line() for connection in first_byte.connections(folder / "pcap", CLIENT)]
        yield name, found == lines, found


def check_diaries(folder):
    for name, rate_of, figures in DIARIES:
        path = folder / "series"
        path.write_text("".join(json.dumps(line) + "\n" for line in diary(rate_of)))
        found = outage.figures(outage.carried(outage.read(path), CLIENT), 1004.0, 1006.0)
        yield name, all(near(found[key], value) for key, value in figures.items()), {key: found[key] for key in figures}
    path.write_text("".join(json.dumps(line) + "\n" for line in diary(lambda s: (8, 4, True))))
    last = {key: points[-1][1] for key, points in outage.curves(outage.carried(outage.read(path), CLIENT)).items()}
    yield "curves are what each subflow carries", last == {"total": 12.0, "direct": 8.0, "detour": 0.0}, last


def main():
    failed = count = 0
    with tempfile.TemporaryDirectory() as folder:
        for cases in (check_captures, check_diaries):
            for name, good, found in cases(Path(folder)):
                count += 1
                print(f"{'ok' if good else 'not ok'} {count} - {name}")
                if not good:
                    failed = 1
                    print(f"# {found}")
    print(f"1..{count}")
    return failed


if __name__ == "__main__":
    sys.exit(main())
