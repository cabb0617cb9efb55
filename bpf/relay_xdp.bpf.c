/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* The relay at the XDP hook: enters the pipeline and translates its verdict. */
#include <bpf/lib/ctx_xdp.h>
#include <bpf/relay/pipeline.h>

SEC("xdp")
int detour_relay_xdp(struct xdp_md *xdp)
{
	struct ctx ctx = ctx_from_xdp(xdp);

	return ctx_to_xdp(&ctx, relay_run(&ctx));
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
