/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Writes packets: the new tuple, one hop less, checksums by their deltas. */
#ifndef DETOUR_BPF_REWRITE_H
#define DETOUR_BPF_REWRITE_H

#include <bpf/relay/lookup.h>

/* New addresses, and a hop limit lower by one. `addr_delta` is what that adds to the addresses. */
static __always_inline void rewrite_l3(struct pkt *pkt, const struct flow_key *to, __u16 addr_delta)
{
	if (pkt->is_ipv4) {
		struct iphdr *ip = pkt->l3;

		ip->saddr = to->src.words[3];
		ip->daddr = to->dst.words[3];
		ip->check = csum_apply(ip->check,
				       (__u32)addr_delta + csum_negate(bpf_htons(0x0100)));
		ip->ttl--;
	} else {
		struct ipv6hdr *ip = pkt->l3;

		__builtin_memcpy(&ip->saddr, &to->src, sizeof(to->src));
		__builtin_memcpy(&ip->daddr, &to->dst, sizeof(to->dst));
		ip->hop_limit--;
	}
}

static __always_inline int rewrite_tcp(struct ctx *ctx, struct pkt *pkt, const struct way *way)
{
	struct tcphdr *tcp = pkt->l4;

	rewrite_l3(pkt, &way->to, way->addr_delta);
	tcp->source = way->to.src_port_be;
	tcp->dest = way->to.dst_port_be;
	if (ctx_tcp_csum(ctx, pkt, way->addr_delta, way->port_delta))
		return DETOUR_DROP_ERROR;
	return DETOUR_UNDECIDED;
}

/* The addresses in the IP header, as a tuple without ports. */
static __always_inline void outer_addrs(const struct pkt *pkt, struct flow_key *ret_outer)
{
	if (pkt->is_ipv4) {
		const struct iphdr *ip = pkt->l3;

		addr_set_ipv4(&ret_outer->src, ip->saddr);
		addr_set_ipv4(&ret_outer->dst, ip->daddr);
	} else {
		const struct ipv6hdr *ip = pkt->l3;

		addr_set_ipv6(&ret_outer->src, &ip->saddr);
		addr_set_ipv6(&ret_outer->dst, &ip->daddr);
	}
}

/*
 * An ICMP error travels as the flow's packets do: outside it gets `to`'s addresses; the quoted
 * packet, which went the other way, gets `to` inverted. Source and destination weigh the same in a
 * sum, so that the entry's deltas are right for the quoted packet too.
 */
static __noinline int rewrite_icmp(struct pkt *pkt, const struct way *way)
{
	int is_ipv4 = pkt->is_ipv4;
	struct icmp_error *icmp = pkt->l4;
	struct flow_key outer, inner_to;
	__u16 outer_delta;
	__u32 delta;

	outer_addrs(pkt, &outer);
	outer_delta = csum_tuple_addr_delta(&outer, &way->to);
	delta = icmp_inner_delta(&pkt->inner, is_ipv4, way->addr_delta, way->port_delta);
	if (!is_ipv4)
		delta += outer_delta; /* the pseudo header */
	tuple_inverse(&way->to, &inner_to);
	icmp_inner_rewrite(&pkt->inner, is_ipv4, &inner_to, way->addr_delta, way->port_delta);
	icmp->check = csum_apply(icmp->check, delta);
	rewrite_l3(pkt, &way->to, outer_delta);
	return opaque(DETOUR_UNDECIDED);
}

#endif /* DETOUR_BPF_REWRITE_H */
