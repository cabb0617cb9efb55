/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Finds a packet's flow, and keeps what the flow's entries remember: counters, times, states. */
#ifndef DETOUR_BPF_LOOKUP_H
#define DETOUR_BPF_LOOKUP_H

#include <bpf/relay/clock.h>
#include <bpf/relay/stats.h>
#include <bpf/lib/pkt.h>

/* What a packet is turned into: a copy from its flow entry, which may change under us. */
struct way {
	struct flow_key to;
	__u16 addr_delta;
	__u16 port_delta;
	__u32 nexthop;
	struct flow_entry *entry; /* NULL: the flow is yet to be made */
};

/*
 * Userspace may delete the entry at any time, and an insertion on another CPU then reuses its
 * memory: copy first, then see that the copy was of our entry. A reused entry is no entry.
 */
static __always_inline int lookup_flow(const struct flow_key *key, struct way *ret_way)
{
	struct flow_entry *entry = bpf_map_lookup_elem(&flows, key);

	ret_way->entry = NULL;
	if (!entry)
		return 0;
	tuple_copy_aligned(&entry->to, &ret_way->to);
	ret_way->addr_delta = entry->addr_delta;
	ret_way->port_delta = entry->port_delta;
	ret_way->nexthop = entry->nexthop;
	barrier();
	if (!tuple_equal_aligned(&entry->key, key))
		return 0;
	ret_way->entry = entry;
	return 1;
}

/* The entry of the other direction, or NULL. */
static __always_inline struct flow_entry *lookup_other(const struct flow_entry *entry)
{
	struct flow_key key;

	tuple_inverse(&entry->to, &key);
	return bpf_map_lookup_elem(&flows, &key);
}

static __always_inline __u32 seen_from_flags(__u8 tcp_flags)
{
	if (tcp_flags & TCP_RST)
		return FLOW_SEEN_RST;
	if (tcp_flags & TCP_SYN)
		return FLOW_SEEN_SYN;
	return (tcp_flags & TCP_FIN ? FLOW_SEEN_FIN : 0) |
	       (tcp_flags & TCP_ACK ? FLOW_SEEN_ACK : 0);
}

/*
 * A direction has seen FIN or RST for the first time. The flow ends with a RST or with the second
 * FIN; whoever sets END in the client's direction first reports it. The result says nothing: the
 * verifier wants to see one.
 */
static __noinline int flow_closing(struct flow_entry *entry, __u32 seen, __u64 now_ns)
{
	struct flow_entry *other = lookup_other(entry);
	struct flow_entry *to_server = entry;

	if (!(seen & FLOW_SEEN_RST) && other && !(other->seen & FLOW_SEEN_FIN))
		return opaque(0);
	if (other && !(entry->flags & FLOW_TO_SERVER)) {
		to_server = other;
		other = entry;
	}
	if (__sync_fetch_and_or(&to_server->seen, FLOW_SEEN_END) & FLOW_SEEN_END)
		return opaque(0);
	if (other)
		__sync_fetch_and_or(&other->seen, FLOW_SEEN_END);
	stats_flow_ended(to_server, other, now_ns);
	return opaque(0);
}

/*
 * Counts a packet. One direction of a flow comes in by one queue, that is on one CPU, so that the
 * counters need no atomics; the states do, since both directions touch them.
 */
static __always_inline void flow_account(struct flow_entry *entry, const struct pkt *pkt,
					 __u32 segments)
{
	__u32 seen = seen_from_flags(pkt->tcp_flags);
	__u64 now_ns = clock_tick_ns();
	__u32 header_len = pkt->l4_off - pkt->l3_off + pkt->l4_header_len;

	entry->packets += segments;
	entry->bytes += pkt->l3_len + (segments - 1) * header_len;
	entry->last_seen_ns = now_ns;
	if (!(seen & ~entry->seen))
		return;
	__sync_fetch_and_or(&entry->seen, seen);
	if (seen & (FLOW_SEEN_FIN | FLOW_SEEN_RST))
		flow_closing(entry, seen, now_ns);
}

#endif /* DETOUR_BPF_LOOKUP_H */
