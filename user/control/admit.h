/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How many handshakes may be under way: per address (IPv6: per /64, which is what one host gets)
 * and in all. Pure accounting; a peer that has shown its certificate is not counted any more.
 */
#ifndef DETOUR_CONTROL_ADMIT_H
#define DETOUR_CONTROL_ADMIT_H

#include "user/base/addr.h"

#define ADMIT_PER_ADDRESS 8
#define ADMIT_IN_ALL	  256

struct admit {
	unsigned int count;
	struct detour_addr under_way[ADMIT_IN_ALL]; /* one entry a handshake, in no order */
};

/* One more handshake. -EBUSY: `addr` has as many as it may; -ENOSPC: all places are taken. */
int admit_enter(struct admit *admit, const struct detour_addr *addr);

/* One less; what never entered is ignored. */
void admit_leave(struct admit *admit, const struct detour_addr *addr);

#endif /* DETOUR_CONTROL_ADMIT_H */
