/* SPDX-License-Identifier: BSD-2-Clause */
/* A relay's addresses, "host:port" or "[v6]:port", to endpoints of one family, without blocking. */
#ifndef DETOUR_AGENT_RESOLVER_H
#define DETOUR_AGENT_RESOLVER_H

#include <stdbool.h>

#include <uv.h>

#include "user/base/addr.h"

#define RESOLVER_MAX 8 /* endpoints that are looked at */

struct resolver;

/*
 * `count` endpoints, in the order of the configuration; 0 and `err` (UV_EAI_* or 0) if there are
 * none. The resolver may be freed or started again from within.
 */
typedef void (*resolver_done)(void *owner, const struct endpoint *endpoints, size_t count, int err);

int resolver_new(uv_loop_t *loop, int family, char *const *texts, resolver_done done, void *owner,
		 struct resolver **ret_resolver);

/* Begins, or begins again. `done` is called from the loop, or before this returns. */
void resolver_start(struct resolver *resolver);

/* Also while it is under way: done() is then not called. */
void resolver_free(struct resolver *resolver);

/* False: literal addresses only, and none of this family, so there never will be an endpoint. */
bool resolver_has_hope(int family, char *const *texts);

#endif /* DETOUR_AGENT_RESOLVER_H */
