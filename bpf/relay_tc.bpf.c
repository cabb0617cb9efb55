/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* The relay at the TC ingress hook: enters the pipeline and translates its verdict. */
#include <bpf/lib/ctx_tc.h>
#include <bpf/relay/pipeline.h>

SEC("tc")
int detour_relay_tc(struct __sk_buff *skb)
{
	struct ctx ctx = ctx_from_tc(skb);

	return ctx_to_tc(&ctx, relay_run(&ctx));
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
