// SPDX-License-Identifier: BSD-2-Clause
/*
 * Do no harm: a subflow that loses packets and carries little beside another one may hold its connection back, for
 * what it has in flight must arrive before what the other brought counts. It becomes a backup for a trial. If
 * the connection is slower then it is none any longer; else it stays one, until nothing else is left. Either way all is
 * open again after a minute, the next time after two. A subflow that may yet get another congestion control has
 * longer until the trial: with that it is of use.
 */
#include <utlist.h>

#include "user/agent/policy.h"

/* What a second with harm is: of the subflow, beside the best one. */
#define HARM_SLOWER   3		   /* times slower */
#define HARM_LOSS     10	   /* retransmitted segments of a thousand */
#define HARM_SEGMENTS 3		   /* retransmitted: less is noise */
#define HARM_RATE     (125 * 1000) /* bytes/s of the best one: who sends less waits for no path ... */
#define BUSY_SEGMENTS 10	   /* ... unless it has so many in flight */

/* Points of such a second, by the loss, for the trial; a second without harm takes some back. */
#define HARM_POINTS	1
#define BAD_LOSS	30
#define BAD_POINTS	2
#define RUIN_LOSS	150
#define RUIN_POINTS	4
#define TRIAL_POINTS	12
#define FORGIVEN_POINTS 2

#define TRIAL_SECONDS	 10   /* until it is judged */
#define REST_SECONDS	 60   /* until harm is looked for again; doubles each time */
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

/* What this second showed of a connection. */
struct second {
	uint64_t best; /* bytes/s of the fastest subflow that is no backup */
	uint64_t sum;  /* bytes/s of all */
	bool busy;     /* so that the rate is the paths' and not the application's */
	bool on_trial; /* a subflow is */
	bool whole;    /* all subflows were seen */
};

static struct second look(const struct conn *conn, uint64_t round_us)
{
	struct second second = {.whole = true};
	const struct subflow *subflow;

	DL_FOREACH (conn->subflows, subflow) {
		if (subflow->state != SUBFLOW_ESTABLISHED)
			continue;
		second.on_trial |= subflow->harm == HARM_TRIED;
		second.whole &= is_known(subflow, round_us) || !subflow->sampled;
		second.sum += subflow->rate;
		if (!carries(subflow, round_us))
			continue;
		second.busy |= subflow->rate >= HARM_RATE || subflow->info.unacked >= BUSY_SEGMENTS;
		if (subflow->rate > second.best)
			second.best = subflow->rate;
	}
	return second;
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

static unsigned int harm_points(const struct subflow *subflow, uint64_t best)
{
	if (best < HARM_RATE || !subflow->info.unacked || subflow->rate * HARM_SLOWER >= best ||
	    subflow->lost < HARM_SEGMENTS || subflow->lost_permille < HARM_LOSS)
		return 0;
	if (subflow->lost_permille >= RUIN_LOSS)
		return RUIN_POINTS;
	return subflow->lost_permille >= BAD_LOSS ? BAD_POINTS : HARM_POINTS;
}

/* The congestion program does not act where it sees a queue (bpf/client/loss.h). */
static bool has_queue(const struct diag_info *info)
{
	return info->rtt_us > info->min_rtt_us + info->min_rtt_us / 4 + 4000;
}

static void enter(struct subflow *subflow, enum subflow_harm harm)
{
	subflow->harm = harm;
	subflow->harm_s = subflow->harm_points = 0;
}

/* Another congestion control is the better help, and what it does counts anew: half as many points until it may come. */
static unsigned int weigh(struct subflow *subflow, const struct policy_world *world,
			  unsigned int points)
{
	bool may_adapt = world->adapts && subflow->info.takes_loss;

	if (subflow->may_adapt && !may_adapt)
		subflow->harm_points = 0;
	subflow->may_adapt = may_adapt;
	return may_adapt && !has_queue(&subflow->info) ? points : 2 * points;
}

/*
 * Losses come in bunches: a second without one is only a step back. What the rate was before they began says nothing,
 * and is soon forgotten. Two trials at once would say nothing either.
 */
static void watch(const struct policy_world *world, struct subflow *subflow, struct second *second)
{
	unsigned int points = weigh(subflow, world, harm_points(subflow, second->best));
	uint16_t *all = &subflow->harm_points;

	if (points) {
		subflow->rate_before = *all ? (subflow->rate_before + second->sum) / 2
					    : second->sum;
		*all += points;
	} else {
		*all = *all > FORGIVEN_POINTS ? *all - FORGIVEN_POINTS : 0;
	}
	if (*all < TRIAL_POINTS || second->on_trial)
		return;
	enter(subflow, HARM_TRIED);
	second->on_trial = true;
	policy_set_backup(subflow, true, "it starves, and may hold the connection back");
}

/* For a while nothing is tried. */
static void settle(struct subflow *subflow, enum subflow_harm harm)
{
	enter(subflow, harm);
	subflow->rest_s = subflow->rest_s ? subflow->rest_s * 2 : REST_SECONDS;
}

void policy_rest(struct subflow *subflow)
{
	settle(subflow, HARM_DONE);
}

static void judge(struct subflow *subflow, const struct second *second)
{
	uint64_t *after = &subflow->rate_after;

	if (!second->busy)
		return;
	*after = subflow->harm_s ? (3 * *after + second->sum) / 4 : second->sum;
	if (++subflow->harm_s < TRIAL_SECONDS)
		return;
	if (*after * 10 < subflow->rate_before * 9) {
		settle(subflow, HARM_NONE_DONE);
		policy_set_backup(subflow, false, "the connection was faster with it");
	} else {
		settle(subflow, HARM_DONE);
	}
}

/* Paths become better, and worse. */
static void rest(struct subflow *subflow)
{
	if (subflow->rest_s > REST_SECONDS_MAX || ++subflow->harm_s < subflow->rest_s)
		return;
	if (subflow->harm == HARM_DONE)
		policy_set_backup(subflow, false, "its path may be better now");
	enter(subflow, HARM_UNKNOWN);
}

static void note(const struct conn *conn, const struct policy_world *world, struct subflow *subflow,
		 struct second *second)
{
	if ((subflow->harm == HARM_TRIED || subflow->harm == HARM_DONE) && !has_other(conn)) {
		enter(subflow, HARM_UNKNOWN);
		policy_set_backup(subflow, false, "the connection has no other");
		return;
	}
	switch (subflow->harm) {
	case HARM_UNKNOWN:
		if (carries(subflow, world->round_us))
			watch(world, subflow, second);
		break;
	case HARM_TRIED:
		judge(subflow, second);
		break;
	case HARM_DONE:
	case HARM_NONE_DONE:
		rest(subflow);
		break;
	}
}

void policy_do_no_harm(struct conn *conn, const struct policy_world *world)
{
	struct second second = look(conn, world->round_us);
	struct subflow *subflow;

	DL_FOREACH (conn->subflows, subflow) {
		if (second.whole && subflow->state == SUBFLOW_ESTABLISHED)
			note(conn, world, subflow, &second);
	}
}
