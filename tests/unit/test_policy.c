// SPDX-License-Identifier: BSD-2-Clause
/* The policy as rows: what happens, and what is done about it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/unit/policy_world.h"
#include "user/base/cleanup.h"

/* clang-format off */
static const struct scenario scenarios[] = {
	{"best relays first, as many as allowed", 2, 3, .steps = {
		{0, CONN, .expect = "open fra, open ams"},
		{11, ACK, FRA, .expect = "opened fra"},
		{21, ACK, AMS, .expect = "opened ams"},
		{1000, TICK},
	}},
	{"an unknown RTT comes last", 3, 3, .steps = {
		{0, CONN, .expect = "open fra, open ams, open nyc"},
	}},
	{"no detours wanted", 0, 3, .steps = {
		{0, CONN},
		{1000, TICK},
	}},
	{"relays that are not connected yet are waited for", 2, 0, .steps = {
		{0, CONN},
		{50, UP, AMS, .expect = "open ams"},
		{50, UP, FRA, .expect = "open fra"},
		{50, UP, NYC},
	}},
	{"a refused SYN: the next relay at once", 1, 2, .steps = {
		{0, CONN, .expect = "open fra"},
		{10, CLOSE, FRA, ECONNREFUSED, "closed fra, open ams"},
		{20, ACK, AMS, .expect = "opened ams"},
		{5000, TICK},
	}},
	{"back-off grows fourfold", 1, 1, .steps = {
		{0, CONN, .expect = "open fra"},
		{10, CLOSE, FRA, ECONNREFUSED, "closed fra"},
		{900, TICK},
		{200, TICK, .expect = "open fra"},
		{10, CLOSE, FRA, ECONNREFUSED, "closed fra"},
		{3900, TICK},
		{200, TICK, .expect = "open fra"},
		{10, CLOSE, FRA, ECONNREFUSED, "closed fra"},
		{15900, TICK},
		{200, TICK, .expect = "open fra"},
	}},
	{"another connection learns of a relay that does not reach the server", 1, 2, .steps = {
		{0, CONN, .expect = "open fra"},
		{10, CLOSE, FRA, EHOSTUNREACH, "closed fra, open ams"},
		{100, CONN, .expect = "open ams"},
		{2000, CONN, .expect = "open fra"},
	}},
	{"a SYN that vanishes is taken back after 5 s", 1, 2, .steps = {
		{0, CONN, .expect = "open fra"},
		{4900, TICK},
		{200, TICK, .expect = "destroy fra, open ams"},
		{1, CLOSE_SYN, FRA, ECONNRESET, "closed fra"},
		{20, ACK, AMS, .expect = "opened ams"},
	}},
	{"an answer after it was taken back changes nothing", 1, 2, .steps = {
		{0, CONN, .expect = "open fra"},
		{5100, TICK, .expect = "destroy fra, open ams"},
		{1, ACK, FRA},
		{1, CLOSE, FRA, 0, "closed fra"},
		{20, ACK, AMS, .expect = "opened ams"},
	}},
	{"a server that rejects is believed, not asked again and again", 2, 3, .steps = {
		{0, CONN, .expect = "open fra, open ams"},
		{10, ACK, FRA, .expect = "opened fra"},
		{10, ACK, AMS, .expect = "opened ams"},
		{1, CLOSE, AMS, 0, "closed ams"},
		{500, TICK},
		{600, TICK},
		{1000, TICK},
		{60000, TICK},
		{0, CONN, .expect = "open fra"},
		{10, ACK, FRA, .expect = "opened fra"},
		{1000, UP, AMS},
		{599000, CONN, .expect = "open fra, open ams"},
	}},
	{"its limit stays when a subflow is replaced", 2, 3, .steps = {
		{0, CONN, .expect = "open fra, open ams"},
		{10, ACK, FRA, .expect = "opened fra"},
		{10, ACK, AMS, .expect = "opened ams"},
		{1, CLOSE, AMS, 0, "closed ams"},
		{1100, TICK},
		{20000, CLOSE, FRA, ETIMEDOUT, "closed fra, open ams"},
	}},
	{"rejected all of them: one direct subflow and no more", 2, 2, .steps = {
		{0, CONN, .expect = "open fra, open ams"},
		{10, ACK, FRA, .expect = "opened fra"},
		{0, CLOSE, FRA, 0, "closed fra"},
		{10, ACK, AMS, .expect = "opened ams"},
		{0, CLOSE, AMS, ECONNRESET, "closed ams"},
		{1100, TICK},
		{30000, TICK},
		{0, CONN},
	}},
	{"a server that rejects while nothing works is asked less and less", 0, 0, .steps = {
		{0, CONN},
		{0, GONE, .expect = "open direct"},
		{10, ACK, DIRECT, .expect = "opened direct, remove 0, destroy first"},
		{0, CLOSE, FIRST, 0, "closed first"},
		{1, CLOSE, DIRECT, 0, "closed direct"},
		{1100, TICK, .expect = "open direct"},
		{10, ACK, DIRECT, .expect = "opened direct"},
		{1, CLOSE, DIRECT, 0, "closed direct"},
		{1100, TICK},
		{2000, TICK},
		{1000, TICK, .expect = "open direct"},
	}},
	{"a connection that ends looks like a rejection, and is none", 2, 2, .steps = {
		{0, CONN, .expect = "open fra, open ams"},
		{10, ACK, FRA, .expect = "opened fra"},
		{1, CLOSE, FRA, 0, "closed fra"},
		{1, CONN, .expect = "open fra, open ams"},
	}},
	{"an established detour that breaks is replaced at once", 2, 3, .steps = {
		{0, CONN, .expect = "open fra, open ams"},
		{10, ACK, FRA, .expect = "opened fra"},
		{10, ACK, AMS, .expect = "opened ams"},
		{30000, CLOSE, FRA, ETIMEDOUT, "closed fra, open nyc"},
	}},
	{"one that the server closed in order after a while", 1, 2, .steps = {
		{0, CONN, .expect = "open fra"},
		{10, ACK, FRA, .expect = "opened fra"},
		{30000, CLOSE, FRA, 0, "closed fra"},
		{500, TICK},
		{600, TICK, .expect = "open fra"},
	}},
	{"a dead relay is left, and used again when it is back", 2, 2, .steps = {
		{0, CONN, .expect = "open fra, open ams"},
		{10, ACK, FRA, .expect = "opened fra"},
		{10, ACK, AMS, .expect = "opened ams"},
		{9000, SILENT, FRA},
		{1000, TICK},
		{1000, TICK, .expect = "destroy fra"},
		{1, CLOSE, FRA, 0, "closed fra"},
		{1000, TICK},
		{5000, UP, FRA, .expect = "open fra"},
	}},
	{"a dead relay is replaced where there is another", 2, 3, .steps = {
		{0, CONN, .expect = "open fra, open ams"},
		{10, ACK, FRA, .expect = "opened fra"},
		{10, ACK, AMS, .expect = "opened ams"},
		{9000, SILENT, FRA},
		{2000, TICK, .expect = "destroy fra, open nyc"},
		{1, CLOSE, FRA, 0, "closed fra"},
		{30, ACK, NYC, .expect = "opened nyc"},
		{5000, UP, FRA},
	}},
	{"a silent relay whose subflow makes progress is not dead", 2, 2, .steps = {
		{0, CONN, .expect = "open fra, open ams"},
		{10, ACK, FRA, .expect = "opened fra"},
		{10, ACK, AMS, .expect = "opened ams"},
		{9000, SILENT, FRA},
		{1000, PROGRESS, FRA},
		{0, TICK},
		{1000, PROGRESS, FRA},
		{0, TICK},
		{1000, PROGRESS, FRA},
		{0, TICK},
		{1600, TICK, .expect = "destroy fra"},
	}},
	{"a relay whose daemon is away keeps its idle subflows", 1, 2, .steps = {
		{0, CONN, .expect = "open fra"},
		{10, ACK, FRA, .expect = "opened fra"},
		{9000, AWAY, FRA},
		{60000, TICK},
		{1000, UP, FRA},
	}},
	{"and loses those whose data is stuck", 1, 2, .steps = {
		{0, CONN, .expect = "open fra"},
		{10, ACK, FRA, .expect = "opened fra"},
		{9000, AWAY, FRA},
		{1000, STUCK, FRA},
		{0, TICK},
		{2100, STUCK, FRA},
		{0, TICK, .expect = "destroy fra, open ams"},
	}},
	{"a relay that denies the server is not asked again", 2, 3, .steps = {
		{0, CONN, .expect = "open fra, open ams"},
		{10, FAIL, FRA, EACCES, "open nyc"},
		{10000, TICK, .expect = "destroy ams, destroy nyc"},
		{100000, CONN, .expect = "open ams, open nyc"},
		{510000, CONN, .expect = "open fra, open ams"},
	}},
	{"no lease for another reason: the next relay", 1, 2, .steps = {
		{0, CONN, .expect = "open fra"},
		{10, FAIL, FRA, EDQUOT, "open ams"},
	}},
	{"a connection of the kernel's path manager is left alone", 2, 3, .steps = {
		{0, CONN, .expect = "open fra, open ams"},
		{0, FAIL, FRA, EINVAL},
		{0, FAIL, AMS, EINVAL},
		{1000, TICK},
		{1000, UP, NYC},
	}},
	{"not connected yet, or ending: later", 1, 1, .steps = {
		{0, CONN, .expect = "open fra"},
		{0, FAIL, FRA, ENOTCONN},
		{900, TICK},
		{200, TICK, .expect = "open fra"},
	}},
	{"the first subflow breaks: a direct one again", 1, 1, .steps = {
		{0, CONN, .expect = "open fra"},
		{10, ACK, FRA, .expect = "opened fra"},
		{30000, CLOSE, FIRST, ETIMEDOUT, "closed first"},
		{1100, TICK, .expect = "open direct"},
		{4000, TICK},
		{1100, TICK, .expect = "destroy direct"},
		{1, CLOSE_SYN, DIRECT, ECONNRESET, "closed direct"},
		{4100, TICK, .expect = "open direct"},
		{10, ACK, DIRECT, .expect = "opened direct"},
	}},
	{"the first subflow ends in order: nothing", 1, 1, .steps = {
		{0, CONN, .expect = "open fra"},
		{10, ACK, FRA, .expect = "opened fra"},
		{30000, CLOSE, FIRST, 0, "closed first"},
		{5000, TICK},
	}},
	{"the only address goes, another comes", 1, 1, .steps = {
		{0, CONN, .expect = "open fra"},
		{10, ACK, FRA, .expect = "opened fra"},
		{9000, AWAY, FRA},
		{0, GONE, .expect = "open direct"},
		{10, ACK, DIRECT, .expect = "opened direct, remove 0, destroy first, destroy fra"},
		{1, CLOSE, FIRST, 0, "closed first"},
		{1, CLOSE, FRA, 0, "closed fra"},
		{1000, UP, FRA, .expect = "open fra"},
		{10, ACK, FRA, .expect = "opened fra"},
	}},
	{"an announced address: within the kernel's limits", 0, 0, .limits = {1, 2}, .steps = {
		{0, CONN},
		{10, ANNOUNCE, 3, .expect = "open announced"},
		{10, ANNOUNCE, 4},
		{10, ACK, ANNOUNCED, .expect = "opened announced"},
		{10, ANNOUNCE, 3},
		{10, REMOVE, 3, .expect = "destroy announced"},
		{1, CLOSE, ANNOUNCED, 0, "closed announced"},
		{10, ANNOUNCE, 4, .expect = "open announced"},
	}},
	{"an announced address: the kernel's default is none", 0, 0, .limits = {0, 2}, .steps = {
		{0, CONN},
		{10, ANNOUNCE, 3},
	}},
	{"each uplink has a direct subflow, a backup one its flag", 1, 1, true, UPLINK_MASTER,
	 UPLINK_BACKUP, .steps = {
		{0, CONN, .expect = "open direct backup, open fra"},
		{10, ACK, DIRECT, .expect = "opened direct backup, set direct backup"},
		{10, ACK, FRA, .expect = "opened fra, set direct backup"},
		{1000, TICK},
	}},
	{"handover waits until nothing else is left, and rests again", 1, 1, true, UPLINK_ON,
	 UPLINK_HANDOVER, .steps = {
		{0, CONN, .expect = "open fra"},
		{10, ACK, FRA, .expect = "opened fra"},
		{1000, UPLINK_DOWN, 0, .expect = "open direct"},
		{10, ACK, DIRECT, .expect = "opened direct"},
		{9000, UPLINK_UP, 0, .expect = "destroy direct"},
	}},
	{"an uplink that is off", 1, 1, true, UPLINK_ON, UPLINK_OFF, .steps = {
		{0, CONN, .expect = "open fra"},
		{1000, UPLINK_DOWN, 0},
	}},
};
/* clang-format on */

static void test_scenario(void **state)
{
	scenario_run(*state);
}

static void test_hands_off(void **state)
{
	static const struct {
		const char *local, *server, *why;
	} rows[] = {
		{"10.9.0.1:1", "10.5.0.5:443", NULL},
		{"127.0.0.1:1", "127.0.0.1:80", "loopback"},
		{"[::1]:1", "[::1]:80", "loopback"},
		{"10.9.0.1:1", "10.9.0.1:80", "loopback"},
		{"10.9.0.1:1", "192.168.7.1:80", "excluded"},
		{"10.9.0.1:1", "10.0.1.1:443", "the server is a relay"},
	};
	struct policy_relay_addr relay = {.relay = 0};
	struct prefix exclude;
	struct policy_world world = {
		.relay_addrs = &relay,
		.relay_addr_count = 1,
		.exclude = &exclude,
		.exclude_count = 1,
	};

	(void)state;
	assert_int_equal(addr_parse("10.0.1.1", &relay.addr), 0);
	assert_int_equal(prefix_parse("192.168.0.0/16", &exclude), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct endpoint local, server;
		struct conn *conn;
		const char *why;

		assert_int_equal(endpoint_parse(rows[i].local, &local), 0);
		assert_int_equal(endpoint_parse(rows[i].server, &server), 0);
		assert_int_equal(conn_new(1, &local, &server, &conn), 0);
		why = policy_hands_off(conn, &world);
		if (rows[i].why)
			assert_string_equal(why, rows[i].why);
		else
			assert_null(why);
		conn_free(conn);
	}
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_SIZE(scenarios) + 1];

	for (size_t i = 0; i < ARRAY_SIZE(scenarios); i++)
		tests[i] = (struct CMUnitTest){
			.name = scenarios[i].name,
			.test_func = test_scenario,
			.initial_state = (void *)&scenarios[i],
		};
	tests[ARRAY_SIZE(scenarios)] = (struct CMUnitTest)cmocka_unit_test(test_hands_off);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
