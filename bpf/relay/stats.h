/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Counts verdicts, and tells the daemon of flows' starts and ends. */
#ifndef DETOUR_BPF_STATS_H
#define DETOUR_BPF_STATS_H

#include <bpf/relay/maps.h>

static __always_inline void stats_count(__u32 verdict, __u32 bytes)
{
	struct verdict_count *count = bpf_map_lookup_elem(&verdicts, &verdict);

	if (!count)
		return;
	count->packets++;
	count->bytes += bytes;
}

/* The event that a flow has begun; `to_server` is the entry of the client's direction. */
static __always_inline void stats_flow_started(const struct flow_entry *to_server)
{
	struct detour_event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event) {
		stats_count(DETOUR_LOST_EVENT, 0);
		return;
	}
	__builtin_memset(event, 0, sizeof(*event));
	event->type = DETOUR_EVENT_FLOW_START;
	event->identity = to_server->identity;
	event->time_ns = to_server->created_ns;
	event->created_ns = to_server->created_ns;
	event->client = to_server->key;
	event->server = to_server->to;
	event->seen_to_server = to_server->seen;
	bpf_ringbuf_submit(event, 0);
}

/* The event that a flow has ended; `to_client` is NULL if that direction's entry is gone. */
static __always_inline void stats_flow_ended(const struct flow_entry *to_server,
					     const struct flow_entry *to_client, __u64 now_ns)
{
	struct detour_event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event) {
		stats_count(DETOUR_LOST_EVENT, 0);
		return;
	}
	__builtin_memset(event, 0, sizeof(*event));
	event->type = DETOUR_EVENT_FLOW_END;
	event->identity = to_server->identity;
	event->time_ns = now_ns;
	event->created_ns = to_server->created_ns;
	event->client = to_server->key;
	event->server = to_server->to;
	event->packets_to_server = to_server->packets;
	event->bytes_to_server = to_server->bytes;
	event->seen_to_server = to_server->seen;
	if (to_client) {
		event->packets_to_client = to_client->packets;
		event->bytes_to_client = to_client->bytes;
		event->seen_to_client = to_client->seen;
	}
	bpf_ringbuf_submit(event, 0);
}

#endif /* DETOUR_BPF_STATS_H */
