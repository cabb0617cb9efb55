/* SPDX-License-Identifier: BSD-2-Clause */
/* The host's interfaces and their addresses (RTM_GETLINK, RTM_GETADDR). */
#ifndef DETOUR_NET_LINKS_H
#define DETOUR_NET_LINKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "user/base/addr.h"
#include "user/net/nl.h"

struct link_info {
	uint32_t ifindex;
	uint32_t lower; /* the device under a VLAN, else 0 */
	uint32_t mtu;
	uint16_t type;	  /* ARPHRD_* */
	uint16_t vlan_id; /* of a VLAN, else 0 */
	uint8_t mac[6];
	bool up;
	bool arp; /* neighbours are resolved here */
	char name[16];
};

struct link_address {
	struct detour_addr addr;
	uint32_t ifindex;
};

/* New arrays for the caller to free. */
int links_read(struct nl_socket *sock, struct link_info **ret_links, size_t *ret_count);
int links_read_addresses(struct nl_socket *sock, struct link_address **ret_addresses,
			 size_t *ret_count);

/* NULL: not there. */
const struct link_info *links_find(const struct link_info *links, size_t count, uint32_t ifindex);

#endif /* DETOUR_NET_LINKS_H */
