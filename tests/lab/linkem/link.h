/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An emulated link: two TAP interfaces, one in each of two network namespaces, and for each direction
 * a shaper and the frames that are under way.
 */
#ifndef DETOUR_LINKEM_LINK_H
#define DETOUR_LINKEM_LINK_H

#include <stddef.h>
#include <stdio.h>

#include "tests/lab/linkem/options.h"
#include "tests/lab/linkem/shaper.h"

/* An Ethernet frame of a 1500-byte MTU, with room for two VLAN tags. */
#define FRAME_MAX 1522

struct frame {
	struct frame *next;
	uint64_t arrival_ns;
	uint32_t len;
	unsigned char data[FRAME_MAX];
};

struct link_counters {
	uint64_t fates[SHAPER_FATES]; /* frames, by what became of them */
	uint64_t bytes;		      /* written to the far end */
	uint64_t refused;	      /* frames that the far end did not take (interface down) */
	uint64_t late_ns_sum, late_ns_max; /* delivered after they were due */
	uint64_t backlog_max;		   /* bytes, the most that waited */
};

/* Direction 0 goes from end 0 to end 1. */
struct direction {
	struct shaper shaper;
	struct frame *first, **last; /* under way, by arrival */
	struct link_counters counters;
};

struct link {
	char name[LINK_NAME_LEN];
	int taps[2];
	struct direction directions[2];
};

/* Makes the interfaces, up, without addresses. -errno; nothing is left on failure. */
int link_open(struct link *link, const struct link_spec *spec, uint64_t seed);
void link_close(struct link *link);

/* Takes the frames that wait at end `side`, some at most; 0 or -errno of a dead interface. */
int link_receive(struct link *link, int side);

/* Writes out the frames that are due; returns when the next one is, UINT64_MAX if none. */
uint64_t link_deliver(struct link *link);

/* One line a direction: settings and counters, as "key=value". */
void link_print(FILE *out, const struct link *link);

uint64_t link_now_ns(void);

#endif /* DETOUR_LINKEM_LINK_H */
