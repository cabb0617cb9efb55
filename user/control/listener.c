// SPDX-License-Identifier: BSD-2-Clause
/*
 * The relay's end: accepts connections within the limits on handshakes, and keeps the list of its
 * peers, so that a new CRL can be held against those that stand already.
 */
#include "user/control/peer_internal.h"

#include <errno.h>
#include <utlist.h>

#include "user/base/cleanup.h"
#include "user/control/admit.h"
#include "user/control/channel_socket.h"
#include "user/control/tls_internal.h"

/* Accepted in one wake-up; the loop has other work too. */
#define ACCEPTS_AT_ONCE 64

/* How long to leave connections waiting when the process has no file descriptor for them. */
#define EXHAUSTED_PAUSE_MS 100

struct peer_listener {
	uv_poll_t poll;
	uv_timer_t timer;
	unsigned int open_handles;
	int fd;
	struct tls_context *context;
	struct peer_callbacks callbacks;
	void *owner;
	struct endpoint endpoint;
	struct peer_listener_counters counters;
	struct admit handshakes;
	struct peer *handshaking; /* oldest first */
	struct peer *peers;	  /* ready */
};

/* A peer is in one of the two lists: `handshaking` as long as it is admitted, else `peers`. */
static void leave_list(struct peer_listener *listener, struct peer *peer)
{
	if (!peer->admitted) {
		DL_DELETE(listener->peers, peer);
		return;
	}
	DL_DELETE(listener->handshaking, peer);
	admit_leave(&listener->handshakes, &peer->remote.addr);
	peer->admitted = false;
}

void listener_peer_ready(struct peer_listener *listener, struct peer *peer)
{
	listener->counters.ready++;
	leave_list(listener, peer);
	DL_APPEND(listener->peers, peer);
}

void listener_peer_refused(struct peer_listener *listener, struct peer *peer, int err,
			   const char *reason)
{
	if (err == -ETIMEDOUT)
		listener->counters.handshake_timeout++;
	else
		listener->counters.handshake_failed++;
	if (listener->callbacks.refused)
		listener->callbacks.refused(listener->owner, &peer->remote, err, reason);
}

void listener_peer_gone(struct peer_listener *listener, struct peer *peer)
{
	leave_list(listener, peer);
}

/* Makes a peer of `fd`, which it owns from now on, also when this fails. */
static int adopt(struct peer_listener *listener, int fd, const struct endpoint *remote)
{
	_cleanup_close_ int owned_fd = fd;
	struct endpoint local;
	struct peer *peer;
	int err;

	err = channel_local(fd, &local);
	if (err < 0)
		return err;
	err = peer_new(listener->poll.loop, listener->context, take_fd(&owned_fd), NULL,
		       &listener->callbacks, listener->owner, &peer);
	if (err < 0)
		return err;
	peer->is_relay = true;
	peer->state = PEER_HANDSHAKE;
	peer->local = local;
	peer->remote = *remote;
	peer->listener = listener;
	peer->admitted = true;
	DL_APPEND(listener->handshaking, peer);
	peer_schedule(peer);
	peer_watch(peer);
	return 0;
}

/*
 * When all places are taken, who has been shaking hands longest gives way: that is a stranger who
 * says nothing far more likely than an agent, which needs two round trips.
 */
static int admit(struct peer_listener *listener, const struct endpoint *remote)
{
	int err = admit_enter(&listener->handshakes, &remote->addr);

	if (err == -ENOSPC) {
		listener->counters.refused_limit++;
		peer_close(listener->handshaking);
		err = admit_enter(&listener->handshakes, &remote->addr);
	}
	return err;
}

/* 0, or -errno of accept(): -EAGAIN when nobody waits. */
static int accept_one(struct peer_listener *listener)
{
	_cleanup_close_ int fd = -1;
	struct endpoint remote;
	int err = channel_accept(listener->fd, &fd, &remote);

	if (err < 0)
		return err;
	listener->counters.accepted++;
	if (admit(listener, &remote) < 0) {
		listener->counters.refused_limit++;
		return 0;
	}
	if (adopt(listener, take_fd(&fd), &remote) < 0) {
		listener->counters.handshake_failed++;
		admit_leave(&listener->handshakes, &remote.addr);
	}
	return 0;
}

static void on_poll(uv_poll_t *poll, int status, int events);

static void on_pause_over(uv_timer_t *timer)
{
	struct peer_listener *listener = timer->data;

	uv_poll_start(&listener->poll, UV_READABLE, on_poll);
}

/*
 * Without file descriptors the waiting connection stays, and so does the socket's readiness: a
 * pause keeps that from eating a whole core.
 */
static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct peer_listener *listener = poll->data;

	(void)status;
	(void)events;
	for (int i = 0; i < ACCEPTS_AT_ONCE; i++) {
		int err = accept_one(listener);

		if (err == -EAGAIN)
			return;
		if (err == -EMFILE || err == -ENFILE || err == -ENOBUFS || err == -ENOMEM) {
			uv_poll_stop(&listener->poll);
			uv_timer_start(&listener->timer, on_pause_over, EXHAUSTED_PAUSE_MS, 0);
			return;
		}
	}
}

int peer_listener_new(uv_loop_t *loop, struct tls_context *context, const struct endpoint *listen,
		      const struct peer_callbacks *callbacks, void *owner,
		      struct peer_listener **ret_listener)
{
	_cleanup_free_ struct peer_listener *listener = calloc(1, sizeof(*listener));
	_cleanup_close_ int fd = -1;
	int err;

	if (!listener)
		return -ENOMEM;
	err = channel_listen(listen, &fd);
	if (err == 0)
		err = channel_local(fd, &listener->endpoint);
	if (err == 0)
		err = uv_poll_init(loop, &listener->poll, fd);
	if (err < 0)
		return err;
	uv_timer_init(loop, &listener->timer);
	listener->open_handles = 2;
	listener->poll.data = listener->timer.data = listener;
	listener->fd = take_fd(&fd);
	listener->context = tls_context_ref(context);
	listener->callbacks = *callbacks;
	listener->owner = owner;
	uv_poll_start(&listener->poll, UV_READABLE, on_poll);
	*ret_listener = take_ptr(&listener);
	return 0;
}

void peer_listener_set_context(struct peer_listener *listener, struct tls_context *context)
{
	struct tls_context *old = listener->context;
	struct peer *peer;

	listener->context = tls_context_ref(context);
	tls_context_free(old);
	DL_FOREACH (listener->peers, peer) {
		if (peer->state == PEER_READY && tls_session_recheck(peer->session, context) < 0)
			peer_fail_later(peer, -EKEYREJECTED, tls_session_reason(peer->session));
	}
	/* A handshake that began under the old context would end under its CRL. */
	DL_FOREACH (listener->handshaking, peer)
		peer_fail_later(peer, -EAGAIN, "the certificates were reloaded meanwhile");
}

const struct endpoint *peer_listener_endpoint(const struct peer_listener *listener)
{
	return &listener->endpoint;
}

const struct peer_listener_counters *peer_listener_counters(const struct peer_listener *listener)
{
	return &listener->counters;
}

static void on_handle_closed(uv_handle_t *handle)
{
	struct peer_listener *listener = handle->data;

	if (--listener->open_handles == 0)
		free(listener);
}

void peer_listener_free(struct peer_listener *listener)
{
	struct peer *peer, *next;

	if (!listener)
		return;
	DL_FOREACH_SAFE (listener->peers, peer, next) {
		if (peer->state != PEER_READY)
			peer_close(peer);
		else
			peer->listener = NULL;
	}
	tls_context_free(listener->context);
	uv_close((uv_handle_t *)&listener->timer, on_handle_closed);
	uv_close((uv_handle_t *)&listener->poll, on_handle_closed);
	close(listener->fd);
}
