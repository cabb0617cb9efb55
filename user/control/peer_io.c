// SPDX-License-Identifier: BSD-2-Clause
/*
 * What a peer does when its socket is ready: connect, shake hands, read messages and hand them on,
 * write what waits.
 */
#include "user/control/peer_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/control/channel_socket.h"

/* Reads of one wake-up: a busy peer leaves the others their turn. */
#define READS_AT_ONCE 16

#define OUT_SIZE_FIRST 2048

/* A stamp that comes back later than this, or from the future, is not one of ours. */
#define RTT_MAX_US 60000000

static size_t out_len(const struct peer *peer)
{
	return peer->out_end - peer->out_start;
}

/* The other side does not take what it asked for: its further questions wait. */
static bool reading_paused(const struct peer *peer)
{
	return out_len(peer) > PEER_OUT_HIGH;
}

void peer_watch(struct peer *peer)
{
	int events = 0;

	switch (peer->state) {
	case PEER_CLOSED:
		return;
	case PEER_CONNECTING:
		events = UV_WRITABLE;
		break;
	case PEER_HANDSHAKE:
		events = tls_session_wants_write(peer->session) ? UV_WRITABLE : UV_READABLE;
		break;
	case PEER_WAIT_HELLO:
	case PEER_READY:
		events = reading_paused(peer) ? 0 : UV_READABLE;
		events |= out_len(peer) > 0 ? UV_WRITABLE : 0;
		break;
	}
	uv_poll_start(&peer->poll, events, peer_on_poll);
}

/* Room for `len` more bytes at out_end, 0 or -ENOBUFS, -ENOMEM. */
static int out_reserve(struct peer *peer, size_t len)
{
	size_t need = out_len(peer) + len;
	size_t size = peer->out_size ? peer->out_size : OUT_SIZE_FIRST;
	uint8_t *grown;

	if (need > PEER_OUT_MAX)
		return -ENOBUFS;
	if (peer->out_start > 0) {
		memmove(peer->out, peer->out + peer->out_start, out_len(peer));
		peer->out_end -= peer->out_start;
		peer->out_start = 0;
	}
	while (size < need)
		size *= 2;
	if (size == peer->out_size)
		return 0;
	grown = realloc(peer->out, size);
	if (!grown)
		return -ENOMEM;
	peer->out = grown;
	peer->out_size = size;
	return 0;
}

int peer_send(struct peer *peer, const struct wire_message *message)
{
	uint8_t bytes[WIRE_MESSAGE_MAX];
	ssize_t len;
	int err;

	if (peer->state != PEER_READY || peer->failed)
		return -ENOTCONN;
	len = wire_encode(message, bytes, sizeof(bytes));
	if (len < 0)
		return len;
	err = out_reserve(peer, len);
	if (err < 0) {
		peer_fail_later(peer, err,
				err == -ENOBUFS ? "the other side does not read" : "out of memory");
		return err;
	}
	memcpy(peer->out + peer->out_end, bytes, len);
	peer->out_end += len;
	if (!peer->batching) {
		peer_flush(peer);
		peer_watch(peer);
	}
	return peer->failed;
}

void peer_flush(struct peer *peer)
{
	while (out_len(peer) > 0 && !peer->failed) {
		ssize_t sent = tls_session_write(peer->session, peer->out + peer->out_start,
						 out_len(peer));

		if (sent == -EAGAIN)
			return;
		if (sent < 0) {
			peer_fail_later(peer, sent, tls_session_reason(peer->session));
			return;
		}
		if (reading_paused(peer)) /* it reads, and is not heard while paused */
			peer->heard_ms = uv_now(peer->timer.loop);
		peer->out_start += sent;
	}
}

/* Which messages a relay may get; an agent may get all others, and pings, pongs and LEASE_DROP. */
static bool may_come(const struct peer *peer, enum wire_type type)
{
	switch (type) {
	case WIRE_LEASE_GET:
		return peer->is_relay;
	case WIRE_HELLO:
	case WIRE_LEASE:
	case WIRE_LEASE_LOST:
	case WIRE_ERROR:
		return !peer->is_relay;
	case WIRE_LEASE_DROP:
	case WIRE_PING:
	case WIRE_PONG:
		return true;
	}
	return false;
}

static void send_error(struct peer *peer, uint32_t request_id, enum wire_error code,
		       const char *text)
{
	struct wire_message error = {.type = WIRE_ERROR, .request_id = request_id};

	if (!peer->is_relay)
		return; /* errors go from relays to agents */
	error.error.code = code;
	snprintf(error.error.text, sizeof(error.error.text), "%s", text);
	peer_send(peer, &error);
}

/* What cannot be read, or may not come: said to the other side, if we may, and the end. */
static void reject(struct peer *peer, enum wire_error code, int err, const char *reason)
{
	send_error(peer, 0, code, reason);
	peer_flush(peer);
	peer_fail(peer, err, reason);
}

static void take_pong(struct peer *peer, const struct wire_message *pong)
{
	uint64_t now_us = uv_hrtime() / 1000;
	uint64_t rtt_us = now_us - pong->pong.stamp;

	if (pong->pong.stamp > now_us || rtt_us > RTT_MAX_US)
		return; /* not a stamp of ours */
	if (rtt_us == 0)
		rtt_us = 1;
	/* RFC 6298, 2.3: a new measurement weighs 1/8 */
	peer->rtt_us = peer->rtt_us ? (7ULL * peer->rtt_us + rtt_us) / 8 : rtt_us;
}

/* The relay's first word: HELLO, or ERROR if it has no room for this agent. */
static void take_hello(struct peer *peer, const struct wire_message *message)
{
	if (message->type == WIRE_ERROR)
		peer_fail(peer, -ECONNREFUSED, message->error.text);
	else if (message->type != WIRE_HELLO)
		peer_fail(peer, -EPROTO, "the relay began without HELLO");
	else if (message->hello.version != WIRE_PROTOCOL_VERSION)
		peer_fail(peer, -EPROTONOSUPPORT, "the relay speaks another protocol version");
	else
		peer_set_ready(peer);
}

static void dispatch(struct peer *peer, const struct wire_message *message)
{
	struct wire_message pong;

	if (!may_come(peer, message->type)) {
		reject(peer, WIRE_ERR_MALFORMED, -EPROTO, "a message of the wrong direction");
		return;
	}
	if (peer->state == PEER_WAIT_HELLO) {
		take_hello(peer, message);
		if (peer->state == PEER_CLOSED)
			return;
	}
	switch (message->type) {
	case WIRE_PING:
		pong = *message;
		pong.type = WIRE_PONG;
		peer_send(peer, &pong);
		break;
	case WIRE_PONG:
		take_pong(peer, message);
		break;
	default:
		peer->callbacks.message(peer->owner, peer, message);
	}
}

/* Takes one message off the front of `bytes`. Returns its length, or 0: no more for now. */
static size_t take_message(struct peer *peer, const uint8_t *bytes, size_t len)
{
	struct wire_message message;
	size_t length = 0;
	ssize_t got = wire_decode(bytes, len, &message, &length);

	if (got > 0)
		dispatch(peer, &message);
	else if (got == -EOPNOTSUPP && peer->state == PEER_WAIT_HELLO)
		peer_fail(peer, -EPROTO, "the relay began without HELLO");
	else if (got == -EOPNOTSUPP)
		send_error(peer, message.request_id, WIRE_ERR_UNSUPPORTED_MESSAGE,
			   "this message is not known here");
	else if (got == -EPROTONOSUPPORT)
		reject(peer, WIRE_ERR_UNSUPPORTED_VERSION, got, "another version of RFC 8803");
	else if (got < 0)
		reject(peer, WIRE_ERR_MALFORMED, -EPROTO, "a malformed message");
	return peer->state == PEER_CLOSED ? 0 : length;
}

static void take_messages(struct peer *peer)
{
	size_t at = 0, length;

	while (at < peer->in_len) {
		length = take_message(peer, peer->in + at, peer->in_len - at);
		if (length == 0)
			break;
		at += length;
	}
	memmove(peer->in, peer->in + at, peer->in_len - at);
	peer->in_len -= at;
}

/* False: nothing more for now, or the peer is closed. */
static bool read_once(struct peer *peer)
{
	ssize_t got = tls_session_read(peer->session, peer->in + peer->in_len,
				       sizeof(peer->in) - peer->in_len);

	if (got == -EAGAIN)
		return false;
	if (got <= 0) {
		peer_fail(peer, got, tls_session_reason(peer->session));
		return false;
	}
	peer->heard_ms = uv_now(peer->timer.loop);
	peer->in_len += got;
	take_messages(peer);
	return peer->state != PEER_CLOSED;
}

void peer_read(struct peer *peer)
{
	int reads = 0;

	peer->batching = true;
	while (!reading_paused(peer) && !peer->failed &&
	       (reads++ < READS_AT_ONCE || tls_session_has_pending(peer->session))) {
		if (!read_once(peer))
			break;
	}
	peer->batching = false;
	if (peer->state == PEER_CLOSED)
		return;
	peer_flush(peer);
	peer_watch(peer);
}

static void shake_hands(struct peer *peer)
{
	int err = tls_session_handshake(peer->session);

	if (err == -EAGAIN)
		return;
	if (err < 0) {
		peer_fail(peer, err, tls_session_reason(peer->session));
		return;
	}
	if (peer->is_relay)
		peer_set_ready(peer);
	else
		peer->state = PEER_WAIT_HELLO;
}

static void finish_connect(struct peer *peer)
{
	int err = channel_error(peer->fd);

	if (err == 0)
		err = channel_local(peer->fd, &peer->local);
	if (err < 0)
		peer_fail(peer, err, strerrordesc_np(-err));
	else
		peer->state = PEER_HANDSHAKE;
}

/*
 * The states follow one another as far as they can without waiting. libuv stops watching a socket
 * that is in error (status < 0); what had come before the error is still read, it may say why.
 */
void peer_on_poll(uv_poll_t *poll, int status, int events)
{
	struct peer *peer = poll->data;

	(void)events;
	if (peer->state == PEER_CONNECTING)
		finish_connect(peer);
	if (peer->state == PEER_HANDSHAKE)
		shake_hands(peer);
	if (peer->state == PEER_READY)
		peer_flush(peer);
	if (peer->state == PEER_WAIT_HELLO || peer->state == PEER_READY)
		peer_read(peer);
	if (status < 0 && peer->state != PEER_CLOSED) {
		int err = channel_error(peer->fd);

		peer_fail(peer, err < 0 ? err : -ECONNRESET, "the connection broke");
	}
	peer_watch(peer);
}
