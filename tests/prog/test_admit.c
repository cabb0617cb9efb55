/* SPDX-License-Identifier: BSD-2-Clause */
/* SYNs without a flow: leases, Accept=, limits, source ports, the table's end. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <string.h>
#include "relay.h"

/* MP_JOIN and MP_CAPABLE as a SYN carries them, after other options. */
static const uint8_t join[] = {2, 4, 5, 180, 4,	 2,  8,	   10, 1, 2, 3, 4, 0, 0, 0, 0,
			       1, 3, 3, 7,   30, 12, 0x10, 1,  1, 2, 3, 4, 5, 6, 7, 8};
static const uint8_t capable[] = {2, 4, 5, 180, 30, 4, 0x01, 0x01};
static const uint8_t no_mptcp[] = {2, 4, 5, 180, 4, 2, 1, 1};
/* An MP_JOIN longer than the header, one behind the list's end, one inside another, one of 2. */
static const uint8_t join_too_long[] = {1, 1, 1, 1, 30, 12, 0x10, 1};
static const uint8_t join_behind_end[] = {0, 1, 1, 1, 30, 4, 0x10, 1};
static const uint8_t join_in_other[] = {5, 10, 30, 4, 0x10, 1, 0, 0, 0, 0, 1, 1};
static const uint8_t join_of_two[] = {30, 2, 0x10, 1};
static const uint8_t join_last[] = {1, 30, 3, 0x10};

#define WITH(bytes) .options = bytes, .option_len = sizeof(bytes)

struct admit_case {
	const char *name;
	struct packet_spec in;
	int verdict[3]; /* by Accept= join, mptcp, any */
};

#define ALL(verdict)                      \
	{                                 \
		verdict, verdict, verdict \
	}

static const struct admit_case cases[] = {
	{"MP_JOIN", {CLIENT4, DETOUR4, SYN, WITH(join)}, ALL(DETOUR_FORWARD_NEW)},
	{"v6 MP_JOIN", {CLIENT6, DETOUR6, SYN, WITH(join)}, ALL(DETOUR_FORWARD_NEW)},
	{"MP_JOIN, last option", {CLIENT4, DETOUR4, SYN, WITH(join_last)}, ALL(DETOUR_FORWARD_NEW)},
	{"MP_JOIN, tagged", {CLIENT4, DETOUR4, SYN, .tci = 9, WITH(join)}, ALL(DETOUR_FORWARD_NEW)},
	{"MP_JOIN with ECN", {CLIENT4, DETOUR4, SYN | 0xc0, WITH(join)}, ALL(DETOUR_FORWARD_NEW)},
	{"MP_CAPABLE",
	 {CLIENT4, DETOUR4, SYN, WITH(capable)},
	 {DETOUR_DROP_NOT_ACCEPTED, DETOUR_FORWARD_NEW, DETOUR_FORWARD_NEW}},
	{"no MPTCP",
	 {CLIENT4, DETOUR4, SYN, WITH(no_mptcp)},
	 {DETOUR_DROP_NOT_ACCEPTED, DETOUR_DROP_NOT_ACCEPTED, DETOUR_FORWARD_NEW}},
	{"no options",
	 {CLIENT6, DETOUR6, SYN},
	 {DETOUR_DROP_NOT_ACCEPTED, DETOUR_DROP_NOT_ACCEPTED, DETOUR_FORWARD_NEW}},
	{"MP_JOIN too long",
	 {CLIENT4, DETOUR4, SYN, WITH(join_too_long)},
	 {DETOUR_DROP_NOT_ACCEPTED, DETOUR_DROP_NOT_ACCEPTED, DETOUR_FORWARD_NEW}},
	{"MP_JOIN behind the end",
	 {CLIENT4, DETOUR4, SYN, WITH(join_behind_end)},
	 {DETOUR_DROP_NOT_ACCEPTED, DETOUR_DROP_NOT_ACCEPTED, DETOUR_FORWARD_NEW}},
	{"MP_JOIN inside another option",
	 {CLIENT4, DETOUR4, SYN, WITH(join_in_other)},
	 {DETOUR_DROP_NOT_ACCEPTED, DETOUR_DROP_NOT_ACCEPTED, DETOUR_FORWARD_NEW}},
	{"MPTCP option without subtype",
	 {CLIENT4, DETOUR4, SYN, WITH(join_of_two)},
	 {DETOUR_DROP_NOT_ACCEPTED, DETOUR_DROP_NOT_ACCEPTED, DETOUR_FORWARD_NEW}},
	{"data in the SYN",
	 {CLIENT4, DETOUR4, SYN, WITH(join), .payload_len = 1},
	 ALL(DETOUR_DROP_SYN_DATA)},
	{"SYN and FIN", {CLIENT4, DETOUR4, SYN | FIN, WITH(join)}, ALL(DETOUR_DROP_SYN_DATA)},
	{"SYN and RST", {CLIENT4, DETOUR4, SYN | RST, WITH(join)}, ALL(DETOUR_DROP_SYN_DATA)},
	{"SYN and URG", {CLIENT4, DETOUR4, SYN | URG, WITH(join)}, ALL(DETOUR_DROP_SYN_DATA)},
	{"SYN and ACK", {CLIENT4, DETOUR4, SYN | ACK, WITH(join)}, ALL(DETOUR_PASS_NOT_OURS)},
	{"ACK", {CLIENT4, DETOUR4, ACK, WITH(join)}, ALL(DETOUR_PASS_NOT_OURS)},
	{"TTL 1", {CLIENT4, DETOUR4, SYN, .hops = 1, WITH(join)}, ALL(DETOUR_DROP_TTL)},
	{"fragment",
	 {CLIENT4, DETOUR4, SYN, .fragment = 0x2000, WITH(join)},
	 ALL(DETOUR_PASS_NOT_OURS)},
	{"IPv4 options",
	 {CLIENT4, DETOUR4, SYN, .ip_option_len = 4, WITH(join)},
	 ALL(DETOUR_PASS_NOT_OURS)},
	{"another client",
	 {{"198.51.100.8", 40000}, DETOUR4, SYN, WITH(join)},
	 ALL(DETOUR_DROP_NO_LEASE)},
	{"another's lease",
	 {{"2001:db8:1::8", 40000}, DETOUR6, SYN, WITH(join)},
	 ALL(DETOUR_DROP_NO_LEASE)},
	{"another detour port",
	 {CLIENT4, {"192.0.2.1", 10006}, SYN, WITH(join)},
	 ALL(DETOUR_DROP_NO_LEASE)},
	{"another own address",
	 {CLIENT4, {"192.0.2.2", 10005}, SYN, WITH(join)},
	 ALL(DETOUR_DROP_NO_LEASE)},
	{"last detour port",
	 {CLIENT4, {"192.0.2.1", 10999}, SYN, WITH(join)},
	 ALL(DETOUR_DROP_NO_LEASE)},
	{"no detour port",
	 {CLIENT4, {"192.0.2.1", 11000}, SYN, WITH(join)},
	 ALL(DETOUR_PASS_NOT_OURS)},
	{"below detour ports",
	 {CLIENT4, {"192.0.2.1", 9999}, SYN, WITH(join)},
	 ALL(DETOUR_PASS_NOT_OURS)},
	{"somebody else's address",
	 {CLIENT4, {"192.0.2.77", 10005}, SYN, WITH(join)},
	 ALL(DETOUR_PASS_NOT_OURS)},
	{"port of a local listener",
	 {CLIENT4, {"192.0.2.1", 10250}, SYN, WITH(join)},
	 ALL(DETOUR_PASS_NOT_OURS)},
	{"expired lease",
	 {CLIENT4, {"192.0.2.1", 10007}, SYN, WITH(join)},
	 ALL(DETOUR_DROP_LEASE_EXPIRED)},
};

/* A relay of each hook for each Accept=. */
static struct relay relays[HOOK_COUNT][3];

static void fill(struct relay *relay)
{
	relay_add_lease(relay, "198.51.100.7", (struct end)DETOUR4, "192.0.2.2",
			(struct end)SERVER4, FOR_EVER);
	relay_add_lease(relay, "2001:db8:1::7", (struct end)DETOUR6, "2001:db8:2::2",
			(struct end)SERVER6, FOR_EVER);
	relay_add_lease(relay, "198.51.100.7", (struct end){"192.0.2.1", 10007}, "192.0.2.2",
			(struct end)SERVER4, 1);
	relay_set_port_busy(relay, 10250, true);
	relay_add_local(relay, "192.0.2.1");
	relay_add_local(relay, "192.0.2.2");
	relay_add_local(relay, "2001:db8:2::1");
}

static int load(void **state)
{
	(void)state;
	for (int hook = 0; hook < HOOK_COUNT; hook++) {
		for (int accept = 0; accept < 3; accept++) {
			struct detour_config config = relay_config;

			config.accept = accept;
			relay_load(&relays[hook][accept], hook, &config, 0);
			fill(&relays[hook][accept]);
		}
	}
	return 0;
}

static int unload(void **state)
{
	(void)state;
	for (int hook = 0; hook < HOOK_COUNT; hook++) {
		for (int accept = 0; accept < 3; accept++)
			relay_unload(&relays[hook][accept]);
	}
	return 0;
}

/* A new flow is two entries, one START event, and counts once for its identity. */
static void check_made(struct relay *relay, const struct packet *out)
{
	struct flow_entry entry;

	assert_true(packet_is_valid(out));
	assert_int_equal(relay_count_flows(relay), 2);
	assert_int_equal(relay_flows_of_identity(relay), 1);
	assert_int_equal(relay_take_events(relay), 1);
	assert_int_equal(relay->last_event.type, DETOUR_EVENT_FLOW_START);
	assert_int_equal(relay->last_event.identity, 1);
	assert_true(relay_get_flow(relay, &relay->last_event.client, &entry));
	assert_memory_equal(&entry.to, &relay->last_event.server, sizeof(entry.to));
	assert_int_equal(entry.packets, 1);
	assert_int_equal(entry.seen, FLOW_SEEN_SYN);
}

static void check_not_made(struct relay *relay)
{
	assert_int_equal(relay_count_flows(relay), 0);
	assert_int_equal(relay_flows_of_identity(relay), 0);
	assert_int_equal(relay_take_events(relay), 0);
}

static void run_case(struct relay *relay, const struct admit_case *row, int accept)
{
	struct packet in, out;
	int verdict;

	relay_clear_flows(relay);
	relay_set_identity(relay, 100, 0, 0);
	packet_build(&in, &row->in);
	verdict = relay_run(relay, &in, &out);
	if (verdict != row->verdict[accept])
		fail_msg("%s: %s: %s, not %s", relay_hook_name(relay->hook), row->name,
			 relay_verdict_name(verdict), relay_verdict_name(row->verdict[accept]));
	if (verdict == DETOUR_FORWARD_NEW)
		check_made(relay, &out);
	else
		check_not_made(relay);
}

static void admits_by_the_table(void **state)
{
	(void)state;
	for (int hook = 0; hook < HOOK_COUNT; hook++) {
		for (int accept = 0; accept < 3; accept++) {
			for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
				run_case(&relays[hook][accept], &cases[i], accept);
		}
	}
}

/* A fresh start for the tests below, with the relay that accepts MP_JOIN. */
static struct relay *start(int hook)
{
	struct relay *relay = &relays[hook][DETOUR_ACCEPT_JOIN];

	relay_clear_flows(relay);
	relay_set_identity(relay, 100, 0, 0);
	relay_take_events(relay);
	return relay;
}

static int send_syn(struct relay *relay, uint16_t client_port, struct packet *ret_out)
{
	struct packet_spec spec = {{"198.51.100.7", client_port}, DETOUR4, SYN, WITH(join)};
	struct packet in;

	packet_build(&in, &spec);
	return relay_run(relay, &in, ret_out);
}

static uint16_t source_port(const struct packet *packet)
{
	const uint8_t *tcp = packet->data + 34;

	return tcp[0] << 8 | tcp[1];
}

static void takes_the_clients_port_first(void **state)
{
	struct packet out;

	(void)state;
	for (int hook = 0; hook < HOOK_COUNT; hook++) {
		struct relay *relay = start(hook);

		assert_int_equal(send_syn(relay, 25000, &out), DETOUR_FORWARD_NEW);
		assert_int_equal(source_port(&out), 25000);
		/* Outside SourcePorts=, and of a listener: another. */
		assert_int_equal(send_syn(relay, 40000, &out), DETOUR_FORWARD_NEW);
		assert_in_range(source_port(&out), 20000, 29999);
		relay_set_port_busy(relay, 25001, true);
		assert_int_equal(send_syn(relay, 25001, &out), DETOUR_FORWARD_NEW);
		assert_in_range(source_port(&out), 20000, 29999);
		assert_int_not_equal(source_port(&out), 25001);
		relay_set_port_busy(relay, 25001, false);
	}
}

static void a_syn_again_makes_nothing(void **state)
{
	struct packet first, again;

	(void)state;
	for (int hook = 0; hook < HOOK_COUNT; hook++) {
		struct relay *relay = start(hook);

		assert_int_equal(send_syn(relay, 40000, &first), DETOUR_FORWARD_NEW);
		assert_int_equal(send_syn(relay, 40000, &again), DETOUR_FORWARD);
		assert_memory_equal(first.data, again.data, first.len);
		assert_int_equal(relay_count_flows(relay), 2);
		assert_int_equal(relay_flows_of_identity(relay), 1);
		assert_int_equal(relay_take_events(relay), 1);
	}
}

/* A first SYN that never reaches the server opens no way for one of another kind. */
static void a_flow_takes_no_other_syn(void **state)
{
	static const struct {
		struct packet_spec in;
		int verdict;
	} rows[] = {
		{{CLIENT4, DETOUR4, SYN, WITH(no_mptcp)}, DETOUR_DROP_NOT_ACCEPTED},
		{{CLIENT4, DETOUR4, SYN}, DETOUR_DROP_NOT_ACCEPTED},
		{{CLIENT4, DETOUR4, SYN, WITH(join), .payload_len = 9}, DETOUR_DROP_SYN_DATA},
		{{CLIENT4, DETOUR4, SYN | FIN, WITH(join)}, DETOUR_DROP_SYN_DATA},
		{{CLIENT4, DETOUR4, SYN, WITH(join)}, DETOUR_FORWARD},
	};
	struct packet in, out;

	(void)state;
	for (int hook = 0; hook < HOOK_COUNT; hook++) {
		struct relay *relay = start(hook);

		assert_int_equal(send_syn(relay, 40000, &out), DETOUR_FORWARD_NEW);
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			packet_build(&in, &rows[i].in);
			assert_int_equal(relay_run(relay, &in, &out), rows[i].verdict);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(admits_by_the_table),
		cmocka_unit_test(takes_the_clients_port_first),
		cmocka_unit_test(a_syn_again_makes_nothing),
		cmocka_unit_test(a_flow_takes_no_other_syn),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
