// SPDX-License-Identifier: BSD-2-Clause
/* Lists of failed ways: short (one item a relay), so they are searched from end to end. */
#include "user/agent/backoff.h"

#include <stdlib.h>

static struct backoff *find(const struct backoff_list *list, uint32_t key)
{
	for (size_t i = 0; i < list->count; i++) {
		if (list->items[i].key == key)
			return &list->items[i];
	}
	return NULL;
}

static struct backoff *find_or_add(struct backoff_list *list, uint32_t key)
{
	struct backoff *item = find(list, key);

	if (item)
		return item;
	item = realloc(list->items, (list->count + 1) * sizeof(*item));
	if (!item)
		return NULL;
	list->items = item;
	item = &list->items[list->count++];
	*item = (struct backoff){.key = key};
	return item;
}

bool backoff_blocked(const struct backoff_list *list, uint32_t key, uint64_t now_us)
{
	const struct backoff *item = find(list, key);

	return item && now_us < item->retry_us;
}

void backoff_fail(struct backoff_list *list, uint32_t key, uint64_t now_us)
{
	struct backoff *item = find_or_add(list, key);
	uint64_t wait_us = BACKOFF_FIRST_US;

	if (!item)
		return;
	for (unsigned int i = 0; i < item->failures && wait_us < BACKOFF_MAX_US; i++)
		wait_us *= 4;
	if (wait_us > BACKOFF_MAX_US)
		wait_us = BACKOFF_MAX_US;
	item->failures++;
	item->retry_us = now_us + wait_us;
}

void backoff_hold(struct backoff_list *list, uint32_t key, uint64_t now_us, uint64_t wait_us)
{
	struct backoff *item = find_or_add(list, key);

	if (item)
		item->retry_us = now_us + wait_us;
}

void backoff_clear(struct backoff_list *list, uint32_t key)
{
	struct backoff *item = find(list, key);

	if (item)
		*item = list->items[--list->count];
}

void backoff_done(struct backoff_list *list)
{
	free(list->items);
	*list = (struct backoff_list){0};
}
