/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Granting leases: admission, limits, route, port, and the write to the data path, in one place
 * for both protocols (channel and MProxy).
 */
#ifndef DETOUR_FWD_GRANTS_H
#define DETOUR_FWD_GRANTS_H

#include "user/conf/fwd_config.h"
#include "user/fwd/leases.h"

struct grants;
struct identities;
struct nexthops;
struct tables;

/*
 * Adopts the leases that the tables hold. `config` is kept until grants_set_config(); the caller
 * owns all that is given.
 */
int grants_new(struct tables *tables, struct nexthops *nexthops, const struct fwd_config *config,
	       struct grants **ret_grants);
void grants_free(struct grants *grants);

/*
 * The lease for a server: the one that the holder has, or a new one. Fails with -EPERM (denied),
 * -EAFNOSUPPORT (server and client are of two families), -EDQUOT (the identity's limit), -ENOSPC
 * (the relay's), -EADDRNOTAVAIL (no port), -ENETUNREACH or another errno (no route); *ret_reason
 * then is a text for people.
 */
int grants_get(struct grants *grants, const struct lease_holder_key *holder,
	       const struct endpoint *server, uint16_t wish, const struct lease **ret_lease,
	       const char **ret_reason);
int grants_drop(struct grants *grants, const struct lease_holder_key *holder,
		const struct endpoint *server);

/*
 * Another configuration. Leases that it denies are removed; `lost` is called for each first.
 */
void grants_set_config(struct grants *grants, const struct fwd_config *config,
		       void (*lost)(void *data, const struct lease *lease), void *data);

/* After routes have changed: new flows leave from the address that the route now has. */
void grants_follow_routes(struct grants *grants);

/* Own addresses and listeners, read again into the data path's tables. */
int grants_read_addresses(struct grants *grants);
int grants_read_listeners(struct grants *grants);

/* Ends what has expired. */
void grants_expire(struct grants *grants);

/* All leases expire after the grace time from now on: the daemon leaves. */
void grants_leave(struct grants *grants);

struct leases *grants_leases(struct grants *grants);

#endif /* DETOUR_FWD_GRANTS_H */
