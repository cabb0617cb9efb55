/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Once a second: tcp_info of all subflows is read, then the policy's clock ticks for each connection. With thousands
 * of them that takes a while, so it is done in slices, between which the loop serves events.
 */
#ifndef DETOUR_AGENT_ROUND_H
#define DETOUR_AGENT_ROUND_H

#include <uv.h>

#include "user/agent/conn.h"
#include "user/net/nl.h"

enum round_phase {
	ROUND_RESTS,
	ROUND_SAMPLES_V4,
	ROUND_SAMPLES_V6,
	ROUND_TICKS,
};

struct agent;

/* Part of struct agent. */
struct round {
	uv_idle_t slices;
	struct nl_socket *diag; /* of its own: other dumps come between; NULL after an error */
	enum round_phase phase;
	struct conn *next; /* whose turn it is in ROUND_TICKS */
	uint64_t begun_us;
	uint64_t before_us; /* when the last one began that saw all subflows; 0: none did */
	bool whole;	    /* this one has seen, or may yet see, all of them */
};

int round_init(struct agent *agent);
/* The loop must run once more, for the handle. */
void round_stop(struct agent *agent);

/* Begins one, unless the last is still under way. */
void round_begin(struct agent *agent);

/* `conn` is about to be freed. */
void round_leave_out(struct agent *agent, const struct conn *conn);

/* Any connection may be freed: those whose turn has not come wait for the next round. */
void round_end_ticks(struct agent *agent);

#endif /* DETOUR_AGENT_ROUND_H */
