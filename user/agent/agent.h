/* SPDX-License-Identifier: BSD-2-Clause */
/* The running agent: what its parts share. Included by user/agent only. */
#ifndef DETOUR_AGENT_AGENT_H
#define DETOUR_AGENT_AGENT_H

#include <uv.h>

#include "user/agent/conn.h"
#include "user/agent/policy.h"
#include "user/agent/relays.h"
#include "user/agent/round.h"
#include "user/agent/uplinks.h"
#include "user/base/ipc.h"
#include "user/dataplane/congestion.h"

struct agent_counters {
	uint64_t connections, connections_left_alone;
	uint64_t events, events_bad, overruns, resyncs;
	uint64_t leases_asked, leases_cached, leases_failed;
	uint64_t subflows_asked, subflows_established, subflows_failed, subflows_closed,
		subflows_destroyed;
};

struct agent {
	uv_loop_t *loop;
	const struct agent_config *config;
	struct pm *pm;
	struct nl_socket *diag; /* for resync */
	struct uplinks *uplinks;
	struct relays *relays;
	struct servers *servers;
	struct conn *conns; /* by token */
	struct pm_limits limits;
	const struct congestion
		*congestion; /* NULL: subflows keep the congestion control they have */
	struct agent_counters counters;
	uv_poll_t events;
	uv_timer_t tick;
	struct round round;	  /* what each tick begins */
	uv_timer_t world_changed; /* fires once in the next round of the loop, for many changes */
	uint64_t started_us, ticks;
};

/* Opens the kernel's side, reads what connections there are, and begins. */
int agent_new(uv_loop_t *loop, const struct agent_config *config, struct tls_context *tls,
	      const struct congestion *congestion, struct agent **ret_agent);
/* Closes everything; the loop must then run until it is empty, and `agent` be freed after that. */
void agent_stop(struct agent *agent);

/* The world as the policy sees it now. */
struct policy_world agent_world(const struct agent *agent);

/* Runs the policy for one event and does what it says. (execute.c) */
void agent_apply(struct agent *agent, struct conn *conn, const struct policy_event *event);

/* A lease that connections waited for. (execute.c) */
void agent_lease_answer(struct agent *agent, const struct channel_answer *answer);

/* Reads the kernel's connections and subflows, and makes the agent's the same. (resync.c) */
int agent_resync(struct agent *agent);

/*
 * Reads tcp_info of all subflows of a family (AF_INET, AF_INET6), some at a time: sample_next() until it returns
 * 0 or -errno. (sample.c)
 */
int sample_begin(struct agent *agent, int family);
int sample_next(struct agent *agent);

/*
 * An established subflow that two whole rounds, the first begun at `since_us`, did not find has ended, though no
 * event told. (sample.c)
 */
void sample_end_missed(struct agent *agent, struct conn *conn, uint64_t since_us);

/* Answers `status`, `connections`, `relays`. (report.c) */
struct json_object *agent_report(const struct agent *agent, const char *command);

#endif /* DETOUR_AGENT_AGENT_H */
