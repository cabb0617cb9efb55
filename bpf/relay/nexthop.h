/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Where a packet goes: the slot of `nexthops` that its flow names, which userspace keeps filled,
 * or (slot 0, or a slot that is not valid now) the kernel's FIB, which is slow but right. The FIB
 * helper answers only where the incoming interface forwards; the slots need no forwarding.
 */
#ifndef DETOUR_BPF_NEXTHOP_H
#define DETOUR_BPF_NEXTHOP_H

#include <bpf/relay/lookup.h>

#define FAMILY_IPV4 2  /* AF_INET */
#define FAMILY_IPV6 10 /* AF_INET6 */

/* Asks the FIB. The packet will have the tuple's addresses and be `len` bytes long. */
static __noinline int nexthop_ask_fib(struct ctx *ctx, const struct flow_key *to, int is_ipv4,
				      __u32 len, struct nexthop_entry *ret_hop)
{
	struct bpf_fib_lookup fib = {
		.family = is_ipv4 ? FAMILY_IPV4 : FAMILY_IPV6,
		.l4_protocol = IPPROTO_TCP,
		.tot_len = len,
		.ifindex = ctx_ifindex(ctx),
	};
	long result;

	if (is_ipv4) {
		fib.ipv4_src = to->src.words[3];
		fib.ipv4_dst = to->dst.words[3];
	} else {
		__builtin_memcpy(fib.ipv6_src, &to->src, sizeof(to->src));
		__builtin_memcpy(fib.ipv6_dst, &to->dst, sizeof(to->dst));
	}
	result = bpf_fib_lookup(ctx->md, &fib, sizeof(fib), 0);
	ret_hop->ifindex = fib.ifindex;
	ret_hop->vlan_tci_be = 0;
	ret_hop->mtu = 0;
	ret_hop->flags = 0;
	switch (result) {
	case BPF_FIB_LKUP_RET_SUCCESS:
		__builtin_memcpy(ret_hop->src_mac, fib.smac, ETH_ALEN);
		__builtin_memcpy(ret_hop->dst_mac, fib.dmac, ETH_ALEN);
		ret_hop->flags = NEXTHOP_VALID;
		return DETOUR_UNDECIDED;
	case BPF_FIB_LKUP_RET_FRAG_NEEDED:
		ret_hop->mtu = fib.mtu_result;
		return DETOUR_UNDECIDED;
	case BPF_FIB_LKUP_RET_NO_NEIGH:
		return CTX_RESOLVES_NEIGHBOURS ? DETOUR_UNDECIDED : DETOUR_DROP_NO_NEXTHOP;
	default:
		return DETOUR_DROP_NO_NEXTHOP;
	}
}

/*
 * The next hop of a packet that gets the tuple `to`, at most `len` bytes long (one segment of a GSO
 * packet). `ret_hop` points into the map or at `asked`. A next hop that isn't NEXTHOP_VALID is for
 * a hook that resolves neighbours.
 */
static __always_inline int nexthop_find(struct ctx *ctx, const struct way *way,
					const struct pkt *pkt, __u32 len,
					struct nexthop_entry *asked,
					const struct nexthop_entry **ret_hop)
{
	__u32 slot = way->nexthop;
	const struct nexthop_entry *hop = bpf_map_lookup_elem(&nexthops, &slot);
	int verdict;

	if (hop && slot && (hop->flags & NEXTHOP_VALID)) {
		*ret_hop = hop;
		return DETOUR_UNDECIDED;
	}
	if (CTX_RESOLVES_NEIGHBOURS && hop && hop->ifindex && !hop->vlan_tci_be) {
		*ret_hop = hop;
		return DETOUR_UNDECIDED;
	}
	verdict = nexthop_ask_fib(ctx, &way->to, pkt->is_ipv4, len, asked);
	*ret_hop = asked;
	return verdict;
}

#endif /* DETOUR_BPF_NEXTHOP_H */
