/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Lets every frame pass. On the other end of an XDP relay's veth pair: the kernel's veth_xdp_flush()
 * wakes the receiver of what XDP_TX sends only if that has a program, too.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int lab_pass(struct xdp_md *xdp __attribute__((unused)))
{
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
