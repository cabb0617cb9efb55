// SPDX-License-Identifier: BSD-2-Clause
/* Choosing a detour port. */
#include "user/fwd/ports.h"

#include <errno.h>

bool port_usable(const struct port_pool *pool, uint16_t port)
{
	if (port == 0 || port < pool->range.first || port > pool->range.last)
		return false;
	return !(pool->busy[port / 64] & (1ULL << (port % 64)));
}

int port_choose(const struct port_pool *pool, uint16_t wish, uint32_t seed,
		bool (*taken)(void *data, uint16_t port), void *data, uint16_t *ret_port)
{
	uint32_t first = pool->range.first, last = pool->range.last, count;

	if (first > last)
		return -EADDRNOTAVAIL;
	if (port_usable(pool, wish) && !taken(data, wish)) {
		*ret_port = wish;
		return 0;
	}
	count = last - first + 1;
	for (uint32_t i = 0; i < count; i++) {
		uint16_t port = (uint16_t)(first + (seed % count + i) % count);

		if (port_usable(pool, port) && !taken(data, port)) {
			*ret_port = port;
			return 0;
		}
	}
	return -EADDRNOTAVAIL;
}

uint32_t port_seed(const void *data, size_t len)
{
	const unsigned char *bytes = data;
	uint32_t hash = 2166136261U;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ bytes[i]) * 16777619U;
	return hash;
}
