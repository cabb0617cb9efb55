/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The leases: who may reach which server through which port. Kept in memory for fast look-ups and
 * written through to a store (the data path's map), from which a restarted daemon adopts them.
 *
 * A lease belongs to a holder: an identity at one client address, as seen at one relay address.
 * While the holder has a channel its leases last; without one they end after the grace time, unless
 * it comes back. Times are CLOCK_MONOTONIC nanoseconds.
 */
#ifndef DETOUR_FWD_LEASES_H
#define DETOUR_FWD_LEASES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <detour/flow.h>

#include "user/base/addr.h"
#include "user/fwd/ports.h"

#define LEASE_LASTING UINT64_MAX

/*
 * A lease that its holder drops counts for so long after that: its next hops' slots are free only
 * when the flows have been walked. Else who asks and drops, again and again, takes all slots.
 */
#define LEASE_DROPPED_NS (20 * 1000000000ULL)

struct leases;

struct lease_limits {
	uint32_t max_leases;	      /* in all */
	uint32_t leases_per_identity; /* 0: no limit */
	uint64_t grace_ns;
};

/*
 * Where leases are written to. Both are 0 or -errno. `remove` also ends the use of what the entry
 * names.
 */
struct lease_store {
	int (*put)(void *data, const struct lease_key *key, const struct lease_entry *entry);
	int (*remove)(void *data, const struct lease_key *key, const struct lease_entry *entry);
	void *data;
};

/* Who asks. */
struct lease_holder_key {
	struct detour_addr client, relay;
	uint32_t identity;
	uint32_t flags; /* enum lease_flag: leases by MProxy are a holder of their own */
};

/* What BPF needs to know beside who and where to. */
struct lease_path {
	struct detour_addr relay_src;
	uint32_t nexthop_server, nexthop_client;
};

struct lease {
	struct lease_key key;
	struct lease_entry entry;
};

int leases_new(const struct lease_store *store, const struct lease_limits *limits,
	       struct leases **ret_leases);
void leases_free(struct leases *leases); /* the store keeps what it has */
void leases_set_limits(struct leases *leases, const struct lease_limits *limits);

/* Takes a lease from the store. -EEXIST; -ENOMEM. It expires after the grace time. */
int leases_adopt(struct leases *leases, const struct lease_key *key,
		 const struct lease_entry *entry, uint64_t now_ns);

/* The lease that the holder has for a server already, renewed; NULL: none. */
const struct lease *leases_find(struct leases *leases, const struct lease_holder_key *holder,
				const struct endpoint *server, uint64_t now_ns);

/* True if one more lease is within the limits; -EDQUOT: the identity's, -ENOSPC: all. */
int leases_room(const struct leases *leases, uint32_t identity);

/*
 * A new lease (after leases_find() gave none), at the port `wish` (host order, 0: any) if that is
 * free. -EADDRNOTAVAIL: no port is free; -EDQUOT, -ENOSPC as above; or the store's error.
 */
int leases_add(struct leases *leases, const struct lease_holder_key *holder,
	       const struct endpoint *server, const struct lease_path *path,
	       const struct port_pool *ports, uint16_t wish, uint64_t now_ns,
	       const struct lease **ret_lease);

/*
 * Gives each lease the relay's address that its server is now reached from; `source_of` tells it by
 * the next hop's slot, NULL if that is not known.
 */
void leases_follow_sources(struct leases *leases,
			   const struct detour_addr *(*source_of)(void *data, uint32_t slot),
			   void *data);

/* -ENOENT: the holder has none for this server. */
int leases_drop(struct leases *leases, const struct lease_holder_key *holder,
		const struct endpoint *server, uint64_t now_ns);

/* A channel of the holder has come (its leases last) or gone (the last one: they expire). */
int leases_channel_up(struct leases *leases, const struct lease_holder_key *key);
void leases_channel_down(struct leases *leases, const struct lease_holder_key *key,
			 uint64_t now_ns);

/* Removes what has expired; how many. */
size_t leases_expire(struct leases *leases, uint64_t now_ns);

/* Removes each lease for which `match` is true. */
void leases_remove_if(struct leases *leases, bool (*match)(void *data, const struct lease *lease),
		      void *data);

/* Each lease that lasts expires after the grace time: the daemon, and all channels, go. */
void leases_leave(struct leases *leases, uint64_t now_ns);

size_t leases_count(const struct leases *leases);
uint32_t leases_count_of(const struct leases *leases, uint32_t identity);

/* Whether the identity has leases, or a channel that may ask for some: its number is not to be had. */
bool leases_in_use(const struct leases *leases, uint32_t identity);

#endif /* DETOUR_FWD_LEASES_H */
