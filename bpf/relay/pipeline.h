/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * One packet's way through the relay. Each step either gives a verdict, which ends the way, or
 * leaves it DETOUR_UNDECIDED for the next:
 *
 *   parse    frame -> headers and the tuple to look up                 lib/pkt.h
 *            (an ICMP error: the tuple of the packets that go its way)
 *   find     tuple -> flow entry -> way (new tuple, deltas, next hop)  lookup.h
 *            no entry: a SYN that a lease covers gets a grant          admit.h
 *            fragments and IPv4 options end here, and a hop limit of 1
 *   route    next hop's slot -> device, MACs, VLAN, MTU                nexthop.h
 *            too big: answered with an ICMP error                      reply.h
 *   claim    grant -> limits -> source port -> two flow entries        claim.h
 *   account  counters, last seen, FIN/RST -> the flow's end            lookup.h
 *   rewrite  addresses, ports, hop limit, checksums                    rewrite.h
 *   send     VLAN tag, MACs, out                                       lib/ctx_*.h
 *
 * Up to `account` the packet is only read; from `rewrite` on it is sent or dropped, never passed.
 * The kernel gets untouched what is not ours. The hooks differ in lib/ctx_xdp.h and lib/ctx_tc.h.
 *
 * What few packets need is in functions of their own (__noinline): each gets its stack frame, and
 * the way of most packets stays short.
 */
#ifndef DETOUR_BPF_PIPELINE_H
#define DETOUR_BPF_PIPELINE_H

#include <bpf/relay/claim.h>
#include <bpf/relay/nexthop.h>
#include <bpf/relay/reply.h>
#include <bpf/relay/rewrite.h>

static __always_inline int relay_parse(struct ctx *ctx, struct pkt *pkt)
{
	struct cursor cursor = ctx_cursor(ctx);
	int verdict = pkt_parse(&cursor, ctx_len(ctx), ctx_gso_size(ctx), pkt);

	if (verdict == DETOUR_PASS_MALFORMED && ctx_pull(ctx)) {
		cursor = ctx_cursor(ctx);
		verdict = pkt_parse(&cursor, ctx_len(ctx), ctx_gso_size(ctx), pkt);
	}
	if (pkt->is_tagged && ctx_has_hidden_tag(ctx))
		return DETOUR_PASS_NOT_IP;
	return verdict;
}

/* An opening SYN without a flow, or with a flow that has ended, needs a lease. */
static __noinline int relay_admit(const struct pkt *pkt, struct way *way, struct grant *grant)
{
	struct flow_entry *entry = way->entry;
	struct way fresh;
	int verdict;

	if (!entry)
		return admit_syn(pkt, way, grant);
	if (!(entry->flags & FLOW_TO_SERVER))
		return DETOUR_DROP_NO_LEASE;
	verdict = admit_syn(pkt, &fresh, grant);
	if (verdict != DETOUR_UNDECIDED)
		return verdict;
	fresh.to.src_port_be = way->to.src_port_be;
	/* The port's lease leads elsewhere now; the old flow will soon be gone. */
	if (!tuple_equal(&fresh.to, &way->to) || entry->identity != grant->identity)
		return DETOUR_DROP_NO_LEASE;
	return DETOUR_UNDECIDED;
}

/*
 * `ret_opens`: the SYN was granted a flow, which is yet to be made (or opened again). Without a
 * flow, fragments and IPv4 options are for the kernel.
 */
static __always_inline int relay_find(struct ctx *ctx, const struct pkt *pkt, struct way *way,
				      struct grant *grant, int *ret_opens)
{
	int found = lookup_flow(&pkt->key, way), verdict;

	*ret_opens = 0;
	if (pkt->refusal)
		return found ? (int)pkt->refusal : DETOUR_PASS_NOT_OURS;
	if (!pkt_is_opening(pkt))
		return found ? DETOUR_UNDECIDED : DETOUR_PASS_NOT_OURS;
	if (!found || way->entry->seen & FLOW_SEEN_END) {
		*ret_opens = 1;
		verdict = relay_admit(pkt, way, grant);
		if (verdict != DETOUR_UNDECIDED)
			return verdict;
	} else if (!(way->entry->flags & FLOW_TO_SERVER)) {
		return DETOUR_UNDECIDED;
	}
	return admit_form(ctx, pkt);
}

static __always_inline int relay_route(struct ctx *ctx, const struct pkt *pkt,
				       const struct way *way, struct nexthop_entry *asked,
				       const struct nexthop_entry **ret_hop)
{
	__u32 gso_size = ctx_gso_size(ctx), len = pkt->l3_len;
	int verdict;

	if (gso_size)
		len = pkt->l4_off - pkt->l3_off + pkt->l4_header_len + gso_size;
	verdict = nexthop_find(ctx, way, pkt, len, asked, ret_hop);
	if (verdict != DETOUR_UNDECIDED)
		return verdict;
	if (!(*ret_hop)->mtu || len <= (*ret_hop)->mtu)
		return DETOUR_UNDECIDED;
	/* No error answers an error. */
	if (pkt->is_icmp)
		return DETOUR_DROP_TOO_BIG;
	return reply_too_big(ctx, pkt, (*ret_hop)->mtu);
}

static __always_inline int relay_open(struct ctx *ctx, const struct pkt *pkt,
				      const struct grant *grant, struct way *way)
{
	return way->entry ? claim_reopen(pkt, grant, way) : claim_flow(ctx, pkt, grant, way);
}

static __always_inline int relay_forward(struct ctx *ctx, struct pkt *pkt)
{
	struct nexthop_entry asked;
	const struct nexthop_entry *hop;
	struct grant grant;
	struct way way;
	int verdict, sent, opens;

	verdict = relay_find(ctx, pkt, &way, &grant, &opens);
	if (verdict != DETOUR_UNDECIDED)
		return verdict;
	if (pkt->hop_limit <= 1)
		return DETOUR_DROP_TTL;
	verdict = relay_route(ctx, pkt, &way, &asked, &hop);
	if (verdict != DETOUR_UNDECIDED)
		return verdict;
	verdict = pkt->is_icmp ? DETOUR_FORWARD_ICMP : DETOUR_FORWARD;
	if (opens)
		verdict = relay_open(ctx, pkt, &grant, &way);
	if (verdict > DETOUR_FORWARD_ICMP)
		return verdict;
	if (verdict == DETOUR_FORWARD)
		flow_account(way.entry, pkt, ctx_segments(ctx));
	sent = verdict == DETOUR_FORWARD_ICMP ? rewrite_icmp(pkt, &way)
					      : rewrite_tcp(ctx, pkt, &way);
	if (sent == DETOUR_UNDECIDED)
		sent = ctx_send(ctx, pkt, hop);
	return sent == DETOUR_UNDECIDED ? verdict : sent;
}

/* The whole: a verdict, counted. */
static __always_inline int relay_run(struct ctx *ctx)
{
	struct pkt pkt;
	int verdict = relay_parse(ctx, &pkt);

	if (verdict == DETOUR_UNDECIDED)
		verdict = relay_forward(ctx, &pkt);
	stats_count(verdict, pkt.l3_len);
	return verdict;
}

#endif /* DETOUR_BPF_PIPELINE_H */
