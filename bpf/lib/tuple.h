/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Addresses and 4-tuples: v4-mapped addresses, equality, the other direction. Pure. */
#ifndef DETOUR_BPF_TUPLE_H
#define DETOUR_BPF_TUPLE_H

#include <linux/in6.h>
#include <bpf/bpf_endian.h>
#include <bpf/lib/cursor.h>
#include <detour/flow.h>

static __always_inline void addr_set_ipv4(struct detour_addr *addr, __be32 ipv4_be)
{
	addr->words[0] = 0;
	addr->words[1] = 0;
	addr->words[2] = bpf_htonl(0xffff);
	addr->words[3] = ipv4_be;
}

static __always_inline void addr_set_ipv6(struct detour_addr *addr, const struct in6_addr *ipv6)
{
	__builtin_memcpy(addr, ipv6, sizeof(*addr));
}

static __always_inline int addr_equal(const struct detour_addr *a, const struct detour_addr *b)
{
	return !((a->words[0] ^ b->words[0]) | (a->words[1] ^ b->words[1]) |
		 (a->words[2] ^ b->words[2]) | (a->words[3] ^ b->words[3]));
}

static __always_inline int tuple_equal(const struct flow_key *a, const struct flow_key *b)
{
	return addr_equal(&a->src, &b->src) && addr_equal(&a->dst, &b->dst) &&
	       a->src_port_be == b->src_port_be && a->dst_port_be == b->dst_port_be;
}

/* The same for tuples that both begin at a multiple of 8, by fewer and longer words. */
static __always_inline int tuple_equal_aligned(const struct flow_key *a, const struct flow_key *b)
{
	__u64 x[4], y[4];

	__builtin_memcpy(x, __builtin_assume_aligned(a, 8), sizeof(x));
	__builtin_memcpy(y, __builtin_assume_aligned(b, 8), sizeof(y));
	return !((x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]) | (x[3] ^ y[3])) &&
	       a->src_port_be == b->src_port_be && a->dst_port_be == b->dst_port_be;
}

static __always_inline void tuple_copy_aligned(const struct flow_key *key,
					       struct flow_key *ret_copy)
{
	__builtin_memcpy(__builtin_assume_aligned(ret_copy, 8), __builtin_assume_aligned(key, 8),
			 sizeof(*key));
}

/* The tuple of the packets that answer. `ret_inverse` may not be `key`. */
static __always_inline void tuple_inverse(const struct flow_key *key, struct flow_key *ret_inverse)
{
	ret_inverse->src = key->dst;
	ret_inverse->dst = key->src;
	ret_inverse->src_port_be = key->dst_port_be;
	ret_inverse->dst_port_be = key->src_port_be;
}

#endif /* DETOUR_BPF_TUPLE_H */
