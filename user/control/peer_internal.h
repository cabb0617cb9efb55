/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A peer's inside: peer.c has its life and its clock, peer_io.c moves bytes and messages,
 * listener.c accepts. Nobody else includes this.
 */
#ifndef DETOUR_CONTROL_PEER_INTERNAL_H
#define DETOUR_CONTROL_PEER_INTERNAL_H

#include "user/control/peer.h"
#include "user/control/tls_session.h"

#define PEER_IN_SIZE  4096
#define PEER_OUT_MAX  65536 /* more than this waits for the other side to read: it is cut */
#define PEER_OUT_HIGH 16384 /* more than this waits: nothing more is read from it */

enum peer_state {
	PEER_CONNECTING, /* TCP */
	PEER_HANDSHAKE,	 /* TLS */
	PEER_WAIT_HELLO, /* agent: our side is content, the relay has not said that it is */
	PEER_READY,
	PEER_CLOSED, /* no calls any more; freed when the loop has let go of the handles */
};

struct peer {
	enum peer_state state;
	bool is_relay; /* this side: accepted, not connected */
	uv_poll_t poll;
	uv_timer_t timer;
	unsigned int open_handles;
	int fd;
	struct tls_session *session;
	struct peer_callbacks callbacks;
	void *owner;
	struct endpoint local, remote;

	uint64_t started_ms, heard_ms, pinged_ms; /* uv_now() */
	uint32_t ping_id;
	uint32_t rtt_us;

	int failed; /* -errno: to be closed from the loop, for ... */
	const char *failed_reason;

	bool batching; /* what is sent now leaves when the messages that came are all answered */
	size_t in_len;
	uint8_t in[PEER_IN_SIZE];
	size_t out_start, out_end, out_size;
	uint8_t *out; /* encoded messages from out_start to out_end */

	struct peer_listener *listener; /* NULL at the agent, and when the listener is gone */
	bool admitted;			/* counted among the listener's handshakes */
	struct peer *prev, *next;	/* of the listener's list */
};

/* A peer on `fd`, which it owns from now on, also when this fails. */
int peer_new(uv_loop_t *loop, struct tls_context *context, int fd, const char *relay_name,
	     const struct peer_callbacks *callbacks, void *owner, struct peer **ret_peer);

/* Ends the peer and tells its owner (or its listener). Does nothing to a closed one. */
void peer_fail(struct peer *peer, int err, const char *reason);

/* The same, but from the loop: the caller may go on using the peer. */
void peer_fail_later(struct peer *peer, int err, const char *reason);

/* Says that the channel is up, to the owner. */
void peer_set_ready(struct peer *peer);

/* Sets the timer for what is due next. */
void peer_schedule(struct peer *peer);

/* peer_io.c */
void peer_on_poll(uv_poll_t *poll, int status, int events);
void peer_read(struct peer *peer);
void peer_flush(struct peer *peer);
/* Asks the loop for what the peer waits for. */
void peer_watch(struct peer *peer);

/* listener.c: what became of an accepted peer. */
void listener_peer_ready(struct peer_listener *listener, struct peer *peer);
void listener_peer_refused(struct peer_listener *listener, struct peer *peer, int err,
			   const char *reason);
void listener_peer_gone(struct peer_listener *listener, struct peer *peer);

#endif /* DETOUR_CONTROL_PEER_INTERNAL_H */
