/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is to be done about a connection, as a pure function: its state, what the world looks like
 * and an event go in, a list of actions comes out. Nothing here talks to the kernel or to a relay.
 */
#ifndef DETOUR_AGENT_POLICY_H
#define DETOUR_AGENT_POLICY_H

#include "user/agent/conn.h"
#include "user/agent/servers.h"
#include "user/conf/agent_config.h"
#include "user/pm/command.h"
#include "user/pm/event.h"

#define POLICY_SYN_US	  (5 * 1000 * 1000ULL)	 /* a SYN without an answer has vanished */
#define POLICY_REJECT_US  (2 * 1000 * 1000ULL)	 /* closed so soon: the server does not want it */
#define POLICY_VERDICT_US (1000 * 1000ULL)	 /* and the connection outlived it by this */
#define POLICY_CLOSING_US (2 * 1000 * 1000ULL)	 /* an event that does not come is not waited for */
#define POLICY_DEAD_US	  (1500 * 1000ULL)	 /* no progress through a silent relay */
#define POLICY_STALL_US	  (3 * 1000 * 1000ULL)	 /* no progress with data in flight, no channel */
#define POLICY_DENIED_US  (600 * 1000 * 1000ULL) /* a relay that denies a server */

/* A way to a relay: one channel, from one uplink, in one address family. */
struct policy_path {
	uint32_t relay;
	enum uplink_role role;
	unsigned int ifindex;	  /* of the uplink; 0: the routing table decides */
	struct detour_addr local; /* of the channel, and so of its detours; valid when up */
	bool up;
	bool silent;	  /* went down because nothing was heard: the host may be dead */
	uint64_t down_us; /* since when */
	uint32_t rtt_us;  /* 0: not known */
};

/* An uplink's address in one family. */
struct policy_uplink {
	struct detour_addr addr;
	unsigned int ifindex;
	enum uplink_role role;
	bool usable;
};

struct policy_relay_addr {
	struct detour_addr addr;
	uint32_t relay;
};

struct policy_world {
	uint64_t now_us;
	uint64_t round_us; /* samples since then are this second's */
	const struct policy_path *paths;
	size_t path_count;
	const struct policy_uplink *uplinks; /* none: the routing table decides */
	size_t uplink_count;
	const struct policy_relay_addr
		*relay_addrs; /* all addresses that relays are known to have */
	size_t relay_addr_count;
	const struct prefix *exclude;
	size_t exclude_count;
	uint32_t max_detours; /* Subflows= */
	bool adapts;	      /* the congestion program is there (bpf/client_congestion.bpf.c) */
	struct pm_limits limits;
	struct servers *servers;
};

enum policy_event_type {
	POLICY_ESTABLISHED, /* the connection is new, or was found by a resync */
	POLICY_PM,	    /* `pm`: an event about its subflows or the server's addresses */
	POLICY_OPEN_FAILED, /* `subflow` could not be opened: `error` */
	POLICY_ADDR_GONE,   /* `addr` is no longer this host's */
	POLICY_WORLD,	    /* relays or uplinks have changed */
	POLICY_TICK,	    /* once a second */
};

struct policy_event {
	enum policy_event_type type;
	const struct pm_event *pm;
	struct subflow *subflow;
	/* -EINVAL, -ENOTCONN ... from the kernel; -EACCES: the relay denies the server; others */
	int error;
	const struct detour_addr *addr;
};

enum policy_action_type {
	POLICY_OPEN,	  /* get a lease if it is a detour, then SUBFLOW_CREATE */
	POLICY_DESTROY,	  /* REMOVE its id, so that the server lets go of it, and SUBFLOW_DESTROY */
	POLICY_BACKUP,	  /* tell both sides whether `subflow` is a backup */
	POLICY_REMOVE_ID, /* tell the server that local id 0, the first address, is gone */
	POLICY_OPENED,	  /* no action: `subflow` is established */
	POLICY_CLOSED,	  /* no action: `subflow` is closed, and freed after the actions are done */
};

struct policy_action {
	enum policy_action_type type;
	struct subflow *subflow;
	const char *reason; /* why, for people */
};

#define POLICY_ACTIONS_MAX 32

/* More than fit are left to the next event: the policy looks at the state, not at the change. */
struct policy_actions {
	struct policy_action items[POLICY_ACTIONS_MAX];
	size_t count;
};

/* Changes `conn` as the event says and adds what is to be done to `actions`. */
void policy_run(struct conn *conn, const struct policy_world *world,
		const struct policy_event *event, struct policy_actions *actions);

/* Why a connection is not the agent's business: "loopback", "excluded" ...; NULL: it is. */
const char *policy_hands_off(const struct conn *conn, const struct policy_world *world);

/*
 * Tells a detour by its relay's address: sets kind and relay of a subflow of unknown kind, which is
 * adopted then, and the path of a detour as soon as the channel is up.
 */
void policy_recognise(const struct conn *conn, const struct policy_world *world,
		      struct subflow *subflow);

/*
 * A subflow of this agent's previous life, which may have ended before it set the flag of a backup
 * uplink's subflow: it is set then. (policy_set.c)
 */
void policy_adopt(const struct policy_world *world, struct subflow *subflow);

/* The best path for one more detour of `conn`; PATH_NONE. (policy_paths.c) */
uint32_t policy_choose_path(const struct conn *conn, const struct policy_world *world);

/* Whether a role takes part now: handover does when nothing better of that family is left. */
bool policy_role_active(const struct policy_world *world, enum uplink_role role, int family);

void policy_add_action(struct policy_actions *actions, enum policy_action_type type,
		       struct subflow *subflow, const char *reason);

/* What `relay` is for direct subflows in a connection's list of back-offs. */
uint32_t policy_direct_key(unsigned int ifindex);

/* Opens and closes subflows until the connection is as it should be. (policy_set.c) */
void policy_reconcile(struct conn *conn, const struct policy_world *world,
		      struct policy_actions *actions);

/* Whether it is used only when there is no other, from now on; `reason` is for people. (policy_set.c) */
void policy_set_backup(struct subflow *subflow, bool backup, const char *reason);

/* Makes backups of subflows that hold the connection back; once a second. (policy_harm.c) */
void policy_do_no_harm(struct conn *conn, const struct policy_world *world);

/* `subflow` was found as a backup: harm made it one, and it is tried again in a while. (policy_harm.c) */
void policy_rest(struct subflow *subflow);

/* Starts a subflow's end. */
void policy_destroy(struct subflow *subflow, const struct policy_world *world,
		    struct policy_actions *actions, const char *reason);

#endif /* DETOUR_AGENT_POLICY_H */
