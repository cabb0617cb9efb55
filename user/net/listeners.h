/* SPDX-License-Identifier: BSD-2-Clause */
/* Local TCP ports in use, MPTCP's included (inet_diag). */
#ifndef DETOUR_NET_LISTENERS_H
#define DETOUR_NET_LISTENERS_H

#include <stdint.h>

#include <detour/limits.h>

#include "user/net/nl.h"

/*
 * Sets the bit of each port (port/64, bit port%64) that a socket listens at; `sock`:
 * NETLINK_SOCK_DIAG.
 */
int listeners_read(struct nl_socket *sock, uint64_t ret_ports[DETOUR_PORT_WORDS]);

#endif /* DETOUR_NET_LISTENERS_H */
