// SPDX-License-Identifier: BSD-2-Clause
/* Slots by destination; what fills them is in nexthop_resolve.c. */
#include "user/fwd/nexthops.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/dataplane/tables.h"
#include "user/fwd/nexthops_impl.h"

#define WORK_PER_CALL 256

static void nexthop_forget(struct nexthops *nexthops, struct nexthop *nexthop)
{
	static const struct nexthop_entry empty;

	tables_nexthop_set(nexthops->tables, nexthop->slot, &empty);
	nexthop_unlink_neighbour(nexthops, nexthop);
	nexthops->by_slot[nexthop->slot] = NULL;
	HASH_DEL(nexthops->by_dst, nexthop);
	free(nexthop);
}

static int nexthop_remember(struct nexthops *nexthops, const struct detour_addr *dst, uint32_t slot,
			    struct nexthop **ret_nexthop)
{
	struct nexthop *nexthop = calloc(1, sizeof(*nexthop));

	if (!nexthop)
		return -ENOMEM;
	nexthop->dst = *dst;
	nexthop->slot = slot;
	nexthops->by_slot[slot] = nexthop;
	HASH_ADD(hh, nexthops->by_dst, dst, sizeof(nexthop->dst), nexthop);
	*ret_nexthop = nexthop;
	return 0;
}

/*
 * What an earlier daemon filled. It holds while nobody tells otherwise; work() looks it up again.
 */
static int take_over(struct nexthops *nexthops)
{
	static const struct detour_addr none;

	for (uint32_t slot = 1; slot < DETOUR_NEXTHOPS_MAX; slot++) {
		const struct nexthop_entry *entry = tables_nexthop(nexthops->tables, slot);
		struct nexthop *nexthop;
		int err;

		if (!entry || addr_equal(&entry->dst, &none))
			continue;
		err = nexthop_remember(nexthops, &entry->dst, slot, &nexthop);
		if (err)
			return err;
	}
	nexthops_routes_changed(nexthops);
	return 0;
}

int nexthops_new(struct tables *tables, struct nexthops **ret_nexthops)
{
	struct nexthops *nexthops = calloc(1, sizeof(*nexthops));
	int err;

	if (!nexthops)
		return -ENOMEM;
	nexthops->tables = tables;
	nexthops->next_slot = 1;
	err = nl_open(NETLINK_ROUTE, &nexthops->sock);
	if (!err)
		err = nexthops_read_links(nexthops);
	if (!err)
		err = take_over(nexthops);
	if (err) {
		nexthops_free(nexthops);
		return err;
	}
	*ret_nexthops = nexthops;
	return 0;
}

void nexthops_free(struct nexthops *nexthops)
{
	struct nexthop *nexthop, *next;

	if (!nexthops)
		return;
	/* The table keeps its slots: the data path goes on with them. */
	HASH_ITER (hh, nexthops->by_dst, nexthop, next) {
		nexthop_unlink_neighbour(nexthops, nexthop);
		HASH_DEL(nexthops->by_dst, nexthop);
		free(nexthop);
	}
	nl_close(nexthops->sock);
	free(nexthops->links);
	free(nexthops);
}

static uint32_t find_free_slot(struct nexthops *nexthops)
{
	/* Slot 0 is never one. Without this each lease beyond would look at all slots in vain. */
	if (HASH_COUNT(nexthops->by_dst) >= DETOUR_NEXTHOPS_MAX - 1)
		return DETOUR_NEXTHOP_NONE;
	for (uint32_t i = 0; i + 1 < DETOUR_NEXTHOPS_MAX; i++) {
		uint32_t slot = 1 + (nexthops->next_slot - 1 + i) % (DETOUR_NEXTHOPS_MAX - 1);

		if (!nexthops->by_slot[slot]) {
			nexthops->next_slot = slot + 1;
			return slot;
		}
	}
	return DETOUR_NEXTHOP_NONE;
}

static int nexthop_new(struct nexthops *nexthops, const struct detour_addr *dst,
		       struct nexthop **ret_nexthop)
{
	uint32_t slot = find_free_slot(nexthops);

	if (slot == DETOUR_NEXTHOP_NONE)
		return -ENOSPC;
	return nexthop_remember(nexthops, dst, slot, ret_nexthop);
}

int nexthops_get(struct nexthops *nexthops, const struct detour_addr *dst, uint32_t *ret_slot,
		 struct detour_addr *ret_source)
{
	struct nexthop *nexthop;
	struct route route;
	int err;

	HASH_FIND(hh, nexthops->by_dst, dst, sizeof(*dst), nexthop);
	if (!nexthop || !nexthop->reachable) {
		err = nexthop_route(nexthops, dst, &route);
		if (err)
			return err;
		if (!nexthop && nexthop_new(nexthops, dst, &nexthop)) {
			*ret_slot = DETOUR_NEXTHOP_NONE;
			*ret_source = route.source;
			return 0;
		}
		nexthop_fill(nexthops, nexthop, &route);
	}
	nexthop->leases++;
	*ret_slot = nexthop->slot;
	*ret_source = nexthop->source;
	return 0;
}

void nexthops_hold(struct nexthops *nexthops, uint32_t slot)
{
	struct nexthop *nexthop = slot < DETOUR_NEXTHOPS_MAX ? nexthops->by_slot[slot] : NULL;

	if (nexthop)
		nexthop->leases++;
}

void nexthops_put(struct nexthops *nexthops, uint32_t slot)
{
	struct nexthop *nexthop = slot < DETOUR_NEXTHOPS_MAX ? nexthops->by_slot[slot] : NULL;

	if (nexthop && nexthop->leases > 0 && --nexthop->leases == 0)
		nexthop->released_in_scan = nexthops->scan;
}

const struct detour_addr *nexthops_source(const struct nexthops *nexthops, uint32_t slot)
{
	const struct nexthop *nexthop = slot < DETOUR_NEXTHOPS_MAX ? nexthops->by_slot[slot] : NULL;

	return nexthop && nexthop->reachable ? &nexthop->source : NULL;
}

void nexthops_routes_changed(struct nexthops *nexthops)
{
	/* From where the walk is, that a stream of changes does not keep it from the last slots. */
	nexthops->work_left = DETOUR_NEXTHOPS_MAX;
	nexthops->work_links = true;
}

bool nexthops_work(struct nexthops *nexthops)
{
	size_t done = 0;

	if (nexthops->work_links)
		nexthops_read_links(nexthops);
	nexthops->work_links = false;
	while (nexthops->work_left > 0 && done < WORK_PER_CALL) {
		struct nexthop *nexthop = nexthops->by_slot[nexthops->work_slot];

		nexthops->work_slot = (nexthops->work_slot + 1) % DETOUR_NEXTHOPS_MAX;
		nexthops->work_left--;
		if (!nexthop)
			continue;
		nexthop_resolve(nexthops, nexthop);
		done++;
	}
	return nexthops->work_left > 0;
}

void nexthops_scan_begin(struct nexthops *nexthops)
{
	nexthops->scan++;
}

void nexthops_mark(struct nexthops *nexthops, uint32_t slot)
{
	if (slot < DETOUR_NEXTHOPS_MAX && nexthops->by_slot[slot])
		nexthops->by_slot[slot]->met_in_scan = nexthops->scan;
}

void nexthops_scan_end(struct nexthops *nexthops)
{
	struct nexthop *nexthop, *next;

	/*
	 * A slot that was released while the scan was on may be in a flow that it had passed
	 * already.
	 */
	HASH_ITER (hh, nexthops->by_dst, nexthop, next) {
		if (nexthop->leases == 0 && nexthop->met_in_scan != nexthops->scan &&
		    nexthop->released_in_scan != nexthops->scan)
			nexthop_forget(nexthops, nexthop);
	}
}

void nexthops_count(const struct nexthops *nexthops, struct nexthops_counters *ret_counters)
{
	struct nexthops_counters counters = {.lookups = nexthops->lookups};
	const struct nexthop *nexthop;

	for (nexthop = nexthops->by_dst; nexthop; nexthop = nexthop->hh.next) {
		const struct nexthop_entry *entry = tables_nexthop(nexthops->tables, nexthop->slot);

		counters.slots++;
		counters.valid += (entry->flags & NEXTHOP_VALID) != 0;
	}
	counters.neighbours = HASH_COUNT(nexthops->neighbours);
	*ret_counters = counters;
}
