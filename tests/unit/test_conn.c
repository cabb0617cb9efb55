// SPDX-License-Identifier: BSD-2-Clause
/* What the agent keeps: connections, local ids, back-offs, notes on servers, leases. */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "user/agent/conn.h"
#include "user/agent/lease_cache.h"
#include "user/agent/servers.h"
#include "user/base/cleanup.h"

#define SECOND 1000000ULL

static struct endpoint endpoint(const char *text)
{
	struct endpoint parsed;

	assert_int_equal(endpoint_parse(text, &parsed), 0);
	return parsed;
}

static struct conn *make_conn(void)
{
	struct endpoint local = endpoint("10.9.0.1:5000"), remote = endpoint("10.5.0.5:443");
	struct conn *conn;

	assert_int_equal(conn_new(7, &local, &remote, &conn), 0);
	return conn;
}

static void test_ids(void **state)
{
	struct endpoint local = endpoint("10.9.0.1:5000"), remote = endpoint("10.5.0.5:443");
	struct conn *conn = make_conn();
	struct subflow *subflow;

	(void)state;
	assert_int_equal(conn_take_id(conn), 1);
	/* The one given out last is not given again at once, also when nobody has it. */
	assert_int_equal(conn_take_id(conn), 2);
	for (unsigned int id = 3; id <= UINT8_MAX; id++) {
		subflow = conn_add_subflow(conn, SUBFLOW_OTHER, &local, &remote);
		assert_non_null(subflow);
		subflow->loc_id = (uint8_t)id;
	}
	assert_int_equal(conn_take_id(conn), 1);
	assert_int_equal(conn_take_id(conn), 2);
	assert_int_equal(conn_take_id(conn), 1);
	conn_add_subflow(conn, SUBFLOW_OTHER, &local, &remote)->loc_id = 1;
	conn_add_subflow(conn, SUBFLOW_OTHER, &local, &remote)->loc_id = 2;
	assert_int_equal(conn_take_id(conn), 0);
	conn_free(conn);
}

/* Which subflow an event means. */
static void test_match(void **state)
{
	static const struct {
		const char *local, *remote;
		int which; /* -1: none */
	} rows[] = {
		{"10.9.0.1:5000", "10.5.0.5:443", 0},	 {"10.9.0.1:6000", "10.0.1.1:10000", 1},
		{"10.9.0.1:6000", "10.0.1.1:0", 1}, /* a destroyed SYN */
		{"10.9.0.1:6001", "10.0.1.1:10000", 2},	 {"10.9.0.1:6000", "10.0.1.1:10001", -1},
		{"10.9.0.2:6000", "10.0.1.1:10000", -1}, {"10.9.0.1:5001", "10.5.0.5:443", -1},
	};
	struct endpoint ends[][2] = {
		{endpoint("10.9.0.1:5000"), endpoint("10.5.0.5:443")},
		{endpoint("10.9.0.1:6000"), endpoint("10.0.1.1:10000")},
		{endpoint("10.9.0.1:6001"), endpoint("10.0.1.1:10000")},
	};
	struct subflow *subflows[ARRAY_SIZE(ends)];
	struct conn *conn = make_conn();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
		subflows[i] = conn_add_subflow(conn, SUBFLOW_OTHER, &ends[i][0], &ends[i][1]);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct endpoint local = endpoint(rows[i].local), remote = endpoint(rows[i].remote);
		struct subflow *expected = rows[i].which < 0 ? NULL : subflows[rows[i].which];

		assert_ptr_equal(conn_match_subflow(conn, &local, &remote), expected);
	}
	conn_free(conn);
}

static void test_backoff(void **state)
{
	static const unsigned int waits_s[] = {1, 4, 16, 64, 256, 300, 300};
	struct backoff_list list = {0};
	uint64_t now_us = 5 * SECOND;

	(void)state;
	assert_false(backoff_blocked(&list, 1, now_us));
	for (size_t i = 0; i < ARRAY_SIZE(waits_s); i++) {
		backoff_fail(&list, 1, now_us);
		assert_true(backoff_blocked(&list, 1, now_us + waits_s[i] * SECOND - 1));
		assert_false(backoff_blocked(&list, 1, now_us + waits_s[i] * SECOND));
		assert_false(backoff_blocked(&list, 2, now_us));
	}
	backoff_fail(&list, 2, now_us);
	backoff_clear(&list, 1);
	assert_false(backoff_blocked(&list, 1, now_us));
	assert_true(backoff_blocked(&list, 2, now_us));
	backoff_hold(&list, 3, now_us, 9 * SECOND);
	assert_true(backoff_blocked(&list, 3, now_us + 8 * SECOND));
	backoff_done(&list);
}

static void test_servers(void **state)
{
	struct endpoint a = endpoint("10.5.0.5:443"), b = endpoint("10.5.0.5:80");
	struct servers *servers;

	(void)state;
	assert_int_equal(servers_new(&servers), 0);
	assert_int_equal(servers_limit(servers, &a, 0), SERVER_LIMIT_NONE);
	servers_set_limit(servers, &a, 2, SECOND);
	assert_int_equal(servers_limit(servers, &a, 2 * SECOND), 2);
	assert_int_equal(servers_limit(servers, &b, 2 * SECOND), SERVER_LIMIT_NONE);
	assert_int_equal(servers_limit(servers, &a, SECOND + SERVER_LIMIT_US), SERVER_LIMIT_NONE);
	servers_fail(servers, &b, 1, SECOND);
	assert_true(servers_blocked(servers, &b, 1, SECOND));
	assert_false(servers_blocked(servers, &a, 1, SECOND));
	servers_clear(servers, &b, 1);
	assert_false(servers_blocked(servers, &b, 1, SECOND));
	servers_free(servers);
}

/* Old notes make room: memory stays bounded. */
static void test_servers_bounded(void **state)
{
	struct endpoint server = endpoint("10.5.0.5:443");
	struct servers *servers;

	(void)state;
	assert_int_equal(servers_new(&servers), 0);
	for (unsigned int i = 0; i <= SERVERS_MAX; i++) {
		server.port_be = htons((uint16_t)i);
		servers_set_limit(servers, &server, 1, 0);
	}
	assert_int_equal(servers_limit(servers, &server, 0), 1);
	server.port_be = htons(0);
	assert_int_equal(servers_limit(servers, &server, 0), SERVER_LIMIT_NONE);
	servers_free(servers);
}

static struct cached_lease *add_lease(struct lease_cache *cache, const char *server, bool granted,
				      uint64_t used_us)
{
	struct endpoint parsed = endpoint(server);
	struct cached_lease *lease = lease_cache_add(cache, &parsed);

	assert_non_null(lease);
	lease->granted = granted;
	lease->asked = !granted;
	lease->used_us = used_us;
	return lease;
}

static void test_lease_cache(void **state)
{
	struct endpoint server = endpoint("10.5.0.5:443"), other = endpoint("10.5.0.5:80");
	struct lease_cache cache = {0};
	struct cached_lease *old = add_lease(&cache, "10.5.0.5:443", true, 100);
	struct cached_lease *asked = add_lease(&cache, "10.5.0.6:443", false, 50);
	_cleanup_free_ uint32_t *tokens = NULL;

	(void)state;
	add_lease(&cache, "[2001:db8::5]:443", true, 200);
	asked->request_id = 9;
	assert_ptr_equal(lease_cache_find(&cache, &server), old);
	assert_null(lease_cache_find(&cache, &other));
	assert_ptr_equal(lease_cache_find_request(&cache, 9), asked);
	assert_null(lease_cache_find_request(&cache, 0));
	assert_ptr_equal(lease_cache_oldest(&cache, 150), old);
	assert_null(lease_cache_oldest(&cache, 99));
	assert_int_equal(lease_cache_wait(asked, 7), 0);
	assert_int_equal(lease_cache_wait(asked, 8), 0);
	assert_int_equal(lease_cache_wait(asked, 7), 0);
	assert_int_equal(lease_cache_take_waiters(asked, &tokens), 2);
	assert_int_equal(tokens[1], 8);
	assert_int_equal(asked->waiter_count, 0);
	lease_cache_channel_lost(&cache, 1000, 60);
	assert_int_equal(lease_cache_count(&cache), 2);
	assert_int_equal(old->valid_until_us, 1060);
	lease_cache_channel_lost(&cache, 2000, 60); /* the first end counts */
	assert_int_equal(old->valid_until_us, 1060);
	lease_cache_done(&cache);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ids),
		cmocka_unit_test(test_match),
		cmocka_unit_test(test_backoff),
		cmocka_unit_test(test_servers),
		cmocka_unit_test(test_servers_bounded),
		cmocka_unit_test(test_lease_cache),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
