/* SPDX-License-Identifier: BSD-2-Clause */
/* This host's addresses and links as they come and go, and the configured uplinks among them. */
#ifndef DETOUR_AGENT_UPLINKS_H
#define DETOUR_AGENT_UPLINKS_H

#include <uv.h>

#include "user/agent/policy.h"

struct uplinks;

struct uplinks_callbacks {
	void (*gone)(void *owner, const struct detour_addr *addr); /* first, for each address */
	void (*changed)(void *owner);				   /* then, once */
};

/* Reads what there is and watches from then on. */
int uplinks_new(uv_loop_t *loop, const struct agent_config *config,
		const struct uplinks_callbacks *callbacks, void *owner,
		struct uplinks **ret_uplinks);
void uplinks_free(struct uplinks *uplinks);

/* Two for each [uplink]: IPv4, then IPv6. The array stays where it is. */
const struct policy_uplink *uplinks_list(const struct uplinks *uplinks, size_t *ret_count);

/* The address that a packet to `remote` would leave with. -ENETUNREACH and so on: no route. */
int uplinks_source(struct uplinks *uplinks, const struct detour_addr *remote,
		   struct detour_addr *ret_source);

#endif /* DETOUR_AGENT_UPLINKS_H */
