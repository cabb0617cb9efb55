/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * The answer to a packet that is larger than its next hop takes: "fragmentation needed" (RFC 792,
 * RFC 1191) or "packet too big" (RFC 4443), built in place of the packet and never longer.
 */
#ifndef DETOUR_BPF_REPLY_H
#define DETOUR_BPF_REPLY_H

#include <bpf/relay/lookup.h>

#define REPLY_QUOTE_LEN 100 /* of the packet: IP, TCP, options */
#define REPLY_ICMP_LEN	(ICMP_ERROR_LEN + REPLY_QUOTE_LEN)
#define REPLY_HOP_LIMIT 64

static __always_inline __u16 sum_of(void *data, __u32 len, __u32 seed)
{
	return csum_fold(bpf_csum_diff(NULL, 0, data, len, seed));
}

/*
 * The sum of the ICMP message. Where the device will yet write the quoted TCP checksum, TCP's part
 * will sum up to minus what is in the checksum's place now.
 */
static __always_inline __u32 reply_sum(void *icmp, __u32 ip_len, int partial, __u32 seed)
{
	struct tcphdr *tcp = icmp + ICMP_ERROR_LEN + ip_len;
	__u32 sum = sum_of(icmp, REPLY_ICMP_LEN, seed);

	if (!partial)
		return sum;
	return sum + csum_negate(sum_of(tcp, REPLY_QUOTE_LEN - ip_len, 0)) +
	       csum_negate(tcp->check);
}

static __always_inline void reply_write_ipv4(struct iphdr *ip, const struct flow_key *key)
{
	__builtin_memset(ip, 0, sizeof(*ip));
	ip->version = 4;
	ip->ihl = 5;
	ip->tot_len = bpf_htons(sizeof(*ip) + REPLY_ICMP_LEN);
	ip->ttl = REPLY_HOP_LIMIT;
	ip->protocol = IPPROTO_ICMP;
	ip->saddr = key->dst.words[3];
	ip->daddr = key->src.words[3];
	ip->check = ~sum_of(ip, sizeof(*ip), 0);
}

static __always_inline void reply_write_ipv6(struct ipv6hdr *ip, const struct flow_key *key)
{
	__builtin_memset(ip, 0, sizeof(*ip));
	ip->version = 6;
	ip->payload_len = bpf_htons(REPLY_ICMP_LEN);
	ip->nexthdr = IPPROTO_ICMPV6;
	ip->hop_limit = REPLY_HOP_LIMIT;
	__builtin_memcpy(&ip->saddr, &key->dst, sizeof(key->dst));
	__builtin_memcpy(&ip->daddr, &key->src, sizeof(key->src));
}

/* Writes IP and ICMP headers before the quote, from the packet's target to its source. */
static __always_inline int reply_write(struct cursor *cursor, const struct pkt *pkt, __u32 ip_len,
				       __u16 mtu, int partial)
{
	void *ip = cursor_take(cursor, ip_len);
	struct icmp_error *icmp = cursor_take(cursor, REPLY_ICMP_LEN);
	__u32 seed = 0;

	if (!ip || !icmp)
		return DETOUR_DROP_ERROR;
	icmp->code = 0;
	icmp->check = 0;
	icmp->info_be = bpf_htonl(mtu);
	if (pkt->is_ipv4) {
		reply_write_ipv4(ip, &pkt->key);
		icmp->type = ICMP4_UNREACHABLE;
		icmp->code = ICMP4_CODE_FRAGMENTATION_NEEDED;
	} else {
		struct ipv6hdr *ip6 = ip;

		reply_write_ipv6(ip6, &pkt->key);
		icmp->type = ICMP6_TOO_BIG;
		seed = sum_of(&ip6->saddr, 2 * sizeof(ip6->saddr),
			      bpf_htons(REPLY_ICMP_LEN) + bpf_htons(IPPROTO_ICMPV6));
	}
	icmp->check = csum_apply(0xffff, reply_sum(icmp, ip_len, partial, seed));
	return DETOUR_UNDECIDED;
}

/* Answers the packet, which must be TCP, or drops it where an answer would be longer. */
static __noinline int reply_too_big(struct ctx *ctx, const struct pkt *pkt, __u16 mtu)
{
	__u32 ip_len = pkt->is_ipv4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr);
	struct cursor cursor;
	int partial, verdict;

	if (pkt->l3_len < ip_len + REPLY_ICMP_LEN)
		return DETOUR_DROP_TOO_BIG;
	if (ctx_make_quote(ctx, pkt, ip_len + ICMP_ERROR_LEN, REPLY_QUOTE_LEN, &partial))
		return DETOUR_DROP_ERROR;
	cursor = ctx_cursor(ctx);
	if (!cursor_take(&cursor, pkt->l3_off & 0x1f))
		return DETOUR_DROP_ERROR;
	verdict = reply_write(&cursor, pkt, ip_len, mtu, partial);
	if (verdict == DETOUR_UNDECIDED)
		verdict = ctx_send_back(ctx);
	return verdict == DETOUR_UNDECIDED ? DETOUR_REPLY_TOO_BIG : verdict;
}

#endif /* DETOUR_BPF_REPLY_H */
