/* SPDX-License-Identifier: BSD-2-Clause */
/* All relays of the configuration: their channels, and the policy's view of them. */
#ifndef DETOUR_AGENT_RELAYS_H
#define DETOUR_AGENT_RELAYS_H

#include "user/agent/channel.h"

struct json_object;
struct relays;

struct relays_setup {
	uv_loop_t *loop;
	struct tls_context *tls;
	const struct agent_config *config;
	/* Per configured uplink two: IPv4, IPv6. The array stays where it is. */
	const struct policy_uplink *uplinks;
	size_t uplink_count;
	const struct channel_callbacks *callbacks;
	void *owner;
};

/* Makes a channel for each relay, uplink that is not off, and family; starts none. */
int relays_new(const struct relays_setup *setup, struct relays **ret_relays);
void relays_free(struct relays *relays);
void relays_start(struct relays *relays);

/* Fills in what the policy sees of relays. */
void relays_describe(const struct relays *relays, struct policy_world *world);

/* As channel_lease(). */
int relays_lease(struct relays *relays, uint32_t path, const struct endpoint *server,
		 uint32_t token, struct endpoint *ret_detour);
void relays_lease_used(struct relays *relays, uint32_t path, const struct endpoint *server,
		       uint64_t now_us);

void relays_tick(struct relays *relays, uint64_t now_us);

/* An address of this host is gone: channels from it start again. */
void relays_addr_gone(struct relays *relays, const struct detour_addr *addr);
/* Addresses or links have changed: who waits tries at once. */
void relays_hurry(struct relays *relays);

const char *relays_name(const struct relays *relays, uint32_t relay);

/* The channels in the order of their paths. */
struct channel *const *relays_channels(const struct relays *relays, size_t *ret_count);

#endif /* DETOUR_AGENT_RELAYS_H */
