/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * The data path's options: one `const volatile struct detour_config config` in each program's
 * .rodata, which user/dataplane fills before it loads the program. A change loads a new program
 * over the old one; maps and flows stay.
 */
#ifndef DETOUR_CONFIG_H
#define DETOUR_CONFIG_H

#include <linux/types.h>
#include <detour/limits.h>

/* What a SYN must carry to make a flow (fwd.conf: Accept=). */
enum detour_accept {
	DETOUR_ACCEPT_JOIN = 0,	 /* MP_JOIN */
	DETOUR_ACCEPT_MPTCP = 1, /* MP_JOIN or MP_CAPABLE */
	DETOUR_ACCEPT_ANY = 2,
};

/* Both ends included, host order. */
struct detour_port_range {
	__u16 first;
	__u16 last;
};

struct detour_config {
	__u32 accept;		 /* enum detour_accept */
	__u32 source_port_count; /* sum of the ranges' lengths */
	struct detour_port_range detour_ports;
	struct detour_port_range source_ports[DETOUR_PORT_RANGES_MAX]; /* unused: first > last */
	__u32 zero;
};

#endif /* DETOUR_CONFIG_H */
