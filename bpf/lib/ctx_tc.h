/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * The packet at TC ingress. ctx_xdp.h has the same functions; the core uses nothing else of a hook.
 * Packets here may be GSO, may show only their first bytes, have their VLAN tag in metadata, and
 * may leave their TCP checksum to the sending device (CHECKSUM_PARTIAL).
 */
#ifndef DETOUR_BPF_CTX_TC_H
#define DETOUR_BPF_CTX_TC_H

#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>
#include <bpf/lib/pkt.h>

struct ctx {
	struct __sk_buff *md;
	int action; /* TC_ACT_* that sends the packet on, once ctx_send() has decided it */
};

/* Whether the kernel can resolve a neighbour for a packet that it sends for us. */
#define CTX_RESOLVES_NEIGHBOURS 1

/* Link header, tag, IPv6, TCP with all options, or an ICMP error with what it must quote. */
#define CTX_PULL_LEN 128

static __always_inline struct ctx ctx_from_tc(struct __sk_buff *md)
{
	return (struct ctx){.md = md, .action = TC_ACT_SHOT};
}

/* TC_ACT_UNSPEC lets other filters on the device have the packets that are not ours. */
static __always_inline int ctx_to_tc(const struct ctx *ctx, int verdict)
{
	if (verdict <= DETOUR_REPLY_TOO_BIG)
		return ctx->action;
	return verdict <= DETOUR_PASS_LATER_FRAGMENT ? TC_ACT_UNSPEC : TC_ACT_SHOT;
}

static __always_inline struct cursor ctx_cursor(const struct ctx *ctx)
{
	return (struct cursor){(void *)(long)ctx->md->data, (void *)(long)ctx->md->data_end};
}

static __always_inline int ctx_load(struct ctx *ctx, __u32 off, void *ret_bytes, __u32 len)
{
	return bpf_skb_load_bytes(ctx->md, off, ret_bytes, len);
}

static __always_inline __u32 ctx_len(const struct ctx *ctx)
{
	return ctx->md->len;
}

static __always_inline __u32 ctx_ifindex(const struct ctx *ctx)
{
	return ctx->md->ifindex;
}

/* Payload bytes of one segment of a GSO packet; 0: this is one packet. */
static __always_inline __u32 ctx_gso_size(const struct ctx *ctx)
{
	return ctx->md->gso_size;
}

static __always_inline __u32 ctx_segments(const struct ctx *ctx)
{
	return ctx->md->gso_segs ? ctx->md->gso_segs : 1;
}

/* Whether the frame has a VLAN tag beside what it shows. */
static __always_inline int ctx_has_hidden_tag(const struct ctx *ctx)
{
	return ctx->md->vlan_present;
}

/* Makes more of the packet visible; true if that changed anything (pointers are void then). */
static __always_inline int ctx_pull(struct ctx *ctx)
{
	__u32 len = ctx->md->len, seen = ctx->md->data_end - ctx->md->data;

	if (seen >= len || seen >= CTX_PULL_LEN)
		return 0;
	return !bpf_skb_pull_data(ctx->md, len < CTX_PULL_LEN ? len : CTX_PULL_LEN);
}

/*
 * The tuple under a TCP checksum changes by these deltas. The helper alone knows whether the
 * checksum is complete, or partial and thus covers the addresses only. Pointers into the packet are
 * void afterwards.
 */
static __always_inline int ctx_tcp_csum(struct ctx *ctx, struct pkt *pkt, __u16 addr_delta,
					__u16 port_delta)
{
	__u32 offset = pkt->l4_off + offsetof(struct tcphdr, check);

	if (bpf_l4_csum_replace(ctx->md, offset, 0, addr_delta, BPF_F_PSEUDO_HDR) ||
	    bpf_l4_csum_replace(ctx->md, offset, 0, port_delta, 0))
		return -1;
	/*
	 * The helper takes the addresses for IPv4's, which the IP checksum balances, and corrects
	 * the device's sum over the packet (CHECKSUM_COMPLETE) by the TCP checksum's change.
	 * IPv6's addresses balance that change themselves: take the correction back. The update
	 * fails when there is no such sum, which is fine.
	 */
	if (!pkt->is_ipv4)
		bpf_csum_update(ctx->md, addr_delta);
	return 0;
}

/* Makes the packet's VLAN tag the next hop's. */
static __always_inline int ctx_fit_tag(struct ctx *ctx, const struct pkt *pkt, __be16 tci_be)
{
	__u16 tci = bpf_ntohs(tci_be);

	if (ctx_has_hidden_tag(ctx) || pkt->is_tagged) {
		if (bpf_skb_vlan_pop(ctx->md))
			return -1;
	}
	return tci ? bpf_skb_vlan_push(ctx->md, bpf_htons(ETH_P_8021Q), tci) : 0;
}

/* Writes the link header and decides how the frame leaves; after the last change to the packet. */
static __always_inline int ctx_send(struct ctx *ctx, const struct pkt *pkt,
				    const struct nexthop_entry *nexthop)
{
	struct cursor cursor;
	struct link_header *link;

	if (ctx_fit_tag(ctx, pkt, nexthop->vlan_tci_be))
		return DETOUR_DROP_ERROR;
	if (!(nexthop->flags & NEXTHOP_VALID)) {
		ctx->action = bpf_redirect_neigh(nexthop->ifindex, NULL, 0, 0);
		return DETOUR_UNDECIDED;
	}
	cursor = ctx_cursor(ctx);
	link = cursor_take(&cursor, sizeof(*link));
	if (!link)
		return DETOUR_DROP_ERROR;
	__builtin_memcpy(link->dst, nexthop->dst_mac, ETH_ALEN);
	__builtin_memcpy(link->src, nexthop->src_mac, ETH_ALEN);
	ctx->action = bpf_redirect(nexthop->ifindex, 0);
	return DETOUR_UNDECIDED;
}

/*
 * Whether the device is to write the TCP checksum. The helper leaves a partial checksum alone when
 * ports change, so a made-up change shows it; the old checksum is put back.
 */
static __always_inline int ctx_csum_is_partial(struct ctx *ctx, __u32 check_off)
{
	__u16 before = 0, after = 0;

	if (bpf_skb_load_bytes(ctx->md, check_off, &before, sizeof(before)) ||
	    bpf_l4_csum_replace(ctx->md, check_off, 0, 1, 0) ||
	    bpf_skb_load_bytes(ctx->md, check_off, &after, sizeof(after)))
		return 0;
	if (before == after)
		return 1;
	bpf_skb_store_bytes(ctx->md, check_off, &before, sizeof(before), 0);
	return 0;
}

/*
 * Turns the packet into the quote of a reply: what is before the IP header stays, `header_len`
 * zeroed or stale bytes follow, then the first `quote_len` bytes of the packet. All pointers are
 * void then.
 * `ret_partial` tells that the device will still write the quoted TCP checksum.
 */
static __always_inline int ctx_make_quote(struct ctx *ctx, const struct pkt *pkt, __u32 header_len,
					  __u32 quote_len, int *ret_partial)
{
	__u8 link[ETH_HLEN + VLAN_HEADER_LEN];
	struct cursor cursor;
	void *to;

	*ret_partial = ctx_csum_is_partial(ctx, pkt->l4_off + offsetof(struct tcphdr, check));
	if (bpf_skb_load_bytes(ctx->md, 0, link, sizeof(link)) ||
	    bpf_skb_change_tail(ctx->md, pkt->l3_off + quote_len, 0) ||
	    bpf_skb_change_head(ctx->md, header_len, 0))
		return -1;
	cursor = ctx_cursor(ctx);
	to = cursor_take(&cursor, sizeof(link));
	if (!to)
		return -1;
	__builtin_memcpy(to, link, sizeof(link));
	return 0;
}

/* Sends the packet back where it came from. */
static __always_inline int ctx_send_back(struct ctx *ctx)
{
	struct cursor cursor = ctx_cursor(ctx);
	struct link_header *link = cursor_take(&cursor, sizeof(*link));
	__u8 mac[ETH_ALEN];

	if (!link)
		return DETOUR_DROP_ERROR;
	__builtin_memcpy(mac, link->dst, ETH_ALEN);
	__builtin_memcpy(link->dst, link->src, ETH_ALEN);
	__builtin_memcpy(link->src, mac, ETH_ALEN);
	ctx->action = bpf_redirect(ctx_ifindex(ctx), 0);
	return DETOUR_UNDECIDED;
}

#endif /* DETOUR_BPF_CTX_TC_H */
