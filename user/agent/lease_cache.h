/* SPDX-License-Identifier: BSD-2-Clause */
/* The leases of one channel, by server: granted ones, and those asked for. Pure. */
#ifndef DETOUR_AGENT_LEASE_CACHE_H
#define DETOUR_AGENT_LEASE_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uthash.h>

#include "user/base/addr.h"

struct cached_lease {
	UT_hash_handle hh;
	struct endpoint server;
	struct endpoint detour;	   /* where the SYN goes; valid if granted */
	struct detour_addr client; /* the channel's own address, which the lease is bound to */
	bool granted;
	bool asked;	     /* a request is under way; a granted one may be asked for again */
	uint32_t request_id; /* of that request */
	uint64_t asked_us;
	uint64_t used_us;	 /* last use by a connection */
	uint64_t valid_until_us; /* after the channel's end; UINT64_MAX while it lasts */
	uint32_t *waiters;	 /* tokens of connections that wait for it */
	size_t waiter_count;
};

/* All zero is an empty cache. */
struct lease_cache {
	struct cached_lease *leases;
};

struct cached_lease *lease_cache_find(const struct lease_cache *cache,
				      const struct endpoint *server);
struct cached_lease *lease_cache_find_request(const struct lease_cache *cache, uint32_t request_id);

/* NULL: no memory. */
struct cached_lease *lease_cache_add(struct lease_cache *cache, const struct endpoint *server);
void lease_cache_remove(struct lease_cache *cache, struct cached_lease *lease);
void lease_cache_done(struct lease_cache *cache);
size_t lease_cache_count(const struct lease_cache *cache);

/* The granted lease that has not been used for longest, not after `before_us`; NULL. */
struct cached_lease *lease_cache_oldest(const struct lease_cache *cache, uint64_t before_us);

/* -ENOMEM. A token waits once. */
int lease_cache_wait(struct cached_lease *lease, uint32_t token);

/* Hands the waiters over: the caller frees *ret_tokens. Returns their number. */
size_t lease_cache_take_waiters(struct cached_lease *lease, uint32_t **ret_tokens);

/* The channel is gone: granted leases stay for `grace_us`, requests are forgotten. */
void lease_cache_channel_lost(struct lease_cache *cache, uint64_t now_us, uint64_t grace_us);

#endif /* DETOUR_AGENT_LEASE_CACHE_H */
