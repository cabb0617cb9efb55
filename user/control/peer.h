/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One end of a channel: a TCP (MPTCP where the kernel has it) connection, TLS, whole messages in
 * and out, ping and pong once a second. Runs on a libuv loop; never blocks. The server's half, listener, limits
 * handshakes per address and in all.
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

struct peer_callbacks {
	/* TLS is up and the other side's certificate is good. */
	void (*ready)(void *owner, struct peer *peer);
	/* A message; pings and pongs are dealt with before this. */
	void (*message)(void *owner, struct peer *peer, const struct wire_message *message);
	/* The last call about this peer, which is gone afterwards. `err` is -errno, 0: closed by the other side
	   in order; `reason` says more ("certificate revoked"). Not called after peer_close(). */
	void (*closed)(void *owner, struct peer *peer, int err, const char *reason);
};

/*
 * Connects from `local` (NULL: any; port 0) to `remote`; the relay's certificate must bear the
 * name `name`. Errors that come at once are returned; later ones come by closed().
 */
int peer_connect(uv_loop_t *loop, struct tls_context *context, const struct endpoint *local,
		 const struct endpoint *remote, const char *name,
		 const struct peer_callbacks *callbacks, void *owner, struct peer **ret_peer);

/* Queues a message; -ENOBUFS: the other side does not read, the peer is closed from the loop. */
int peer_send(struct peer *peer, const struct wire_message *message);

/* Closes without a callback; NULL is fine. */
void peer_close(struct peer *peer);

/* The identity in the other side's certificate; valid from ready() on. */
const char *peer_identity(const struct peer *peer);
const struct endpoint *peer_local(const struct peer *peer);
const struct endpoint *peer_remote(const struct peer *peer);
/* Smoothed round trip time of ping and pong (RFC 6298 weights), microseconds; 0: none yet. */
uint32_t peer_rtt_us(const struct peer *peer);
void peer_set_owner(struct peer *peer, void *owner);

struct peer_listener;

struct peer_listener_counters {
	uint64_t accepted, refused_limit, handshake_failed, handshake_timeout;
};

/*
 * Listens at `listen` ("[::]:p" takes IPv4 too); an accepted peer whose handshake succeeds comes by
 * callbacks->ready(owner, peer). At most 8 handshakes under way per address (IPv6: per /64), 256
 * in all.
 */
int peer_listener_new(uv_loop_t *loop, struct tls_context *context, const struct endpoint *listen,
		      const struct peer_callbacks *callbacks, void *owner,
		      struct peer_listener **ret_listener);
/* New connections use another context (a reloaded CRL or certificate). */
void peer_listener_set_context(struct peer_listener *listener, struct tls_context *context);
const struct peer_listener_counters *peer_listener_counters(const struct peer_listener *listener);
void peer_listener_free(struct peer_listener *listener);

#endif /* DETOUR_CONTROL_PEER_H */
