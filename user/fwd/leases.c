// SPDX-License-Identifier: BSD-2-Clause
/* Leases in three hash tables: by port (as the data path finds them), by server, by holder. */
#include "user/fwd/leases.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <uthash.h>
#include <utlist.h>

#include "user/fwd/quotas.h"

struct server_key {
	struct lease_holder_key holder;
	struct detour_addr server;
	in_port_t port_be;
	uint16_t zero;
};

struct record {
	struct lease lease;
	struct server_key server;
	struct holder *holder;
	struct record *prev, *next; /* of the holder */
	UT_hash_handle by_port, by_server;
};

struct holder {
	struct lease_holder_key key;
	unsigned int channels;
	struct record *records;
	UT_hash_handle hh;
};

struct leases {
	struct lease_store store;
	struct lease_limits limits;
	struct record *by_port, *by_server;
	struct holder *holders;
	struct quotas *quotas;
	uint32_t mproxy; /* leases by MProxy */
};

_Static_assert(sizeof(struct lease_holder_key) == 40, "hashed as bytes: no padding");
_Static_assert(sizeof(struct server_key) == 60, "hashed as bytes: no padding");

int leases_new(const struct lease_store *store, const struct lease_limits *limits,
	       struct leases **ret_leases)
{
	struct leases *leases = calloc(1, sizeof(*leases));

	if (!leases)
		return -ENOMEM;
	leases->store = *store;
	leases->limits = *limits;
	leases->quotas = quotas_new();
	if (!leases->quotas) {
		free(leases);
		return -ENOMEM;
	}
	*ret_leases = leases;
	return 0;
}

void leases_set_limits(struct leases *leases, const struct lease_limits *limits)
{
	leases->limits = *limits;
}

static struct holder *holder_find(const struct leases *leases, const struct lease_holder_key *key)
{
	struct holder *holder;

	HASH_FIND(hh, leases->holders, key, sizeof(*key), holder);
	return holder;
}

static struct holder *holder_get(struct leases *leases, const struct lease_holder_key *key)
{
	struct holder *holder = holder_find(leases, key);

	if (holder)
		return holder;
	holder = calloc(1, sizeof(*holder));
	if (!holder)
		return NULL;
	holder->key = *key;
	HASH_ADD(hh, leases->holders, key, sizeof(holder->key), holder);
	return holder;
}

static void holder_put(struct leases *leases, struct holder *holder)
{
	if (holder->channels > 0 || holder->records)
		return;
	HASH_DELETE(hh, leases->holders, holder);
	free(holder);
}

static struct server_key server_key(const struct lease_holder_key *holder,
				    const struct endpoint *server)
{
	return (struct server_key){*holder, server->addr, server->port_be, 0};
}

static struct record *find_by_server(const struct leases *leases,
				     const struct lease_holder_key *holder,
				     const struct endpoint *server)
{
	struct server_key key = server_key(holder, server);
	struct record *record;

	HASH_FIND(by_server, leases->by_server, &key, sizeof(key), record);
	return record;
}

/* Takes a record out of all tables and frees it; the store is not told. */
static void record_unlink(struct leases *leases, struct record *record)
{
	struct holder *holder = record->holder;

	/* The analyzer does not know that a record is in both tables. */
	HASH_DELETE(by_port, leases->by_port, record); /* NOLINT(clang-analyzer-core.*) */
	HASH_DELETE(by_server, leases->by_server, record);
	DL_DELETE(holder->records, record);
	leases->mproxy -= (holder->key.flags & LEASE_MPROXY) != 0;
	quotas_lower(leases->quotas, holder->key.identity);
	holder_put(leases, holder);
	free(record);
}

static void record_remove(struct leases *leases, struct record *record)
{
	leases->store.remove(leases->store.data, &record->lease.key, &record->lease.entry);
	record_unlink(leases, record);
}

static int record_new(struct leases *leases, const struct lease_holder_key *key,
		      const struct lease *lease, struct record **ret_record)
{
	struct record *record = calloc(1, sizeof(*record));
	struct holder *holder = holder_get(leases, key);

	if (!record || !holder || quotas_raise(leases->quotas, key->identity)) {
		if (holder)
			holder_put(leases, holder);
		free(record);
		return -ENOMEM;
	}
	record->lease = *lease;
	record->holder = holder;
	record->server = (struct server_key){.holder = *key,
					     .server = lease->entry.server,
					     .port_be = lease->entry.server_port_be};
	HASH_ADD(by_port, leases->by_port, lease.key, sizeof(record->lease.key), record);
	HASH_ADD(by_server, leases->by_server, server, sizeof(record->server), record);
	DL_APPEND(holder->records, record);
	leases->mproxy += (key->flags & LEASE_MPROXY) != 0;
	*ret_record = record;
	return 0;
}

void leases_free(struct leases *leases)
{
	struct record *record, *next;
	struct holder *holder, *next_holder;

	if (!leases)
		return;
	HASH_ITER (by_port, leases->by_port, record, next)
		record_unlink(leases, record);
	HASH_ITER (hh, leases->holders, holder, next_holder) {
		HASH_DELETE(hh, leases->holders, holder);
		free(holder);
	}
	quotas_free(leases->quotas);
	free(leases);
}

static uint64_t lifetime_end(const struct leases *leases, const struct holder *holder,
			     uint64_t now_ns)
{
	return holder->channels > 0 ? LEASE_LASTING : now_ns + leases->limits.grace_ns;
}

static int record_set_expiry(struct leases *leases, struct record *record, uint64_t expires_ns)
{
	if (record->lease.entry.expires_ns == expires_ns)
		return 0;
	record->lease.entry.expires_ns = expires_ns;
	return leases->store.put(leases->store.data, &record->lease.key, &record->lease.entry);
}

int leases_adopt(struct leases *leases, const struct lease_key *key,
		 const struct lease_entry *entry, uint64_t now_ns)
{
	struct lease_holder_key holder = {.client = key->client,
					  .relay = key->relay,
					  .identity = entry->identity,
					  .flags = entry->flags};
	struct endpoint server = {entry->server, entry->server_port_be};
	struct lease lease = {*key, *entry};
	uint64_t end = now_ns + leases->limits.grace_ns;
	struct record *record;
	int err;

	if (find_by_server(leases, &holder, &server))
		return -EEXIST;
	err = record_new(leases, &holder, &lease, &record);
	if (err)
		return err;
	return record_set_expiry(leases, record, entry->expires_ns < end ? entry->expires_ns : end);
}

const struct lease *leases_find(struct leases *leases, const struct lease_holder_key *holder,
				const struct endpoint *server, uint64_t now_ns)
{
	struct record *record = find_by_server(leases, holder, server);

	if (record)
		record_set_expiry(leases, record, lifetime_end(leases, record->holder, now_ns));
	return record ? &record->lease : NULL;
}

int leases_room(const struct leases *leases, uint32_t identity)
{
	const struct lease_limits *limits = &leases->limits;

	if (limits->leases_per_identity &&
	    leases_count_of(leases, identity) >= limits->leases_per_identity)
		return -EDQUOT;
	return leases_count(leases) >= limits->max_leases ? -ENOSPC : 0;
}

/* Whether a port towards one client is in use. */
struct port_query {
	const struct leases *leases;
	struct lease_key key;
};

static bool port_taken(void *data, uint16_t port)
{
	struct port_query *query = data;
	const struct record *record;

	query->key.port_be = htons(port);
	HASH_FIND(by_port, query->leases->by_port, &query->key, sizeof(query->key), record);
	return record;
}

int leases_add(struct leases *leases, const struct lease_holder_key *holder,
	       const struct endpoint *server, const struct lease_path *path,
	       const struct port_pool *ports, uint16_t wish, uint64_t now_ns,
	       const struct lease **ret_lease)
{
	struct port_query query = {leases, {.client = holder->client, .relay = holder->relay}};
	struct lease lease = {.entry = {.server = server->addr,
					.relay_src = path->relay_src,
					.server_port_be = server->port_be,
					.flags = (uint16_t)holder->flags,
					.identity = holder->identity,
					.nexthop_server = path->nexthop_server,
					.nexthop_client = path->nexthop_client,
					.created_ns = now_ns}};
	struct server_key seed = server_key(holder, server);
	struct record *record;
	uint16_t port;
	int err = leases_room(leases, holder->identity);

	/* Addresses may be forged there: half is for the others. */
	if (holder->flags & LEASE_MPROXY && leases->mproxy >= (leases->limits.max_leases + 1) / 2)
		err = err ? err : -ENOSPC;
	if (!err)
		err = port_choose(ports, wish, port_seed(&seed, sizeof(seed)), port_taken, &query,
				  &port);
	if (err)
		return err;
	lease.key = query.key;
	lease.key.port_be = htons(port);
	err = record_new(leases, holder, &lease, &record);
	if (err)
		return err;
	err = record_set_expiry(leases, record, lifetime_end(leases, record->holder, now_ns));
	if (err) {
		record_unlink(leases, record);
		return err;
	}
	*ret_lease = &record->lease;
	return 0;
}

void leases_follow_sources(struct leases *leases,
			   const struct detour_addr *(*source_of)(void *data, uint32_t slot),
			   void *data)
{
	struct record *record, *next;

	HASH_ITER (by_port, leases->by_port, record, next) {
		struct lease *lease = &record->lease;
		const struct detour_addr *source = source_of(data, lease->entry.nexthop_server);

		if (!source || addr_equal(source, &lease->entry.relay_src))
			continue;
		lease->entry.relay_src = *source;
		leases->store.put(leases->store.data, &lease->key, &lease->entry);
	}
}

int leases_drop(struct leases *leases, const struct lease_holder_key *holder,
		const struct endpoint *server, uint64_t now_ns)
{
	struct record *record = find_by_server(leases, holder, server);

	if (!record)
		return -ENOENT;
	quotas_hold(leases->quotas, holder->identity, now_ns + LEASE_DROPPED_NS);
	record_remove(leases, record);
	return 0;
}

int leases_channel_up(struct leases *leases, const struct lease_holder_key *key)
{
	struct holder *holder = holder_get(leases, key);
	struct record *record;

	if (!holder)
		return -ENOMEM;
	holder->channels++;
	DL_FOREACH (holder->records, record)
		record_set_expiry(leases, record, LEASE_LASTING);
	return 0;
}

void leases_channel_down(struct leases *leases, const struct lease_holder_key *key, uint64_t now_ns)
{
	struct holder *holder = holder_find(leases, key);
	struct record *record;

	if (!holder || holder->channels == 0 || --holder->channels > 0)
		return;
	DL_FOREACH (holder->records, record)
		record_set_expiry(leases, record, now_ns + leases->limits.grace_ns);
	holder_put(leases, holder);
}

size_t leases_expire(struct leases *leases, uint64_t now_ns)
{
	struct record *record, *next;
	size_t count = 0;

	quotas_expire(leases->quotas, now_ns);
	HASH_ITER (by_port, leases->by_port, record, next) {
		if (record->lease.entry.expires_ns > now_ns)
			continue;
		record_remove(leases, record);
		count++;
	}
	return count;
}

void leases_remove_if(struct leases *leases, bool (*match)(void *data, const struct lease *lease),
		      void *data)
{
	struct record *record, *next;

	HASH_ITER (by_port, leases->by_port, record, next) {
		if (match(data, &record->lease))
			record_remove(leases, record);
	}
}

void leases_leave(struct leases *leases, uint64_t now_ns)
{
	struct record *record, *next;

	HASH_ITER (by_port, leases->by_port, record, next) {
		if (record->lease.entry.expires_ns == LEASE_LASTING)
			record_set_expiry(leases, record, now_ns + leases->limits.grace_ns);
	}
}

size_t leases_count(const struct leases *leases)
{
	return HASH_CNT(by_port, leases->by_port);
}

uint32_t leases_count_of(const struct leases *leases, uint32_t identity)
{
	return quotas_count(leases->quotas, identity);
}

bool leases_in_use(const struct leases *leases, uint32_t identity)
{
	const struct holder *holder = leases->holders;

	while (holder && holder->key.identity != identity)
		holder = holder->hh.next;
	return holder || leases_count_of(leases, identity) > 0;
}
