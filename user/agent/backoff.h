/* SPDX-License-Identifier: BSD-2-Clause */
/* Which ways (relays, or the direct one) have failed, how often, and when to try them again. Pure. */
#ifndef DETOUR_AGENT_BACKOFF_H
#define DETOUR_AGENT_BACKOFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Waits: 1 s after the first failure, then four times as long each, up to 5 minutes. */
#define BACKOFF_FIRST_US (1000 * 1000ULL)
#define BACKOFF_MAX_US	 (300 * 1000 * 1000ULL)

struct backoff {
	uint32_t key;
	unsigned int failures;
	uint64_t retry_us;
};

/* All zero is an empty list. */
struct backoff_list {
	struct backoff *items;
	size_t count;
};

/* True before the time to try `key` again. */
bool backoff_blocked(const struct backoff_list *list, uint32_t key, uint64_t now_us);

/* Counts a failure of `key`; nothing is remembered when there is no memory. */
void backoff_fail(struct backoff_list *list, uint32_t key, uint64_t now_us);

/* Not before `now_us` + `wait_us`, however often it has failed. */
void backoff_hold(struct backoff_list *list, uint32_t key, uint64_t now_us, uint64_t wait_us);

/* It works again. */
void backoff_clear(struct backoff_list *list, uint32_t key);
void backoff_done(struct backoff_list *list);

#endif /* DETOUR_AGENT_BACKOFF_H */
