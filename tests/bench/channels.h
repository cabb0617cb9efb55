/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the benchmarks of the channel share: clients of a relay that runs, each from an address of
 * its own, with the certificates of a few identities in turns.
 */
#ifndef DETOUR_BENCH_CHANNELS_H
#define DETOUR_BENCH_CHANNELS_H

#include <uv.h>

#include "user/control/peer.h"

#define CHANNELS_IDENTITIES_MAX 8

struct channels {
	uv_loop_t loop;
	struct endpoint relay;
	struct detour_addr local; /* of the first client; the next has the next */
	unsigned int locals;	  /* how many there are */
	pid_t pid; /* of the relay's daemon, for its processor time; 0: not measured */
	struct tls_context *contexts[CHANNELS_IDENTITIES_MAX];
	unsigned int identities;
};

#define CHANNELS_USAGE "RELAY:PORT PID PKI NAME,NAME... LOCAL LOCALS"
#define CHANNELS_ARGS  6 /* as many words */

/* Takes these arguments from argv[1] on; ends the program on a mistake. */
void channels_init(struct channels *channels, char **argv);

/* Connects as client `index`, counted from 0. */
struct peer *channels_connect(struct channels *channels, unsigned int index,
			      const struct peer_callbacks *callbacks, void *owner);

/* The address `index` after `first`; IPv4. */
struct detour_addr addr_after(const struct detour_addr *first, unsigned int index);

#endif /* DETOUR_BENCH_CHANNELS_H */
