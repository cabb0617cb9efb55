/* SPDX-License-Identifier: BSD-2-Clause */
/* How many leases each identity has, over all its holders. */
#ifndef DETOUR_FWD_QUOTAS_H
#define DETOUR_FWD_QUOTAS_H

#include <stdint.h>

struct quotas;

struct quotas *quotas_new(void); /* NULL: no memory */
void quotas_free(struct quotas *quotas);
int quotas_raise(struct quotas *quotas, uint32_t identity);
void quotas_lower(struct quotas *quotas, uint32_t identity);
uint32_t quotas_count(const struct quotas *quotas, uint32_t identity);

/* Counts one more until then (without memory: not); calls must come in the order of `until_ns`. */
void quotas_hold(struct quotas *quotas, uint32_t identity, uint64_t until_ns);
void quotas_expire(struct quotas *quotas, uint64_t now_ns);

#endif /* DETOUR_FWD_QUOTAS_H */
