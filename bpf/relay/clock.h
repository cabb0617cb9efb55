/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* The time, as cheap as a flow's last packet deserves. */
#ifndef DETOUR_BPF_CLOCK_H
#define DETOUR_BPF_CLOCK_H

#include <bpf/relay/maps.h>

/*
 * CLOCK_MONOTONIC as of the last tick, ns. It moves when the jiffies do, and these are read without a
 * call (the verifier makes a load of it): a CPU asks for the time once a jiffy and keeps it.
 */
static __always_inline __u64 clock_tick_ns(void)
{
	__u32 zero = 0;
	struct clock_entry *kept = bpf_map_lookup_elem(&clock, &zero);
	__u64 jiffies = bpf_jiffies64();

	if (!kept)
		return bpf_ktime_get_coarse_ns();
	if (kept->jiffies != jiffies) {
		kept->now_ns = bpf_ktime_get_coarse_ns();
		kept->jiffies = jiffies;
	}
	return kept->now_ns;
}

#endif /* DETOUR_BPF_CLOCK_H */
