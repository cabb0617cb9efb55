/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* The relay's data path at the TC ingress hook. */
#include <bpf/relay/maps.h>
#include <linux/pkt_cls.h>

SEC("tc")
int detour_relay_tc(struct __sk_buff *skb)
{
	struct flow_key key = {};
	__u32 zero = 0;

	if (!bpf_map_lookup_elem(&flows, &key) || !bpf_map_lookup_elem(&leases, &key) ||
	    !bpf_map_lookup_elem(&nexthops, &zero) || !bpf_map_lookup_elem(&identities, &zero) ||
	    !bpf_map_lookup_elem(&local_addrs, &key.src) ||
	    !bpf_map_lookup_elem(&ports_busy, &zero) || !bpf_map_lookup_elem(&verdicts, &zero) ||
	    !bpf_map_lookup_elem(&meta, &zero) || config.accept)
		return TC_ACT_UNSPEC;
	bpf_ringbuf_output(&events, &key, sizeof(key), skb->ingress_ifindex ? 0 : 1);
	return TC_ACT_UNSPEC;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
