/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * What the data path tells the daemon, through the `events` ring buffer: a flow's start and end.
 * An event that finds the ring full is counted (the verdict LOST_EVENT), never waited for.
 */
#ifndef DETOUR_EVENT_H
#define DETOUR_EVENT_H

#include <linux/types.h>
#include <detour/flow.h>

enum detour_event_type {
	DETOUR_EVENT_FLOW_START = 1,
	DETOUR_EVENT_FLOW_END = 2, /* FIN in both directions, or RST */
};

struct detour_event {
	__u32 type; /* enum detour_event_type */
	__u32 identity;
	__u64 time_ns;
	__u64 created_ns;	 /* of the flow */
	struct flow_key client;	 /* client -> relay, as the client sends it */
	struct flow_key server;	 /* relay -> server, as the server sees it */
	__u64 packets_to_server; /* the counters: at the end only */
	__u64 bytes_to_server;
	__u64 packets_to_client;
	__u64 bytes_to_client;
	__u8 seen_to_server; /* enum flow_seen */
	__u8 seen_to_client;
	__u8 zero[6];
};

_Static_assert(sizeof(struct detour_event) == 136, "layout");

#endif /* DETOUR_EVENT_H */
