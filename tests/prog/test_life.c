/* SPDX-License-Identifier: BSD-2-Clause */
/* Flows from SYN to end: limits, ports, the full table, races, FIN and RST, reopening. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <bpf/bpf.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include "relay.h"

static const uint8_t join[] = {1, 1, 1, 1, 30, 12, 0x10, 1, 1, 2, 3, 4, 5, 6, 7, 8};

static const struct end detour = DETOUR4, server = SERVER4;

static void start(struct relay *relay, enum hook hook, const struct detour_config *config,
		  unsigned int flows_max)
{
	relay_load(relay, hook, config, flows_max);
	relay_add_lease(relay, "198.51.100.7", detour, "192.0.2.2", server, FOR_EVER);
	relay_add_local(relay, "192.0.2.1");
}

static int send(struct relay *relay, struct end from, struct end to, uint8_t tcp_flags,
		struct packet *ret_out)
{
	struct packet_spec spec = {from, to, tcp_flags};
	struct packet in;

	if (tcp_flags == SYN) {
		spec.options = join;
		spec.option_len = sizeof(join);
	}
	packet_build(&in, &spec);
	return relay_run(relay, &in, ret_out);
}

/* A SYN from one of the client's ports. */
static int send_syn(struct relay *relay, uint16_t port)
{
	struct packet out;

	return send(relay, (struct end){"198.51.100.7", port}, detour, SYN, &out);
}

/* Where the server sees the last flow come from. */
static struct end source_of_last(struct relay *relay)
{
	const struct flow_key *seen = &relay->last_event.server;

	return (struct end){"192.0.2.2", __builtin_bswap16(seen->src_port_be)};
}

static void an_identity_has_so_many_flows(struct relay *relay)
{
	relay_set_identity(relay, 2, 0, 0);
	assert_int_equal(send_syn(relay, 1001), DETOUR_FORWARD_NEW);
	assert_int_equal(send_syn(relay, 1002), DETOUR_FORWARD_NEW);
	assert_int_equal(send_syn(relay, 1003), DETOUR_DROP_FLOW_LIMIT);
	assert_int_equal(relay_flows_of_identity(relay), 2);
	/* Those that are there go on. */
	assert_int_equal(send_syn(relay, 1001), DETOUR_FORWARD);
	relay_set_identity(relay, 0, 0, 0);
	assert_int_equal(send_syn(relay, 1004), DETOUR_DROP_FLOW_LIMIT);
	assert_int_equal(relay_count_flows(relay), 4);
}

static void an_identity_makes_flows_so_fast(struct relay *relay)
{
	/* One an hour, and two more in a burst. */
	uint64_t hour = 3600ull * 1000000000;

	relay_set_identity(relay, 100, hour, 2 * hour);
	for (int port = 1001; port <= 1003; port++)
		assert_int_equal(send_syn(relay, port), DETOUR_FORWARD_NEW);
	assert_int_equal(send_syn(relay, 1004), DETOUR_DROP_FLOW_RATE);
	assert_int_equal(relay_flows_of_identity(relay), 3);
	assert_int_equal(relay_count_flows(relay), 6);
}

static void a_flow_ends_with_both_fins(struct relay *relay)
{
	struct end client = {"198.51.100.7", 1001}, source;
	struct packet out;

	assert_int_equal(send_syn(relay, 1001), DETOUR_FORWARD_NEW);
	assert_int_equal(relay_take_events(relay), 1);
	source = source_of_last(relay);
	assert_int_equal(send(relay, server, source, SYN | ACK, &out), DETOUR_FORWARD);
	assert_int_equal(send(relay, client, detour, ACK, &out), DETOUR_FORWARD);
	assert_int_equal(send(relay, client, detour, FIN | ACK, &out), DETOUR_FORWARD);
	assert_int_equal(relay_take_events(relay), 0);
	assert_int_equal(send(relay, server, source, FIN | ACK, &out), DETOUR_FORWARD);
	assert_int_equal(relay_take_events(relay), 1);
	assert_int_equal(relay->last_event.type, DETOUR_EVENT_FLOW_END);
	assert_int_equal(relay->last_event.packets_to_server, 3);
	assert_int_equal(relay->last_event.packets_to_client, 2);
	assert_int_equal(relay->last_event.bytes_to_client, 80);
	/* Retransmissions go on, and end nothing twice. */
	assert_int_equal(send(relay, server, source, FIN | ACK, &out), DETOUR_FORWARD);
	assert_int_equal(send(relay, client, detour, FIN | ACK, &out), DETOUR_FORWARD);
	assert_int_equal(send(relay, client, detour, RST, &out), DETOUR_FORWARD);
	assert_int_equal(relay_take_events(relay), 0);
}

static void a_flow_ends_with_a_reset(struct relay *relay)
{
	struct packet out;

	assert_int_equal(send_syn(relay, 1001), DETOUR_FORWARD_NEW);
	assert_int_equal(relay_take_events(relay), 1);
	assert_int_equal(send(relay, server, source_of_last(relay), RST | ACK, &out),
			 DETOUR_FORWARD);
	assert_int_equal(relay_take_events(relay), 1);
	assert_int_equal(relay->last_event.type, DETOUR_EVENT_FLOW_END);
	assert_true(relay->last_event.seen_to_client & FLOW_SEEN_RST);
}

static void an_ended_flow_opens_again(struct relay *relay)
{
	struct flow_entry entry;
	struct packet out;
	struct end client = {"198.51.100.7", 1001};

	a_flow_ends_with_a_reset(relay);
	assert_int_equal(send_syn(relay, 1001), DETOUR_FORWARD_NEW);
	assert_int_equal(relay_take_events(relay), 1);
	assert_int_equal(relay->last_event.type, DETOUR_EVENT_FLOW_START);
	assert_int_equal(relay_count_flows(relay), 2);
	assert_int_equal(relay_flows_of_identity(relay), 1);
	assert_true(relay_get_flow(relay, &relay->last_event.client, &entry));
	assert_int_equal(entry.packets, 1);
	assert_int_equal(entry.seen, FLOW_SEEN_SYN);
	/* And ends again; without the lease it stays closed. */
	assert_int_equal(send(relay, client, detour, RST, &out), DETOUR_FORWARD);
	assert_int_equal(relay_take_events(relay), 1);
	relay_delete_lease(relay, "198.51.100.7", detour);
	assert_int_equal(send_syn(relay, 1001), DETOUR_DROP_NO_LEASE);
}

static void a_port_leased_anew_does_not_open_the_old_flow(struct relay *relay)
{
	a_flow_ends_with_a_reset(relay);
	relay_add_lease(relay, "198.51.100.7", detour, "192.0.2.2",
			(struct end){"203.0.113.10", 443}, FOR_EVER);
	assert_int_equal(send_syn(relay, 1001), DETOUR_DROP_NO_LEASE);
	assert_int_equal(send_syn(relay, 1002), DETOUR_FORWARD_NEW);
}

static void a_server_opens_nothing(struct relay *relay)
{
	struct packet out;

	a_flow_ends_with_a_reset(relay);
	assert_int_equal(send(relay, server, source_of_last(relay), SYN, &out),
			 DETOUR_DROP_NO_LEASE);
}

static void flows_outlive_their_lease(struct relay *relay)
{
	struct packet out;

	assert_int_equal(send_syn(relay, 1001), DETOUR_FORWARD_NEW);
	relay_delete_lease(relay, "198.51.100.7", detour);
	assert_int_equal(send_syn(relay, 1002), DETOUR_DROP_NO_LEASE);
	assert_int_equal(send(relay, (struct end){"198.51.100.7", 1001}, detour, ACK, &out),
			 DETOUR_FORWARD);
}

static void without_a_next_hop_nothing_is_made(struct relay *relay)
{
	struct nexthop_entry none = {0};

	relay_set_nexthop(relay, 1, &none);
	assert_int_equal(send_syn(relay, 1001), DETOUR_DROP_NO_NEXTHOP);
	assert_int_equal(relay_count_flows(relay), 0);
	/* A neighbour that is not resolved yet: TC lets the kernel ask for it. */
	none.ifindex = 7;
	relay_set_nexthop(relay, 1, &none);
	assert_int_equal(send_syn(relay, 1001),
			 relay->hook == HOOK_TC ? DETOUR_FORWARD_NEW : DETOUR_DROP_NO_NEXTHOP);
}

static void lost_events_are_counted(struct relay *relay)
{
	uint64_t made = 0;

	relay_set_identity(relay, 1000000, 0, 0);
	/* START events until the ring is full: 144 bytes each. */
	for (unsigned int i = 0; i < DETOUR_EVENTS_BYTES / 144 + 100; i++) {
		if (i % 400 == 0)
			relay_clear_flows(relay);
		made += send_syn(relay, 2000 + i) == DETOUR_FORWARD_NEW;
	}
	assert_int_equal(made, DETOUR_EVENTS_BYTES / 144 + 100);
	assert_int_equal(relay_verdict_count(relay, DETOUR_LOST_EVENT),
			 made - relay_take_events(relay));
	assert_true(relay_verdict_count(relay, DETOUR_LOST_EVENT) >= 100);
}

/* Each story with a relay of its own, at both hooks. */
static void stories(void **state)
{
	static void (*const all[])(struct relay * relay) = {
		an_identity_has_so_many_flows,
		an_identity_makes_flows_so_fast,
		a_flow_ends_with_both_fins,
		a_flow_ends_with_a_reset,
		an_ended_flow_opens_again,
		a_port_leased_anew_does_not_open_the_old_flow,
		a_server_opens_nothing,
		flows_outlive_their_lease,
		without_a_next_hop_nothing_is_made,
		lost_events_are_counted,
	};
	struct relay relay;

	(void)state;
	for (int hook = 0; hook < HOOK_COUNT; hook++) {
		for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
			start(&relay, hook, &relay_config, 0);
			all[i](&relay);
			relay_unload(&relay);
		}
	}
}

/* Five ports in three ranges, one of them a listener's: four flows, and then none. */
static void ports_run_out(void **state)
{
	struct detour_config config = relay_config;
	struct relay relay;

	(void)state;
	config.source_port_count = 5;
	config.source_ports[0] = (struct detour_port_range){20000, 20001};
	config.source_ports[1] = (struct detour_port_range){30000, 30000};
	config.source_ports[2] = (struct detour_port_range){40000, 40001};
	for (int hook = 0; hook < HOOK_COUNT; hook++) {
		start(&relay, hook, &config, 0);
		relay_set_port_busy(&relay, 30000, true);
		for (int i = 0; i < 4; i++)
			assert_int_equal(send_syn(&relay, 1001 + i), DETOUR_FORWARD_NEW);
		assert_int_equal(send_syn(&relay, 1005), DETOUR_DROP_NO_PORT);
		assert_int_equal(send_syn(&relay, 20000), DETOUR_DROP_NO_PORT);
		assert_int_equal(relay_flows_of_identity(&relay), 4);
		assert_int_equal(relay_count_flows(&relay), 8);
		relay_set_port_busy(&relay, 30000, false);
		assert_int_equal(send_syn(&relay, 1005), DETOUR_FORWARD_NEW);
		relay_unload(&relay);
	}
}

/* A full table refuses, keeps what it has, and leaves no half of a flow behind. */
static void the_table_fills_up(void **state)
{
	struct relay relay;
	struct packet out;

	(void)state;
	for (int hook = 0; hook < HOOK_COUNT; hook++) {
		/* Room for three flows and a half. */
		start(&relay, hook, &relay_config, 7);
		for (int i = 0; i < 3; i++)
			assert_int_equal(send_syn(&relay, 1001 + i), DETOUR_FORWARD_NEW);
		for (int i = 3; i < 10; i++)
			assert_int_equal(send_syn(&relay, 1001 + i), DETOUR_DROP_TABLE_FULL);
		assert_int_equal(relay_count_flows(&relay), 6);
		assert_int_equal(relay_flows_of_identity(&relay), 3);
		assert_int_equal(send(&relay, (struct end){"198.51.100.7", 1002}, detour, ACK,
				      &out),
				 DETOUR_FORWARD);
		relay_unload(&relay);
	}
}

struct racer {
	pthread_t thread;
	pthread_barrier_t *barrier;
	struct relay *relay;
	int cpu;
};

enum { RACES = 3000 };

/* Sends SYNs from the same ports as the other racer does, at the same time. */
static void *race(void *racer_pointer)
{
	struct racer *racer = racer_pointer;
	struct packet in, out;
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(racer->cpu, &cpus);
	pthread_setaffinity_np(pthread_self(), sizeof(cpus), &cpus);
	for (int i = 0; i < RACES; i++) {
		struct packet_spec spec = {{"198.51.100.7", 2000 + i},
					   detour,
					   SYN,
					   .options = join,
					   .option_len = sizeof(join)};

		packet_build(&in, &spec);
		pthread_barrier_wait(racer->barrier);
		relay_run_fast(racer->relay, &in, &out);
	}
	return NULL;
}

/* Of two CPUs with the same SYN one makes the flow; both forward; nothing is left over. */
static void a_syn_on_two_cpus_makes_one_flow(void **state)
{
	struct relay relay;

	(void)state;
	for (int hook = 0; hook < HOOK_COUNT; hook++) {
		pthread_barrier_t barrier;
		struct racer racers[2];

		start(&relay, hook, &relay_config, 4 * RACES);
		pthread_barrier_init(&barrier, NULL, 2);
		for (int i = 0; i < 2; i++) {
			racers[i] = (struct racer){.barrier = &barrier, .relay = &relay, .cpu = i};
			pthread_create(&racers[i].thread, NULL, race, &racers[i]);
		}
		for (int i = 0; i < 2; i++)
			pthread_join(racers[i].thread, NULL);
		pthread_barrier_destroy(&barrier);
		assert_int_equal(relay_verdict_count(&relay, DETOUR_FORWARD_NEW), RACES);
		assert_int_equal(relay_verdict_count(&relay, DETOUR_FORWARD), RACES);
		assert_int_equal(relay_count_flows(&relay), 2 * RACES);
		assert_int_equal(relay_flows_of_identity(&relay), RACES);
		relay_unload(&relay);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stories),
		cmocka_unit_test(ports_run_out),
		cmocka_unit_test(the_table_fills_up),
		cmocka_unit_test(a_syn_on_two_cpus_makes_one_flow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
