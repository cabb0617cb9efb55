// SPDX-License-Identifier: BSD-2-Clause
/* Leases of a channel. Requests are idempotent: asking again for one that is there is harmless. */
#include "user/agent/channel_lease.h"

#include <errno.h>
#include <stdlib.h>

#include "user/agent/clock.h"
#include "user/base/cleanup.h"
#include "user/base/log.h"

#define ANSWER_US (3 * 1000 * 1000ULL)	 /* a relay that has not answered by then does not */
#define UNUSED_US (300 * 1000 * 1000ULL) /* a lease that no connection used for so long goes back */

/* Tells all who wait for `lease`. The lease may be gone afterwards. */
static void tell_waiters(struct channel *channel, struct cached_lease *lease, int err)
{
	_cleanup_free_ uint32_t *tokens = NULL;
	struct endpoint server = lease->server, detour = lease->detour;
	size_t count = lease_cache_take_waiters(lease, &tokens);

	for (size_t i = 0; i < count; i++) {
		struct channel_answer answer = {
			.path = channel->setup.index,
			.token = tokens[i],
			.server = &server,
			.detour = err ? NULL : &detour,
			.err = err,
		};

		channel->setup.callbacks->lease(channel->setup.owner, &answer);
	}
}

/* Takes a lease out of the cache, then tells those who wait for it. */
static void fail_lease(struct channel *channel, struct cached_lease *lease, int err)
{
	struct cached_lease copy = *lease;

	lease->waiters = NULL;
	lease_cache_remove(&channel->leases, lease);
	tell_waiters(channel, &copy, err);
}

static int ask(struct channel *channel, struct cached_lease *lease)
{
	struct wire_message message = {
		.type = WIRE_LEASE_GET,
		.request_id = channel->next_request,
		.lease_get = {.server = lease->server},
	};
	int err = peer_send(channel->peer, &message);

	if (err)
		return err;
	if (++channel->next_request == 0)
		channel->next_request = 1;
	lease->asked = true;
	lease->request_id = message.request_id;
	lease->asked_us = clock_now_us();
	return 0;
}

static void send_drop(struct channel *channel, const struct endpoint *server)
{
	struct wire_message message = {
		.type = WIRE_LEASE_DROP,
		.request_id = channel->next_request++,
		.lease_drop = {.server = *server},
	};

	if (channel->peer)
		peer_send(channel->peer, &message);
}

static void give_back(struct channel *channel, struct cached_lease *lease)
{
	send_drop(channel, &lease->server);
	lease_cache_remove(&channel->leases, lease);
}

int channel_lease(struct channel *channel, const struct endpoint *server, uint32_t token,
		  struct endpoint *ret_detour)
{
	struct cached_lease *lease = lease_cache_find(&channel->leases, server), *oldest;
	uint64_t now_us = clock_now_us();
	int err;

	if (channel->state != CHANNEL_UP)
		return -ENOTCONN;
	if (lease && lease->granted) {
		lease->used_us = now_us;
		*ret_detour = lease->detour;
		return 0;
	}
	if (!lease) {
		/* Room for it among what the relay allows: the one that rested longest goes. */
		if (channel->max_leases &&
		    lease_cache_count(&channel->leases) >= channel->max_leases) {
			oldest = lease_cache_oldest(&channel->leases, now_us - ANSWER_US);
			if (oldest)
				give_back(channel, oldest);
		}
		lease = lease_cache_add(&channel->leases, server);
		if (!lease)
			return -ENOMEM;
		err = ask(channel, lease);
		if (err) {
			lease_cache_remove(&channel->leases, lease);
			return err;
		}
	}
	lease->used_us = now_us;
	err = lease_cache_wait(lease, token);
	return err ? err : -EINPROGRESS;
}

void channel_lease_used(struct channel *channel, const struct endpoint *server, uint64_t now_us)
{
	struct cached_lease *lease = lease_cache_find(&channel->leases, server);

	if (lease)
		lease->used_us = now_us;
}

static void lease_granted(struct channel *channel, const struct wire_message *message)
{
	struct cached_lease *lease = lease_cache_find(&channel->leases, &message->lease.server);
	char server[ADDR_TEXT_LEN], detour[ADDR_TEXT_LEN];

	if (!lease) /* it came too late: left there, it would count against our limit */
		send_drop(channel, &message->lease.server);
	if (!lease || !lease->asked || lease->request_id != message->request_id)
		return;
	lease->asked = false;
	lease->granted = true;
	lease->valid_until_us = UINT64_MAX;
	/* The address that was dialled, not the one that the relay knows of itself: it may sit
	 * behind a 1:1 NAT. */
	lease->detour.addr = peer_remote(channel->peer)->addr;
	lease->client = channel->setup.path->local;
	lease->detour.port_be = message->lease.detour.port_be;
	log_debug("relay %s: lease %s for %s", channel->setup.relay->name,
		  endpoint_format(&lease->detour, detour), endpoint_format(&lease->server, server));
	tell_waiters(channel, lease, 0);
}

static int wire_error_errno(enum wire_error code)
{
	switch (code) {
	case WIRE_ERR_NOT_AUTHORIZED:
		return -EACCES;
	case WIRE_ERR_RESOURCE_EXCEEDED:
		return -EDQUOT;
	case WIRE_ERR_NETWORK_FAILURE:
	case WIRE_ERR_DEST_UNREACHABLE:
		return -ENETUNREACH;
	case WIRE_ERR_UNSUPPORTED_VERSION:
	case WIRE_ERR_MALFORMED:
	case WIRE_ERR_UNSUPPORTED_MESSAGE:
		break;
	}
	return -EPROTO;
}

static void lease_refused(struct channel *channel, const struct wire_message *message)
{
	struct cached_lease *lease = lease_cache_find_request(&channel->leases,
							      message->request_id);
	char server[ADDR_TEXT_LEN];

	if (!lease)
		return;
	snprintf(channel->error, sizeof(channel->error), "%.90s (%d)", message->error.text,
		 message->error.code);
	log_warning("relay %s: no lease for %s: %s", channel->setup.relay->name,
		    endpoint_format(&lease->server, server), channel->error);
	fail_lease(channel, lease, wire_error_errno(message->error.code));
}

static void lease_lost(struct channel *channel, const struct wire_message *message)
{
	struct cached_lease *lease = lease_cache_find(&channel->leases,
						      &message->lease_lost.server);
	char server[ADDR_TEXT_LEN];

	if (!lease)
		return;
	log_info("relay %s: lease for %s has ended", channel->setup.relay->name,
		 endpoint_format(&lease->server, server));
	/* One that is being asked for gets its own answer. */
	if (!lease->asked)
		fail_lease(channel, lease, -EACCES);
}

void channel_lease_message(struct channel *channel, const struct wire_message *message)
{
	switch (message->type) {
	case WIRE_LEASE:
		lease_granted(channel, message);
		break;
	case WIRE_ERROR:
		lease_refused(channel, message);
		break;
	case WIRE_LEASE_LOST:
		lease_lost(channel, message);
		break;
	case WIRE_LEASE_DROP: /* our own, acknowledged */
	case WIRE_HELLO:
	case WIRE_LEASE_GET:
	case WIRE_PING:
	case WIRE_PONG:
		break;
	}
}

/* A lease is between two addresses: if one has changed, it must come anew before it is used. */
static bool still_holds(const struct channel *channel, const struct cached_lease *lease)
{
	return addr_equal(&lease->client, &channel->setup.path->local) &&
	       addr_equal(&lease->detour.addr, &peer_remote(channel->peer)->addr);
}

void channel_leases_refresh(struct channel *channel)
{
	struct cached_lease *lease, *next;
	uint64_t now_us = clock_now_us();

	HASH_ITER (hh, channel->leases.leases, lease, next) {
		bool of_use = now_us - lease->used_us < UNUSED_US;

		lease->granted = lease->granted && still_holds(channel, lease);
		if (!of_use || now_us >= lease->valid_until_us || ask(channel, lease) < 0)
			lease_cache_remove(&channel->leases, lease);
	}
}

void channel_leases_lost(struct channel *channel)
{
	struct cached_lease *lease, *next;

	HASH_ITER (hh, channel->leases.leases, lease, next) {
		if (!lease->granted)
			fail_lease(channel, lease, -ECONNRESET);
	}
	lease_cache_channel_lost(&channel->leases, clock_now_us(),
				 channel->lease_grace_s * 1000000ULL);
}

void channel_tick(struct channel *channel, uint64_t now_us)
{
	struct cached_lease *lease, *next;

	if (channel->state != CHANNEL_UP)
		return;
	channel->setup.path->rtt_us = peer_rtt_us(channel->peer);
	HASH_ITER (hh, channel->leases.leases, lease, next) {
		if (lease->asked && now_us - lease->asked_us > ANSWER_US)
			fail_lease(channel, lease, -ETIMEDOUT);
		else if (!lease->asked && now_us - lease->used_us > UNUSED_US)
			give_back(channel, lease);
	}
}
