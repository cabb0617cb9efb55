/* SPDX-License-Identifier: BSD-2-Clause */
/* What the kernel says of an MPTCP socket's subflows (linux/mptcp.h: MPTCP_TCPINFO). */
#ifndef DETOUR_XFER_SUBFLOWS_H
#define DETOUR_XFER_SUBFLOWS_H

#include <stdint.h>
#include <stdio.h>

#include "user/base/addr.h"

#define SUBFLOWS_MAX 8

struct subflow {
	struct endpoint local, remote;
	uint64_t bytes_acked, bytes_received;
	uint32_t rtt_us, retransmits;
};

/*
 * The subflows of `fd`, at most SUBFLOWS_MAX, oldest first; *ret_count. -EOPNOTSUPP or -ENOPROTOOPT:
 * the connection is plain TCP.
 */
int subflows_read(int fd, struct subflow *ret_subflows, size_t *ret_count);

/* As a JSON array. */
void subflows_print(FILE *out, const struct subflow *subflows, size_t count);

#endif /* DETOUR_XFER_SUBFLOWS_H */
