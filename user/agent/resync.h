/* SPDX-License-Identifier: BSD-2-Clause */
/* What the kernel's dumps say about connections, laid over what the agent knows. Pure. */
#ifndef DETOUR_AGENT_RESYNC_H
#define DETOUR_AGENT_RESYNC_H

#include "user/agent/conn.h"
#include "user/agent/policy.h"
#include "user/net/diag.h"

struct resync_dump {
	struct diag_connection *connections;
	size_t connection_count;
	struct diag_subflow *subflows;
	size_t subflow_count;
};

/*
 * Makes *conns the same as the dump: connections that this host opened and that are fully
 * established come in, with their subflows recognised; what the dump does not have goes out. Sorts
 * the dump.
 */
int resync_merge(struct conn **conns, const struct resync_dump *dump,
		 const struct policy_world *world);

#endif /* DETOUR_AGENT_RESYNC_H */
