/* SPDX-License-Identifier: BSD-2-Clause */
/* The numbers of the kernel's generic netlink family "mptcp_pm", which are given out at boot. */
#ifndef DETOUR_NET_GENL_MPTCP_H
#define DETOUR_NET_GENL_MPTCP_H

#include <stdint.h>

#include "user/net/nl.h"

struct genl_mptcp {
	uint16_t family;
	uint32_t events_group; /* multicast group "mptcp_pm_events" */
};

/* Asks on a NETLINK_GENERIC socket. -ENOENT: this kernel has no MPTCP. */
int genl_mptcp_resolve(struct nl_socket *socket, struct genl_mptcp *ret_numbers);

/* Writes the netlink and generic netlink headers of command `cmd` (MPTCP_PM_CMD_*) to `buffer`. */
struct nlmsghdr *genl_mptcp_header(const struct genl_mptcp *numbers, uint8_t cmd, void *buffer);

#endif /* DETOUR_NET_GENL_MPTCP_H */
