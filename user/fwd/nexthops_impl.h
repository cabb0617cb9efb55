/* SPDX-License-Identifier: BSD-2-Clause */
/* What nexthops.c and nexthop_resolve.c share. For these two alone. */
#ifndef DETOUR_FWD_NEXTHOPS_IMPL_H
#define DETOUR_FWD_NEXTHOPS_IMPL_H

#include <uthash.h>

#include "user/fwd/nexthops.h"
#include "user/net/links.h"
#include "user/net/route.h"

struct neighbour_key {
	struct detour_addr addr;
	uint32_t ifindex;
};

/* A router or an on-link host that next hops go through. */
struct neighbour {
	struct neighbour_key key;
	uint8_t mac[6];
	bool known;
	struct nexthop *nexthops; /* a list */
	UT_hash_handle hh;
};

struct nexthop {
	struct detour_addr dst, source;
	uint32_t slot;
	uint32_t leases; /* that hold it */
	uint32_t met_in_scan, released_in_scan;
	uint32_t ifindex; /* of the route */
	uint32_t mtu;
	bool reachable; /* there is a route */
	struct neighbour *neighbour;
	struct nexthop *prev, *next; /* of the neighbour */
	UT_hash_handle hh;
};

struct nexthops {
	struct tables *tables;
	struct nl_socket *sock;
	struct link_info *links;
	size_t link_count;
	struct nexthop *by_dst;
	struct nexthop *by_slot[DETOUR_NEXTHOPS_MAX];
	struct neighbour *neighbours;
	uint32_t next_slot, work_slot, work_left, scan;
	bool work_links;
	uint64_t lookups;
	uint64_t waited_ns; /* when a new neighbour was last waited for */
};

int nexthops_read_links(struct nexthops *nexthops);
int nexthop_route(struct nexthops *nexthops, const struct detour_addr *dst,
		  struct route *ret_route);
void nexthop_fill(struct nexthops *nexthops, struct nexthop *nexthop, const struct route *route);
void nexthop_resolve(struct nexthops *nexthops, struct nexthop *nexthop);
void nexthop_unlink_neighbour(struct nexthops *nexthops, struct nexthop *nexthop);

#endif /* DETOUR_FWD_NEXTHOPS_IMPL_H */
