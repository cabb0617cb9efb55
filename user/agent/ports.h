/* SPDX-License-Identifier: BSD-2-Clause */
/* Local ports for subflows. */
#ifndef DETOUR_AGENT_PORTS_H
#define DETOUR_AGENT_PORTS_H

#include <netinet/in.h>

/* One of net.ipv4.ip_local_port_range by chance, network order; it may be taken. */
in_port_t ports_pick(void);

#endif /* DETOUR_AGENT_PORTS_H */
