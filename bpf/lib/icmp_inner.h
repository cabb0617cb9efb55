/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * The packet that an ICMP error quotes: an IP header and at least the first 8 bytes of TCP, which
 * hold the ports; the TCP checksum is there only when the quote goes as far. Pure.
 */
#ifndef DETOUR_BPF_ICMP_INNER_H
#define DETOUR_BPF_ICMP_INNER_H

#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <bpf/lib/csum.h>
#include <bpf/lib/tuple.h>
#include <detour/verdict.h>

#define ICMP_ERROR_LEN	  8 /* of the header of an error, before the quote */
#define ICMP_QUOTED_TCP	  8
#define ICMP_QUOTED_CHECK 18 /* TCP bytes up to and with the checksum */

/* <linux/icmp.h> needs a libc; what is needed here is this. */
enum icmp_type {
	ICMP4_UNREACHABLE = 3,
	ICMP4_TIME_EXCEEDED = 11,
	ICMP4_PARAMETER_PROBLEM = 12,
	ICMP6_UNREACHABLE = 1,
	ICMP6_TOO_BIG = 2,
	ICMP6_PARAMETER_PROBLEM = 4,
};

#define ICMP4_CODE_FRAGMENTATION_NEEDED 4

/* The header of an ICMP or ICMPv6 error. */
struct icmp_error {
	__u8 type;
	__u8 code;
	__u16 check;
	__be32 info_be; /* too big: the MTU */
};

struct icmp_inner {
	void *l3;
	struct tcphdr *tcp; /* its first 8 bytes, or 18 if has_check */
	__u64 has_check;
};

/* Errors about one packet. Redirects and the like are for the kernel. */
static __always_inline int icmp_is_error(__u8 type, int is_ipv4)
{
	if (is_ipv4)
		return type == ICMP4_UNREACHABLE || type == ICMP4_TIME_EXCEEDED ||
		       type == ICMP4_PARAMETER_PROBLEM;
	return type >= ICMP6_UNREACHABLE && type <= ICMP6_PARAMETER_PROBLEM;
}

static __always_inline int icmp_inner_parse_ipv4(struct cursor *cursor, struct icmp_inner *inner,
						 struct flow_key *ret_key)
{
	struct iphdr *ip = cursor_take(cursor, sizeof(*ip));

	if (!ip)
		return DETOUR_PASS_MALFORMED;
	/* A relay sends no options and no fragments. */
	if (ip->version != 4 || ip->ihl != 5 || ip->protocol != IPPROTO_TCP ||
	    ip->frag_off & bpf_htons(0x3fff))
		return DETOUR_PASS_NOT_OURS;
	inner->l3 = ip;
	addr_set_ipv4(&ret_key->src, ip->saddr);
	addr_set_ipv4(&ret_key->dst, ip->daddr);
	return DETOUR_UNDECIDED;
}

static __always_inline int icmp_inner_parse_ipv6(struct cursor *cursor, struct icmp_inner *inner,
						 struct flow_key *ret_key)
{
	struct ipv6hdr *ip = cursor_take(cursor, sizeof(*ip));

	if (!ip)
		return DETOUR_PASS_MALFORMED;
	if (ip->version != 6 || ip->nexthdr != IPPROTO_TCP)
		return DETOUR_PASS_NOT_OURS;
	inner->l3 = ip;
	addr_set_ipv6(&ret_key->src, &ip->saddr);
	addr_set_ipv6(&ret_key->dst, &ip->daddr);
	return DETOUR_UNDECIDED;
}

/*
 * Parses the quote of `len` bytes at the cursor. DETOUR_UNDECIDED with the tuple of the quoted
 * packet in `ret_key`, or a verdict.
 */
static __always_inline int icmp_inner_parse(struct cursor *cursor, __u32 len, int is_ipv4,
					    struct icmp_inner *inner, struct flow_key *ret_key)
{
	__u32 l3_header_len = is_ipv4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr);
	int verdict;

	if (len < l3_header_len + ICMP_QUOTED_TCP)
		return DETOUR_PASS_MALFORMED;
	verdict = is_ipv4 ? icmp_inner_parse_ipv4(cursor, inner, ret_key)
			  : icmp_inner_parse_ipv6(cursor, inner, ret_key);
	if (verdict != DETOUR_UNDECIDED)
		return verdict;
	inner->has_check = 0;
	inner->tcp = cursor_take(cursor, ICMP_QUOTED_TCP);
	if (!inner->tcp)
		return DETOUR_PASS_MALFORMED;
	if (len >= l3_header_len + ICMP_QUOTED_CHECK) {
		if (!cursor_take(cursor, ICMP_QUOTED_CHECK - ICMP_QUOTED_TCP))
			return DETOUR_PASS_MALFORMED;
		inner->has_check = 1;
	}
	ret_key->src_port_be = inner->tcp->source;
	ret_key->dst_port_be = inner->tcp->dest;
	return DETOUR_UNDECIDED;
}

/* Gives the quoted packet the tuple `to`, and its checksums what follows from the deltas. */
static __always_inline void icmp_inner_rewrite(struct icmp_inner *inner, int is_ipv4,
					       const struct flow_key *to, __u16 addr_delta,
					       __u16 port_delta)
{
	if (is_ipv4) {
		struct iphdr *ip = inner->l3;

		ip->saddr = to->src.words[3];
		ip->daddr = to->dst.words[3];
		ip->check = csum_apply(ip->check, addr_delta);
	} else {
		struct ipv6hdr *ip = inner->l3;

		__builtin_memcpy(&ip->saddr, &to->src, sizeof(to->src));
		__builtin_memcpy(&ip->daddr, &to->dst, sizeof(to->dst));
	}
	inner->tcp->source = to->src_port_be;
	inner->tcp->dest = to->dst_port_be;
	if (inner->has_check)
		inner->tcp->check = csum_apply(inner->tcp->check, (__u32)addr_delta + port_delta);
}

/*
 * How icmp_inner_rewrite() changes the sum of the quote. A checksum in it takes back what it
 * covers: the IPv4 header's sum never changes, and the TCP checksum takes back addresses and ports.
 */
static __always_inline __u16 icmp_inner_delta(const struct icmp_inner *inner, int is_ipv4,
					      __u16 addr_delta, __u16 port_delta)
{
	__u32 delta = port_delta;

	if (!is_ipv4)
		delta += addr_delta;
	if (inner->has_check)
		delta += csum_negate(csum_fold((__u32)addr_delta + port_delta));
	return csum_fold(delta);
}

#endif /* DETOUR_BPF_ICMP_INNER_H */
