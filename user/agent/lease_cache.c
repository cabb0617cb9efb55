// SPDX-License-Identifier: BSD-2-Clause
/* A hash table by server. Only errors name a request, so those are searched for. */
#include "user/agent/lease_cache.h"

#include <errno.h>
#include <stdlib.h>

#include "user/base/cleanup.h"

/* Address and port, without the padding behind them. */
#define ENDPOINT_KEY_LEN (offsetof(struct endpoint, port_be) + sizeof(in_port_t))

struct cached_lease *lease_cache_find(const struct lease_cache *cache,
				      const struct endpoint *server)
{
	struct cached_lease *lease;

	HASH_FIND(hh, cache->leases, &server->addr, ENDPOINT_KEY_LEN, lease);
	return lease;
}

struct cached_lease *lease_cache_find_request(const struct lease_cache *cache, uint32_t request_id)
{
	struct cached_lease *lease, *next;

	HASH_ITER (hh, cache->leases, lease, next) {
		if (lease->asked && lease->request_id == request_id)
			return lease;
	}
	return NULL;
}

struct cached_lease *lease_cache_add(struct lease_cache *cache, const struct endpoint *server)
{
	struct cached_lease *lease = calloc(1, sizeof(*lease));

	if (!lease)
		return NULL;
	lease->server = *server;
	lease->valid_until_us = UINT64_MAX;
	HASH_ADD(hh, cache->leases, server.addr, ENDPOINT_KEY_LEN, lease);
	return lease;
}

void lease_cache_remove(struct lease_cache *cache, struct cached_lease *lease)
{
	HASH_DEL(cache->leases, lease);
	free(lease->waiters);
	free(lease);
}

void lease_cache_done(struct lease_cache *cache)
{
	while (cache->leases)
		lease_cache_remove(cache, cache->leases);
}

size_t lease_cache_count(const struct lease_cache *cache)
{
	return HASH_COUNT(cache->leases);
}

struct cached_lease *lease_cache_oldest(const struct lease_cache *cache, uint64_t before_us)
{
	struct cached_lease *lease, *next, *oldest = NULL;

	HASH_ITER (hh, cache->leases, lease, next) {
		if (lease->granted && !lease->asked && lease->used_us <= before_us &&
		    (!oldest || lease->used_us < oldest->used_us))
			oldest = lease;
	}
	return oldest;
}

int lease_cache_wait(struct cached_lease *lease, uint32_t token)
{
	uint32_t *waiters;

	for (size_t i = 0; i < lease->waiter_count; i++) {
		if (lease->waiters[i] == token)
			return 0;
	}
	waiters = realloc(lease->waiters, (lease->waiter_count + 1) * sizeof(*waiters));
	if (!waiters)
		return -ENOMEM;
	lease->waiters = waiters;
	waiters[lease->waiter_count++] = token;
	return 0;
}

size_t lease_cache_take_waiters(struct cached_lease *lease, uint32_t **ret_tokens)
{
	size_t count = lease->waiter_count;

	*ret_tokens = take_ptr(&lease->waiters);
	lease->waiter_count = 0;
	return count;
}

void lease_cache_channel_lost(struct lease_cache *cache, uint64_t now_us, uint64_t grace_us)
{
	struct cached_lease *lease, *next;

	HASH_ITER (hh, cache->leases, lease, next) {
		lease->asked = false;
		if (!lease->granted)
			lease_cache_remove(cache, lease);
		else if (lease->valid_until_us == UINT64_MAX)
			lease->valid_until_us = now_us + grace_us;
	}
}
