/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The client's congestion program (bpf/client_congestion.bpf.c): gives subflows whose path loses packets by chance
 * another congestion control. It is there as long as its owner: what it changed stays.
 */
#ifndef DETOUR_DATAPLANE_CONGESTION_H
#define DETOUR_DATAPLANE_CONGESTION_H

#include <stdint.h>
#include <stdio.h>

#include <detour/congestion.h>

#include "user/base/addr.h"

struct congestion;

struct congestion_options {
	const char *name; /* the congestion control that such subflows get, at most 15 letters */
	const struct prefix *exclude; /* servers whose connections are left alone */
	size_t exclude_count;
};

/*
 * Loads and attaches it for this network namespace. Needs CAP_BPF, CAP_PERFMON (for bpf_skc_to_mptcp_sock) and
 * CAP_NET_ADMIN, and a cgroup v2 file system. An error is explained on `errors`, without a newline: -ENOENT: this
 * kernel does not have that congestion control; -ENODEV: no cgroup v2; others from the kernel.
 */
int congestion_new(const struct congestion_options *options, FILE *errors,
		   struct congestion **ret_congestion);
void congestion_free(struct congestion *congestion);

/* How often it did what the counter says; 0 for NULL. */
uint64_t congestion_count(const struct congestion *congestion, enum congestion_counter counter);

#endif /* DETOUR_DATAPLANE_CONGESTION_H */
