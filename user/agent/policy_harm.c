// SPDX-License-Identifier: BSD-2-Clause
/*
 * Do no harm: a subflow that loses packets and carries little beside another one may hold its connection back, for
 * what it has in flight must arrive before what the other brought counts. It becomes a backup for a trial. If
 * the connection is slower then, or nothing else is left, it is none any longer, and is not tried again; else it stays one
 * for a minute, the next time for two. A subflow that may yet get another congestion control has longer until the
 * trial: with that it is of use.
 */
#include <utlist.h>

#include "user/agent/policy.h"

/* What a second with harm is: of the subflow, beside the best one. */
#define HARM_SLOWER   3		   /* times slower */
#define HARM_LOSS     10	   /* retransmitted segments of a thousand */
#define HARM_SEGMENTS 3		   /* retransmitted: less is noise */
#define HARM_RATE     (125 * 1000) /* bytes/s of the best one: who sends less waits for no path */

/* A second of ruin counts as several. */
#define RUIN_LOSS     100
#define RUIN_SEGMENTS 2
#define RUIN_SECONDS  4

/* Seconds, of harm until the trial, or where the congestion program may yet act, as far as is known; and so on. */
#define HARM_SECONDS	 5
#define ADAPT_SECONDS	 12
#define TRIAL_SECONDS	 10   /* until it is judged */
#define REST_SECONDS	 60   /* until it is no backup once more; doubles each time */
#define REST_SECONDS_MAX 1000 /* what would be longer lasts for good */

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

static uint64_t smooth(uint64_t mean, uint64_t now)
{
	return mean ? (3 * mean + now) / 4 : now;
}

/* The connection's rate, also smoothed: what a lossy path holds back comes in bursts. */
static void note_rate(struct conn *conn, uint64_t round_us)
{
	const struct subflow *subflow;
	uint64_t sum = 0;

	DL_FOREACH (conn->subflows, subflow) {
		if (is_known(subflow, round_us))
			sum += subflow->rate;
	}
	conn->rate = smooth(conn->rate, sum);
	conn->rate_now = sum;
}

/* How many seconds this one counts for; 0: it does no harm. */
static unsigned int harm_done(const struct subflow *subflow, uint64_t best)
{
	if (best < HARM_RATE || !subflow->info.unacked || subflow->rate * HARM_SLOWER >= best)
		return 0;
	if (subflow->lost >= RUIN_SEGMENTS && subflow->lost_permille >= RUIN_LOSS)
		return RUIN_SECONDS;
	return subflow->lost >= HARM_SEGMENTS && subflow->lost_permille >= HARM_LOSS;
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

static void enter(struct subflow *subflow, enum subflow_harm harm)
{
	subflow->harm = harm;
	subflow->harm_s = 0;
}

/* Losses come in bunches: a second without one is only a step back. */
static void watch(struct conn *conn, const struct policy_world *world, struct subflow *subflow,
		  uint64_t best)
{
	unsigned int patience = patience_s(subflow, world), harm = harm_done(subflow, best);

	if (harm) {
		subflow->rate_before = smooth(subflow->harm_s ? subflow->rate_before : 0,
					      conn->rate_now);
		subflow->harm_s += harm;
	} else if (subflow->harm_s > 0) {
		subflow->harm_s--;
	}
	if (subflow->harm_s < patience)
		return;
	enter(subflow, HARM_TRIED);
	policy_set_backup(subflow, true, "it starves, and may hold the connection back");
}

void policy_rest(struct subflow *subflow)
{
	enter(subflow, HARM_DONE);
	subflow->rest_s = subflow->rest_s ? subflow->rest_s * 2 : REST_SECONDS;
}

/* Where the application pauses, nothing can be seen: the trial begins anew. */
static void judge(const struct conn *conn, struct subflow *subflow, uint64_t best)
{
	if (best < HARM_RATE) {
		subflow->harm_s = 0;
	} else if (++subflow->harm_s < TRIAL_SECONDS) {
		return;
	} else if (conn->rate < subflow->rate_before) {
		enter(subflow, HARM_NONE_DONE);
		policy_set_backup(subflow, false, "the connection was faster with it");
	} else {
		policy_rest(subflow);
	}
}

/* A path may have become better. */
static void rest(struct subflow *subflow)
{
	if (++subflow->harm_s < subflow->rest_s || subflow->rest_s > REST_SECONDS_MAX)
		return;
	enter(subflow, HARM_UNKNOWN);
	policy_set_backup(subflow, false, "its path may be better now");
}

static void note(struct conn *conn, const struct policy_world *world, struct subflow *subflow,
		 uint64_t best)
{
	bool is_backup = subflow->harm == HARM_TRIED || subflow->harm == HARM_DONE;

	if (subflow->harm == HARM_UNKNOWN && carries(subflow, world->round_us))
		watch(conn, world, subflow, best);
	if (!is_backup || subflow->state != SUBFLOW_ESTABLISHED)
		return;
	if (!has_other(conn)) {
		enter(subflow, HARM_NONE_DONE);
		policy_set_backup(subflow, false, "the connection has no other");
	} else if (subflow->harm == HARM_TRIED) {
		judge(conn, subflow, best);
	} else {
		rest(subflow);
	}
}

void policy_do_no_harm(struct conn *conn, const struct policy_world *world)
{
	uint64_t best = best_rate(conn, world->round_us);
	struct subflow *subflow;

	note_rate(conn, world->round_us);
	DL_FOREACH (conn->subflows, subflow) {
		note(conn, world, subflow, best);
	}
}
