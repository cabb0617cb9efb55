/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Makes a flow of an admitted SYN: claims a source port by inserting the entry of the server's
 * direction with NOEXIST, then inserts the client's. Of two CPUs with the same SYN at once, one
 * inserts the client's entry; the other takes its claim back and uses that flow.
 */
#ifndef DETOUR_BPF_CLAIM_H
#define DETOUR_BPF_CLAIM_H

#include <bpf/relay/admit.h>

#define EEXIST_ERROR (-17)
#define E2BIG_ERROR  (-7)
#define ENOENT_ERROR (-2)

/* Every prime above 65536 has no divisor in common with any number of ports: all get their turn. */
#define PORT_STEP_1 65537
#define PORT_STEP_2 65539
#define PORT_STEP_3 65543
#define PORT_STEP_4 65551

/* The index-th port of SourcePorts=, host order; 0 if there are fewer. */
static __always_inline __u32 port_at(__u32 index)
{
	for (int i = 0; i < DETOUR_PORT_RANGES_MAX; i++) {
		__u32 first = config.source_ports[i].first;
		__u32 last = config.source_ports[i].last;

		if (first > last)
			continue;
		if (index <= last - first)
			return first + index;
		index -= last - first + 1;
	}
	return 0;
}

static __always_inline int port_is_source(__u32 port)
{
	for (int i = 0; i < DETOUR_PORT_RANGES_MAX; i++) {
		if (port >= config.source_ports[i].first && port <= config.source_ports[i].last)
			return 1;
	}
	return 0;
}

/*
 * Global functions, and port_step() too, because the verifier then looks at each alone: inside the
 * loop of claim_to_client() their branches multiply.
 */

/* The index-th source port; 0 if it is not to be had. */
__noinline __u32 port_pick(__u32 index)
{
	__u32 port = port_at(index);

	return port && !port_is_busy(port) ? port : 0;
}

/* The client's own port, if it may be the source port, too; else 0. */
__noinline __u32 port_keep(__u32 port)
{
	return port_is_source(port) && !port_is_busy(port) ? port : 0;
}

__noinline __u32 port_step(__u32 random)
{
	switch (random >> 30) {
	case 0:
		return PORT_STEP_1;
	case 1:
		return PORT_STEP_2;
	case 2:
		return PORT_STEP_3;
	default:
		return PORT_STEP_4;
	}
}

/*
 * Inserts the entry that claim_scratch holds under the destination port `port`, unless that is
 * taken. Global, as above; it looks the entry up itself, because Linux 6.1 takes no key out of a
 * global function's argument.
 */
__noinline int claim_port(__u32 port)
{
	__u32 zero = 0;
	struct flow_entry *entry = bpf_map_lookup_elem(&claim_scratch, &zero);

	if (!entry)
		return ENOENT_ERROR;
	entry->key.dst_port_be = bpf_htons(port);
	entry->port_delta = csum_tuple_port_delta(&entry->key, &entry->to);
	return bpf_map_update_elem(&flows, &entry->key, entry, BPF_NOEXIST);
}

/* Claims a source port for the server's direction: the client's own if it can be, else others. */
static __always_inline int claim_to_client(struct flow_entry *entry)
{
	__u32 random = bpf_get_prandom_u32(), count = config.source_port_count;
	__u32 step = port_step(random);
	__u32 port = port_keep(bpf_ntohs(entry->to.dst_port_be));
	int error = EEXIST_ERROR;

	if (!count)
		return DETOUR_DROP_NO_PORT;
	for (__u32 i = 0; i < DETOUR_PORT_TRIES; i++) {
		if (port)
			error = claim_port(port);
		if (error != EEXIST_ERROR)
			break;
		random = (random % count) + step;
		port = port_pick(random % count);
	}
	if (!error)
		return DETOUR_UNDECIDED;
	return error == EEXIST_ERROR  ? DETOUR_DROP_NO_PORT
	       : error == E2BIG_ERROR ? DETOUR_DROP_TABLE_FULL
				      : DETOUR_DROP_ERROR;
}

/* What both entries of the new flow have in common. */
static __always_inline void claim_fill(struct flow_entry *entry, const struct pkt *pkt,
				       const struct grant *grant)
{
	entry->identity = grant->identity;
	entry->flags = pkt->is_ipv4 ? FLOW_IPV4 : 0;
	entry->zero = 0;
	entry->lease_port_be = pkt->key.dst_port_be;
	entry->created_ns = grant->now_ns;
	entry->last_seen_ns = grant->now_ns;
	entry->packets = 0;
	entry->bytes = 0;
	entry->seen = 0;
	entry->ingress = 0;
}

/*
 * Makes the server's entry that there is into the client's, and inserts that. The result is an
 * int: before Linux 6.4 the upper half of what the helper returns is not defined (kernel commit
 * d7ba4cc900bf, "bpf: return long from bpf_map_ops funcs").
 */
static __always_inline int claim_to_server(struct ctx *ctx, const struct pkt *pkt, struct way *way,
					   struct flow_entry *entry)
{
	entry->key = pkt->key;
	entry->to = way->to;
	entry->addr_delta = way->addr_delta;
	entry->port_delta = way->port_delta;
	entry->nexthop = way->nexthop;
	entry->flags |= FLOW_TO_SERVER;
	entry->ingress = ctx_ifindex(ctx);
	entry->packets = 1;
	entry->bytes = pkt->l3_len;
	entry->seen = FLOW_SEEN_SYN;
	return bpf_map_update_elem(&flows, &entry->key, entry, BPF_NOEXIST);
}

/*
 * Both entries of a flow for the SYN. FORWARD_NEW when it was made, FORWARD when another CPU was
 * faster; `way` is complete then.
 */
static __always_inline int claim_entries(struct ctx *ctx, const struct pkt *pkt,
					 const struct grant *grant, struct way *way)
{
	__u32 zero = 0;
	struct flow_entry *entry = bpf_map_lookup_elem(&claim_scratch, &zero);
	int verdict, error;

	if (!entry)
		return DETOUR_DROP_ERROR;
	claim_fill(entry, pkt, grant);
	tuple_inverse(&way->to, &entry->key);
	tuple_inverse(&pkt->key, &entry->to);
	entry->addr_delta = csum_tuple_addr_delta(&entry->key, &entry->to);
	entry->nexthop = grant->nexthop_client;
	verdict = claim_to_client(entry);
	if (verdict != DETOUR_UNDECIDED)
		return verdict;

	way->to.src_port_be = entry->key.dst_port_be;
	way->addr_delta = csum_negate(entry->addr_delta);
	way->port_delta = csum_negate(entry->port_delta);
	error = claim_to_server(ctx, pkt, way, entry);
	if (!error) {
		stats_flow_started(entry);
		return DETOUR_FORWARD_NEW;
	}
	tuple_inverse(&way->to, &entry->key);
	bpf_map_delete_elem(&flows, &entry->key);
	if (error == E2BIG_ERROR)
		return DETOUR_DROP_TABLE_FULL;
	return lookup_flow(&pkt->key, way) ? DETOUR_FORWARD : DETOUR_DROP_ERROR;
}

static __noinline int claim_flow(struct ctx *ctx, const struct pkt *pkt, const struct grant *grant,
				 struct way *way)
{
	int verdict = admit_limits(grant);

	if (verdict != DETOUR_UNDECIDED)
		return verdict;
	verdict = claim_entries(ctx, pkt, grant, way);
	if (verdict != DETOUR_FORWARD_NEW)
		admit_undo(grant->identity);
	return verdict;
}

/*
 * A new SYN on a flow that has ended opens it again, entries, ports and all; it counts against the
 * rate of new flows only. Of two CPUs the one that takes END away starts the flow.
 */
static __noinline int claim_reopen(const struct pkt *pkt, const struct grant *grant,
				   struct way *way)
{
	struct flow_entry *entry = way->entry, *other = lookup_other(entry);
	struct identity_entry *identity = bpf_map_lookup_elem(&identities, &grant->identity);

	if (!identity)
		return DETOUR_DROP_FLOW_LIMIT;
	if (admit_rate(identity, grant->now_ns) != DETOUR_UNDECIDED)
		return DETOUR_DROP_FLOW_RATE;
	if (!(__sync_fetch_and_and(&entry->seen, FLOW_SEEN_SYN) & FLOW_SEEN_END))
		return DETOUR_FORWARD;
	if (other) {
		__sync_fetch_and_and(&other->seen, 0);
		other->packets = 0;
		other->bytes = 0;
		other->created_ns = grant->now_ns;
	}
	entry->packets = 1;
	entry->bytes = pkt->l3_len;
	entry->created_ns = grant->now_ns;
	entry->last_seen_ns = grant->now_ns;
	stats_flow_started(entry);
	return DETOUR_FORWARD_NEW;
}

#endif /* DETOUR_BPF_CLAIM_H */
