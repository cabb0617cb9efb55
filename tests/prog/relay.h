/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The relay's programs under BPF_PROG_TEST_RUN: loads the XDP or the TC skeleton with maps of its
 * own, fills these, runs packets and tells the verdict by the counters.
 */
#ifndef DETOUR_TEST_RELAY_H
#define DETOUR_TEST_RELAY_H

#include <detour/config.h>
#include <detour/event.h>
#include <detour/verdict.h>
#include "packet.h"

/* The ends of the flows that most tests have, one of each family. */
#define CLIENT4                       \
	{                             \
		"198.51.100.7", 40000 \
	}
#define DETOUR4                    \
	{                          \
		"192.0.2.1", 10005 \
	}
#define SOURCE4                    \
	{                          \
		"192.0.2.2", 20001 \
	}
#define SERVER4                    \
	{                          \
		"203.0.113.9", 443 \
	}
#define CLIENT6                        \
	{                              \
		"2001:db8:1::7", 40000 \
	}
#define DETOUR6                        \
	{                              \
		"2001:db8:2::1", 10005 \
	}
#define SOURCE6                        \
	{                              \
		"2001:db8:2::2", 20001 \
	}
#define SERVER6                      \
	{                            \
		"2001:db8:3::9", 443 \
	}

enum hook {
	HOOK_XDP,
	HOOK_TC,
	HOOK_COUNT,
};

struct ring_buffer;

/* Names of the fields are the maps'. */
struct relay {
	enum hook hook;
	void *skeleton;
	int prog, flows, leases, nexthops, identities, local_addrs, ports_busy, verdicts;
	struct ring_buffer *ring;
	struct detour_event last_event;
	unsigned int events;
};

/* What every relay of the tests has: detour ports 10000-10999, source ports 20000-29999. */
extern const struct detour_config relay_config;

/* Loads; `flows_max` entries of the flow table, 0: 1024. Fails the test if it cannot. */
void relay_load(struct relay *ret_relay, enum hook hook, const struct detour_config *config,
		unsigned int flows_max);
void relay_unload(struct relay *relay);
const char *relay_hook_name(enum hook hook);

/*
 * Runs a packet as it came in by `ifindex` (0: loopback); gives the verdict, of which exactly one
 * must have been counted and fit what the program returned, and the packet as it is afterwards.
 */
int relay_run(struct relay *relay, const struct packet *in, struct packet *ret_out);
const char *relay_verdict_name(int verdict);

/* Whether TEST_RUN takes a packet this short (at TC it wants a whole IP header). Counts if so. */
bool relay_takes(struct relay *relay, const struct packet *in);

/* Runs a packet without a look at the counters; gives the program's return value. */
uint32_t relay_run_fast(struct relay *relay, const struct packet *in, struct packet *ret_out);

/* Whether the return value means "left to the kernel", "dropped", "sent". */
bool relay_passed(enum hook hook, uint32_t value);
bool relay_dropped(enum hook hook, uint32_t value);

/* Both entries of the flow client -> relay port, relay source port -> server; identity 1. */
void relay_add_flow(struct relay *relay, struct end client, struct end detour, struct end source,
		    struct end server);

/* The flows of the ends above. */
void relay_add_usual_flows(struct relay *relay);

/* A lease of identity 1. FOR_EVER: it does not expire. */
#define FOR_EVER (~0ull)
void relay_add_lease(struct relay *relay, const char *client, struct end detour, const char *source,
		     struct end server, uint64_t expires_ns);
void relay_delete_lease(struct relay *relay, const char *client, struct end detour);
void relay_clear_flows(struct relay *relay);

/* Next hop slots: 1 towards the server, 2 towards the client. */
void relay_set_nexthop(struct relay *relay, uint32_t slot, const struct nexthop_entry *hop);
void relay_set_identity(struct relay *relay, uint32_t max_flows, uint64_t new_flow_ns,
			uint64_t burst_ns);
uint32_t relay_flows_of_identity(struct relay *relay);
void relay_add_local(struct relay *relay, const char *addr);
void relay_set_port_busy(struct relay *relay, uint16_t port, bool busy);
bool relay_get_flow(struct relay *relay, const struct flow_key *key, struct flow_entry *ret_entry);
unsigned int relay_count_flows(struct relay *relay);

/* Takes the events; the number of new ones, of which `last_event` is the last. */
unsigned int relay_take_events(struct relay *relay);
uint64_t relay_verdict_count(struct relay *relay, int verdict);

#endif /* DETOUR_TEST_RELAY_H */
