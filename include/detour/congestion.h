/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* What the agent tells its congestion program (in .rodata), and what that counts. */
#ifndef DETOUR_CONGESTION_H
#define DETOUR_CONGESTION_H

#include <linux/types.h>

#define CONGESTION_NAME_LEN 16 /* the kernel's TCP_CA_NAME_MAX */

struct congestion_config {
	__u64 netns_cookie;	       /* whose connections are meant: SO_NETNS_COOKIE */
	char name[CONGESTION_NAME_LEN]; /* what a subflow with random losses gets */
};

/* Keys of the map `counters`. */
enum congestion_counter {
	CONGESTION_CHANGED, /* subflows that got it */
	CONGESTION_REFUSED, /* the kernel would not give it to them */
	CONGESTION_COUNTERS,
};

#endif /* DETOUR_CONGESTION_H */
