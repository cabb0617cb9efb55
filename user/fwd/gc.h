/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The walk over all flows, a part at a time: removes those that are over, repairs what a killed
 * daemon left half done, counts flows per identity after a start, and finds next hops that nothing
 * uses.
 */
#ifndef DETOUR_FWD_GC_H
#define DETOUR_FWD_GC_H

#include <stddef.h>
#include <stdint.h>

#include "user/fwd/gc_decide.h"

struct gc;
struct identities;
struct nexthops;
struct tables;

int gc_new(struct tables *tables, struct nexthops *nexthops, const struct identities *identities,
	   const struct gc_timeouts *timeouts, struct gc **ret_gc);
void gc_free(struct gc *gc);
void gc_set_timeouts(struct gc *gc, const struct gc_timeouts *timeouts);

/* One part of the walk; 0 or -errno. */
int gc_step(struct gc *gc);
/* When gc_step() wants to be called again. */
unsigned int gc_pause_ms(const struct gc *gc);

struct gc_counters {
	uint64_t scans, removed_timeout, removed_closed, removed_half;
	/* Of the last whole scan: flow entries met, time spent on it, and in the longest step. */
	uint64_t entries, busy_ns, longest_step_ns;
};
const struct gc_counters *gc_counters(const struct gc *gc);

#endif /* DETOUR_FWD_GC_H */
