// SPDX-License-Identifier: BSD-2-Clause
#include "user/agent/round.h"

#include <string.h>
#include <sys/socket.h>

#include "user/agent/agent.h"
#include "user/agent/clock.h"
#include "user/base/log.h"

#define SLICE_US 1000 /* an event waits that long, and for one datagram or one connection more */

static void enter(struct agent *agent, enum round_phase phase)
{
	struct round *round = &agent->round;
	int err = 0;

	round->phase = phase;
	if (phase == ROUND_SAMPLES_V4 || phase == ROUND_SAMPLES_V6)
		err = sample_begin(agent, phase == ROUND_SAMPLES_V4 ? AF_INET : AF_INET6);
	else if (phase == ROUND_TICKS)
		round->next = agent->conns;
	else
		uv_idle_stop(&round->slices);
	if (err) {
		log_debug("cannot sample the subflows: %s", strerror(-err));
		enter(agent, phase + 1);
	}
}

/* True: this phase is over. */
static bool sample(struct agent *agent)
{
	int more = sample_next(agent);

	/* -EINTR: sockets came or went meanwhile, and one may have been left out. */
	if (more < 0 && more != -EINTR)
		log_debug("cannot sample the subflows: %s", strerror(-more));
	return more <= 0;
}

static bool tick(struct agent *agent)
{
	struct policy_event event = {.type = POLICY_TICK};
	struct conn *conn = agent->round.next;

	if (!conn)
		return true;
	agent->round.next = conn->hh.next;
	sample_end_missed(agent, conn, clock_now_us());
	agent_apply(agent, conn, &event);
	return false;
}

static void step(struct agent *agent)
{
	static const enum round_phase after[] = {
		[ROUND_SAMPLES_V4] = ROUND_SAMPLES_V6,
		[ROUND_SAMPLES_V6] = ROUND_TICKS,
		[ROUND_TICKS] = ROUND_RESTS,
	};
	struct round *round = &agent->round;

	if (round->phase == ROUND_TICKS ? tick(agent) : sample(agent))
		enter(agent, after[round->phase]);
}

static void slice(uv_idle_t *slices)
{
	struct agent *agent = slices->data;
	uint64_t until_us = clock_now_us() + SLICE_US;

	do
		step(agent);
	while (agent->round.phase != ROUND_RESTS && clock_now_us() < until_us);
}

int round_init(struct agent *agent)
{
	uv_idle_init(agent->loop, &agent->round.slices);
	agent->round.slices.data = agent;
	return diag_open(&agent->round.diag);
}

void round_stop(struct agent *agent)
{
	uv_close((uv_handle_t *)&agent->round.slices, NULL);
	nl_close(agent->round.diag);
}

void round_begin(struct agent *agent)
{
	if (agent->round.phase != ROUND_RESTS || !agent->conns)
		return;
	uv_idle_start(&agent->round.slices, slice);
	enter(agent, ROUND_SAMPLES_V4);
}

void round_leave_out(struct agent *agent, const struct conn *conn)
{
	if (agent->round.next == conn)
		agent->round.next = conn->hh.next;
}

void round_end_ticks(struct agent *agent)
{
	agent->round.next = NULL;
}
