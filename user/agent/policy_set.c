// SPDX-License-Identifier: BSD-2-Clause
/* The set of subflows that a connection should have, and the steps from what it has to that. */
#include "user/agent/policy.h"

#include <utlist.h>

#define DIRECT_KEY   (1u << 31) /* beyond every relay's index */
#define BACKUP_TRIES 5

uint32_t policy_direct_key(unsigned int ifindex)
{
	return DIRECT_KEY | ifindex;
}

void policy_add_action(struct policy_actions *actions, enum policy_action_type type,
		       struct subflow *subflow, const char *reason)
{
	if (actions->count < POLICY_ACTIONS_MAX)
		actions->items[actions->count++] = (struct policy_action){
			.type = type,
			.subflow = subflow,
			.reason = reason,
		};
}

void policy_destroy(struct subflow *subflow, const struct policy_world *world,
		    struct policy_actions *actions, const char *reason)
{
	if (actions->count >= POLICY_ACTIONS_MAX)
		return;
	subflow->state = SUBFLOW_CLOSING;
	subflow->was_destroyed = true;
	subflow->since_us = world->now_us;
	policy_add_action(actions, POLICY_DESTROY, subflow, reason);
}

static bool is_direct(const struct subflow *subflow)
{
	return subflow->kind == SUBFLOW_INITIAL || subflow->kind == SUBFLOW_DIRECT;
}

/* Somebody else's subflow may be a detour of this agent's previous life: it takes a place too. */
static bool is_detour(const struct subflow *subflow)
{
	return subflow->kind == SUBFLOW_DETOUR || subflow->kind == SUBFLOW_OTHER;
}

static bool is_extra(const struct subflow *subflow)
{
	return subflow->kind != SUBFLOW_INITIAL;
}

static uint32_t count_live(const struct conn *conn, bool (*counts)(const struct subflow *))
{
	const struct subflow *subflow;
	uint32_t count = 0;

	DL_FOREACH (conn->subflows, subflow) {
		if (subflow_is_live(subflow) && counts(subflow))
			count++;
	}
	return count;
}

/* One that carries data now. */
static bool has_working(const struct conn *conn)
{
	const struct subflow *subflow;

	DL_FOREACH (conn->subflows, subflow) {
		if (subflow_is_live(subflow) && subflow->state == SUBFLOW_ESTABLISHED)
			return true;
	}
	return false;
}

/* Subflows that the server would still take. Without a working one left, trying costs nothing. */
static uint32_t room(const struct conn *conn, const struct policy_world *world)
{
	uint32_t limit = servers_limit(world->servers, &conn->remote, world->now_us);
	uint32_t extras = count_live(conn, is_extra);

	if (!has_working(conn))
		return UINT32_MAX;
	if (world->now_us < conn->limit_until_us && conn->limit < limit)
		limit = conn->limit;
	return extras < limit ? limit - extras : 0;
}

/*
 * Subflows whose address has vanished. RM_ADDR goes first: the kernel sends it only while such a
 * subflow is there, and only another one can carry it. Without another they stay, for the
 * connection must not run out of subflows.
 */
static void retire_gone(struct conn *conn, const struct policy_world *world,
			struct policy_actions *actions)
{
	struct subflow *subflow;
	bool working = has_working(conn);

	DL_FOREACH (conn->subflows, subflow) {
		if (subflow->local_gone && subflow->kind == SUBFLOW_INITIAL &&
		    subflow->state == SUBFLOW_ESTABLISHED && working)
			policy_add_action(actions, POLICY_REMOVE_ID, subflow, "address gone");
	}
	DL_FOREACH (conn->subflows, subflow) {
		if (subflow->local_gone && subflow->state != SUBFLOW_CLOSING &&
		    (working || subflow->state != SUBFLOW_ESTABLISHED))
			policy_destroy(subflow, world, actions, "its address has gone");
	}
}

static enum uplink_role subflow_role(const struct subflow *subflow,
				     const struct policy_world *world)
{
	for (size_t i = 0; i < world->uplink_count; i++) {
		if (addr_equal(&world->uplinks[i].addr, &subflow->local.addr))
			return world->uplinks[i].role;
	}
	return UPLINK_ON;
}

/* Handover uplinks rest again when another one works. */
static void retire_handover(struct conn *conn, const struct policy_world *world,
			    struct policy_actions *actions)
{
	int family = addr_family(&conn->remote.addr);
	bool better = false;
	struct subflow *subflow;

	if (policy_role_active(world, UPLINK_HANDOVER, family))
		return;
	DL_FOREACH (conn->subflows, subflow) {
		if (subflow_is_live(subflow) && subflow->state == SUBFLOW_ESTABLISHED &&
		    subflow_role(subflow, world) != UPLINK_HANDOVER)
			better = true;
	}
	DL_FOREACH (conn->subflows, subflow) {
		if (better && subflow_is_live(subflow) && subflow->kind != SUBFLOW_INITIAL &&
		    subflow_role(subflow, world) == UPLINK_HANDOVER)
			policy_destroy(subflow, world, actions, "another uplink works again");
	}
}

static struct subflow *open_subflow(struct conn *conn, const struct policy_world *world,
				    enum subflow_kind kind, const struct endpoint *local,
				    const struct endpoint *remote, struct policy_actions *actions)
{
	struct subflow *subflow = NULL;

	if (actions->count < POLICY_ACTIONS_MAX)
		subflow = conn_add_subflow(conn, kind, local, remote);
	if (!subflow)
		return NULL;
	subflow->state = SUBFLOW_WANTED;
	subflow->asked_us = subflow->since_us = world->now_us;
	policy_add_action(actions, POLICY_OPEN, subflow, "");
	return subflow;
}

void policy_set_backup(struct subflow *subflow, bool backup, const char *reason)
{
	subflow->backup = backup;
	subflow->backup_tries = BACKUP_TRIES;
	subflow->backup_reason = reason;
}

static void set_backup(struct subflow *subflow, enum uplink_role role)
{
	if (role == UPLINK_BACKUP)
		policy_set_backup(subflow, true, "its uplink is a backup");
}

void policy_adopt(const struct policy_world *world, struct subflow *subflow)
{
	/* One that is a backup for the kernel was made so by its SYN or by SET_FLAGS. */
	if (!subflow->backup)
		set_backup(subflow, subflow_role(subflow, world));
}

static bool has_direct_from(const struct conn *conn, const struct detour_addr *addr)
{
	const struct subflow *subflow;

	DL_FOREACH (conn->subflows, subflow) {
		if (subflow_is_live(subflow) && is_direct(subflow) &&
		    addr_equal(&subflow->local.addr, addr))
			return true;
	}
	return false;
}

/* With uplinks configured, each that takes part has its own direct subflow. */
static void open_uplinks(struct conn *conn, const struct policy_world *world,
			 struct policy_actions *actions)
{
	int family = addr_family(&conn->remote.addr);

	for (size_t i = 0; i < world->uplink_count; i++) {
		const struct policy_uplink *uplink = &world->uplinks[i];
		struct endpoint local = {.addr = uplink->addr};
		struct subflow *subflow;

		if (!uplink->usable || addr_family(&uplink->addr) != family ||
		    !policy_role_active(world, uplink->role, family) ||
		    has_direct_from(conn, &uplink->addr) || room(conn, world) == 0 ||
		    backoff_blocked(&conn->backoffs, policy_direct_key(uplink->ifindex),
				    world->now_us))
			continue;
		subflow = open_subflow(conn, world, SUBFLOW_DIRECT, &local, &conn->remote, actions);
		if (!subflow)
			return;
		subflow->ifindex = uplink->ifindex;
		set_backup(subflow, uplink->role);
	}
}

/* Without, a direct one is made again when the first one broke; its source comes from the route. */
static void open_direct(struct conn *conn, const struct policy_world *world,
			struct policy_actions *actions)
{
	static const struct detour_addr any6;
	static const struct in_addr any4;
	struct endpoint local = {
		.addr = addr_is_v4(&conn->remote.addr) ? addr_from_v4(any4) : any6,
	};

	if (!conn->direct_lost || count_live(conn, is_direct) > 0 || room(conn, world) == 0 ||
	    backoff_blocked(&conn->backoffs, policy_direct_key(0), world->now_us))
		return;
	open_subflow(conn, world, SUBFLOW_DIRECT, &local, &conn->remote, actions);
}

static void open_detours(struct conn *conn, const struct policy_world *world,
			 struct policy_actions *actions)
{
	while (count_live(conn, is_detour) < world->max_detours && room(conn, world) > 0) {
		uint32_t index = policy_choose_path(conn, world);
		const struct policy_path *path;
		struct endpoint local = {0}, remote = {0};
		struct subflow *subflow;

		if (index == PATH_NONE)
			return;
		path = &world->paths[index];
		local.addr = path->local;
		subflow = open_subflow(conn, world, SUBFLOW_DETOUR, &local, &remote, actions);
		if (!subflow)
			return;
		subflow->path = index;
		subflow->relay = path->relay;
		subflow->ifindex = path->ifindex;
		set_backup(subflow, path->role);
	}
}

/* Kernel 6.1 leaves the flag out of the SYN; others are told what they know. */
static void mark_backups(struct conn *conn, struct policy_actions *actions)
{
	struct subflow *subflow;

	DL_FOREACH (conn->subflows, subflow) {
		if (subflow->state != SUBFLOW_ESTABLISHED || !subflow->backup_tries ||
		    actions->count >= POLICY_ACTIONS_MAX)
			continue;
		subflow->backup_tries--;
		policy_add_action(actions, POLICY_BACKUP, subflow, subflow->backup_reason);
	}
}

void policy_reconcile(struct conn *conn, const struct policy_world *world,
		      struct policy_actions *actions)
{
	if (conn->hands_off)
		return;
	mark_backups(conn, actions);
	retire_gone(conn, world, actions);
	if (conn->rejected_us || world->now_us < conn->hold_until_us)
		return;
	if (world->uplink_count) {
		retire_handover(conn, world, actions);
		open_uplinks(conn, world, actions);
	} else {
		open_direct(conn, world, actions);
	}
	open_detours(conn, world, actions);
}
