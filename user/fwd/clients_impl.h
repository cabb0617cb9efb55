/* SPDX-License-Identifier: BSD-2-Clause */
/* What clients.c and clients_json.c share. For these two alone. */
#ifndef DETOUR_FWD_CLIENTS_IMPL_H
#define DETOUR_FWD_CLIENTS_IMPL_H

#include "user/control/peer.h"
#include "user/fwd/clients.h"

struct client {
	struct clients *clients;
	struct peer *peer;
	struct lease_holder_key holder;
	uint64_t since_ns;
	struct client *prev, *next;
};

struct clients {
	uv_loop_t *loop;
	struct tls_context *context;
	const struct fwd_config *config;
	struct grants *grants;
	struct identities *identities;
	struct peer_listener *listener;
	struct endpoint listen; /* as configured when the listener was made */
	struct client *list;
	size_t count;
	uint64_t refused_logged_ns;
	uint64_t refused_unlogged;
};

#endif /* DETOUR_FWD_CLIENTS_IMPL_H */
