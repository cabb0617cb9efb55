/* SPDX-License-Identifier: BSD-2-Clause */
/* A connection and its subflows as the agent knows them. Pure: no kernel, no loop. */
#ifndef DETOUR_AGENT_CONN_H
#define DETOUR_AGENT_CONN_H

#include <stdbool.h>
#include <stdint.h>

#include <uthash.h>

#include "user/agent/backoff.h"
#include "user/base/addr.h"
#include "user/net/diag.h"

#define PATH_NONE  UINT32_MAX
#define RELAY_NONE UINT32_MAX

enum subflow_kind {
	SUBFLOW_INITIAL,   /* the application's own */
	SUBFLOW_DETOUR,	   /* through a relay */
	SUBFLOW_DIRECT,	   /* to the server from another address, or instead of a lost first one */
	SUBFLOW_ANNOUNCED, /* to an address that the server announced */
	SUBFLOW_OTHER,	   /* somebody else's */
};

enum subflow_state {
	SUBFLOW_WANTED,	    /* its lease has been asked for */
	SUBFLOW_CONNECTING, /* SYN sent */
	SUBFLOW_ESTABLISHED,
	SUBFLOW_CLOSING, /* destroyed; the event is awaited */
};

/* Does it hold its connection back? (policy_harm.c) */
enum subflow_harm {
	HARM_UNKNOWN,
	HARM_TRIED,	/* it is a backup to see */
	HARM_DONE,	/* it is a backup for a while */
	HARM_NONE_DONE, /* the connection was slower without it: it is left alone for a while */
};

struct subflow {
	struct subflow *prev, *next;
	enum subflow_kind kind;
	enum subflow_state state;
	struct endpoint local;
	struct endpoint remote;
	uint32_t path;	/* index of the policy's path, for a detour */
	uint32_t relay; /* the path's relay; RELAY_NONE: not a detour, or one not recognised yet */
	uint8_t loc_id, rem_id;
	bool backup;
	uint8_t backup_tries; /* left to tell the kernel once more, after the handshake */
	uint16_t harm_points; /* in HARM_UNKNOWN: so much until the trial */
	uint16_t harm_s;      /* busy seconds in HARM_TRIED, seconds in those that rest */
	uint16_t rest_s;      /* how long HARM_DONE or HARM_NONE_DONE lasts */
	bool may_adapt;	      /* another congestion control may come, says the last sample */
	enum subflow_harm harm;
	uint64_t rate_before;	   /* the connection's, bytes/s, while it did harm */
	uint64_t rate_after;	   /* the same on trial */
	const char *backup_reason; /* why the agent made it one */
	bool was_destroyed;	   /* by this agent */
	bool local_gone;	   /* its address has vanished from this host */
	bool lease_fresh;	   /* the lease was asked for this subflow, not cached */
	unsigned int ifindex;	   /* bound to this uplink; 0: the routing table decides */
	uint64_t asked_us; /* when policy wanted it: for the first ones the ESTABLISHED event */
	uint64_t since_us; /* when it came into its state */
	uint32_t setup_us; /* from asked_us to SUB_ESTABLISHED; 0: found by a resync */
	/* Samples (sample.c). */
	bool sampled;
	struct diag_info info;
	uint64_t rate;		/* bytes/s sent and received over the last interval */
	uint32_t lost;		/* segments sent again in it */
	uint32_t lost_permille; /* of the segments sent in it */
	uint64_t sampled_us;
	uint64_t progress_us; /* last time that bytes were acknowledged or received */
};

struct conn {
	UT_hash_handle hh;
	uint32_t token;
	struct endpoint local, remote; /* of the first subflow: the remote one is the server */
	struct subflow *subflows;
	uint8_t last_id;       /* the local id given out last */
	const char *hands_off; /* why this connection is left alone; NULL: it is not */
	bool direct_lost;      /* the first subflow broke: a direct one is wanted again */
	uint64_t established_us;
	uint64_t rejected_us;  /* a subflow was rejected then; 0: none, or judged already */
	uint32_t reject_count; /* subflows besides the first that there were at that time */
	uint32_t limit;	       /* how many the server takes */
	uint64_t limit_until_us;
	uint64_t hold_until_us;	      /* open nothing before: it may just be ending */
	uint32_t announced;	      /* subflows made to announced addresses */
	struct backoff_list backoffs; /* by relay */
};

int conn_new(uint32_t token, const struct endpoint *local, const struct endpoint *remote,
	     struct conn **ret_conn);
void conn_free(struct conn *conn);

/* NULL: no memory. The subflow belongs to the connection. */
struct subflow *conn_add_subflow(struct conn *conn, enum subflow_kind kind,
				 const struct endpoint *local, const struct endpoint *remote);
void conn_remove_subflow(struct conn *conn, struct subflow *subflow);

/* By its exact ends. */
struct subflow *conn_find_subflow(const struct conn *conn, const struct endpoint *local,
				  const struct endpoint *remote);

/*
 * The subflow that an event is about: by its exact ends, but the remote port of a SYN that was
 * destroyed comes as 0.
 */
struct subflow *conn_match_subflow(const struct conn *conn, const struct endpoint *local,
				   const struct endpoint *remote);

/*
 * A local id that no subflow of the connection has, 1 to 255, the longest unused one first. Each
 * subflow that the agent makes has its own: so RM_ADDR can name it alone. 0: all are in use.
 */
uint8_t conn_take_id(struct conn *conn);

/* Not closing, and its address is still there. */
bool subflow_is_live(const struct subflow *subflow);
const char *subflow_kind_word(enum subflow_kind kind);
const char *subflow_state_word(enum subflow_state state);

#endif /* DETOUR_AGENT_CONN_H */
