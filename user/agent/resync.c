// SPDX-License-Identifier: BSD-2-Clause
/*
 * Resync: after a start, and after netlink dropped events. Connections come from the dump of MPTCP
 * sockets, subflows from that of TCP sockets; the token joins them.
 */
#include "user/agent/resync.h"

#include <errno.h>
#include <stdlib.h>

#include <utlist.h>

#include "user/agent/agent.h"
#include "user/base/cleanup.h"
#include "user/base/log.h"

#define TCP_STATE_ESTABLISHED 1
#define TCP_STATE_SYN_SENT    2
#define SUBFLOW_STATES	      (DIAG_ESTABLISHED | DIAG_SYN_SENT | DIAG_CLOSE_WAIT)

static int compare_tokens(uint32_t a, uint32_t b)
{
	return (a > b) - (a < b);
}

static int compare_connections(const void *a, const void *b)
{
	const struct diag_connection *x = a, *y = b;

	return compare_tokens(x->token, y->token);
}

static int compare_subflows(const void *a, const void *b)
{
	const struct diag_subflow *x = a, *y = b;

	/* Within a connection the first one first, and always the same order. */
	if (x->token != y->token)
		return compare_tokens(x->token, y->token);
	if (x->join != y->join)
		return x->join - y->join;
	return ntohs(x->local.port_be) - ntohs(y->local.port_be);
}

/* There may be tens of thousands of both: sorted, they are found fast. */
static void sort_dump(const struct resync_dump *dump)
{
	if (dump->connection_count)
		qsort(dump->connections, dump->connection_count, sizeof(*dump->connections),
		      compare_connections);
	if (dump->subflow_count)
		qsort(dump->subflows, dump->subflow_count, sizeof(*dump->subflows),
		      compare_subflows);
}

static const struct diag_connection *find_connection(const struct resync_dump *dump, uint32_t token)
{
	struct diag_connection key = {.token = token};

	if (dump->connection_count == 0)
		return NULL;
	return bsearch(&key, dump->connections, dump->connection_count, sizeof(key),
		       compare_connections);
}

/* The first of a connection's subflows, or where it would be. */
static size_t find_subflows(const struct resync_dump *dump, uint32_t token)
{
	size_t low = 0, high = dump->subflow_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (dump->subflows[middle].token < token)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool dump_has_subflow(const struct resync_dump *dump, uint32_t token,
			     const struct subflow *subflow)
{
	for (size_t i = find_subflows(dump, token);
	     i < dump->subflow_count && dump->subflows[i].token == token; i++) {
		const struct diag_subflow *found = &dump->subflows[i];

		if (endpoint_equal(&found->local, &subflow->local) &&
		    endpoint_equal(&found->remote, &subflow->remote))
			return true;
	}
	return false;
}

static void drop_gone(struct conn **conns, const struct resync_dump *dump)
{
	struct conn *conn, *next;
	struct subflow *subflow, *next_subflow;

	HASH_ITER (hh, *conns, conn, next) {
		if (!find_connection(dump, conn->token)) {
			HASH_DEL(*conns, conn);
			conn_free(conn);
			continue;
		}
		DL_FOREACH_SAFE (conn->subflows, subflow, next_subflow) {
			if (subflow->state == SUBFLOW_ESTABLISHED &&
			    !dump_has_subflow(dump, conn->token, subflow))
				conn_remove_subflow(conn, subflow);
		}
	}
}

/* Opened by this host, and past the point where subflows may be added. */
static bool is_ours(const struct diag_subflow *subflow)
{
	return subflow->initiated_here && (subflow->join || subflow->fully_established);
}

static int add_conn(struct conn **conns, const struct diag_connection *found, uint64_t now_us,
		    struct conn **ret_conn)
{
	struct conn *conn;
	int err = conn_new(found->token, &found->local, &found->remote, &conn);

	if (err)
		return err;
	conn->established_us = now_us;
	HASH_ADD_INT(*conns, token, conn);
	*ret_conn = conn;
	return 0;
}

/* One that is known already. The event of its establishment may have been lost. */
static void update_subflow(struct subflow *subflow, const struct diag_subflow *found,
			   uint64_t now_us)
{
	if (subflow->state != SUBFLOW_CONNECTING || found->state == TCP_STATE_SYN_SENT)
		return;
	subflow->state = SUBFLOW_ESTABLISHED;
	subflow->rem_id = found->rem_id;
	subflow->since_us = subflow->progress_us = now_us;
}

static int add_subflow(struct conn *conn, const struct diag_subflow *found,
		       const struct policy_world *world)
{
	enum subflow_kind kind = SUBFLOW_OTHER;
	struct subflow *subflow = conn_match_subflow(conn, &found->local, &found->remote);

	if (subflow) {
		update_subflow(subflow, found, world->now_us);
		return 0;
	}
	if (!found->join)
		kind = SUBFLOW_INITIAL;
	else if (endpoint_equal(&found->remote, &conn->remote))
		kind = SUBFLOW_DIRECT;
	subflow = conn_add_subflow(conn, kind, &found->local, &found->remote);
	if (!subflow)
		return -ENOMEM;
	subflow->state = found->state == TCP_STATE_SYN_SENT ? SUBFLOW_CONNECTING
							    : SUBFLOW_ESTABLISHED;
	subflow->loc_id = found->loc_id;
	subflow->rem_id = found->rem_id;
	subflow->backup = found->backup;
	subflow->since_us = subflow->progress_us = world->now_us;
	policy_recognise(conn, world, subflow);
	if (kind == SUBFLOW_DIRECT)
		policy_adopt(world, subflow);
	if (found->backup && !world->uplink_count) /* else it may be its uplink's */
		policy_rest(subflow);
	return 0;
}

/* A connection whose first subflow is gone wants a direct one again. */
static void judge_direct(struct conn *conns, const struct policy_world *world)
{
	struct conn *conn, *next;
	struct subflow *subflow;

	HASH_ITER (hh, conns, conn, next) {
		conn->direct_lost = true;
		DL_FOREACH (conn->subflows, subflow) {
			if (subflow->kind == SUBFLOW_INITIAL)
				conn->direct_lost = false;
		}
		conn->hands_off = conn->hands_off ? conn->hands_off : policy_hands_off(conn, world);
	}
}

int resync_merge(struct conn **conns, const struct resync_dump *dump,
		 const struct policy_world *world)
{
	int err;

	sort_dump(dump);
	drop_gone(conns, dump);
	for (size_t i = 0; i < dump->subflow_count; i++) {
		const struct diag_subflow *found = &dump->subflows[i];
		const struct diag_connection *connection = find_connection(dump, found->token);
		struct conn *conn;

		if (!connection || connection->fallback || !is_ours(found))
			continue;
		HASH_FIND_INT(*conns, &found->token, conn);
		err = conn ? 0 : add_conn(conns, connection, world->now_us, &conn);
		if (!err)
			err = add_subflow(conn, found, world);
		if (err)
			return err;
	}
	judge_direct(*conns, world);
	return 0;
}

static int keep_connection(const struct diag_connection *connection, void *data)
{
	struct resync_dump *dump = data;
	struct diag_connection *grown = reallocarray(dump->connections, dump->connection_count + 1,
						     sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	dump->connections = grown;
	grown[dump->connection_count++] = *connection;
	return MNL_CB_OK;
}

static int keep_subflow(const struct diag_subflow *subflow, void *data)
{
	struct resync_dump *dump = data;
	struct diag_subflow *grown = reallocarray(dump->subflows, dump->subflow_count + 1,
						  sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	dump->subflows = grown;
	grown[dump->subflow_count++] = *subflow;
	return MNL_CB_OK;
}

int agent_resync(struct agent *agent)
{
	_cleanup_free_ struct diag_connection *connections = NULL;
	_cleanup_free_ struct diag_subflow *subflows = NULL;
	struct policy_event found = {.type = POLICY_ESTABLISHED};
	struct policy_world world = agent_world(agent);
	struct resync_dump dump = {0};
	struct conn *conn, *next;
	int err;

	err = diag_dump_connections(agent->diag, keep_connection, &dump);
	connections = dump.connections;
	if (!err)
		err = diag_dump_subflows(agent->diag, SUBFLOW_STATES, keep_subflow, &dump);
	subflows = dump.subflows;
	if (err)
		return err;
	round_end_ticks(agent);
	err = resync_merge(&agent->conns, &dump, &world);
	if (err)
		return err;
	agent->counters.resyncs++;
	log_info("%u connections, %zu subflows found", HASH_COUNT(agent->conns),
		 dump.subflow_count);
	HASH_ITER (hh, agent->conns, conn, next) {
		agent_apply(agent, conn, &found);
	}
	return 0;
}
