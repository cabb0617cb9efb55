#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A client of MProxy v1, the thesis's protocol, written from its rules alone.

A message is 12 bytes, the same both ways: version (1), operation (0 request, 1 reply), 2 bytes reserved,
the remote's IPv4 address, its port, the detour port; ports in network order.
Prints the reply as "OPERATION REMOTE:PORT DETOUR-PORT"; exit status 1 if none comes.
"""

import argparse
import socket
import struct
import sys

MESSAGE = struct.Struct("!BB2x4sHH")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("relay")
    parser.add_argument("remote", help="IPv4 address of the server")
    parser.add_argument("port", type=int, help="port of the server")
    parser.add_argument("--detour-port", type=int, default=0, help="wished for; 0: any")
    parser.add_argument("--version", type=int, default=1)
    parser.add_argument("--operation", type=int, default=0)
    parser.add_argument("--cut", type=int, default=MESSAGE.size, help="send only so many bytes")
    parser.add_argument("--extra", type=int, default=0, help="send so many more")
    args = parser.parse_args()

    request = MESSAGE.pack(
        args.version, args.operation, socket.inet_aton(args.remote), args.port, args.detour_port
    )
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(1.0)
        sock.connect((args.relay, 45672))
        sock.send(request[: args.cut] + bytes(args.extra))
        try:
            reply = sock.recv(2048)
        except OSError as err:
            sys.exit(f"no reply: {err}")
    if len(reply) != MESSAGE.size or reply[0] != 1:
        sys.exit(f"not a reply: {reply.hex()}")
    _, operation, remote, port, detour_port = MESSAGE.unpack(reply)
    print(operation, f"{socket.inet_ntoa(remote)}:{port}", detour_port)


if __name__ == "__main__":
    main()
