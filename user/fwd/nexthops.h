/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The data path's next hops: one slot a destination, filled from the kernel's routes and
 * neighbours and kept in step with both. Leases hold slots; a slot is free again when no lease
 * holds it and a whole scan of the flows has not met it.
 */
#ifndef DETOUR_FWD_NEXTHOPS_H
#define DETOUR_FWD_NEXTHOPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <detour/flow.h>

struct neighbour_info;
struct nexthops;
struct tables;

/* Takes over the slots that the table has filled. */
int nexthops_new(struct tables *tables, struct nexthops **ret_nexthops);
void nexthops_free(struct nexthops *nexthops);

/*
 * The slot for a destination, held until nexthops_put(), and the preferred source address towards
 * it. Slot 0 when all are in use: the data path then asks the kernel per packet. -ENETUNREACH and
 * the like: no route (nothing is held).
 */
int nexthops_get(struct nexthops *nexthops, const struct detour_addr *dst, uint32_t *ret_slot,
		 struct detour_addr *ret_source);
/* Holds a slot that a lease from before names. */
void nexthops_hold(struct nexthops *nexthops, uint32_t slot);
void nexthops_put(struct nexthops *nexthops, uint32_t slot);

/* The source address towards a slot's destination; NULL: not known, or no route. */
const struct detour_addr *nexthops_source(const struct nexthops *nexthops, uint32_t slot);

/* Routes or links have changed: everything is to be looked up again, a part with each work(). */
void nexthops_routes_changed(struct nexthops *nexthops);
/* True: there is more to do. */
bool nexthops_work(struct nexthops *nexthops);

void nexthops_neighbour_changed(struct nexthops *nexthops, const struct neighbour_info *info);

/*
 * Asks the kernel to confirm neighbours that have gone stale: it does not see the traffic that XDP
 * forwards. To be called every few seconds.
 */
void nexthops_confirm(struct nexthops *nexthops);

/* A scan over all flows: begin, a mark for each slot met, end (frees slots). */
void nexthops_scan_begin(struct nexthops *nexthops);
void nexthops_mark(struct nexthops *nexthops, uint32_t slot);
void nexthops_scan_end(struct nexthops *nexthops);

struct nexthops_counters {
	uint32_t slots, valid, neighbours;
	uint64_t lookups;
};
void nexthops_count(const struct nexthops *nexthops, struct nexthops_counters *ret_counters);

#endif /* DETOUR_FWD_NEXTHOPS_H */
