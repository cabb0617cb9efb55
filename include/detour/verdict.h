/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * What the data path decided about a packet: return value, counter and text at once. The one list
 * below makes the enum; user/dataplane makes the names from it.
 *
 * X(NAME, "text for people")
 * NAME's prefix is its kind: FORWARD (sent on, rewritten), PASS (left to the kernel, untouched),
 * DROP (dropped), REPLY (answered to the sender). LOST counts events that found the ring full, not
 * packets.
 */
#ifndef DETOUR_VERDICT_H
#define DETOUR_VERDICT_H

#define DETOUR_VERDICTS(X)                                                              \
	X(FORWARD, "rewritten and sent on")                                             \
	X(FORWARD_NEW, "SYN that made a flow, sent on")                                 \
	X(FORWARD_ICMP, "ICMP error about a flow, translated and sent on")              \
	X(REPLY_TOO_BIG, "larger than the next hop's MTU, answered with an ICMP error") \
	X(PASS_NOT_IP, "not IP, left to the kernel")                                    \
	X(PASS_NOT_TCP, "neither TCP nor an ICMP error, left to the kernel")            \
	X(PASS_NOT_OURS, "no flow or lease of ours, left to the kernel")                \
	X(PASS_MALFORMED, "headers cut short or inconsistent, left to the kernel")      \
	X(PASS_LATER_FRAGMENT, "later fragment, without ports, left to the kernel")     \
	X(DROP_FRAGMENT, "first fragment of a flow's packet")                           \
	X(DROP_IP_OPTIONS, "packet of a flow with IPv4 options")                        \
	X(DROP_TTL, "TTL or hop limit used up")                                         \
	X(DROP_TOO_BIG, "larger than the next hop's MTU, and may not be answered")      \
	X(DROP_NO_LEASE, "no lease covers this SYN")                                    \
	X(DROP_LEASE_EXPIRED, "the lease that covers this SYN has expired")             \
	X(DROP_NOT_ACCEPTED, "SYN without the MPTCP option that Accept= asks for")      \
	X(DROP_SYN_DATA, "SYN with a forbidden flag or payload")                        \
	X(DROP_FLOW_LIMIT, "the identity holds as many flows as it may")                \
	X(DROP_FLOW_RATE, "the identity makes flows faster than it may")                \
	X(DROP_NO_PORT, "no source port is free towards this server")                   \
	X(DROP_TABLE_FULL, "the flow table is full")                                    \
	X(DROP_NO_NEXTHOP, "no route or neighbour to send to")                          \
	X(DROP_ERROR, "a BPF helper failed")                                            \
	X(LOST_EVENT, "flow event lost, because the ring buffer was full")

enum detour_verdict {
#define DETOUR_VERDICT_ENUM(name, text) DETOUR_##name,
	DETOUR_VERDICTS(DETOUR_VERDICT_ENUM)
#undef DETOUR_VERDICT_ENUM
		DETOUR_VERDICT_COUNT
};

/* No verdict yet: the next step of the pipeline decides. */
#define DETOUR_UNDECIDED (-1)

#endif /* DETOUR_VERDICT_H */
