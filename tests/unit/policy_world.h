/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A small world for the policy: three relays, a server, a clock that rows move. Steps go in as
 * events, actions come out as text, and opened subflows behave as the kernel's would.
 */
#ifndef DETOUR_TESTS_POLICY_WORLD_H
#define DETOUR_TESTS_POLICY_WORLD_H

#include "user/agent/policy.h"

enum { FRA, AMS, NYC, RELAYS, FIRST = 100, DIRECT, ANNOUNCED };

enum step_what {
	STEP_END,    /* of the row */
	CONN,	     /* a new connection; the one before is forgotten */
	ACK,	     /* SUB_ESTABLISHED for `who` */
	CLOSE,	     /* SUB_CLOSED, with `error` */
	CLOSE_SYN,   /* the same as the kernel tells it of a destroyed SYN: remote port 0 */
	FAIL,	     /* `who` could not be opened: -`error` */
	TICK,	     /* a second's end; subflows without PROGRESS or STUCK are idle */
	UP,	     /* relay `who` */
	AWAY,	     /* its daemon is gone, the host answers */
	SILENT,	     /* the host is dead */
	PROGRESS,    /* data flows over `who` */
	STUCK,	     /* data does not: segments in flight */
	GONE,	     /* the local address; relays come UP from the next one */
	ANNOUNCE,    /* the server announces its address number `who` */
	REMOVE,	     /* the server removes address id `who` */
	UPLINK_DOWN, /* uplink number `who` */
	UPLINK_UP,
};

struct step {
	unsigned int ms; /* since the step before */
	enum step_what what;
	unsigned int who;
	int error;
	const char *expect; /* NULL: "" */
};

#define STEPS_MAX 24

struct scenario {
	const char *name;
	uint32_t detours;    /* Subflows= */
	unsigned int relays; /* that are up at first, in the order FRA, AMS, NYC */
	bool uplinks;	     /* 10.9.0.1 as `role1`, 10.8.0.1 as `role2`; relays over the first */
	enum uplink_role role1, role2;
	struct pm_limits limits;
	struct step steps[STEPS_MAX];
};

/* Fails the running test if a step's actions are not those expected. */
void scenario_run(const struct scenario *scenario);

#endif /* DETOUR_TESTS_POLICY_WORLD_H */
