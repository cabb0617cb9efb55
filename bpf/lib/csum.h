/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * One's complement arithmetic for the Internet checksum (RFC 1071), and its incremental update
 * (RFC 1624, equation 3). Sums and deltas are of 16-bit words as they lie in the packet, so they
 * need no byte swapping. A delta is "new minus old". Pure.
 */
#ifndef DETOUR_BPF_CSUM_H
#define DETOUR_BPF_CSUM_H

#include <bpf/lib/cursor.h>
#include <detour/flow.h>

static __always_inline __u16 csum_fold(__u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* Fewer than 65536 32-bit words added up, as the 16-bit sum of their halves. */
static __always_inline __u16 csum_fold_words(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	return csum_fold((sum & 0xffff) + (sum >> 16));
}

/* Minus `sum`. */
static __always_inline __u16 csum_negate(__u16 sum)
{
	return ~sum;
}

/*
 * The checksum field `check` of data whose sum has changed by `delta`: some sums added up, not
 * necessarily folded, below 2^31.
 */
static __always_inline __u16 csum_apply(__u16 check, __u32 delta)
{
	return ~csum_fold((__u16)~check + delta);
}

/* An IPv4-mapped address has a constant prefix, so that this is right for the IPv4 header too. */
static __always_inline __u16 csum_addr_delta(const struct detour_addr *old,
					     const struct detour_addr *new)
{
	__u64 sum = 0;

	for (int i = 0; i < 4; i++)
		sum += (__u64) new->words[i] + (__u32)~old->words[i];
	return csum_fold_words(sum);
}

/* A packet with tuple `old` gets the tuple `new`: the delta of its addresses ... */
static __always_inline __u16 csum_tuple_addr_delta(const struct flow_key *old,
						   const struct flow_key *new)
{
	return csum_fold((__u32)csum_addr_delta(&old->src, &new->src) +
			 csum_addr_delta(&old->dst, &new->dst));
}

/* ... and of its ports. */
static __always_inline __u16 csum_tuple_port_delta(const struct flow_key *old,
						   const struct flow_key *new)
{
	return csum_fold((__u32) new->src_port_be + new->dst_port_be + (__u16)~old->src_port_be +
			 (__u16)~old->dst_port_be);
}

#endif /* DETOUR_BPF_CSUM_H */
