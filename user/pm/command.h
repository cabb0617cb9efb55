/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Commands to the kernel's userspace path manager (genl family mptcp_pm, kernel
 * net/mptcp/pm_userspace.c) and the subscription to its events.
 */
#ifndef DETOUR_PM_COMMAND_H
#define DETOUR_PM_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "user/base/addr.h"
#include "user/net/nl.h"

struct pm;

/* The local end of a subflow as CREATE wants it. */
struct pm_local {
	struct detour_addr addr;
	in_port_t port_be;    /* 0: the kernel chooses */
	uint8_t id;	      /* one per address and port, and connection; the first one has 0 */
	bool backup;	      /* kernel 6.1 ignores it at creation */
	unsigned int ifindex; /* 0: the routing table decides */
};

/* What the in-kernel path manager would hold to in this network namespace. */
struct pm_limits {
	uint32_t add_addr_accepted;
	uint32_t subflows;
};

/* Opens a socket for commands and one for events. -ENOENT: no MPTCP; -EPERM: no CAP_NET_ADMIN. */
int pm_open(struct pm **ret_pm);
void pm_close(struct pm *pm);

/* Readable when there are events: pm_receive() then gives them, as nl_receive() does. */
int pm_events_fd(const struct pm *pm);
int pm_receive(struct pm *pm, nl_callback callback, void *data);
/* Drops all events that are queued. */
void pm_discard(struct pm *pm);

/*
 * Sends a SYN with MP_JOIN from `local` to `remote`. 0 means sent, no more. -ENOTCONN:
 * before ESTABLISHED; -EINVAL: no such token, a connection of another path manager, or an address
 * and id that do not fit together; -EADDRNOTAVAIL: no such local address;
 * -EADDRINUSE: its port is taken.
 */
int pm_subflow_create(struct pm *pm, uint32_t token, const struct pm_local *local,
		      const struct endpoint *remote);

/* Resets a subflow, named by its 4-tuple. -ESRCH: there is none. */
int pm_subflow_destroy(struct pm *pm, uint32_t token, const struct endpoint *local,
		       const struct endpoint *remote);

/*
 * Sets or clears the backup flag of a subflow, and tells the other side (MP_PRIO). -EINVAL: no such
 * subflow, or not yet: the kernel finds it a moment after SUB_ESTABLISHED.
 */
int pm_subflow_backup(struct pm *pm, uint32_t token, const struct endpoint *local,
		      const struct endpoint *remote, bool backup);

/* Tells the other side that the address with this id is gone (RM_ADDR). */
int pm_remove_id(struct pm *pm, uint32_t token, uint8_t id);

int pm_get_limits(struct pm *pm, struct pm_limits *ret_limits);

#endif /* DETOUR_PM_COMMAND_H */
