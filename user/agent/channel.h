/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The lasting connection to one relay, from one uplink, in one address family: found by name,
 * connected, kept, connected again. Its leases are cached here.
 */
#ifndef DETOUR_AGENT_CHANNEL_H
#define DETOUR_AGENT_CHANNEL_H

#include <uv.h>

#include "user/agent/lease_cache.h"
#include "user/agent/policy.h"
#include "user/agent/resolver.h"
#include "user/control/peer.h"

#define CHANNEL_ERROR_LEN 128

enum channel_state {
	CHANNEL_IDLE, /* its uplink has no address, or it was not started */
	CHANNEL_RESOLVING,
	CHANNEL_CONNECTING, /* TCP, TLS, until the relay's hello */
	CHANNEL_UP,
	CHANNEL_WAITING, /* for the next try */
};

/* What became of a lease that a connection waited for. `detour` is NULL on an error. */
struct channel_answer {
	uint32_t path;
	uint32_t token;
	const struct endpoint *server;
	const struct endpoint *detour;
	int err; /* -EACCES: denied; -EDQUOT: a limit; -ETIMEDOUT; -ENETUNREACH; -ECONNRESET ... */
};

struct channel_callbacks {
	void (*changed)(void *owner); /* up, down, or addresses learned */
	void (*lease)(void *owner, const struct channel_answer *answer);
};

struct channel_setup {
	uv_loop_t *loop;
	struct tls_context *tls;
	const struct agent_relay *relay;
	int family;
	uint32_t index;			    /* of its path */
	struct policy_path *path;	    /* which the channel keeps up to date */
	const struct policy_uplink *uplink; /* NULL: the routing table decides */
	const struct channel_callbacks *callbacks;
	void *owner;
};

struct channel {
	struct channel_setup setup;
	enum channel_state state;
	struct resolver *resolver;
	uv_timer_t *timer;
	struct endpoint targets[RESOLVER_MAX];
	size_t target_count, next_target;
	struct peer *peer;
	unsigned int failures; /* since it was up */
	uint32_t next_request;
	struct lease_cache leases;
	uint32_t lease_grace_s, max_leases;
	uint64_t since_us;	       /* of the state */
	char error[CHANNEL_ERROR_LEN]; /* the last one, for people */
};

int channel_new(const struct channel_setup *setup, struct channel **ret_channel);
void channel_free(struct channel *channel);

/* Starts; or, after its uplink changed, starts again from the uplink's address of now. */
void channel_start(struct channel *channel);

/* Tries at once, if it waits for its next try. */
void channel_hurry(struct channel *channel);

/* Once a second: RTT, requests that got no answer, leases that nobody uses. */
void channel_tick(struct channel *channel, uint64_t now_us);

/*
 * The lease for `server`. 0 and *ret_detour: there is one. -EINPROGRESS: it is asked for, and
 * lease() tells the connection `token`. -ENOTCONN: the channel is not up.
 */
int channel_lease(struct channel *channel, const struct endpoint *server, uint32_t token,
		  struct endpoint *ret_detour);

/* A connection still uses the lease. */
void channel_lease_used(struct channel *channel, const struct endpoint *server, uint64_t now_us);

const char *channel_state_word(enum channel_state state);

#endif /* DETOUR_AGENT_CHANNEL_H */
