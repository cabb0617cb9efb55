/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* What bench_forward and its BPF programs have in common. */
#ifndef DETOUR_BENCH_FORWARD_H
#define DETOUR_BENCH_FORWARD_H

#include <linux/types.h>

/* Ethernet, IPv4 and TCP without options. */
#define FORWARD_HEADERS_LEN 54

/* Offsets in these. */
#define FORWARD_IP_PROTO 23
#define FORWARD_SADDR	 26
#define FORWARD_DADDR	 30
#define FORWARD_SPORT	 34
#define FORWARD_DPORT	 36
#define FORWARD_CHECK	 50

struct forward_config {
	__u32 ifindex;	  /* that the generator sends by */
	__u32 flows;	  /* how many source ports it uses ... */
	__u32 first_port; /* ... from this one on */
	/* What the counter takes for an arrived packet, network order. */
	__be32 saddr, daddr;
	__be16 dport;
	__u16 zero;
};

#endif /* DETOUR_BENCH_FORWARD_H */
