// SPDX-License-Identifier: BSD-2-Clause
/* One channel a path: relay by uplink by family, as far as the relay can have such an address. */
#include "user/agent/relays.h"

#include <errno.h>
#include <stdlib.h>

#include "user/base/cleanup.h"

static const int families[] = {AF_INET, AF_INET6};

struct relays {
	struct relays_setup setup;
	struct channel **channels;
	struct policy_path *paths; /* as many as channels */
	size_t count;
	/* Kept between calls of relays_describe(). */
	struct policy_relay_addr *addrs;
};

static void add_channel(struct relays *relays, uint32_t relay, int family,
			const struct policy_uplink *uplink, int *err)
{
	struct policy_path *path = &relays->paths[relays->count];
	const struct agent_relay *config = &relays->setup.config->relays[relay];
	struct channel_setup setup = {
		.loop = relays->setup.loop,
		.tls = relays->setup.tls,
		.relay = config,
		.family = family,
		.index = (uint32_t)relays->count,
		.path = path,
		.uplink = uplink,
		.callbacks = relays->setup.callbacks,
		.owner = relays->setup.owner,
	};

	if (*err || !resolver_has_hope(family, config->addresses))
		return;
	*path = (struct policy_path){
		.relay = relay,
		.role = uplink ? uplink->role : UPLINK_ON,
	};
	*err = channel_new(&setup, &relays->channels[relays->count]);
	if (!*err)
		relays->count++;
}

static int add_channels(struct relays *relays)
{
	const struct relays_setup *setup = &relays->setup;
	int err = 0;

	for (uint32_t relay = 0; relay < setup->config->relay_count; relay++) {
		for (size_t f = 0; f < ARRAY_SIZE(families) && setup->uplink_count == 0; f++)
			add_channel(relays, relay, families[f], NULL, &err);
		for (size_t u = 0; u < setup->uplink_count; u++) {
			const struct policy_uplink *uplink = &setup->uplinks[u];

			if (uplink->role != UPLINK_OFF)
				add_channel(relays, relay, families[u % ARRAY_SIZE(families)],
					    uplink, &err);
		}
	}
	return err;
}

int relays_new(const struct relays_setup *setup, struct relays **ret_relays)
{
	struct relays *relays = calloc(1, sizeof(*relays));
	size_t most;
	int err;

	if (!relays)
		return -ENOMEM;
	relays->setup = *setup;
	most = setup->config->relay_count *
	       (setup->uplink_count ? setup->uplink_count : ARRAY_SIZE(families));
	relays->channels = calloc(most + 1, sizeof(*relays->channels));
	relays->paths = calloc(most + 1, sizeof(*relays->paths));
	relays->addrs = calloc(most * RESOLVER_MAX + 1, sizeof(*relays->addrs));
	err = relays->channels && relays->paths && relays->addrs ? add_channels(relays) : -ENOMEM;
	if (err) {
		relays_free(relays);
		return err;
	}
	*ret_relays = relays;
	return 0;
}

void relays_free(struct relays *relays)
{
	if (!relays)
		return;
	for (size_t i = 0; i < relays->count; i++) /* no array: the count is 0 */
		channel_free(relays->channels[i]); /* NOLINT(clang-analyzer-core.NullDereference) */
	free(relays->channels);
	free(relays->paths);
	free(relays->addrs);
	free(relays);
}

void relays_start(struct relays *relays)
{
	for (size_t i = 0; i < relays->count; i++)
		channel_start(relays->channels[i]);
}

void relays_describe(const struct relays *relays, struct policy_world *world)
{
	size_t addrs = 0;

	for (size_t i = 0; i < relays->count; i++) {
		const struct channel *channel = relays->channels[i];
		struct policy_path *path = &relays->paths[i];

		if (channel->setup.uplink)
			path->ifindex = channel->setup.uplink->ifindex;
		for (size_t t = 0; t < channel->target_count; t++)
			relays->addrs[addrs++] = (struct policy_relay_addr){
				.addr = channel->targets[t].addr,
				.relay = path->relay,
			};
	}
	world->paths = relays->paths;
	world->path_count = relays->count;
	world->relay_addrs = relays->addrs;
	world->relay_addr_count = addrs;
}

int relays_lease(struct relays *relays, uint32_t path, const struct endpoint *server,
		 uint32_t token, struct endpoint *ret_detour)
{
	return channel_lease(relays->channels[path], server, token, ret_detour);
}

void relays_lease_used(struct relays *relays, uint32_t path, const struct endpoint *server,
		       uint64_t now_us)
{
	channel_lease_used(relays->channels[path], server, now_us);
}

void relays_tick(struct relays *relays, uint64_t now_us)
{
	for (size_t i = 0; i < relays->count; i++)
		channel_tick(relays->channels[i], now_us);
}

void relays_addr_gone(struct relays *relays, const struct detour_addr *addr)
{
	for (size_t i = 0; i < relays->count; i++) {
		const struct channel *channel = relays->channels[i];

		if (channel->peer && addr_equal(&peer_local(channel->peer)->addr, addr))
			channel_start(relays->channels[i]);
	}
}

void relays_hurry(struct relays *relays)
{
	for (size_t i = 0; i < relays->count; i++) {
		const struct channel *channel = relays->channels[i];

		if (channel->state == CHANNEL_IDLE && channel->setup.uplink)
			channel_start(relays->channels[i]);
		else
			channel_hurry(relays->channels[i]);
	}
}

const char *relays_name(const struct relays *relays, uint32_t relay)
{
	return relay < relays->setup.config->relay_count ? relays->setup.config->relays[relay].name
							 : NULL;
}

struct channel *const *relays_channels(const struct relays *relays, size_t *ret_count)
{
	*ret_count = relays->count;
	return relays->channels;
}
