/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One program at one interface: XDP by a pinned link, TC by a filter at clsact ingress. Every
 * change replaces in one step; none leaves a moment without a data path.
 */
#ifndef DETOUR_DATAPLANE_ATTACH_H
#define DETOUR_DATAPLANE_ATTACH_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "user/dataplane/hook.h"
#include "user/dataplane/pins.h"

struct attach_target {
	const struct pins *pins;
	const char *ifname;
	uint32_t ifindex;
	uint32_t flows_map_id; /* programs with this map are this instance's own; 0: none is */
};

/* What of this instance sits at the interface. */
struct attach_state {
	bool xdp, xdp_is_generic, tc;
};

/*
 * Reads the state. -EBUSY, explained on `errors`: another program is where `hook` wants to be, or
 * another instance is at this interface (a packet would be handled twice).
 */
int attach_inspect(const struct attach_target *target, enum dataplane_hook hook, FILE *errors,
		   struct attach_state *ret_state);

/* What is attached, whoever's else is there. */
int attach_read(const struct attach_target *target, struct attach_state *ret_state);

/* Puts a program there, or a new one in the old one's place. */
int attach_xdp(const struct attach_target *target, int program_fd, bool generic);
int attach_tc(const struct attach_target *target, int program_fd);

/* Take ours away; nothing there is fine. The clsact qdisc goes if it was made here and is empty. */
int attach_remove_xdp(const struct attach_target *target);
int attach_remove_tc(const struct attach_target *target);

#endif /* DETOUR_DATAPLANE_ATTACH_H */
