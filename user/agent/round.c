// SPDX-License-Identifier: BSD-2-Clause
#include "user/agent/round.h"

#include <string.h>
#include <sys/socket.h>

#include "user/agent/agent.h"
#include "user/agent/clock.h"
#include "user/base/log.h"

/*
 * An event waits that long, and for one step more: a datagram of a dump, or a connection. Where events never cease, a
 * round must come to its end all the same.
 */
#define SLICE_US      1000
#define LATE_US	      (500 * 1000ULL)
#define SLICE_LATE_US (10 * 1000)

/* What an abandoned dump has left in the socket would be in the way of the next. */
static void fail(struct round *round, int err)
{
	log_debug("cannot sample the subflows: %s", strerror(-err));
	round->whole = false;
	nl_close(round->diag);
	round->diag = NULL;
}

static int begin_samples(struct agent *agent, int family)
{
	int err = agent->round.diag ? 0 : diag_open(&agent->round.diag);

	return err ? err : sample_begin(agent, family);
}

static void enter(struct agent *agent, enum round_phase phase)
{
	struct round *round = &agent->round;
	int err = 0;

	round->phase = phase;
	if (phase == ROUND_SAMPLES_V4 || phase == ROUND_SAMPLES_V6)
		err = begin_samples(agent, phase == ROUND_SAMPLES_V4 ? AF_INET : AF_INET6);
	else if (phase == ROUND_TICKS)
		round->next = agent->conns;
	else
		uv_idle_stop(&round->slices);
	if (err) {
		fail(round, err);
		enter(agent, phase + 1);
	}
}

/* True: this phase is over. */
static bool sample(struct agent *agent)
{
	int more = sample_next(agent);

	if (more < 0)
		fail(&agent->round, more);
	return more <= 0;
}

static bool tick(struct agent *agent)
{
	struct policy_event event = {.type = POLICY_TICK};
	struct round *round = &agent->round;
	struct conn *conn = round->next;

	if (!conn)
		return true;
	round->next = conn->hh.next;
	if (round->whole && round->before_us)
		sample_end_missed(agent, conn, round->before_us);
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
	uint64_t now_us = clock_now_us();
	uint64_t until_us = now_us +
			    (now_us - agent->round.begun_us < LATE_US ? SLICE_US : SLICE_LATE_US);

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
	struct round *round = &agent->round;

	if (round->phase != ROUND_RESTS || !agent->conns)
		return;
	if (round->whole)
		round->before_us = round->begun_us;
	round->begun_us = clock_now_us();
	round->whole = true;
	uv_idle_start(&round->slices, slice);
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
