/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * MProxy v1 (UDP, at the port of Listen=) for the clients in MProxy=: their requests become leases
 * under the same limits and denials as the channel's. What gets no lease gets no answer.
 */
#ifndef DETOUR_FWD_MPROXY_SERVER_H
#define DETOUR_FWD_MPROXY_SERVER_H

#include <uv.h>

#include "user/conf/fwd_config.h"

struct grants;
struct identities;
struct mproxy_server;

struct mproxy_counters {
	uint64_t requests, answered, refused, ignored;
};

/* `config` is kept until mproxy_server_set_config(). */
int mproxy_server_new(uv_loop_t *loop, const struct fwd_config *config, struct grants *grants,
		      struct identities *identities, struct mproxy_server **ret_server);
void mproxy_server_free(struct mproxy_server *server);
void mproxy_server_set_config(struct mproxy_server *server, const struct fwd_config *config);
const struct mproxy_counters *mproxy_server_counters(const struct mproxy_server *server);

#endif /* DETOUR_FWD_MPROXY_SERVER_H */
