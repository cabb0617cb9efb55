// SPDX-License-Identifier: BSD-2-Clause
/* Events: each changes what is known of the connection; then the set of subflows is put right. */
#include "user/agent/policy.h"

#include <errno.h>

#include <utlist.h>

#include "user/base/cleanup.h"

#define LONG_LIFE_US (10 * 1000 * 1000ULL) /* a subflow that lived so long did work */

static const char *const HANDS_OFF_EINVAL = "under the kernel's path manager";

static bool is_loopback(const struct detour_addr *addr)
{
	static const struct detour_addr loopback6 = {.bytes = {[15] = 1}};

	return addr_is_v4(addr) ? addr->bytes[12] == 127 : addr_equal(addr, &loopback6);
}

const char *policy_hands_off(const struct conn *conn, const struct policy_world *world)
{
	const struct detour_addr *server = &conn->remote.addr;

	/* Both ends on this host is loopback too, whatever the addresses. */
	if (is_loopback(server) || addr_equal(server, &conn->local.addr))
		return "loopback";
	for (size_t i = 0; i < world->exclude_count; i++) {
		if (prefix_contains(&world->exclude[i], server))
			return "excluded";
	}
	for (size_t i = 0; i < world->relay_addr_count; i++) {
		if (addr_equal(&world->relay_addrs[i].addr, server))
			return "the server is a relay";
	}
	return NULL;
}

/* Holds the subflow's way back for this connection. */
static void hold_back(struct conn *conn, const struct policy_world *world,
		      const struct subflow *subflow)
{
	uint32_t key = subflow->kind == SUBFLOW_DETOUR ? subflow->relay
						       : policy_direct_key(subflow->ifindex);

	backoff_fail(&conn->backoffs, key, world->now_us);
}

static void note_failure(struct conn *conn, const struct policy_world *world,
			 const struct subflow *subflow)
{
	hold_back(conn, world, subflow);
	if (subflow->kind == SUBFLOW_DETOUR)
		servers_fail(world->servers, &conn->remote, subflow->relay, world->now_us);
}

static void on_open_failed(struct conn *conn, const struct policy_world *world,
			   const struct policy_event *event)
{
	struct subflow *subflow = event->subflow;

	switch (event->error) {
	case -EINVAL:
		conn->hands_off = HANDS_OFF_EINVAL;
		break;
	case -ENOTCONN: /* it is ending, or not ready: look again later */
		conn->hold_until_us = world->now_us + POLICY_VERDICT_US;
		break;
	case -EACCES:
		servers_hold(world->servers, &conn->remote, subflow->relay, world->now_us,
			     POLICY_DENIED_US);
		break;
	default:
		note_failure(conn, world, subflow);
	}
	conn_remove_subflow(conn, subflow);
}

static uint32_t count_established_extras(const struct conn *conn)
{
	const struct subflow *subflow;
	uint32_t count = 0;

	DL_FOREACH (conn->subflows, subflow) {
		if (subflow->kind != SUBFLOW_INITIAL && subflow->state == SUBFLOW_ESTABLISHED)
			count++;
	}
	return count;
}

static void on_sub_established(struct conn *conn, const struct policy_world *world,
			       const struct pm_event *event, struct policy_actions *actions)
{
	struct subflow *subflow = conn_match_subflow(conn, &event->local, &event->remote);

	if (!subflow)
		subflow = conn_add_subflow(conn, SUBFLOW_OTHER, &event->local, &event->remote);
	if (!subflow)
		return;
	subflow->local = event->local;
	subflow->loc_id = event->loc_id;
	subflow->rem_id = event->rem_id;
	if (event->backup)
		subflow->backup = true;
	subflow->progress_us = subflow->since_us = world->now_us;
	policy_recognise(conn, world, subflow);
	if (subflow->state != SUBFLOW_CONNECTING && subflow->asked_us)
		return; /* destroyed meanwhile: its end comes too */
	subflow->state = SUBFLOW_ESTABLISHED;
	if (subflow->asked_us)
		subflow->setup_us = (uint32_t)(world->now_us - subflow->asked_us);
	if (subflow->kind == SUBFLOW_DETOUR)
		servers_clear(world->servers, &conn->remote, subflow->relay);
	policy_add_action(actions, POLICY_OPENED, subflow, "");
}

/*
 * The server takes the SYN and closes at once: it has as many as it wants. The verdict waits, for
 * a connection that ends looks the same.
 */
static bool looks_rejected(const struct subflow *subflow, const struct policy_world *world,
			   int error)
{
	return subflow->kind != SUBFLOW_INITIAL && (error == 0 || error == ECONNRESET) &&
	       world->now_us - subflow->since_us < POLICY_REJECT_US;
}

static void established_closed(struct conn *conn, const struct policy_world *world,
			       const struct subflow *subflow, int error)
{
	if (looks_rejected(subflow, world, error)) {
		conn->rejected_us = world->now_us;
		conn->reject_count = count_established_extras(conn) - 1;
		/* The limit does not count while no subflow works: this keeps it from a loop. */
		hold_back(conn, world, subflow);
		return;
	}
	if (subflow->kind == SUBFLOW_INITIAL)
		conn->direct_lost = error != 0 || subflow->local_gone;
	if (world->now_us - subflow->since_us > LONG_LIFE_US)
		backoff_clear(&conn->backoffs, subflow->relay);
	note_failure(conn, world, subflow);
	if (error == 0)
		conn->hold_until_us = world->now_us + POLICY_VERDICT_US;
}

static const char *close_reason(const struct subflow *subflow, int error)
{
	static const struct {
		int error;
		const char *text;
	} reasons[] = {
		{ECONNREFUSED, "refused"},
		{ECONNRESET, "reset"},
		{ETIMEDOUT, "timed out"},
		{EHOSTUNREACH, "host unreachable"},
		{ENETUNREACH, "network unreachable"},
	};

	if (subflow->state == SUBFLOW_CLOSING)
		return "destroyed";
	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++) {
		if (reasons[i].error == error)
			return reasons[i].text;
	}
	return error ? "error" : "by the other side";
}

static void on_sub_closed(struct conn *conn, const struct policy_world *world,
			  const struct pm_event *event, struct policy_actions *actions)
{
	struct subflow *subflow = conn_match_subflow(conn, &event->local, &event->remote);
	const char *reason;

	if (!subflow)
		return;
	reason = close_reason(subflow, event->error);
	if (subflow->state == SUBFLOW_ESTABLISHED)
		established_closed(conn, world, subflow, event->error);
	else if (subflow->state == SUBFLOW_CONNECTING)
		note_failure(conn, world, subflow);
	if (subflow->kind == SUBFLOW_ANNOUNCED && conn->announced)
		conn->announced--;
	DL_DELETE(conn->subflows, subflow);
	subflow->state = SUBFLOW_CLOSING;
	policy_add_action(actions, POLICY_CLOSED, subflow, reason);
}

static bool has_remote(const struct conn *conn, const struct detour_addr *addr)
{
	const struct subflow *subflow;

	DL_FOREACH (conn->subflows, subflow) {
		if (subflow_is_live(subflow) && addr_equal(&subflow->remote.addr, addr))
			return true;
	}
	return false;
}

/* As the kernel's own path manager: within its limits, one subflow to each announced address. */
static void on_announced(struct conn *conn, const struct policy_world *world,
			 const struct pm_event *event, struct policy_actions *actions)
{
	struct endpoint remote = event->remote, local = {0};
	static const struct in_addr any4;
	struct subflow *subflow;

	if (conn->announced >= world->limits.add_addr_accepted ||
	    count_established_extras(conn) >= world->limits.subflows ||
	    has_remote(conn, &remote.addr) || is_loopback(&remote.addr))
		return;
	if (remote.port_be == 0)
		remote.port_be = conn->remote.port_be;
	if (addr_is_v4(&remote.addr))
		local.addr = addr_from_v4(any4);
	subflow = conn_add_subflow(conn, SUBFLOW_ANNOUNCED, &local, &remote);
	if (!subflow)
		return;
	subflow->state = SUBFLOW_WANTED;
	subflow->rem_id = event->rem_id;
	subflow->asked_us = subflow->since_us = world->now_us;
	conn->announced++;
	policy_add_action(actions, POLICY_OPEN, subflow, "announced");
}

static void on_removed(struct conn *conn, const struct policy_world *world,
		       const struct pm_event *event, struct policy_actions *actions)
{
	struct subflow *subflow;

	DL_FOREACH (conn->subflows, subflow) {
		if (subflow->rem_id == event->rem_id && subflow->state == SUBFLOW_ESTABLISHED)
			policy_destroy(subflow, world, actions, "the server removed its address");
	}
}

static void on_pm(struct conn *conn, const struct policy_world *world, const struct pm_event *event,
		  struct policy_actions *actions)
{
	struct subflow *subflow;

	switch (event->type) {
	case PM_SUB_ESTABLISHED:
		on_sub_established(conn, world, event, actions);
		break;
	case PM_SUB_CLOSED:
		on_sub_closed(conn, world, event, actions);
		break;
	case PM_ANNOUNCED:
		if (!conn->hands_off)
			on_announced(conn, world, event, actions);
		break;
	case PM_REMOVED:
		if (!conn->hands_off)
			on_removed(conn, world, event, actions);
		break;
	case PM_SUB_PRIORITY:
		subflow = conn_match_subflow(conn, &event->local, &event->remote);
		if (subflow)
			subflow->backup = event->backup;
		break;
	case PM_CREATED:
	case PM_ESTABLISHED:
	case PM_CLOSED: /* the table of connections deals with these */
		break;
	}
}

static void on_addr_gone(struct conn *conn, const struct detour_addr *addr)
{
	struct subflow *subflow;

	DL_FOREACH (conn->subflows, subflow) {
		if (!addr_equal(&subflow->local.addr, addr))
			continue;
		subflow->local_gone = true;
		if (subflow->kind == SUBFLOW_INITIAL)
			conn->direct_lost = true;
	}
}

/* Why a detour whose relay cannot be asked is given up; NULL: it does no harm. */
static const char *dead_reason(const struct subflow *subflow, const struct policy_world *world)
{
	const struct policy_path *path;
	uint64_t quiet_us; /* as far as is known */

	if (subflow->path == PATH_NONE || !subflow->sampled)
		return NULL;
	path = &world->paths[subflow->path];
	if (path->up || subflow->sampled_us < path->down_us ||
	    subflow->sampled_us < subflow->progress_us)
		return NULL;
	quiet_us = subflow->sampled_us -
		   (subflow->progress_us > path->down_us ? subflow->progress_us : path->down_us);
	if (path->silent && quiet_us >= POLICY_DEAD_US)
		return "its relay is dead";
	/* The daemon may be away and the data path alive: only data that is stuck tells. */
	if (subflow->info.unacked && quiet_us >= POLICY_STALL_US)
		return "no progress, and its relay does not answer";
	return NULL;
}

static void tick_subflow(struct conn *conn, const struct policy_world *world,
			 struct subflow *subflow, struct policy_actions *actions)
{
	uint64_t age_us = world->now_us - subflow->since_us;
	const char *reason;

	switch (subflow->state) {
	case SUBFLOW_WANTED:
		if (age_us > POLICY_SYN_US) {
			note_failure(conn, world, subflow);
			conn_remove_subflow(conn, subflow);
		}
		break;
	case SUBFLOW_CONNECTING:
		if (age_us > POLICY_SYN_US) {
			note_failure(conn, world, subflow);
			policy_destroy(subflow, world, actions, "no answer to its SYN");
		}
		break;
	case SUBFLOW_ESTABLISHED:
		reason = subflow->kind == SUBFLOW_DETOUR ? dead_reason(subflow, world) : NULL;
		if (reason)
			policy_destroy(subflow, world, actions, reason);
		break;
	case SUBFLOW_CLOSING:
		if (age_us > POLICY_CLOSING_US)
			conn_remove_subflow(conn, subflow);
		break;
	}
}

static void on_tick(struct conn *conn, const struct policy_world *world,
		    struct policy_actions *actions)
{
	struct subflow *subflow, *next;

	DL_FOREACH_SAFE (conn->subflows, subflow, next) {
		tick_subflow(conn, world, subflow, actions);
	}
	if (conn->rejected_us && world->now_us - conn->rejected_us >= POLICY_VERDICT_US) {
		conn->rejected_us = 0;
		conn->limit = conn->reject_count;
		conn->limit_until_us = world->now_us + SERVER_LIMIT_US;
		servers_set_limit(world->servers, &conn->remote, conn->limit, world->now_us);
	}
}

void policy_run(struct conn *conn, const struct policy_world *world,
		const struct policy_event *event, struct policy_actions *actions)
{
	struct subflow *subflow;

	switch (event->type) {
	case POLICY_PM:
		on_pm(conn, world, event->pm, actions);
		break;
	case POLICY_OPEN_FAILED:
		on_open_failed(conn, world, event);
		break;
	case POLICY_ADDR_GONE:
		on_addr_gone(conn, event->addr);
		break;
	case POLICY_TICK:
		on_tick(conn, world, actions);
		if (!conn->hands_off)
			policy_do_no_harm(conn, world);
		break;
	case POLICY_WORLD:
		DL_FOREACH (conn->subflows, subflow) {
			policy_recognise(conn, world, subflow);
		}
		break;
	case POLICY_ESTABLISHED:
		break;
	}
	policy_reconcile(conn, world, actions);
}
