// SPDX-License-Identifier: BSD-2-Clause
/* A counter an identity, there while it is not 0. */
#include "user/fwd/quotas.h"

#include <errno.h>
#include <stdlib.h>

#include <uthash.h>
#include <utlist.h>

struct quota {
	uint32_t identity;
	uint32_t count;
	UT_hash_handle hh;
};

/* One of an identity's count that ends by itself. */
struct held {
	uint32_t identity;
	uint64_t until_ns;
	struct held *prev, *next;
};

struct quotas {
	struct quota *by_identity;
	struct held *held; /* the first to end comes first */
};

struct quotas *quotas_new(void)
{
	return calloc(1, sizeof(struct quotas));
}

void quotas_free(struct quotas *quotas)
{
	struct quota *quota, *next;

	if (!quotas)
		return;
	quotas_expire(quotas, UINT64_MAX);
	HASH_ITER (hh, quotas->by_identity, quota, next) {
		HASH_DELETE(hh, quotas->by_identity, quota);
		free(quota);
	}
	free(quotas);
}

static struct quota *find(const struct quotas *quotas, uint32_t identity)
{
	struct quota *quota;

	HASH_FIND(hh, quotas->by_identity, &identity, sizeof(identity), quota);
	return quota;
}

int quotas_raise(struct quotas *quotas, uint32_t identity)
{
	struct quota *quota = find(quotas, identity);

	if (!quota) {
		quota = calloc(1, sizeof(*quota));
		if (!quota)
			return -ENOMEM;
		quota->identity = identity;
		HASH_ADD(hh, quotas->by_identity, identity, sizeof(quota->identity), quota);
	}
	quota->count++;
	return 0;
}

void quotas_lower(struct quotas *quotas, uint32_t identity)
{
	struct quota *quota = find(quotas, identity);

	if (!quota || --quota->count > 0)
		return;
	HASH_DELETE(hh, quotas->by_identity, quota); /* NOLINT(clang-analyzer-core.*) */
	free(quota);
}

uint32_t quotas_count(const struct quotas *quotas, uint32_t identity)
{
	const struct quota *quota = find(quotas, identity);

	return quota ? quota->count : 0;
}

void quotas_hold(struct quotas *quotas, uint32_t identity, uint64_t until_ns)
{
	struct held *held = calloc(1, sizeof(*held));

	if (!held || quotas_raise(quotas, identity)) {
		free(held);
		return;
	}
	held->identity = identity;
	held->until_ns = until_ns;
	DL_APPEND(quotas->held, held);
}

void quotas_expire(struct quotas *quotas, uint64_t now_ns)
{
	struct held *held, *next;

	DL_FOREACH_SAFE (quotas->held, held, next) {
		if (held->until_ns > now_ns)
			return;
		DL_DELETE(quotas->held, held);
		quotas_lower(quotas, held->identity);
		free(held);
	}
}
