/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Who may make a flow: a SYN that a lease covers, that carries what Accept= asks for, of an
 * identity within its limits. admit_syn() only decides; admit_limits() takes from the limits.
 */
#ifndef DETOUR_BPF_ADMIT_H
#define DETOUR_BPF_ADMIT_H

#include <bpf/relay/lookup.h>
#include <bpf/lib/tcpopt.h>

#define RATE_TRIES 4 /* of a compare-and-exchange against other CPUs */

/* What a lease grants beside the way to the server. */
struct grant {
	__u32 identity;
	__u32 nexthop_client;
	__u64 now_ns;
};

/* Whether a local listener holds the port. */
static __always_inline int port_is_busy(__u32 port)
{
	__u32 word = port / 64;
	__u64 *bits = bpf_map_lookup_elem(&ports_busy, &word);

	return !bits || *bits >> (port % 64) & 1;
}

/*
 * A SYN without a lease is ours to drop only if it was sent to a detour port of this relay. A port
 * that a local listener holds is none: it is never handed out, and the listener is to be reached.
 */
static __always_inline int admit_no_lease(const struct flow_key *key)
{
	__u16 port = bpf_ntohs(key->dst_port_be);

	if (port < config.detour_ports.first || port > config.detour_ports.last ||
	    port_is_busy(port))
		return DETOUR_PASS_NOT_OURS;
	return bpf_map_lookup_elem(&local_addrs, &key->dst) ? DETOUR_DROP_NO_LEASE
							    : DETOUR_PASS_NOT_OURS;
}

/*
 * Finds the lease and copies it. Its memory may be reused meanwhile, as a flow's: the copy is good
 * if the key still leads to the same place afterwards. If not, the SYN's retransmission will do.
 */
static __always_inline int admit_lease(const struct flow_key *key, struct way *ret_way,
				       struct grant *ret_grant)
{
	struct lease_key lease_key = {.client = key->src,
				      .relay = key->dst,
				      .port_be = key->dst_port_be};
	struct lease_entry *lease = bpf_map_lookup_elem(&leases, &lease_key);
	__u64 expires_ns;

	if (!lease)
		return admit_no_lease(key);
	ret_way->to.src = lease->relay_src;
	ret_way->to.dst = lease->server;
	ret_way->to.src_port_be = 0;
	ret_way->to.dst_port_be = lease->server_port_be;
	ret_way->nexthop = lease->nexthop_server;
	ret_grant->identity = lease->identity;
	ret_grant->nexthop_client = lease->nexthop_client;
	expires_ns = lease->expires_ns;
	barrier();
	if (bpf_map_lookup_elem(&leases, &lease_key) != lease)
		return DETOUR_DROP_NO_LEASE;
	ret_grant->now_ns = bpf_ktime_get_ns();
	return expires_ns <= ret_grant->now_ns ? DETOUR_DROP_LEASE_EXPIRED : DETOUR_UNDECIDED;
}

/*
 * A global function, because the verifier then looks at one step alone. It goes through the loop's
 * every way otherwise, which takes minutes.
 */
__noinline int admit_next_option(struct tcpopt_walk *walk)
{
	return walk ? tcpopt_step(walk) : 1;
}

/*
 * Whether the SYN has the form of those that open subflows, and carries what Accept= asks for. This
 * holds for a SYN on a flow that is there, too: else one that dies on its way (of few hops) could
 * open the way for another that opens something else.
 */
static __noinline int admit_form(struct ctx *ctx, const struct pkt *pkt)
{
	__u32 header_len = pkt->l4_off - pkt->l3_off + pkt->l4_header_len;
	__u32 len = (pkt->l4_header_len - sizeof(struct tcphdr)) & (TCPOPT_BUFFER - 1);
	__u32 wanted = 1u << TCPOPT_MPTCP_JOIN;
	struct tcpopt_walk walk = {.len = len};

	if (pkt->tcp_flags & (TCP_FIN | TCP_RST | TCP_URG) || pkt->l3_len > header_len)
		return DETOUR_DROP_SYN_DATA;
	if (config.accept == DETOUR_ACCEPT_ANY)
		return DETOUR_UNDECIDED;
	if (config.accept == DETOUR_ACCEPT_MPTCP)
		wanted |= 1u << TCPOPT_MPTCP_CAPABLE;
	if (!len)
		return DETOUR_DROP_NOT_ACCEPTED;
	/* The same number in a form that Linux 6.1's verifier bounds from below, too. */
	len = ((opaque(len) - 1) & (TCPOPT_BUFFER - 1)) + 1;
	if (ctx_load(ctx, pkt->l4_off + sizeof(struct tcphdr), walk.bytes, len))
		return DETOUR_DROP_NOT_ACCEPTED;
	for (int i = 0; i < TCPOPT_BYTES_MAX; i++) {
		if (admit_next_option(&walk))
			break;
	}
	return walk.subtypes & wanted ? DETOUR_UNDECIDED : DETOUR_DROP_NOT_ACCEPTED;
}

/* Whether a lease covers the SYN. The way then lacks only the source port. */
static __always_inline int admit_syn(const struct pkt *pkt, struct way *ret_way,
				     struct grant *ret_grant)
{
	return admit_lease(&pkt->key, ret_way, ret_grant);
}

/*
 * The generic cell rate algorithm: next_ns is when the next flow is due at the allowed rate; it may
 * come burst_ns earlier.
 */
static __always_inline int admit_rate(struct identity_entry *identity, __u64 now_ns)
{
	for (int i = 0; i < RATE_TRIES; i++) {
		__u64 next_ns = *(volatile __u64 *)&identity->next_ns;
		__u64 due_ns = next_ns > now_ns ? next_ns : now_ns;

		if (!identity->new_flow_ns)
			return DETOUR_UNDECIDED;
		if (due_ns - now_ns > identity->burst_ns)
			return DETOUR_DROP_FLOW_RATE;
		if (__sync_val_compare_and_swap(&identity->next_ns, next_ns,
						due_ns + identity->new_flow_ns) == next_ns)
			return DETOUR_UNDECIDED;
	}
	return DETOUR_DROP_FLOW_RATE;
}

/* A flow that will not be, or that another CPU made first, no longer counts. */
static __always_inline void admit_undo(__u32 number)
{
	struct identity_entry *identity = bpf_map_lookup_elem(&identities, &number);

	if (identity)
		__sync_fetch_and_add(&identity->flows, -1);
}

/* Counts a new flow of the grant's identity; after a verdict nothing is counted. */
static __always_inline int admit_limits(const struct grant *grant)
{
	__u32 number = grant->identity;
	struct identity_entry *identity = bpf_map_lookup_elem(&identities, &number);
	int verdict;

	if (!identity)
		return DETOUR_DROP_FLOW_LIMIT;
	if (__sync_fetch_and_add(&identity->flows, 1) >= identity->max_flows) {
		__sync_fetch_and_add(&identity->flows, -1);
		return DETOUR_DROP_FLOW_LIMIT;
	}
	verdict = admit_rate(identity, grant->now_ns);
	if (verdict != DETOUR_UNDECIDED)
		__sync_fetch_and_add(&identity->flows, -1);
	return verdict;
}

#endif /* DETOUR_BPF_ADMIT_H */
