// SPDX-License-Identifier: BSD-2-Clause
/*
 * A channel's life: resolve, connect, hello, up; down, wait, again. Waits double from 300 ms to
 * 30 s, a quarter up or down by chance, so that many agents do not come back at the same moment.
 */
#include "user/agent/channel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "user/agent/channel_lease.h"
#include "user/agent/clock.h"
#include "user/base/log.h"

#define RETRY_FIRST_MS 300
#define RETRY_MAX_MS   30000

const char *channel_state_word(enum channel_state state)
{
	static const char *const words[] = {
		[CHANNEL_IDLE] = "idle",
		[CHANNEL_RESOLVING] = "resolving",
		[CHANNEL_CONNECTING] = "connecting",
		[CHANNEL_UP] = "up",
		[CHANNEL_WAITING] = "down",
	};

	return words[state];
}

static void set_state(struct channel *channel, enum channel_state state)
{
	channel->state = state;
	channel->since_us = clock_now_us();
}

static uint64_t retry_wait_ms(const struct channel *channel)
{
	uint64_t wait_ms = RETRY_FIRST_MS;
	uint16_t chance = 0;

	for (unsigned int i = 1; i < channel->failures && wait_ms < RETRY_MAX_MS; i++)
		wait_ms *= 2;
	if (wait_ms > RETRY_MAX_MS)
		wait_ms = RETRY_MAX_MS;
	if (getrandom(&chance, sizeof(chance), GRND_NONBLOCK) < 0)
		chance = UINT16_MAX / 2;
	return wait_ms * 3 / 4 + wait_ms / 2 * chance / UINT16_MAX;
}

static void retry(uv_timer_t *timer)
{
	channel_start(timer->data);
}

/* The host does not answer at all: its data path cannot be alive either. */
static bool means_silence(int err)
{
	return err == -ETIMEDOUT || err == -EHOSTUNREACH || err == -ENETUNREACH || err == -ENETDOWN;
}

static void lost(struct channel *channel, int err, const char *reason)
{
	struct policy_path *path = channel->setup.path;
	bool was_up = channel->state == CHANNEL_UP;
	char remote[ADDR_TEXT_LEN];

	snprintf(remote, sizeof(remote), "by %s",
		 channel->setup.family == AF_INET ? "IPv4" : "IPv6");
	if (channel->target_count)
		endpoint_format(&channel->targets[channel->next_target % channel->target_count],
				remote);
	snprintf(channel->error, sizeof(channel->error), "%s", reason);
	channel->peer = NULL;
	channel->failures++;
	channel->next_target++;
	set_state(channel, CHANNEL_WAITING);
	uv_timer_start(channel->timer, retry, retry_wait_ms(channel), 0);
	if (was_up || channel->failures == 1)
		log_warning("relay %s %s: %s; trying again", channel->setup.relay->name, remote,
			    reason);
	else
		log_debug("relay %s %s: %s", channel->setup.relay->name, remote, reason);
	path->silent = means_silence(err) || (path->silent && !was_up && err != -ECONNREFUSED);
	if (was_up) {
		path->up = false;
		path->down_us = clock_now_us();
	}
	channel_leases_lost(channel);
	channel->setup.callbacks->changed(channel->setup.owner);
}

static void peer_is_closed(void *owner, struct peer *peer, int err, const char *reason)
{
	struct channel *channel = owner;

	(void)peer;
	if (!reason || !*reason)
		reason = err ? strerror(-err) : "closed by the relay";
	lost(channel, err, reason);
}

static void peer_is_ready(void *owner, struct peer *peer)
{
	(void)owner; /* the relay's hello, which follows, says whether it serves us */
	(void)peer;
}

static void take_hello(struct channel *channel, const struct wire_message *message)
{
	struct policy_path *path = channel->setup.path;
	char local[ADDR_TEXT_LEN], remote[ADDR_TEXT_LEN];

	if (channel->state == CHANNEL_UP)
		return;
	if (channel->setup.family == AF_INET6 && !(message->hello.flags & WIRE_HELLO_IPV6)) {
		peer_close(channel->peer);
		lost(channel, -EAFNOSUPPORT, "the relay does not forward IPv6");
		return;
	}
	channel->failures = 0;
	channel->error[0] = '\0';
	channel->lease_grace_s = message->hello.lease_grace_s;
	channel->max_leases = message->hello.max_leases;
	set_state(channel, CHANNEL_UP);
	path->up = true;
	path->silent = false;
	path->local = peer_local(channel->peer)->addr;
	path->rtt_us = peer_rtt_us(channel->peer);
	log_info("relay %s %s: connected from %s", channel->setup.relay->name,
		 endpoint_format(peer_remote(channel->peer), remote),
		 addr_format(&path->local, local));
	channel_leases_refresh(channel);
	channel->setup.callbacks->changed(channel->setup.owner);
}

static void peer_message(void *owner, struct peer *peer, const struct wire_message *message)
{
	struct channel *channel = owner;

	(void)peer;
	if (message->type == WIRE_HELLO)
		take_hello(channel, message);
	else
		channel_lease_message(channel, message);
}

static const struct peer_callbacks peer_callbacks = {
	.ready = peer_is_ready,
	.message = peer_message,
	.closed = peer_is_closed,
};

static void connect_next(struct channel *channel)
{
	const struct endpoint *target =
		&channel->targets[channel->next_target % channel->target_count];
	const struct policy_uplink *uplink = channel->setup.uplink;
	struct endpoint local = {0};
	int err;

	if (uplink)
		local.addr = uplink->addr;
	set_state(channel, CHANNEL_CONNECTING);
	err = peer_connect(channel->setup.loop, channel->setup.tls, uplink ? &local : NULL, target,
			   channel->setup.relay->name, &peer_callbacks, channel, &channel->peer);
	if (err)
		lost(channel, err, strerror(-err));
}

static void resolved(void *owner, const struct endpoint *endpoints, size_t count, int err)
{
	struct channel *channel = owner;

	if (count == 0) {
		lost(channel, -EADDRNOTAVAIL, err ? uv_strerror(err) : "no address");
		return;
	}
	memcpy(channel->targets, endpoints, count * sizeof(*endpoints));
	channel->target_count = count;
	channel->setup.callbacks->changed(channel->setup.owner);
	connect_next(channel);
}

int channel_new(const struct channel_setup *setup, struct channel **ret_channel)
{
	struct channel *channel = calloc(1, sizeof(*channel));
	int err;

	if (!channel)
		return -ENOMEM;
	channel->setup = *setup;
	channel->next_request = 1;
	channel->timer = calloc(1, sizeof(*channel->timer));
	if (!channel->timer) {
		free(channel);
		return -ENOMEM;
	}
	err = resolver_new(setup->loop, setup->family, setup->relay->addresses, resolved, channel,
			   &channel->resolver);
	if (err) {
		free(channel->timer);
		free(channel);
		return err;
	}
	uv_timer_init(setup->loop, channel->timer);
	channel->timer->data = channel;
	*ret_channel = channel;
	return 0;
}

static void timer_closed(uv_handle_t *handle)
{
	free(handle);
}

void channel_free(struct channel *channel)
{
	if (!channel)
		return;
	uv_close((uv_handle_t *)channel->timer, timer_closed);
	resolver_free(channel->resolver);
	peer_close(channel->peer);
	lease_cache_done(&channel->leases);
	free(channel);
}

static void go_down(struct channel *channel)
{
	struct policy_path *path = channel->setup.path;

	if (!path->up)
		return;
	/* Down before anybody is told: who waits for a lease looks for another path. */
	set_state(channel, CHANNEL_IDLE);
	path->up = false;
	path->down_us = clock_now_us();
	channel_leases_lost(channel);
	channel->setup.callbacks->changed(channel->setup.owner);
}

void channel_start(struct channel *channel)
{
	uv_timer_stop(channel->timer);
	peer_close(channel->peer);
	channel->peer = NULL;
	go_down(channel);
	if (channel->setup.uplink && !channel->setup.uplink->usable) {
		snprintf(channel->error, sizeof(channel->error), "its uplink has no address");
		set_state(channel, CHANNEL_IDLE);
		return;
	}
	set_state(channel, CHANNEL_RESOLVING);
	resolver_start(channel->resolver);
}

void channel_hurry(struct channel *channel)
{
	if (channel->state == CHANNEL_WAITING)
		channel_start(channel);
}
