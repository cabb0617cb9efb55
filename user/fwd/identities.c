// SPDX-License-Identifier: BSD-2-Clause
/* Names to numbers; the data path's table is the record. */
#include "user/fwd/identities.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <uthash.h>

#include "user/dataplane/tables.h"
#include "user/fwd/clock.h"

struct identity {
	char name[DETOUR_IDENTITY_LEN];
	uint32_t number;
	UT_hash_handle hh;
};

struct identities {
	struct tables *tables;
	struct identity_limits limits;
	struct identity *by_name;
	uint32_t mproxy; /* how many are MProxy clients' */
	uint32_t next;	 /* where the search for a free number begins */
};

static void write_entry(const struct identities *identities, uint32_t number, const char *name)
{
	const struct identity_limits *limits = &identities->limits;
	uint32_t rate = limits->new_flows_per_second;

	/* A burst may use up one second's worth at once. */
	tables_identity_set(identities->tables, number, name,
			    limits->max_flows ? limits->max_flows : UINT32_MAX,
			    rate ? SECOND_NS / rate : 0, rate ? SECOND_NS : 0);
}

static bool is_mproxy(const char *name)
{
	return strncmp(name, IDENTITY_MPROXY, strlen(IDENTITY_MPROXY)) == 0;
}

static int remember(struct identities *identities, const char *name, uint32_t number)
{
	struct identity *identity = calloc(1, sizeof(*identity));

	if (!identity)
		return -ENOMEM;
	snprintf(identity->name, sizeof(identity->name), "%s", name);
	identity->number = number;
	HASH_ADD_STR(identities->by_name, name, identity);
	identities->mproxy += is_mproxy(name);
	return 0;
}

int identities_new(struct tables *tables, const struct identity_limits *limits,
		   struct identities **ret_identities)
{
	struct identities *identities = calloc(1, sizeof(*identities));
	uint32_t count = tables_max_identities(tables);

	if (!identities)
		return -ENOMEM;
	identities->tables = tables;
	identities->limits = *limits;
	identities->next = 1;
	for (uint32_t number = 1; number < count; number++) {
		const struct identity_entry *entry = tables_identity(tables, number);
		char name[DETOUR_IDENTITY_LEN];
		int err;

		snprintf(name, sizeof(name), "%.*s", (int)sizeof(name) - 1, entry->name);
		if (name[0] == '\0')
			continue;
		err = remember(identities, name, number);
		if (err) {
			identities_free(identities);
			return err;
		}
		write_entry(identities, number, name);
	}
	*ret_identities = identities;
	return 0;
}

void identities_free(struct identities *identities)
{
	struct identity *identity, *next;

	if (!identities)
		return;
	HASH_ITER (hh, identities->by_name, identity, next) {
		HASH_DEL(identities->by_name, identity);
		free(identity);
	}
	free(identities);
}

void identities_set_limits(struct identities *identities, const struct identity_limits *limits)
{
	struct identity *identity, *next;

	identities->limits = *limits;
	HASH_ITER (hh, identities->by_name, identity, next)
		write_entry(identities, identity->number, identity->name);
}

/* A number that no name has; 0: none. */
static uint32_t find_free(struct identities *identities)
{
	uint32_t count = tables_max_identities(identities->tables);

	for (uint32_t i = 0; i + 1 < count; i++) {
		uint32_t number = 1 + (identities->next - 1 + i) % (count - 1);

		if (tables_identity(identities->tables, number)->name[0] == '\0') {
			identities->next = number + 1;
			return number;
		}
	}
	return 0;
}

/* Whether MProxy's clients have their share. Their addresses may be forged: half is for the others. */
static bool mproxy_is_full(const struct identities *identities)
{
	return identities->mproxy >= tables_max_identities(identities->tables) / 2;
}

/* Takes the number of a name that nothing uses, of MProxy's alone if asked for that; 0: none. */
static uint32_t reclaim(struct identities *identities, bool mproxy,
			bool (*in_use)(void *data, uint32_t number), void *data)
{
	struct identity *identity, *next;

	HASH_ITER (hh, identities->by_name, identity, next) {
		uint32_t number = identity->number;

		if ((mproxy && !is_mproxy(identity->name)) || in_use(data, number) ||
		    tables_identity(identities->tables, number)->flows > 0)
			continue;
		identities->mproxy -= is_mproxy(identity->name);
		HASH_DEL(identities->by_name, identity);
		free(identity);
		tables_identity_clear(identities->tables, number);
		return number;
	}
	return 0;
}

int identities_get(struct identities *identities, const char *name,
		   bool (*in_use)(void *data, uint32_t number), void *data, uint32_t *ret_number)
{
	struct identity *identity;
	uint32_t number;
	bool mproxy;
	int err;

	if (name[0] == '\0' || strlen(name) >= DETOUR_IDENTITY_LEN)
		return -EINVAL;
	HASH_FIND_STR(identities->by_name, name, identity);
	if (identity) {
		*ret_number = identity->number;
		return 0;
	}
	mproxy = is_mproxy(name) && mproxy_is_full(identities);
	number = mproxy ? 0 : find_free(identities);
	if (number == 0)
		number = reclaim(identities, mproxy, in_use, data);
	if (number == 0)
		return -ENOSPC;
	err = remember(identities, name, number);
	if (err)
		return err;
	write_entry(identities, number, name);
	*ret_number = number;
	return 0;
}

const char *identities_name(const struct identities *identities, uint32_t number)
{
	const struct identity_entry *entry = tables_identity(identities->tables, number);

	return entry && entry->name[0] ? entry->name : "?";
}

const char *identity_of_mproxy(const struct detour_addr *client, char *out, size_t size)
{
	char text[ADDR_TEXT_LEN];

	snprintf(out, size, IDENTITY_MPROXY "%s", addr_format(client, text));
	return out;
}
