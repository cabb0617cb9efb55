// SPDX-License-Identifier: BSD-2-Clause
/*
 * Do no harm: a subflow that loses packets and carries little beside another one holds its connection back, for what
 * it has in flight must arrive before what the other brought counts. It becomes a backup, and the
 * connection is as fast as its best path.
 */
#include <utlist.h>

#include "user/agent/policy.h"

#define HARM_SLOWER  3	/* times, than the best subflow */
#define HARM_LOSS    10 /* retransmitted segments of a thousand */
#define HARM_SECONDS 5

static bool carries(const struct subflow *subflow)
{
	return subflow->state == SUBFLOW_ESTABLISHED && subflow->sampled && !subflow->backup;
}

static uint64_t best_rate(const struct conn *conn)
{
	const struct subflow *subflow;
	uint64_t best = 0;

	DL_FOREACH (conn->subflows, subflow) {
		if (carries(subflow) && subflow->rate > best)
			best = subflow->rate;
	}
	return best;
}

/* Losses come in bunches: a second without one is only a step back. */
static void count_seconds(struct subflow *subflow, bool does_harm)
{
	if (does_harm)
		subflow->harm_s++;
	else if (subflow->harm_s > 0)
		subflow->harm_s--;
}

void policy_do_no_harm(struct conn *conn)
{
	uint64_t best = best_rate(conn);
	struct subflow *subflow;

	DL_FOREACH (conn->subflows, subflow) {
		if (!carries(subflow))
			continue;
		count_seconds(subflow, subflow->info.unacked &&
					       subflow->lost_permille >= HARM_LOSS &&
					       subflow->rate * HARM_SLOWER < best);
		if (subflow->harm_s >= HARM_SECONDS)
			policy_make_backup(subflow, "it starves, and holds the connection back");
	}
}
