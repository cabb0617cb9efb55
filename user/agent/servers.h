/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What has been learned about servers: how many more subflows one accepts, and which relays do not
 * reach it. Pure; bounded; old notes are forgotten first.
 */
#ifndef DETOUR_AGENT_SERVERS_H
#define DETOUR_AGENT_SERVERS_H

#include <stdint.h>

#include "user/base/addr.h"

#define SERVERS_MAX	  4096
#define SERVER_LIMIT_US	  (600 * 1000 * 1000ULL) /* a learned limit is believed for so long */
#define SERVER_LIMIT_NONE UINT32_MAX

struct servers;

int servers_new(struct servers **ret_servers);
void servers_free(struct servers *servers);

/* Subflows besides the first that the server takes; SERVER_LIMIT_NONE if not known. */
uint32_t servers_limit(const struct servers *servers, const struct endpoint *server,
		       uint64_t now_us);
void servers_set_limit(struct servers *servers, const struct endpoint *server, uint32_t limit,
		       uint64_t now_us);

/* The same questions as in backoff.h, for a relay and a server. */
bool servers_blocked(const struct servers *servers, const struct endpoint *server, uint32_t relay,
		     uint64_t now_us);
void servers_fail(struct servers *servers, const struct endpoint *server, uint32_t relay,
		  uint64_t now_us);
void servers_hold(struct servers *servers, const struct endpoint *server, uint32_t relay,
		  uint64_t now_us, uint64_t wait_us);
void servers_clear(struct servers *servers, const struct endpoint *server, uint32_t relay);

#endif /* DETOUR_AGENT_SERVERS_H */
