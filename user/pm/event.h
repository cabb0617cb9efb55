/* SPDX-License-Identifier: BSD-2-Clause */
/* Events of the kernel's MPTCP path manager (linux/mptcp.h: enum mptcp_event_type), decoded. */
#ifndef DETOUR_PM_EVENT_H
#define DETOUR_PM_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include <libmnl/libmnl.h>

#include "user/base/addr.h"

enum pm_event_type {
	PM_CREATED = 1,	    /* handshake done; too early for more subflows */
	PM_ESTABLISHED = 2, /* now they may be made */
	PM_CLOSED = 3,	    /* token only; ends all its subflows */
	PM_ANNOUNCED = 6,   /* ADD_ADDR: remote, rem_id; port 0 if the server named none */
	PM_REMOVED = 7,	    /* RM_ADDR: rem_id */
	PM_SUB_ESTABLISHED = 10,
	PM_SUB_CLOSED = 11,
	PM_SUB_PRIORITY = 13,
};

struct pm_event {
	enum pm_event_type type;
	uint32_t token;	       /* the local one */
	struct endpoint local; /* addresses unspecified where the event has none */
	struct endpoint remote;
	uint8_t loc_id, rem_id;
	uint8_t error;	       /* the subflow's errno, 0: none */
	uint32_t reset_reason; /* MPTCP_RST_*, RFC 8684, 3.6 */
	bool has_reset;	       /* the other side sent a reset with MP_TCPRST */
	bool backup;
	bool server_side;
};

/*
 * Reads one message of the group mptcp_pm_events. Pure. -EBADMSG: attributes missing, of a wrong
 * size, or of another family than their addresses; -EOPNOTSUPP: an event of no interest (listeners,
 * later kernels').
 */
int pm_event_decode(const struct nlmsghdr *nlh, struct pm_event *ret_event);

/* "established", "sub_closed" ... for log lines. */
const char *pm_event_name(enum pm_event_type type);

#endif /* DETOUR_PM_EVENT_H */
