// SPDX-License-Identifier: BSD-2-Clause
/* tcp_info of every subflow, the rate since the last time, and signs of progress. */
#include <utlist.h>

#include "user/agent/agent.h"
#include "user/agent/clock.h"

/* All states in which a subflow may still carry something: not LISTEN, TIME_WAIT, CLOSE, SYN_RECV. */
#define CARRYING_STATES (0xffeu & ~(1u << 3 | 1u << 6 | 1u << 7 | 1u << 10))

static void sample_losses(struct subflow *subflow, const struct diag_info *info)
{
	uint32_t sent = info->segs_out - subflow->info.segs_out;

	subflow->lost = subflow->sampled ? info->retransmits - subflow->info.retransmits : 0;
	subflow->lost_permille = sent ? (uint32_t)(1000ULL * subflow->lost / sent) : 0;
}

static void take_sample(struct subflow *subflow, const struct diag_info *info, uint64_t now_us)
{
	uint64_t before = subflow->info.bytes_acked + subflow->info.bytes_received;
	uint64_t after = info->bytes_acked + info->bytes_received;
	uint64_t elapsed_us = now_us - subflow->sampled_us;

	sample_losses(subflow, info);
	subflow->rate = 0;
	if (subflow->sampled && elapsed_us > 0 && after >= before)
		subflow->rate = (after - before) * 1000000 / elapsed_us;
	if (after != before)
		subflow->progress_us = now_us;
	subflow->info = *info;
	subflow->sampled = true;
	subflow->sampled_us = now_us;
}

static int sample_subflow(const struct diag_subflow *found, void *data)
{
	struct agent *agent = data;
	struct subflow *subflow;
	struct conn *conn;

	HASH_FIND_INT(agent->conns, &found->token, conn);
	subflow = conn ? conn_find_subflow(conn, &found->local, &found->remote) : NULL;
	if (subflow)
		take_sample(subflow, &found->info, clock_now_us());
	return MNL_CB_OK;
}

int sample_begin(struct agent *agent, int family)
{
	return diag_begin_subflows(agent->round.diag, family, CARRYING_STATES);
}

int sample_next(struct agent *agent)
{
	return diag_next_subflows(agent->round.diag, sample_subflow, agent);
}

/* The event of its end was lost, or never came: the policy gets one. */
void sample_end_missed(struct agent *agent, struct conn *conn, uint64_t since_us)
{
	struct subflow *subflow, *next;

	DL_FOREACH_SAFE (conn->subflows, subflow, next) {
		struct pm_event ended = {
			.type = PM_SUB_CLOSED,
			.token = conn->token,
			.local = subflow->local,
			.remote = subflow->remote,
		};
		struct policy_event event = {.type = POLICY_PM, .pm = &ended};

		if (subflow->state != SUBFLOW_ESTABLISHED || subflow->since_us >= since_us ||
		    subflow->sampled_us >= since_us)
			continue;
		agent_apply(agent, conn, &event);
		return; /* the list has changed: the next one at the next tick */
	}
}
