/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/* Walks the options of a TCP header (RFC 9293, 3.1) in search of MPTCP's (RFC 8684, 3). Pure. */
#ifndef DETOUR_BPF_TCPOPT_H
#define DETOUR_BPF_TCPOPT_H

#include <bpf/lib/cursor.h>

#define TCPOPT_END	     0
#define TCPOPT_NOP	     1
#define TCPOPT_MPTCP	     30
#define TCPOPT_BYTES_MAX     40
#define TCPOPT_MPTCP_CAPABLE 0
#define TCPOPT_MPTCP_JOIN    1

/* A power of two, so that a mask bounds every access. */
#define TCPOPT_BUFFER 64

/* A walk in progress: the options, how many bytes there are (at most 40), and where it is. */
struct tcpopt_walk {
	__u8 bytes[TCPOPT_BUFFER];
	__u32 len;
	__u32 off;
	__u32 subtypes; /* of MPTCP, as a bit mask */
};

static __always_inline __u8 tcpopt_byte(const struct tcpopt_walk *walk, __u32 off)
{
	return walk->bytes[off & (TCPOPT_BUFFER - 1)];
}

/*
 * One option further; true when the walk is over, after at most TCPOPT_BYTES_MAX steps. What
 * follows a malformed option is not looked at, as a receiver would do.
 */
static __always_inline int tcpopt_step(struct tcpopt_walk *walk)
{
	__u32 off = walk->off, left, size;
	__u8 kind = tcpopt_byte(walk, off);

	if (off >= walk->len || kind == TCPOPT_END)
		return 1;
	if (kind == TCPOPT_NOP) {
		walk->off = off + 1;
		return 0;
	}
	left = walk->len - off;
	size = tcpopt_byte(walk, off + 1);
	if (left < 2 || size < 2 || size > left)
		return 1;
	if (kind == TCPOPT_MPTCP && size > 2)
		walk->subtypes |= 1u << (tcpopt_byte(walk, off + 2) >> 4);
	walk->off = off + size;
	return 0;
}

#endif /* DETOUR_BPF_TCPOPT_H */
