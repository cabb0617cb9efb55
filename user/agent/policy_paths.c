// SPDX-License-Identifier: BSD-2-Clause
/* Which relay, over which uplink, serves a connection best: candidates are ranked and compared. */
#include "user/agent/policy.h"

#include <utlist.h>

/* Lower is better; compared field by field, in this order. */
struct rank {
	unsigned int role;	  /* 0: on, master; 1: backup; 2: handover */
	unsigned int uplink_used; /* detours that go out by the same uplink already */
	uint32_t rtt_us;	  /* unknown counts as the longest */
};

static unsigned int role_rank(enum uplink_role role)
{
	switch (role) {
	case UPLINK_ON:
	case UPLINK_MASTER:
		return 0;
	case UPLINK_BACKUP:
		return 1;
	case UPLINK_HANDOVER:
	case UPLINK_OFF:
		break;
	}
	return 2;
}

bool policy_role_active(const struct policy_world *world, enum uplink_role role, int family)
{
	if (role == UPLINK_OFF)
		return false;
	if (role != UPLINK_HANDOVER)
		return true;
	for (size_t i = 0; i < world->uplink_count; i++) {
		const struct policy_uplink *uplink = &world->uplinks[i];

		if (uplink->usable && role_rank(uplink->role) < 2 &&
		    addr_family(&uplink->addr) == family)
			return false;
	}
	return true;
}

static bool relay_in_use(const struct conn *conn, uint32_t relay)
{
	const struct subflow *subflow;

	DL_FOREACH (conn->subflows, subflow) {
		if (subflow->relay == relay && subflow_is_live(subflow))
			return true;
	}
	return false;
}

static bool path_fits(const struct conn *conn, const struct policy_world *world,
		      const struct policy_path *path)
{
	int family = addr_family(&conn->remote.addr);

	return path->up && addr_family(&path->local) == family &&
	       policy_role_active(world, path->role, family) && !relay_in_use(conn, path->relay) &&
	       !backoff_blocked(&conn->backoffs, path->relay, world->now_us) &&
	       !servers_blocked(world->servers, &conn->remote, path->relay, world->now_us);
}

static struct rank path_rank(const struct conn *conn, const struct policy_path *path)
{
	struct rank rank = {
		.role = role_rank(path->role),
		.rtt_us = path->rtt_us ? path->rtt_us : UINT32_MAX,
	};
	const struct subflow *subflow;

	DL_FOREACH (conn->subflows, subflow) {
		if (path->ifindex && subflow->kind == SUBFLOW_DETOUR && subflow_is_live(subflow) &&
		    subflow->ifindex == path->ifindex)
			rank.uplink_used++;
	}
	return rank;
}

static bool rank_better(const struct rank *a, const struct rank *b)
{
	if (a->role != b->role)
		return a->role < b->role;
	if (a->uplink_used != b->uplink_used)
		return a->uplink_used < b->uplink_used;
	return a->rtt_us < b->rtt_us;
}

uint32_t policy_choose_path(const struct conn *conn, const struct policy_world *world)
{
	uint32_t best = PATH_NONE;
	struct rank best_rank = {0};

	for (uint32_t i = 0; i < world->path_count; i++) {
		struct rank rank;

		if (!path_fits(conn, world, &world->paths[i]))
			continue;
		rank = path_rank(conn, &world->paths[i]);
		/* Of equals the one that the configuration names first. */
		if (best == PATH_NONE || rank_better(&rank, &best_rank)) {
			best = i;
			best_rank = rank;
		}
	}
	return best;
}

static uint32_t relay_of(const struct policy_world *world, const struct detour_addr *addr)
{
	for (size_t i = 0; i < world->relay_addr_count; i++) {
		if (addr_equal(&world->relay_addrs[i].addr, addr))
			return world->relay_addrs[i].relay;
	}
	return RELAY_NONE;
}

/* A channel's address is known from its first hello on; a resync may come before that. */
static void recognise_path(const struct policy_world *world, struct subflow *subflow)
{
	for (uint32_t i = 0; i < world->path_count; i++) {
		const struct policy_path *path = &world->paths[i];

		if (path->relay == subflow->relay &&
		    addr_equal(&path->local, &subflow->local.addr)) {
			subflow->path = i;
			subflow->ifindex = path->ifindex;
		}
	}
}

void policy_recognise(const struct conn *conn, const struct policy_world *world,
		      struct subflow *subflow)
{
	if (subflow->kind == SUBFLOW_OTHER &&
	    !addr_equal(&subflow->remote.addr, &conn->remote.addr)) {
		subflow->relay = relay_of(world, &subflow->remote.addr);
		if (subflow->relay != RELAY_NONE) {
			subflow->kind = SUBFLOW_DETOUR;
			policy_adopt(world, subflow);
		}
	}
	if (subflow->kind == SUBFLOW_DETOUR && subflow->path == PATH_NONE)
		recognise_path(world, subflow);
}
