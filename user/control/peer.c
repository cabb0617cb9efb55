// SPDX-License-Identifier: BSD-2-Clause
/*
 * A peer's life and its clock. A closed peer makes no more calls, but its memory stays until the
 * loop has let go of its handles: so a callback may close the peer that it was called about.
 */
#include "user/control/peer_internal.h"

#include <errno.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/control/channel_socket.h"

static void free_peer(struct peer *peer)
{
	tls_session_free(peer->session);
	free(peer->out);
	free(peer);
}

static void on_handle_closed(uv_handle_t *handle)
{
	struct peer *peer = handle->data;

	if (--peer->open_handles == 0)
		free_peer(peer);
}

/* Ends all that the peer does. `orderly`: with a goodbye. */
static void peer_end(struct peer *peer, bool orderly)
{
	bool was_ready = peer->state == PEER_READY;

	if (orderly && was_ready) {
		peer_flush(peer);
		tls_session_shutdown(peer->session);
	}
	peer->state = PEER_CLOSED;
	if (peer->listener)
		listener_peer_gone(peer->listener, peer);
	peer->listener = NULL;
	uv_close((uv_handle_t *)&peer->timer, on_handle_closed);
	uv_close((uv_handle_t *)&peer->poll, on_handle_closed);
	if (!was_ready)
		channel_drain(peer->fd);
	close(peer->fd);
}

void peer_fail(struct peer *peer, int err, const char *reason)
{
	struct peer_listener *listener = peer->listener;
	bool was_ready = peer->state == PEER_READY;

	if (peer->state == PEER_CLOSED)
		return;
	if (listener && !was_ready) {
		listener_peer_refused(listener, peer, err, reason);
		if (peer->state == PEER_CLOSED)
			return; /* the owner has freed the listener */
	}
	peer_end(peer, false);
	if (!peer->is_relay || was_ready)
		peer->callbacks.closed(peer->owner, peer, err, reason);
}

void peer_fail_later(struct peer *peer, int err, const char *reason)
{
	if (peer->failed)
		return;
	peer->failed = err;
	peer->failed_reason = reason;
	peer_schedule(peer);
}

void peer_close(struct peer *peer)
{
	if (peer && peer->state != PEER_CLOSED)
		peer_end(peer, true);
}

void peer_set_ready(struct peer *peer)
{
	uint64_t now = uv_now(peer->timer.loop);

	peer->state = PEER_READY;
	peer->heard_ms = now;
	/* the agent measures the path at once; the relay leaves the first word to HELLO */
	peer->pinged_ms = peer->is_relay ? now : now - PEER_PING_MS;
	if (peer->listener)
		listener_peer_ready(peer->listener, peer);
	peer_schedule(peer);
	peer->callbacks.ready(peer->owner, peer);
}

static void send_ping(struct peer *peer)
{
	struct wire_message ping = {.type = WIRE_PING, .request_id = ++peer->ping_id};

	ping.ping.stamp = uv_hrtime() / 1000;
	peer->pinged_ms = uv_now(peer->timer.loop);
	peer_send(peer, &ping);
}

static void check_handshake(struct peer *peer, uint64_t now)
{
	if (now - peer->started_ms >= PEER_HANDSHAKE_MS)
		peer_fail(peer, -ETIMEDOUT, "the handshake took too long");
}

/*
 * A silent peer is dead, unless this process itself was held up: what has come meanwhile is read
 * before the verdict.
 */
static void check_alive(struct peer *peer, uint64_t now)
{
	if (now - peer->heard_ms >= PEER_DEAD_MS) {
		peer_read(peer);
		if (peer->state == PEER_CLOSED)
			return;
		if (now >= peer->heard_ms + PEER_DEAD_MS) {
			if (peer->out_end - peer->out_start > PEER_OUT_HIGH)
				peer_fail(peer, -ENOBUFS, "the other side does not read");
			else
				peer_fail(peer, -ETIMEDOUT, "nothing heard for 3 s");
			return;
		}
	}
	if (now - peer->pinged_ms < PEER_PING_MS)
		return;
	if (tls_session_recheck(peer->session, NULL) < 0)
		peer_fail(peer, -EKEYREJECTED, tls_session_reason(peer->session));
	else
		send_ping(peer);
}

static void on_timer(uv_timer_t *timer)
{
	struct peer *peer = timer->data;
	uint64_t now = uv_now(timer->loop);

	if (peer->failed)
		peer_fail(peer, peer->failed, peer->failed_reason);
	else if (peer->state == PEER_READY)
		check_alive(peer, now);
	else
		check_handshake(peer, now);
	if (peer->state != PEER_CLOSED)
		peer_schedule(peer);
}

void peer_schedule(struct peer *peer)
{
	uint64_t now = uv_now(peer->timer.loop);
	uint64_t due = peer->started_ms + PEER_HANDSHAKE_MS;

	if (peer->state == PEER_CLOSED)
		return;
	if (peer->state == PEER_READY) {
		due = peer->heard_ms + PEER_DEAD_MS;
		if (due > peer->pinged_ms + PEER_PING_MS)
			due = peer->pinged_ms + PEER_PING_MS;
	}
	if (peer->failed)
		due = now;
	uv_timer_start(&peer->timer, on_timer, due > now ? due - now : 0, 0);
}

int peer_new(uv_loop_t *loop, struct tls_context *context, int fd, const char *relay_name,
	     const struct peer_callbacks *callbacks, void *owner, struct peer **ret_peer)
{
	_cleanup_close_ int owned_fd = fd;
	struct peer *peer = calloc(1, sizeof(*peer));
	int err;

	if (!peer)
		return -ENOMEM;
	err = tls_session_new(context, fd, relay_name, &peer->session);
	if (err == 0)
		err = uv_poll_init(loop, &peer->poll, fd);
	if (err < 0) {
		free_peer(peer);
		return err;
	}
	uv_timer_init(loop, &peer->timer);
	peer->poll.data = peer->timer.data = peer;
	peer->open_handles = 2;
	peer->fd = take_fd(&owned_fd);
	peer->callbacks = *callbacks;
	peer->owner = owner;
	peer->started_ms = peer->pinged_ms = uv_now(loop);
	*ret_peer = peer;
	return 0;
}

int peer_connect(uv_loop_t *loop, struct tls_context *context, const struct endpoint *local,
		 const struct endpoint *remote, const char *name,
		 const struct peer_callbacks *callbacks, void *owner, struct peer **ret_peer)
{
	struct peer *peer;
	int err, fd;

	err = channel_connect(local, remote, &fd);
	if (err < 0)
		return err;
	uv_update_time(loop);
	err = peer_new(loop, context, fd, name, callbacks, owner, &peer);
	if (err < 0)
		return err;
	peer->remote = *remote;
	peer_schedule(peer);
	peer_watch(peer);
	*ret_peer = peer;
	return 0;
}

void peer_recheck(struct peer *peer, struct tls_context *context)
{
	if (peer->state != PEER_READY || peer->failed)
		return;
	if (tls_session_recheck(peer->session, context) < 0)
		peer_fail_later(peer, -EKEYREJECTED, tls_session_reason(peer->session));
}

const char *peer_identity(const struct peer *peer)
{
	return tls_session_identity(peer->session);
}

const struct endpoint *peer_local(const struct peer *peer)
{
	return &peer->local;
}

const struct endpoint *peer_remote(const struct peer *peer)
{
	return &peer->remote;
}

uint32_t peer_rtt_us(const struct peer *peer)
{
	return peer->rtt_us;
}

void peer_set_owner(struct peer *peer, void *owner)
{
	peer->owner = owner;
}
