// SPDX-License-Identifier: BSD-2-Clause
/*
 * Do no harm: a subflow that loses packets and carries little beside another one may hold its connection back, for
 * what it has in flight must arrive before what the other brought counts. It becomes a backup for a trial. If
 * the connection is slower then, or nothing else is left, it is none any longer, and is not tried again. A subflow that
 * may yet get another congestion control has longer: with that it is of use.
 */
#include <utlist.h>

#include "user/agent/policy.h"

#define HARM_SLOWER   3		   /* times, than the best subflow */
#define HARM_LOSS     10	   /* retransmitted segments of a thousand */
#define HARM_SEGMENTS 3		   /* retransmitted, at least: less is noise */
#define HARM_RATE     (125 * 1000) /* bytes/s of the best subflow: who sends less waits for no path */
#define HARM_SECONDS  5		   /* until it is tried */
#define ADAPT_SECONDS \
	12 /* the same, where the congestion program may yet act, as far as is known */
#define TRIAL_SECONDS 10 /* until that is judged */

static bool is_known(const struct subflow *subflow, uint64_t round_us)
{
	return subflow->state == SUBFLOW_ESTABLISHED && subflow->sampled &&
	       subflow->sampled_us >= round_us;
}

static bool carries(const struct subflow *subflow, uint64_t round_us)
{
	return is_known(subflow, round_us) && !subflow->backup;
}

static uint64_t best_rate(const struct conn *conn, uint64_t round_us)
{
	const struct subflow *subflow;
	uint64_t best = 0;

	DL_FOREACH (conn->subflows, subflow) {
		if (carries(subflow, round_us) && subflow->rate > best)
			best = subflow->rate;
	}
	return best;
}

/* Idle or not: something that the connection can use without a backup. */
static bool has_other(const struct conn *conn)
{
	const struct subflow *subflow;

	DL_FOREACH (conn->subflows, subflow) {
		if (subflow->state == SUBFLOW_ESTABLISHED && !subflow->backup)
			return true;
	}
	return false;
}

/* The connection's rate, smoothed: what a lossy path holds back comes in bursts. */
static void note_rate(struct conn *conn, uint64_t round_us)
{
	const struct subflow *subflow;
	uint64_t sum = 0;

	DL_FOREACH (conn->subflows, subflow) {
		if (is_known(subflow, round_us))
			sum += subflow->rate;
	}
	conn->rate = conn->rate ? (3 * conn->rate + sum) / 4 : sum;
}

static bool does_harm(const struct subflow *subflow, uint64_t best)
{
	return best >= HARM_RATE && subflow->info.unacked && subflow->lost >= HARM_SEGMENTS &&
	       subflow->lost_permille >= HARM_LOSS && subflow->rate * HARM_SLOWER < best;
}

/* What another congestion control does counts anew. */
static unsigned int patience_s(struct subflow *subflow, const struct policy_world *world)
{
	bool may_adapt = world->adapts && subflow->info.takes_loss;

	if (subflow->may_adapt && !may_adapt)
		subflow->harm_s = 0;
	subflow->may_adapt = may_adapt;
	return may_adapt ? ADAPT_SECONDS : HARM_SECONDS;
}

/* Losses come in bunches: a second without one is only a step back. */
static void watch(struct conn *conn, const struct policy_world *world, struct subflow *subflow,
		  uint64_t best)
{
	unsigned int patience = patience_s(subflow, world);

	if (does_harm(subflow, best))
		subflow->harm_s++;
	else if (subflow->harm_s > 0)
		subflow->harm_s--;
	if (subflow->harm_s < patience)
		return;
	subflow->harm = HARM_TRIED;
	subflow->harm_s = 0;
	subflow->rate_before = conn->rate;
	policy_set_backup(subflow, true, "it starves, and may hold the connection back");
}

static void judge(const struct conn *conn, struct subflow *subflow, uint64_t best)
{
	bool needed = !has_other(conn);

	/* Where the application pauses, nothing can be seen: the trial begins anew. */
	if (best < HARM_RATE)
		subflow->harm_s = 0;
	else if (++subflow->harm_s >= TRIAL_SECONDS)
		needed |= conn->rate < subflow->rate_before;
	if (needed) {
		subflow->harm = HARM_NONE_DONE;
		policy_set_backup(subflow, false, "the connection needs it");
	} else if (subflow->harm_s >= TRIAL_SECONDS) {
		subflow->rate_before = 0; /* it stays one, until nothing else is left */
		subflow->harm_s = 0;
	}
}

void policy_do_no_harm(struct conn *conn, const struct policy_world *world)
{
	uint64_t round_us = world->round_us, best = best_rate(conn, round_us);
	struct subflow *subflow;

	note_rate(conn, round_us);
	DL_FOREACH (conn->subflows, subflow) {
		if (subflow->harm == HARM_UNKNOWN && carries(subflow, round_us))
			watch(conn, world, subflow, best);
		else if (subflow->harm == HARM_TRIED && subflow->state == SUBFLOW_ESTABLISHED)
			judge(conn, subflow, best);
	}
}
