/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Both ends of a forwarder under test: the generator makes each frame of TEST_RUN's live mode the
 * next flow's packet and sends it; the counters take what arrives, translated as it should be, off the
 * wire. Everything else passes them.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/lib/csum.h>
#include <tests/bench/forward.h>

const volatile struct forward_config config;

/* The packet of source port 0. A frame is used again and again: all headers are written. */
__u8 headers[FORWARD_HEADERS_LEN];
__u32 next_flow;
__u64 arrived;

SEC("xdp")
int forward_generate(struct xdp_md *xdp)
{
	__u8 *frame = (void *)(long)xdp->data;
	__be16 port_be;

	if ((void *)(frame + FORWARD_HEADERS_LEN) > (void *)(long)xdp->data_end)
		return XDP_ABORTED;
	port_be = bpf_htons(config.first_port + next_flow);
	if (++next_flow >= config.flows)
		next_flow = 0;
	__builtin_memcpy(frame, headers, FORWARD_HEADERS_LEN);
	*(__be16 *)(frame + FORWARD_SPORT) = port_be;
	*(__u16 *)(frame + FORWARD_CHECK) = csum_apply(*(__u16 *)(frame + FORWARD_CHECK), port_be);
	return bpf_redirect(config.ifindex, 0);
}

static __always_inline int is_expected(void *data, void *data_end)
{
	__u8 *frame = data;

	if (data + FORWARD_HEADERS_LEN > data_end || frame[FORWARD_IP_PROTO] != 6 ||
	    *(__be32 *)(frame + FORWARD_SADDR) != config.saddr ||
	    *(__be32 *)(frame + FORWARD_DADDR) != config.daddr ||
	    *(__be16 *)(frame + FORWARD_DPORT) != config.dport)
		return 0;
	__sync_fetch_and_add(&arrived, 1);
	return 1;
}

SEC("xdp")
int forward_count_xdp(struct xdp_md *xdp)
{
	return is_expected((void *)(long)xdp->data, (void *)(long)xdp->data_end) ? XDP_DROP
										 : XDP_PASS;
}

SEC("tc")
int forward_count_tc(struct __sk_buff *skb)
{
	return is_expected((void *)(long)skb->data, (void *)(long)skb->data_end) ? TC_ACT_SHOT
										 : TC_ACT_UNSPEC;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
