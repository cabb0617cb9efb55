#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Short MPTCP connections, many: each sends a few bytes, gets them back and ends.

serve ADDRESS PORT answers them; open ADDRESS PORT COUNT makes them, 40 at a time. IPv4 only.
"""

import socket
import sys
import threading

IPPROTO_MPTCP = 262
AT_ONCE = 40


def mptcp_socket():
    return socket.socket(socket.AF_INET, socket.SOCK_STREAM, IPPROTO_MPTCP)


def answer(connection):
    with connection:
        try:
            while data := connection.recv(100):
                connection.sendall(data)
        except OSError:
            pass  # the client was gone first


def serve(where):
    listener = mptcp_socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(where)
    listener.listen(1024)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=answer, args=(connection,), daemon=True).start()


def open_some(where, count):
    for _ in range(count):
        with mptcp_socket() as connection:
            connection.settimeout(5)
            try:
                connection.connect(where)
                connection.sendall(b"question")
                connection.recv(100)
            except OSError as error:
                print(error, file=sys.stderr)


def main():
    where = (sys.argv[2], int(sys.argv[3]))
    if sys.argv[1] == "serve":
        serve(where)
    threads = [threading.Thread(target=open_some, args=(where, int(sys.argv[4]) // AT_ONCE))
               for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


main()
