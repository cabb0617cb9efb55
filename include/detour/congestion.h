/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* What the agent tells its congestion program, and what that counts. */
#ifndef DETOUR_CONGESTION_H
#define DETOUR_CONGESTION_H

#include <linux/types.h>

#define CONGESTION_NAME_LEN 16 /* the kernel's TCP_CA_NAME_MAX */

/* In the program's .rodata. */
struct congestion_config {
	__u64 netns_cookie;		/* whose connections are meant: SO_NETNS_COOKIE */
	char name[CONGESTION_NAME_LEN]; /* what a subflow with losses by chance gets */
};

/* Key of the map `excluded`, a trie: servers whose connections are left alone. */
struct congestion_prefix {
	__u32 bits;
	__u8 addr[16]; /* IPv4 is v4-mapped, and 96 bits longer */
};

/* Keys of the map `counters`. */
enum congestion_counter {
	CONGESTION_CHANGED, /* subflows that got it */
	CONGESTION_REFUSED, /* times that the kernel would not give it */
	CONGESTION_COUNTERS,
};

_Static_assert(sizeof(struct congestion_config) == 24, "no padding");
_Static_assert(sizeof(struct congestion_prefix) == 20, "no padding");

#endif /* DETOUR_CONGESTION_H */
