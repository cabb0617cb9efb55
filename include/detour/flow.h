/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Keys and values of the pinned maps. BPF writes flows; userspace writes leases, next hops,
 * identities, local addresses and the port bitmap, and deletes flows that have ended.
 *
 * Addresses are 16 bytes in network order; IPv4 is stored v4-mapped (::ffff:a.b.c.d). Ports are
 * network order where the field ends in _be, else host order.
 * Times are CLOCK_MONOTONIC (bpf_ktime_get_ns) nanoseconds.
 *
 *   map            type           key            value             written by
 *   flows          HASH           flow_key       flow_entry        BPF (userspace deletes)
 *   leases         HASH           lease_key      lease_entry       userspace
 *   nexthops       ARRAY          u32            nexthop_entry     userspace
 *   identities     ARRAY          u32            identity_entry    userspace; BPF counts in it
 *   local_addrs    HASH           detour_addr    u32 (ifindex)     userspace
 *   ports_busy     ARRAY          u32 (port/64)  u64 (bit port%64) userspace
 *   verdicts       PERCPU_ARRAY   u32 (verdict)  verdict_count     BPF
 *   events         RINGBUF                       detour_event      BPF
 *   meta           ARRAY          u32 0          meta_entry        userspace, once
 *   claim_scratch  PERCPU_ARRAY   u32 0          flow_entry        BPF, one packet long
 *   clock          PERCPU_ARRAY   u32 0          clock_entry       BPF, one jiffy long
 */
#ifndef DETOUR_FLOW_H
#define DETOUR_FLOW_H

#include <linux/types.h>
#include <detour/limits.h>

struct detour_addr {
	union {
		__u8 bytes[16];
		__be32 words[4];
	};
};

/* A TCP 4-tuple, as the packet carries it. */
struct flow_key {
	struct detour_addr src;
	struct detour_addr dst;
	__be16 src_port_be;
	__be16 dst_port_be;
};

/* The right of `client` to reach one server through `relay`:`port`. */
struct lease_key {
	struct detour_addr client;
	struct detour_addr relay; /* the relay's own address, as the client's packets carry it */
	__be16 port_be;		  /* detour port */
	__u16 zero;
};

enum flow_flag {
	FLOW_TO_SERVER = 1 << 0, /* this entry is the client -> server direction */
	FLOW_IPV4 = 1 << 1,
};

/* What one direction of a flow has been seen to carry. Userspace and the FIN/RST path join both. */
enum flow_seen {
	FLOW_SEEN_SYN = 1 << 0,
	FLOW_SEEN_ACK = 1 << 1, /* an ACK without SYN: this side's handshake is over */
	FLOW_SEEN_FIN = 1 << 2,
	FLOW_SEEN_RST = 1 << 3,
	FLOW_SEEN_END = 1 << 4, /* the end of this flow has been reported as an event */
};

/*
 * One direction of a flow: packets that carry `key` leave with `to`. The other direction's key is
 * `to` with source and destination exchanged; its `to` is this key, exchanged.
 *
 * What every packet needs comes first, so that it lies in as few cache lines as can be; both tuples
 * begin at a multiple of 8, so that they are read by words of 8 bytes.
 */
struct flow_entry {
	struct flow_key key; /* its own: tells a reader on another CPU that it was not reused */
	__u16 addr_delta;    /* one's complement sum, new minus old addresses */
	__u16 port_delta;    /* the same for ports */
	struct flow_key to;
	__u32 nexthop; /* index in `nexthops`, towards to.dst */
	__u64 packets;
	__u64 bytes; /* of IP packets */
	__u64 last_seen_ns;
	__u32 seen; /* enum flow_seen; a word, because bits are set atomically */
	__u32 identity;
	__u64 created_ns;
	__u32 ingress; /* ifindex that the first packet came in by; 0 for the server's side */
	__u8 flags;    /* enum flow_flag */
	__u8 zero;
	__be16 lease_port_be;
};

enum lease_flag {
	LEASE_MPROXY = 1 << 0, /* asked for by MProxy v1, not by the channel */
};

struct lease_entry {
	struct detour_addr server;
	struct detour_addr relay_src; /* the relay's address towards the server */
	__be16 server_port_be;
	__u16 flags; /* enum lease_flag */
	__u32 identity;
	__u32 nexthop_server; /* index in `nexthops`, towards the server */
	__u32 nexthop_client; /* and towards the client */
	__u64 created_ns;
	__u64 expires_ns; /* no new flow from then on; ~0: while the channel lasts */
};

enum nexthop_flag {
	NEXTHOP_VALID = 1 << 0,
};

/* Where packets for `dst` go. One slot a destination, so that a new route changes one slot. */
struct nexthop_entry {
	struct detour_addr dst;
	__u32 ifindex;	    /* a device with an Ethernet header; a VLAN's lower device */
	__u16 mtu;	    /* of IP packets; 0: not known */
	__be16 vlan_tci_be; /* 0: untagged */
	__u8 src_mac[6];
	__u8 dst_mac[6];
	__u32 flags; /* enum nexthop_flag */
};

struct identity_entry {
	char name[DETOUR_IDENTITY_LEN]; /* zero-terminated; empty: slot is free */
	__u32 max_flows;		/* 0: none */
	__u32 flows;			/* BPF adds; userspace subtracts what it deletes */
	__u64 new_flow_ns; /* interval between new flows at the allowed rate; 0: no limit */
	__u64 burst_ns;	   /* how far ahead of that rate a burst may run */
	__u64 next_ns;	   /* GCRA: theoretical arrival time of the next new flow */
};

struct verdict_count {
	__u64 packets;
	__u64 bytes;
};

/* The time that a CPU has asked for, and the jiffy in which it did. */
struct clock_entry {
	__u64 jiffies;
	__u64 now_ns;
};

struct meta_entry {
	__u32 layout_version;
	__u32 zero;
	__u64 loaded_ns;
};

_Static_assert(sizeof(struct detour_addr) == 16, "layout");
_Static_assert(sizeof(struct flow_key) == 36, "layout");
_Static_assert(sizeof(struct lease_key) == 36, "layout");
_Static_assert(sizeof(struct flow_entry) == 128, "layout");
_Static_assert(__builtin_offsetof(struct flow_entry, key) % 8 == 0, "layout");
_Static_assert(__builtin_offsetof(struct flow_entry, to) % 8 == 0, "layout");
_Static_assert(sizeof(struct lease_entry) == 64, "layout");
_Static_assert(sizeof(struct nexthop_entry) == 40, "layout");
_Static_assert(sizeof(struct identity_entry) == 96, "layout");

#endif /* DETOUR_FLOW_H */
