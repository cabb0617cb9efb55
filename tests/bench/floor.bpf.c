/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * What the relay is measured against: a program that does nothing, one bare lookup in the same
 * map, and two bare insertions, at each hook. The lookup's key is the packet itself, and what it
 * finds becomes the packet, so that the next run looks up the next flow, as a forwarded packet does
 * in the relay. An insertion's entry is the packet, too: its key, and zeros.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>
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
	struct flow_key *packet = data;
	struct flow_entry *entry;

	if ((void *)(packet + 1) > data_end)
		return 0;
	entry = bpf_map_lookup_elem(&flows, packet);
	if (!entry)
		return 0;
	*packet = entry->to;
	return 1;
}

/* As a new flow's two entries: what is inserted first has the addresses in the other order. */
static __always_inline int insert(void *data, void *data_end)
{
	struct flow_key *key = data, other;
	struct flow_entry *entry = data + sizeof(*key);

	if ((void *)(entry + 1) > data_end)
		return 0;
	other = *key;
	other.src = key->dst;
	other.dst = key->src;
	if ((int)bpf_map_update_elem(&flows, &other, entry, BPF_NOEXIST) ||
	    (int)bpf_map_update_elem(&flows, key, entry, BPF_NOEXIST))
		return 0;
	key->src.words[3] = bpf_htonl(bpf_ntohl(key->src.words[3]) + 1);
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

SEC("xdp")
int xdp_insert(struct xdp_md *xdp)
{
	return insert((void *)(long)xdp->data, (void *)(long)xdp->data_end) ? XDP_TX : XDP_DROP;
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

SEC("tc")
int tc_insert(struct __sk_buff *skb)
{
	return insert((void *)(long)skb->data, (void *)(long)skb->data_end) ? TC_ACT_OK
									    : TC_ACT_SHOT;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
