/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * On the client: a subflow whose path loses packets by chance gets a congestion control that does not take
 * every loss for a full queue. With cubic such a subflow starves, and holds the whole connection back: what it has in
 * flight must arrive before what the other subflows have brought already.
 *
 * A sock_ops program at the root of the cgroups. It is called when a socket connects and at retransmissions of what
 * asked for MPTCP in this network namespace, to a server that is not excluded. Other sockets are left alone.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#include <bpf/client/loss.h>
#include <detour/congestion.h>

/* In <netinet/tcp.h> and <sys/socket.h>, which BPF cannot include. */
#define SOL_TCP	       6
#define TCP_CONGESTION 13
#define AF_INET	       2

const volatile struct congestion_config config;

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct loss_state);
} losses SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1); /* as many as there are: user/dataplane/congestion.c */
	__type(key, struct congestion_prefix);
	__type(value, __u8);
} excluded SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, CONGESTION_COUNTERS);
	__type(key, __u32);
	__type(value, __u64);
} counters SEC(".maps");

static __always_inline void count(__u32 counter)
{
	__u64 *number = bpf_map_lookup_elem(&counters, &counter);

	if (number)
		__sync_fetch_and_add(number, 1);
}

static __always_inline bool is_ours(struct bpf_sock_ops *ops)
{
	struct bpf_sock *sk = ops->sk;

	return bpf_get_netns_cookie(ops) == config.netns_cookie && sk && bpf_skc_to_mptcp_sock(sk);
}

/* opaque(): the verifier allows no read of the context at an address that was computed. */
static __always_inline bool is_excluded(struct bpf_sock_ops *ops)
{
	struct congestion_prefix server = {.bits = 128};
	__u32 *words = (__u32 *)server.addr;

	if (ops->family == AF_INET) {
		server.addr[10] = server.addr[11] = 0xff;
		words[3] = opaque(ops->remote_ip4);
	} else {
		words[0] = ops->remote_ip6[0];
		words[1] = ops->remote_ip6[1];
		words[2] = ops->remote_ip6[2];
		words[3] = ops->remote_ip6[3];
	}
	return bpf_map_lookup_elem(&excluded, &server);
}

static __always_inline bool is_name(const char *name, const char *word, int len)
{
	bool same = true;

	for (int i = 0; i <= len; i++)
		same &= name[i] == word[i];
	return same;
}

/* What an application chose that is no cubic and no reno is better not touched. */
static __always_inline bool takes_loss_for_congestion(struct bpf_sock_ops *ops)
{
	char name[CONGESTION_NAME_LEN] = {};

	if (bpf_getsockopt(ops, SOL_TCP, TCP_CONGESTION, name, sizeof(name)))
		return false;
	return is_name(name, "cubic", 5) || is_name(name, "reno", 4);
}

static __always_inline void change(struct bpf_sock_ops *ops)
{
	char name[CONGESTION_NAME_LEN];

	for (int i = 0; i < CONGESTION_NAME_LEN; i++)
		name[i] = config.name[i];
	if (!takes_loss_for_congestion(ops))
		return;
	count(bpf_setsockopt(ops, SOL_TCP, TCP_CONGESTION, name, sizeof(name))
		      ? CONGESTION_REFUSED
		      : CONGESTION_CHANGED);
}

static __always_inline void watch(struct bpf_sock_ops *ops)
{
	if (is_ours(ops) && !is_excluded(ops))
		bpf_sock_ops_cb_flags_set(ops, ops->bpf_sock_ops_cb_flags |
						       BPF_SOCK_OPS_RETRANS_CB_FLAG);
}

/* A probe of the tail is a retransmission without a loss. */
static __always_inline void retransmitted(struct bpf_sock_ops *ops)
{
	struct loss_sample sample = {
		.now_ns = bpf_ktime_get_ns(),
		.snd_una = ops->snd_una,
		.snd_nxt = ops->snd_nxt,
		.mss = ops->mss_cache,
		.srtt_us = ops->srtt_us >> 3,
		.min_rtt_us = ops->rtt_min,
	};
	struct bpf_sock *sk = ops->sk;
	struct loss_state *state;

	if (!sk || !ops->lost_out || !is_ours(ops))
		return;
	state = bpf_sk_storage_get(&losses, sk, NULL, BPF_SK_STORAGE_GET_F_CREATE);
	if (state && loss_note(state, &sample))
		change(ops);
}

SEC("sockops")
int detour_congestion(struct bpf_sock_ops *ops)
{
	if (ops->op == BPF_SOCK_OPS_TCP_CONNECT_CB)
		watch(ops);
	else if (ops->op == BPF_SOCK_OPS_RETRANS_CB)
		retransmitted(ops);
	return 1;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
