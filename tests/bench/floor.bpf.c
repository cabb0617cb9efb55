/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * What the relay is measured against: a program that does nothing, and one bare lookup in the same
 * map, at each hook. The lookup's key is the packet itself, and what it finds becomes the packet,
 * so that the next run looks up the next flow, as a forwarded packet does in the relay.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>
#include <detour/flow.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct flow_key);
	__type(value, struct flow_entry);
} flows SEC(".maps");

static __always_inline int lookup(void *data, void *data_end)
{
	struct flow_key key;
	struct flow_entry *entry;

	if (data + sizeof(key) > data_end)
		return 0;
	__builtin_memcpy(&key, data, sizeof(key));
	entry = bpf_map_lookup_elem(&flows, &key);
	if (!entry)
		return 0;
	__builtin_memcpy(data, &entry->to, sizeof(entry->to));
	return 1;
}

SEC("xdp")
int xdp_pass(struct xdp_md *xdp __attribute__((unused)))
{
	return XDP_PASS;
}

SEC("xdp")
int xdp_lookup(struct xdp_md *xdp)
{
	return lookup((void *)(long)xdp->data, (void *)(long)xdp->data_end) ? XDP_TX : XDP_DROP;
}

SEC("tc")
int tc_pass(struct __sk_buff *skb __attribute__((unused)))
{
	return TC_ACT_OK;
}

SEC("tc")
int tc_lookup(struct __sk_buff *skb)
{
	return lookup((void *)(long)skb->data, (void *)(long)skb->data_end) ? TC_ACT_OK
									    : TC_ACT_SHOT;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
