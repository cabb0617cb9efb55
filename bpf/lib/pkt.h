/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Parses a frame into what the relay needs: where its headers are and the tuple to look up.
 * Ethernet, at most one VLAN tag, IPv4 or IPv6, then TCP or an ICMP error about a TCP packet.
 * Pure: nothing is written, nothing but the cursor says where the packet ends.
 */
#ifndef DETOUR_BPF_PKT_H
#define DETOUR_BPF_PKT_H

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <bpf/lib/icmp_inner.h>
#include <bpf/lib/tuple.h>
#include <detour/verdict.h>

#define VLAN_HEADER_LEN	    4
#define IPV6_FRAGMENT_LEN   8
#define IPV4_OFFSET_MASK    0x1fff
#define IPV4_MORE_FRAGMENTS 0x2000
#define IPV6_OFFSET_MASK    0xfff8

/* Ethernet's header, in words: byte by byte is what the kernel's packed one compiles to. */
struct link_header {
	__u16 dst[3];
	__u16 src[3];
	__be16 proto;
};

enum tcp_flag {
	TCP_FIN = 1 << 0,
	TCP_SYN = 1 << 1,
	TCP_RST = 1 << 2,
	TCP_PSH = 1 << 3,
	TCP_ACK = 1 << 4,
	TCP_URG = 1 << 5,
};

/*
 * What the pointers point at, and how far, hangs on the fields of 64 bits: the verifier follows
 * their values through the stack, where it would forget those of smaller ones.
 */
struct pkt {
	void *l3;
	void *l4;
	__u64 is_ipv4;
	__u64 is_icmp; /* an ICMP error; `inner` is what it is about */
	__u64 refusal; /* why it may not be forwarded even if it is ours: a verdict, or 0 */
	struct icmp_inner inner;
	struct flow_key key; /* to look up; of an ICMP error: the inverse of the inner tuple */
	__u32 l3_off;
	__u32 l4_off;
	__u32 l3_len; /* IP header and all it carries, without padding */
	__u32 l4_header_len;
	__u32 is_tagged; /* a VLAN tag in the frame (not in metadata) */
	__u8 l4_proto;	 /* IPPROTO_ */
	__u8 tcp_flags;	 /* enum tcp_flag, and ECE, CWR */
	__u8 hop_limit;
};

/* A SYN that opens a connection. */
static __always_inline int pkt_is_opening(const struct pkt *pkt)
{
	return (pkt->tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
}

static __always_inline int pkt_parse_tcp(struct cursor *cursor, struct pkt *pkt)
{
	__u32 left = pkt->l3_len - (pkt->l4_off - pkt->l3_off);
	struct tcphdr *tcp = cursor_take(cursor, sizeof(*tcp));

	if (!tcp || left < sizeof(*tcp))
		return DETOUR_PASS_MALFORMED;
	pkt->l4 = tcp;
	pkt->l4_header_len = tcp->doff * 4;
	pkt->tcp_flags = ((const __u8 *)tcp)[13];
	if (pkt->l4_header_len < sizeof(*tcp) || pkt->l4_header_len > left)
		return DETOUR_PASS_MALFORMED;
	pkt->key.src_port_be = tcp->source;
	pkt->key.dst_port_be = tcp->dest;
	/* Only an opening SYN's options are read: they must be there. */
	if (pkt_is_opening(pkt)) {
		struct cursor options = *cursor;

		if (!cursor_take(&options, (pkt->l4_header_len - sizeof(*tcp)) & 0x3f))
			return DETOUR_PASS_MALFORMED;
	}
	return DETOUR_UNDECIDED;
}

/* An ICMP error: `key` becomes the tuple of the packets that travel the way the error does. */
static __noinline int pkt_parse_icmp(struct cursor *cursor, struct pkt *pkt)
{
	__u32 left = pkt->l3_len - (pkt->l4_off - pkt->l3_off);
	struct detour_addr to = pkt->key.dst;
	struct flow_key inner_key;
	struct icmp_error *icmp = cursor_take(cursor, sizeof(*icmp));
	int verdict;

	if (!icmp || left < ICMP_ERROR_LEN)
		return DETOUR_PASS_MALFORMED;
	if (!icmp_is_error(icmp->type, pkt->is_ipv4))
		return DETOUR_PASS_NOT_TCP;
	pkt->l4 = icmp;
	pkt->l4_header_len = ICMP_ERROR_LEN;
	pkt->is_icmp = 1;
	verdict = icmp_inner_parse(cursor, left - ICMP_ERROR_LEN, pkt->is_ipv4, &pkt->inner,
				   &inner_key);
	if (verdict != DETOUR_UNDECIDED)
		return verdict;
	/* Who sent the inner packet is who gets the error. */
	if (!addr_equal(&inner_key.src, &to))
		return DETOUR_PASS_NOT_OURS;
	tuple_inverse(&inner_key, &pkt->key);
	return DETOUR_UNDECIDED;
}

static __always_inline int pkt_parse_l4(struct cursor *cursor, struct pkt *pkt)
{
	__u8 icmp = pkt->is_ipv4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;

	if (pkt->l4_proto == IPPROTO_TCP)
		return pkt_parse_tcp(cursor, pkt);
	if (pkt->l4_proto == icmp)
		return pkt_parse_icmp(cursor, pkt);
	return DETOUR_PASS_NOT_TCP;
}

/* `room` is what the frame holds after the link header; `gso`: lengths of 0 stand for `room`. */
static __always_inline int pkt_parse_ipv4(struct cursor *cursor, __u32 room, int gso,
					  struct pkt *pkt)
{
	struct iphdr *ip = cursor_take(cursor, sizeof(*ip));
	__u32 header_len, fragment;

	if (!ip)
		return DETOUR_PASS_MALFORMED;
	header_len = ip->ihl * 4;
	pkt->l3_len = bpf_ntohs(ip->tot_len);
	if (!pkt->l3_len && gso)
		pkt->l3_len = room;
	if (ip->version != 4 || header_len < sizeof(*ip) || pkt->l3_len < header_len ||
	    pkt->l3_len > room)
		return DETOUR_PASS_MALFORMED;
	pkt->l3 = ip;
	pkt->l4_proto = ip->protocol;
	pkt->hop_limit = ip->ttl;
	pkt->l4_off = pkt->l3_off + header_len;
	if (pkt->l4_proto != IPPROTO_TCP && pkt->l4_proto != IPPROTO_ICMP)
		return DETOUR_PASS_NOT_TCP;
	fragment = bpf_ntohs(ip->frag_off);
	if (fragment & IPV4_OFFSET_MASK)
		return DETOUR_PASS_LATER_FRAGMENT;
	pkt->is_ipv4 = 1;
	if (fragment & IPV4_MORE_FRAGMENTS)
		pkt->refusal = DETOUR_DROP_FRAGMENT;
	if (header_len > sizeof(*ip)) {
		pkt->refusal = DETOUR_DROP_IP_OPTIONS;
		if (!cursor_take(cursor, (header_len - sizeof(*ip)) & 0x3f))
			return DETOUR_PASS_MALFORMED;
	}
	addr_set_ipv4(&pkt->key.src, ip->saddr);
	addr_set_ipv4(&pkt->key.dst, ip->daddr);
	return pkt_parse_l4(cursor, pkt);
}

/* Extension headers other than a fragment's are the kernel's business (PASS_NOT_TCP). */
static __always_inline int pkt_parse_ipv6(struct cursor *cursor, __u32 room, int gso,
					  struct pkt *pkt)
{
	struct ipv6hdr *ip = cursor_take(cursor, sizeof(*ip));
	__u32 len;

	if (!ip)
		return DETOUR_PASS_MALFORMED;
	len = bpf_ntohs(ip->payload_len);
	pkt->l3_len = !len && gso ? room : len + sizeof(*ip);
	if (ip->version != 6 || pkt->l3_len > room)
		return DETOUR_PASS_MALFORMED;
	pkt->l3 = ip;
	pkt->l4_proto = ip->nexthdr;
	pkt->hop_limit = ip->hop_limit;
	pkt->l4_off = pkt->l3_off + sizeof(*ip);
	if (pkt->l4_proto == IPPROTO_FRAGMENT) {
		__be16 *fragment = cursor_take(cursor, IPV6_FRAGMENT_LEN);

		if (!fragment || len < IPV6_FRAGMENT_LEN)
			return DETOUR_PASS_MALFORMED;
		if (bpf_ntohs(fragment[1]) & IPV6_OFFSET_MASK)
			return DETOUR_PASS_LATER_FRAGMENT;
		pkt->refusal = DETOUR_DROP_FRAGMENT;
		pkt->l4_proto = *(__u8 *)fragment;
		pkt->l4_off += IPV6_FRAGMENT_LEN;
	}
	addr_set_ipv6(&pkt->key.src, &ip->saddr);
	addr_set_ipv6(&pkt->key.dst, &ip->daddr);
	return pkt_parse_l4(cursor, pkt);
}

/*
 * Parses the frame at the cursor, `frame_len` bytes long in all (the cursor may see fewer).
 * DETOUR_UNDECIDED when `pkt` is complete, else the verdict. PASS_MALFORMED may also mean that the
 * cursor sees too little.
 */
static __always_inline int pkt_parse(struct cursor *cursor, __u32 frame_len, int gso,
				     struct pkt *pkt)
{
	struct link_header *link = cursor_take(cursor, sizeof(*link));
	__be16 l3_proto;

	pkt->is_ipv4 = 0;
	pkt->is_icmp = 0;
	pkt->refusal = 0;
	pkt->is_tagged = 0;
	pkt->tcp_flags = 0;
	pkt->l3_len = frame_len;
	pkt->l3_off = sizeof(*link);
	if (!link)
		return DETOUR_PASS_MALFORMED;
	l3_proto = link->proto;
	if (l3_proto == bpf_htons(ETH_P_8021Q) || l3_proto == bpf_htons(ETH_P_8021AD)) {
		__be16 *vlan = cursor_take(cursor, VLAN_HEADER_LEN);

		if (!vlan)
			return DETOUR_PASS_MALFORMED;
		l3_proto = vlan[1];
		pkt->is_tagged = 1;
		pkt->l3_off += VLAN_HEADER_LEN;
	}
	if (l3_proto == bpf_htons(ETH_P_IP))
		return pkt_parse_ipv4(cursor, frame_len - pkt->l3_off, gso, pkt);
	if (l3_proto == bpf_htons(ETH_P_IPV6))
		return pkt_parse_ipv6(cursor, frame_len - pkt->l3_off, gso, pkt);
	return DETOUR_PASS_NOT_IP;
}

#endif /* DETOUR_BPF_PKT_H */
