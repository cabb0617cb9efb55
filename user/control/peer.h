/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One end of a channel: a TCP connection, TLS, whole messages in and out, ping and pong once a
 * second. Runs on a libuv loop; never blocks. The relay's half, the listener, limits handshakes per
 * address and in all.
 */
#ifndef DETOUR_CONTROL_PEER_H
#define DETOUR_CONTROL_PEER_H

#include <uv.h>

#include "user/control/tls.h"
#include "user/control/wire.h"

#define PEER_PING_MS	  1000
#define PEER_DEAD_MS	  3000 /* nothing heard for so long: dead */
#define PEER_HANDSHAKE_MS 5000

struct peer;

/* Any of these may call peer_close() on the peer that it is told of. */
struct peer_callbacks {
	/*
	 * The channel is up and may be sent on: TLS is done and the other side's certificate is
	 * good. At the relay, send HELLO first of all; at the agent, the relay has judged the
	 * agent's certificate too, for its HELLO is here (message() gets it next).
	 */
	void (*ready)(void *owner, struct peer *peer);
	/*
	 * A message, of a type that the other side may send; pings and pongs are dealt with
	 * before this. It is gone when the callback returns.
	 */
	void (*message)(void *owner, struct peer *peer, const struct wire_message *message);
	/*
	 * The last call about this peer, which is gone afterwards. `err` is -errno, 0: closed by
	 * the other side in order; `reason` says more ("the certificate has been revoked"); it is
	 * gone when the callback returns.
	 * Not called after peer_close(), nor for an accepted peer that ready() never told of.
	 */
	void (*closed)(void *owner, struct peer *peer, int err, const char *reason);
	/*
	 * Listener only, may be NULL: a handshake failed, and nobody else hears of it. Anybody
	 * can cause this at will: a log of it needs a limit on its rate.
	 */
	void (*refused)(void *owner, const struct endpoint *remote, int err, const char *reason);
};

/*
 * Connects from `local` (NULL: any; port 0) to `remote`; the relay's certificate must bear the
 * name `name`. Errors that come at once are returned; later ones come by closed().
 */
int peer_connect(uv_loop_t *loop, struct tls_context *context, const struct endpoint *local,
		 const struct endpoint *remote, const char *name,
		 const struct peer_callbacks *callbacks, void *owner, struct peer **ret_peer);

/*
 * Queues a message. -ENOBUFS: the other side does not read; -EPIPE or another errno: the connection
 * broke. Both close the peer from the loop, with a call of closed(). -ENOTCONN: not ready yet, or
 * closing; -EINVAL: as wire_encode().
 */
int peer_send(struct peer *peer, const struct wire_message *message);

/* Closes without a callback; NULL is fine. */
void peer_close(struct peer *peer);

/*
 * Judges the other side's certificate by another context (a reloaded CRL or CA); if it does not
 * pass, the peer is closed, from the loop: closed(-EKEYREJECTED, "... revoked").
 */
void peer_recheck(struct peer *peer, struct tls_context *context);

/* The identity in the other side's certificate; valid from ready() on. */
const char *peer_identity(const struct peer *peer);
const struct endpoint *peer_local(const struct peer *peer);
const struct endpoint *peer_remote(const struct peer *peer);
/* Smoothed round trip time of ping and pong (RFC 6298 weights), microseconds; 0: none yet. */
uint32_t peer_rtt_us(const struct peer *peer);
void peer_set_owner(struct peer *peer, void *owner);

struct peer_listener;

struct peer_listener_counters {
	uint64_t accepted;	   /* connections; each then ends up in one of the next four */
	uint64_t refused_limit;	   /* too many handshakes under way */
	uint64_t handshake_failed; /* no TLS, no certificate, or a bad one */
	uint64_t handshake_timeout;
	uint64_t ready;
};

/*
 * Listens at `listen` ("[::]:p" takes IPv4 too); an accepted peer whose handshake succeeds comes by
 * callbacks->ready(owner, peer). At most 8 handshakes under way per address (IPv6: per /64), 256
 * in all: then the oldest gives way.
 */
int peer_listener_new(uv_loop_t *loop, struct tls_context *context, const struct endpoint *listen,
		      const struct peer_callbacks *callbacks, void *owner,
		      struct peer_listener **ret_listener);
/*
 * New connections use another context (a reloaded CRL or certificate), and peer_recheck() judges
 * those that this listener has accepted.
 */
void peer_listener_set_context(struct peer_listener *listener, struct tls_context *context);
/* Where it listens: the port that the kernel chose, if 0 was asked for. */
const struct endpoint *peer_listener_endpoint(const struct peer_listener *listener);
const struct peer_listener_counters *peer_listener_counters(const struct peer_listener *listener);
/* Stops listening; peers that are ready stay, handshakes under way end. NULL is fine. */
void peer_listener_free(struct peer_listener *listener);

#endif /* DETOUR_CONTROL_PEER_H */
