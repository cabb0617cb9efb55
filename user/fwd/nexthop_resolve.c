// SPDX-License-Identifier: BSD-2-Clause
/* Routes and neighbours into the table's slots. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/neighbour.h>
#include <net/if_arp.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <utlist.h>

#include "user/dataplane/tables.h"
#include "user/fwd/clock.h"
#include "user/fwd/nexthops_impl.h"

/*
 * A neighbour that nobody has talked to takes an ARP exchange. The lease's answer waits for that,
 * so that the client's first SYN is not lost; at most once a second, that nobody holds the daemon
 * up.
 */
#define NEW_NEIGHBOUR_WAIT_MS 20
#define NEW_NEIGHBOUR_EACH_NS SECOND_NS

int nexthops_read_links(struct nexthops *nexthops)
{
	struct link_info *links;
	size_t count;
	int err = links_read(nexthops->sock, &links, &count);

	if (err)
		return err;
	free(nexthops->links);
	nexthops->links = links;
	nexthops->link_count = count;
	return 0;
}

/* The slot's entry as things stand; without NEXTHOP_VALID where something is missing. */
static struct nexthop_entry make_entry(const struct nexthops *nexthops,
				       const struct nexthop *nexthop)
{
	struct nexthop_entry entry = {.dst = nexthop->dst};
	const struct link_info *link = links_find(nexthops->links, nexthops->link_count,
						  nexthop->ifindex);
	const struct link_info *lower = link;

	if (!nexthop->reachable || !link || link->type != ARPHRD_ETHER)
		return entry;
	if (link->vlan_id) {
		lower = links_find(nexthops->links, nexthops->link_count, link->lower);
		if (!lower || lower->vlan_id || lower->type != ARPHRD_ETHER)
			return entry; /* two tags: the kernel's FIB helper says no, too */
		entry.vlan_tci_be = htons(link->vlan_id);
	}
	entry.ifindex = lower->ifindex;
	entry.mtu = (uint16_t)(link->mtu > UINT16_MAX ? UINT16_MAX : link->mtu);
	if (nexthop->mtu && nexthop->mtu < entry.mtu)
		entry.mtu = (uint16_t)nexthop->mtu;
	memcpy(entry.src_mac, link->mac, sizeof(entry.src_mac));
	if (nexthop->neighbour && nexthop->neighbour->known) {
		memcpy(entry.dst_mac, nexthop->neighbour->mac, sizeof(entry.dst_mac));
		entry.flags = NEXTHOP_VALID;
	}
	return entry;
}

static void nexthop_write(struct nexthops *nexthops, struct nexthop *nexthop)
{
	struct nexthop_entry entry = make_entry(nexthops, nexthop);

	tables_nexthop_set(nexthops->tables, nexthop->slot, &entry);
}

static void neighbour_learn(struct neighbour *neighbour, const struct neighbour_info *info)
{
	neighbour->known = info->known;
	if (info->known)
		memcpy(neighbour->mac, info->mac, sizeof(neighbour->mac));
}

/* Asks for the neighbour, and gives a new one a moment to answer. */
static void neighbour_ask(struct nexthops *nexthops, struct neighbour *neighbour)
{
	const struct timespec pause = {.tv_nsec = 1000 * 1000};
	struct neighbour_info info = {0};
	uint64_t now = clock_now_ns();
	int tries = 0;

	if (neighbour_get(nexthops->sock, neighbour->key.ifindex, &neighbour->key.addr, &info) ==
		    0 &&
	    info.known) {
		neighbour_learn(neighbour, &info);
		return;
	}
	if (neighbour_probe(nexthops->sock, neighbour->key.ifindex, &neighbour->key.addr) ||
	    now - nexthops->waited_ns < NEW_NEIGHBOUR_EACH_NS)
		return;
	nexthops->waited_ns = now;
	while (!info.known && tries++ < NEW_NEIGHBOUR_WAIT_MS) {
		nanosleep(&pause, NULL);
		if (neighbour_get(nexthops->sock, neighbour->key.ifindex, &neighbour->key.addr,
				  &info))
			break;
	}
	neighbour_learn(neighbour, &info);
}

static struct neighbour *neighbour_of(struct nexthops *nexthops, const struct route *route)
{
	struct neighbour_key key = {route->gateway, route->ifindex};
	const struct link_info *link = links_find(nexthops->links, nexthops->link_count,
						  route->ifindex);
	struct neighbour *neighbour;

	if (!link || !link->arp)
		return NULL;
	HASH_FIND(hh, nexthops->neighbours, &key, sizeof(key), neighbour);
	if (neighbour)
		return neighbour;
	neighbour = calloc(1, sizeof(*neighbour));
	if (!neighbour)
		return NULL;
	neighbour->key = key;
	HASH_ADD(hh, nexthops->neighbours, key, sizeof(neighbour->key), neighbour);
	neighbour_ask(nexthops, neighbour);
	return neighbour;
}

void nexthop_unlink_neighbour(struct nexthops *nexthops, struct nexthop *nexthop)
{
	struct neighbour *neighbour = nexthop->neighbour;

	if (!neighbour)
		return;
	nexthop->neighbour = NULL;
	DL_DELETE(neighbour->nexthops, nexthop);
	if (neighbour->nexthops)
		return;
	HASH_DEL(nexthops->neighbours, neighbour);
	free(neighbour);
}

int nexthop_route(struct nexthops *nexthops, const struct detour_addr *dst, struct route *ret_route)
{
	static const struct detour_addr none;
	struct route route;
	int err;

	nexthops->lookups++;
	err = route_get(nexthops->sock, dst, &route);
	if (err)
		return err;
	/* A host without an address of this family may have routes of it all the same. */
	if (route.local || addr_equal(&route.source, &none))
		return -EHOSTUNREACH;
	*ret_route = route;
	return 0;
}

void nexthop_fill(struct nexthops *nexthops, struct nexthop *nexthop, const struct route *route)
{
	struct neighbour *neighbour = neighbour_of(nexthops, route);

	nexthop->reachable = true;
	nexthop->ifindex = route->ifindex;
	nexthop->mtu = route->mtu;
	nexthop->source = route->source;
	if (neighbour != nexthop->neighbour) {
		nexthop_unlink_neighbour(nexthops, nexthop);
		nexthop->neighbour = neighbour;
		if (neighbour)
			DL_APPEND(neighbour->nexthops, nexthop);
	}
	nexthop_write(nexthops, nexthop);
}

void nexthop_resolve(struct nexthops *nexthops, struct nexthop *nexthop)
{
	struct route route;

	if (nexthop_route(nexthops, &nexthop->dst, &route) == 0) {
		nexthop_fill(nexthops, nexthop, &route);
		return;
	}
	nexthop->reachable = false;
	nexthop_unlink_neighbour(nexthops, nexthop);
	nexthop_write(nexthops, nexthop);
}

void nexthops_neighbour_changed(struct nexthops *nexthops, const struct neighbour_info *info)
{
	struct neighbour_key key = {info->addr, info->ifindex};
	struct neighbour *neighbour;
	struct nexthop *nexthop;

	HASH_FIND(hh, nexthops->neighbours, &key, sizeof(key), neighbour);
	if (!neighbour)
		return;
	neighbour_learn(neighbour, info);
	DL_FOREACH (neighbour->nexthops, nexthop)
		nexthop_write(nexthops, nexthop);
	/* Gone, or silent for now: the kernel asks again, and its answer is the next event. */
	if (!info->known && !(info->state & NUD_INCOMPLETE))
		neighbour_probe(nexthops->sock, key.ifindex, &key.addr);
}

void nexthops_confirm(struct nexthops *nexthops)
{
	const uint16_t settled = NUD_REACHABLE | NUD_PERMANENT | NUD_NOARP | NUD_DELAY | NUD_PROBE |
				 NUD_INCOMPLETE;
	struct neighbour *neighbour, *next;

	HASH_ITER (hh, nexthops->neighbours, neighbour, next) {
		struct neighbour_info info = {0};
		int err = neighbour_get(nexthops->sock, neighbour->key.ifindex,
					&neighbour->key.addr, &info);

		if (err || !(info.state & settled))
			neighbour_probe(nexthops->sock, neighbour->key.ifindex,
					&neighbour->key.addr);
	}
}
