/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Numbers for identities: the index in the data path's table, which outlives the daemon. A name
 * keeps its number as long as anything uses it.
 */
#ifndef DETOUR_FWD_IDENTITIES_H
#define DETOUR_FWD_IDENTITIES_H

#include <stdbool.h>
#include <stdint.h>

#include "user/base/addr.h"

struct identities;
struct tables;

struct identity_limits {
	uint32_t max_flows;	       /* 0: no limit */
	uint32_t new_flows_per_second; /* 0: no limit */
};

/* Finds the names that the table holds already, and sets their limits. */
int identities_new(struct tables *tables, const struct identity_limits *limits,
		   struct identities **ret_identities);
void identities_free(struct identities *identities);
void identities_set_limits(struct identities *identities, const struct identity_limits *limits);

/*
 * The number of a name, a new one if need be. When the table is full, a number is taken from a
 * name that has no flows and for which `in_use` (who has leases or a channel) is false. -ENOSPC:
 * there is none; -EINVAL: the name is empty or too long.
 */
int identities_get(struct identities *identities, const char *name,
		   bool (*in_use)(void *data, uint32_t number), void *data, uint32_t *ret_number);

/* "?" for a number without a name. */
const char *identities_name(const struct identities *identities, uint32_t number);

/* MProxy clients have no certificate: "mproxy:ADDR". No certificate's name may look like that. */
#define IDENTITY_MPROXY "mproxy:"
const char *identity_of_mproxy(const struct detour_addr *client, char *out, size_t size);

#endif /* DETOUR_FWD_IDENTITIES_H */
