/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the kernel's sockets say (inet_diag): the MPTCP connections of this network namespace, and
 * their subflows with tcp_info.
 */
#ifndef DETOUR_NET_DIAG_H
#define DETOUR_NET_DIAG_H

#include <stdbool.h>
#include <stdint.h>

#include "user/base/addr.h"
#include "user/net/nl.h"

/* States for the dumps' `states`: 1 << TCP_ESTABLISHED and so on. */
#define DIAG_ESTABLISHED (1u << 1)
#define DIAG_SYN_SENT	 (1u << 2)
#define DIAG_CLOSE_WAIT	 (1u << 8)

struct diag_connection {
	uint32_t token;
	struct endpoint local, remote; /* as the first subflow had them */
	bool fallback;		       /* plain TCP by now */
};

/* A subflow's tcp_info, as much of it as the agent looks at. */
struct diag_info {
	uint32_t rtt_us;
	uint32_t min_rtt_us;
	uint64_t delivery_rate; /* bytes/s */
	uint64_t bytes_acked;
	uint64_t bytes_sent; /* retransmits included */
	uint64_t bytes_received;
	uint32_t retransmits; /* segments, in all */
	uint32_t segs_out;
	uint32_t unacked; /* segments in flight */
	bool takes_loss;  /* its congestion control takes every loss for congestion: cubic, reno */
};

struct diag_subflow {
	uint32_t token; /* the connection's local token; 0 in a subflow still connecting */
	struct endpoint local, remote;
	uint8_t loc_id, rem_id;
	uint8_t state; /* TCP_ESTABLISHED ... */
	bool initiated_here;
	bool join; /* made by MP_JOIN */
	bool fully_established;
	bool backup;
	struct diag_info info;
};

/* Opens a socket for the dumps. */
int diag_open(struct nl_socket **ret_socket);

/* Dumps call back for each socket found; a negative return stops the dump with it. */
typedef int (*diag_connection_callback)(const struct diag_connection *connection, void *data);
typedef int (*diag_subflow_callback)(const struct diag_subflow *subflow, void *data);

int diag_dump_connections(struct nl_socket *socket, diag_connection_callback callback, void *data);

/* TCP sockets in one of `states` that are subflows of an MPTCP connection, both families. */
int diag_dump_subflows(struct nl_socket *socket, uint32_t states, diag_subflow_callback callback,
		       void *data);

/* The same in parts, for one family: diag_next_subflows() as nl_next(). */
int diag_begin_subflows(struct nl_socket *socket, int family, uint32_t states);
int diag_next_subflows(struct nl_socket *socket, diag_subflow_callback callback, void *data);

#endif /* DETOUR_NET_DIAG_H */
