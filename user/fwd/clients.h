/* SPDX-License-Identifier: BSD-2-Clause */
/* The channel's relay side: one client a connection; its messages become leases. */
#ifndef DETOUR_FWD_CLIENTS_H
#define DETOUR_FWD_CLIENTS_H

#include <uv.h>

#include "user/conf/fwd_config.h"
#include "user/control/tls.h"
#include "user/fwd/leases.h"

struct clients;
struct grants;
struct identities;
struct json_object;

/*
 * Listens as `config` says; `context` and the rest stay the caller's. Explains errors on `errors`.
 */
int clients_new(uv_loop_t *loop, struct tls_context *context, const struct fwd_config *config,
		struct grants *grants, struct identities *identities, FILE *errors,
		struct clients **ret_clients);
/* Closes all channels. */
void clients_free(struct clients *clients);

/*
 * New limits and certificates; clients that these refuse are closed. A new Listen= opens before the
 * old closes.
 */
int clients_set_config(struct clients *clients, struct tls_context *context,
		       const struct fwd_config *config, FILE *errors);

/* Tells whoever holds the lease that it has ended. */
void clients_lease_lost(struct clients *clients, const struct lease *lease);

size_t clients_count(const struct clients *clients);
/* An array for status, and the listener's counters; new objects. */
struct json_object *clients_json(const struct clients *clients);
struct json_object *clients_listener_json(const struct clients *clients);

#endif /* DETOUR_FWD_CLIENTS_H */
