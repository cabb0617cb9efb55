// SPDX-License-Identifier: BSD-2-Clause
/* Does what the policy decided: leases, subflow commands, one log line for each that comes or goes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <utlist.h>

#include "user/agent/agent.h"
#include "user/agent/clock.h"
#include "user/agent/ports.h"
#include "user/base/log.h"

/*
 * Of local ports, by chance: with 10,000 connections and their detours 7 in 10 are in use, and four
 * tries would fail for every fourth subflow.
 */
#define CREATE_TRIES	     32
#define CREATE_TRIES_INVALID 4

/* Failures within one call lead to other tries; each is held back afterwards, so this ends. */
#define FAILURES_MAX 16

/* Not worth a line: the connection is ending, or another path manager's. */
static int failure_level(int err)
{
	return err == -EINVAL || err == -ENOTCONN ? LOG_DEBUG : LOG_INFO;
}

static void log_subflow(const struct agent *agent, const struct conn *conn,
			const struct subflow *subflow, int level, const char *what)
{
	char server[ADDR_TEXT_LEN], local[ADDR_TEXT_LEN], remote[ADDR_TEXT_LEN];
	const char *relay = relays_name(agent->relays, subflow->relay);

	log_write(level, "connection %08x to %s: %s%s%s, %s -> %s: %s", conn->token,
		  endpoint_format(&conn->remote, server), subflow_kind_word(subflow->kind),
		  relay ? " via " : "", relay ? relay : "", endpoint_format(&subflow->local, local),
		  endpoint_format(&subflow->remote, remote), what);
}

static void log_opened(const struct agent *agent, const struct conn *conn,
		       const struct subflow *subflow)
{
	char what[96];

	if (subflow->kind == SUBFLOW_DETOUR && subflow->setup_us)
		snprintf(what, sizeof(what), "established in %.1f ms (lease %s)",
			 subflow->setup_us / 1000.0, subflow->lease_fresh ? "fresh" : "cached");
	else
		snprintf(what, sizeof(what), "established");
	log_subflow(agent, conn, subflow, LOG_INFO, what);
}

static void log_closed(const struct agent *agent, const struct conn *conn,
		       const struct subflow *subflow, int level, const char *reason)
{
	char what[96];

	snprintf(what, sizeof(what), "closed: %s", reason);
	log_subflow(agent, conn, subflow, level, what);
}

static void log_backup(const struct agent *agent, const struct conn *conn,
		       const struct subflow *subflow, const char *reason)
{
	char what[96];

	snprintf(what, sizeof(what), "%s backup from now on: %s", subflow->backup ? "a" : "no",
		 reason);
	log_subflow(agent, conn, subflow, LOG_INFO, what);
}

/* A port may be in use. -EINVAL also comes of connections that nobody can add to: soon given up. */
static int create_tries(int err)
{
	return err == -EADDRINUSE ? CREATE_TRIES : err == -EINVAL ? CREATE_TRIES_INVALID : 0;
}

/*
 * The kernel wants (address, port) and id to go together one to one. The id may still be bound in
 * it to a port of before (a subflow that ended by itself, an agent of before): REMOVE frees it.
 */
static int create_with_id(struct agent *agent, struct conn *conn, struct subflow *subflow)
{
	struct pm_local local = {
		.addr = subflow->local.addr,
		.backup = subflow->backup,
		.ifindex = subflow->ifindex,
	};
	int err = -EADDRINUSE;

	subflow->loc_id = 0; /* so that its own does not count as in use */
	for (int i = 0; i < create_tries(err); i++) {
		local.id = conn_take_id(conn);
		if (local.id == 0)
			return -ENOSPC;
		local.port_be = ports_pick();
		err = pm_subflow_create(agent->pm, conn->token, &local, &subflow->remote);
		if (err)
			pm_remove_id(agent->pm, conn->token, local.id);
	}
	if (err)
		return err;
	subflow->loc_id = local.id;
	subflow->local.port_be = local.port_be;
	return 0;
}

static int create_subflow(struct agent *agent, struct conn *conn, struct subflow *subflow)
{
	int err;

	if (addr_is_unspecified(&subflow->local.addr)) {
		err = uplinks_source(agent->uplinks, &subflow->remote.addr, &subflow->local.addr);
		if (err)
			return err;
	}
	err = create_with_id(agent, conn, subflow);
	if (err)
		return err;
	agent->counters.subflows_asked++;
	subflow->state = SUBFLOW_CONNECTING;
	subflow->since_us = clock_now_us();
	log_subflow(agent, conn, subflow, LOG_DEBUG, "SYN sent");
	return 0;
}

/* 0 also while the lease is on its way. */
static int open_subflow(struct agent *agent, struct conn *conn, struct subflow *subflow)
{
	int err;

	if (subflow->kind != SUBFLOW_DETOUR)
		return create_subflow(agent, conn, subflow);
	err = relays_lease(agent->relays, subflow->path, &conn->remote, conn->token,
			   &subflow->remote);
	if (err == -EINPROGRESS) {
		agent->counters.leases_asked++;
		subflow->lease_fresh = true;
		return 0;
	}
	if (err) /* not to be taken for the kernel's -ENOTCONN, -EINVAL */
		return -ENETDOWN;
	agent->counters.leases_cached++;
	return create_subflow(agent, conn, subflow);
}

/*
 * REMOVE closes the subflow and sends RM_ADDR over another one: without it a server that the reset
 * does not reach would count the subflow as one of those it allows.
 */
static void destroy_subflow(struct agent *agent, struct conn *conn, struct subflow *subflow,
			    const char *reason)
{
	int err = 0;

	agent->counters.subflows_destroyed++;
	log_closed(agent, conn, subflow, LOG_INFO, reason);
	if (subflow->loc_id != 0)
		pm_remove_id(agent->pm, conn->token, subflow->loc_id);
	if (subflow->local.port_be != 0)
		err = pm_subflow_destroy(agent->pm, conn->token, &subflow->local, &subflow->remote);
	if (err && err != -ESRCH)
		log_debug("connection %08x: cannot destroy a subflow: %s", conn->token,
			  strerror(-err));
}

/*
 * The event of its establishment comes before the kernel finds the subflow by its addresses: then
 * the policy asks again with its next tick.
 */
static void make_backup(struct agent *agent, const struct conn *conn, struct subflow *subflow,
			const char *reason)
{
	int err = pm_subflow_backup(agent->pm, conn->token, &subflow->local, &subflow->remote,
				    subflow->backup);

	if (err) {
		log_debug("connection %08x: cannot make a subflow a backup: %s", conn->token,
			  strerror(-err));
		return;
	}
	subflow->backup_tries = 0;
	log_backup(agent, conn, subflow, reason);
}

static void remove_first_id(struct agent *agent, const struct conn *conn)
{
	int err = pm_remove_id(agent->pm, conn->token, 0);

	if (err)
		log_debug("connection %08x: cannot remove its first address: %s", conn->token,
			  strerror(-err));
}

/* The id becomes free, and the server lets go of a subflow whose end it has not seen. */
static void closed_subflow(struct agent *agent, struct conn *conn, struct subflow *subflow,
			   const char *reason)
{
	agent->counters.subflows_closed++;
	/* One that was destroyed has had its line. */
	log_closed(agent, conn, subflow, subflow->was_destroyed ? LOG_DEBUG : LOG_INFO, reason);
	if (subflow->loc_id != 0)
		pm_remove_id(agent->pm, conn->token, subflow->loc_id);
	free(subflow);
}

struct failure {
	struct subflow *subflow;
	int err;
};

/* Returns the number of subflows that could not be opened. */
static size_t carry_out(struct agent *agent, struct conn *conn,
			const struct policy_actions *actions, struct failure *ret_failures)
{
	size_t count = 0;

	for (size_t i = 0; i < actions->count; i++) {
		const struct policy_action *action = &actions->items[i];
		int err;

		switch (action->type) {
		case POLICY_OPEN:
			err = open_subflow(agent, conn, action->subflow);
			if (err)
				ret_failures[count++] = (struct failure){action->subflow, err};
			break;
		case POLICY_DESTROY:
			destroy_subflow(agent, conn, action->subflow, action->reason);
			break;
		case POLICY_BACKUP:
			make_backup(agent, conn, action->subflow, action->reason);
			break;
		case POLICY_REMOVE_ID:
			remove_first_id(agent, conn);
			break;
		case POLICY_OPENED:
			agent->counters.subflows_established++;
			log_opened(agent, conn, action->subflow);
			break;
		case POLICY_CLOSED:
			closed_subflow(agent, conn, action->subflow, action->reason);
			break;
		}
	}
	return count;
}

static void apply(struct agent *agent, struct conn *conn, const struct policy_event *event,
		  int failures_left)
{
	struct failure failures[POLICY_ACTIONS_MAX];
	struct policy_world world = agent_world(agent);
	struct policy_actions actions = {0};
	size_t count;

	policy_run(conn, &world, event, &actions);
	count = carry_out(agent, conn, &actions, failures);
	for (size_t i = 0; i < count; i++) {
		struct policy_event failed = {
			.type = POLICY_OPEN_FAILED,
			.subflow = failures[i].subflow,
			.error = failures[i].err,
		};

		agent->counters.subflows_failed++;
		log_subflow(agent, conn, failures[i].subflow,
			    failures[i].err == -EINVAL || failures[i].err == -ENOTCONN ? LOG_DEBUG
										       : LOG_INFO,
			    strerror(-failures[i].err));
		if (failures_left > 0)
			apply(agent, conn, &failed, failures_left - 1);
	}
}

void agent_apply(struct agent *agent, struct conn *conn, const struct policy_event *event)
{
	apply(agent, conn, event, FAILURES_MAX);
}

static struct subflow *find_waiting(const struct conn *conn, uint32_t path)
{
	struct subflow *subflow;

	DL_FOREACH (conn->subflows, subflow) {
		if (subflow->kind == SUBFLOW_DETOUR && subflow->state == SUBFLOW_WANTED &&
		    subflow->path == path)
			return subflow;
	}
	return NULL;
}

void agent_lease_answer(struct agent *agent, const struct channel_answer *answer)
{
	struct policy_event failed = {.type = POLICY_OPEN_FAILED};
	struct subflow *subflow;
	struct conn *conn;

	HASH_FIND_INT(agent->conns, &answer->token, conn);
	subflow = conn ? find_waiting(conn, answer->path) : NULL;
	if (!answer->detour)
		agent->counters.leases_failed++;
	if (!subflow)
		return;
	failed.subflow = subflow;
	if (answer->detour) {
		subflow->remote = *answer->detour;
		failed.error = create_subflow(agent, conn, subflow);
	} else {
		failed.error = answer->err;
	}
	if (!failed.error)
		return;
	agent->counters.subflows_failed++;
	log_subflow(agent, conn, subflow, failure_level(failed.error), strerror(-failed.error));
	agent_apply(agent, conn, &failed);
}
