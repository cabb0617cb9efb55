/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * The packet at the XDP hook. ctx_tc.h has the same functions; the core uses nothing else of a
 * hook. Frames here are linear, carry their VLAN tag and have complete checksums.
 */
#ifndef DETOUR_BPF_CTX_XDP_H
#define DETOUR_BPF_CTX_XDP_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/lib/pkt.h>

struct ctx {
	struct xdp_md *md;
	int action; /* XDP_* that sends the packet on, once ctx_send() has decided it */
};

/* Whether the kernel can resolve a neighbour for a packet that it sends for us. */
#define CTX_RESOLVES_NEIGHBOURS 0

static __always_inline struct ctx ctx_from_xdp(struct xdp_md *md)
{
	return (struct ctx){.md = md, .action = XDP_DROP};
}

static __always_inline int ctx_to_xdp(const struct ctx *ctx, int verdict)
{
	if (verdict <= DETOUR_REPLY_TOO_BIG)
		return ctx->action;
	return verdict <= DETOUR_PASS_LATER_FRAGMENT ? XDP_PASS : XDP_DROP;
}

static __always_inline struct cursor ctx_cursor(const struct ctx *ctx)
{
	return (struct cursor){(void *)(long)ctx->md->data, (void *)(long)ctx->md->data_end};
}

static __always_inline int ctx_load(struct ctx *ctx, __u32 off, void *ret_bytes, __u32 len)
{
	return bpf_xdp_load_bytes(ctx->md, off, ret_bytes, len);
}

static __always_inline __u32 ctx_len(const struct ctx *ctx)
{
	return ctx->md->data_end - ctx->md->data;
}

static __always_inline __u32 ctx_ifindex(const struct ctx *ctx)
{
	return ctx->md->ingress_ifindex;
}

/* Payload bytes of one segment of a GSO packet; 0: this is one packet. */
static __always_inline __u32 ctx_gso_size(const struct ctx *ctx __attribute__((unused)))
{
	return 0;
}

static __always_inline __u32 ctx_segments(const struct ctx *ctx __attribute__((unused)))
{
	return 1;
}

/* Whether the frame has a VLAN tag beside what it shows. */
static __always_inline int ctx_has_hidden_tag(const struct ctx *ctx __attribute__((unused)))
{
	return 0;
}

/* Makes more of the packet visible; true if that changed anything (pointers are void then). */
static __always_inline int ctx_pull(struct ctx *ctx __attribute__((unused)))
{
	return 0;
}

/* The tuple under a TCP checksum changes by these deltas. Pointers into the packet may be void
 * afterwards. */
static __always_inline int ctx_tcp_csum(struct ctx *ctx __attribute__((unused)), struct pkt *pkt,
					__u16 addr_delta, __u16 port_delta)
{
	struct tcphdr *tcp = pkt->l4;

	tcp->check = csum_apply(tcp->check, (__u32)addr_delta + port_delta);
	return 0;
}

/* Makes the frame's VLAN tag the next hop's and leaves the link header to be written. */
static __always_inline int ctx_fit_tag(struct ctx *ctx, const struct pkt *pkt, __be16 tci_be)
{
	if (pkt->is_tagged == !!tci_be)
		return 0;
	return bpf_xdp_adjust_head(ctx->md, tci_be ? -VLAN_HEADER_LEN : VLAN_HEADER_LEN);
}

/* Writes the link header and decides how the frame leaves; after the last change to the packet. */
static __always_inline int ctx_send(struct ctx *ctx, const struct pkt *pkt,
				    const struct nexthop_entry *nexthop)
{
	__be16 l3_proto = pkt->is_ipv4 ? bpf_htons(ETH_P_IP) : bpf_htons(ETH_P_IPV6);
	struct cursor cursor;
	struct link_header *link;

	if (ctx_fit_tag(ctx, pkt, nexthop->vlan_tci_be))
		return DETOUR_DROP_ERROR;
	cursor = ctx_cursor(ctx);
	link = cursor_take(&cursor, sizeof(*link));
	if (!link)
		return DETOUR_DROP_ERROR;
	__builtin_memcpy(link->dst, nexthop->dst_mac, ETH_ALEN);
	__builtin_memcpy(link->src, nexthop->src_mac, ETH_ALEN);
	if (nexthop->vlan_tci_be) {
		__be16 *vlan = cursor_take(&cursor, VLAN_HEADER_LEN);

		if (!vlan)
			return DETOUR_DROP_ERROR;
		link->proto = bpf_htons(ETH_P_8021Q);
		vlan[0] = nexthop->vlan_tci_be;
		vlan[1] = l3_proto;
	} else {
		link->proto = l3_proto;
	}
	/* XDP_TX needs no redirect target; a driver has it on the receiving queue. */
	ctx->action = nexthop->ifindex == ctx_ifindex(ctx) ? XDP_TX
							   : bpf_redirect(nexthop->ifindex, 0);
	return DETOUR_UNDECIDED;
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
	struct cursor cursor = ctx_cursor(ctx);
	__u32 link_len = pkt->l3_off;
	void *from, *to;

	*ret_partial = 0;
	from = cursor_take(&cursor, sizeof(link));
	if (!from)
		return -1;
	__builtin_memcpy(link, from, sizeof(link));
	if (bpf_xdp_adjust_tail(ctx->md, (int)(link_len + quote_len) - (int)ctx_len(ctx)) ||
	    bpf_xdp_adjust_head(ctx->md, -(int)header_len))
		return -1;
	cursor = ctx_cursor(ctx);
	to = cursor_take(&cursor, sizeof(link));
	if (!to)
		return -1;
	__builtin_memcpy(to, link, sizeof(link));
	return 0;
}

/* Sends the frame back where it came from. */
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
	ctx->action = XDP_TX;
	return DETOUR_UNDECIDED;
}

#endif /* DETOUR_BPF_CTX_XDP_H */
