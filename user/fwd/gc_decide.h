/* SPDX-License-Identifier: BSD-2-Clause */
/* When a flow is over (RFC 5382, section 5). Pure. */
#ifndef DETOUR_FWD_GC_DECIDE_H
#define DETOUR_FWD_GC_DECIDE_H

#include <stdbool.h>
#include <stdint.h>

#include <detour/flow.h>

struct gc_timeouts {
	uint64_t established_ns; /* idle, both handshakes done, nothing closed */
	uint64_t transitory_ns;	 /* idle, half open or half closed */
};

enum gc_verdict {
	GC_KEEP,
	GC_TIMEOUT, /* idle for too long */
	GC_CLOSED,  /* ended by FIN or RST, and silent for the transitory timeout since */
	GC_HALF,    /* the other direction is missing */
};

/* How long one direction may stand alone: BPF inserts two entries, one after the other. */
#define GC_HALF_NS (10 * 1000000000ULL)

/*
 * False: `entry` alone says that its flow goes on, or that the other direction's entry will tell: a
 * look costs system calls, and a walk meets both. `halves`: also look for the client's direction
 * without the server's, which only a daemon that was killed leaves behind.
 */
bool gc_needs_look(const struct flow_entry *entry, uint64_t now_ns,
		   const struct gc_timeouts *timeouts, bool halves);

/* `other`: the other direction's entry, NULL if there is none. */
enum gc_verdict gc_decide(const struct flow_entry *entry, const struct flow_entry *other,
			  uint64_t now_ns, const struct gc_timeouts *timeouts);

#endif /* DETOUR_FWD_GC_DECIDE_H */
