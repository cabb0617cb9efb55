// SPDX-License-Identifier: BSD-2-Clause
/* Peers that are up: leases, pings, closing from anywhere. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/channel_world.h"
#include "user/base/cleanup.h"
#include "user/control/peer_internal.h"

static struct pki pki;

static struct wire_message lease_get(uint32_t request_id)
{
	struct wire_message message = {.type = WIRE_LEASE_GET, .request_id = request_id};

	assert_int_equal(endpoint_parse("198.51.100.7:443", &message.lease_get.server), 0);
	return message;
}

static void test_lease(void **state)
{
	struct wire_message message = lease_get(42);
	struct world world;

	(void)state;
	world_up(&world, &pki);
	assert_string_equal(peer_identity(world.relay.peer), "anna");
	assert_true(endpoint_equal(peer_local(world.agent.peer), peer_remote(world.relay.peer)));
	assert_true(endpoint_equal(peer_remote(world.agent.peer), peer_local(world.relay.peer)));
	assert_int_equal(peer_send(world.agent.peer, &message), 0);
	assert_true(world_run(&world, &world.agent.messages, 2, 2000));
	assert_int_equal(world.agent.last.type, WIRE_LEASE);
	assert_int_equal(world.agent.last.request_id, 42);
	assert_true(endpoint_equal(&world.agent.last.lease.server, &message.lease_get.server));
	world_done(&world);
}

/* Many questions at once all get their answers, in order. */
static void test_pipeline(void **state)
{
	struct wire_message message;
	struct world world;

	(void)state;
	world_up(&world, &pki);
	for (uint32_t i = 1; i <= 1000; i++) {
		message = lease_get(i);
		assert_int_equal(peer_send(world.agent.peer, &message), 0);
	}
	assert_true(world_run(&world, &world.agent.messages, 1001, 5000));
	assert_int_equal(world.agent.last.request_id, 1000);
	assert_true(world.relay.peer->out_size <= PEER_OUT_MAX);
	world_done(&world);
}

/* "[::]" takes IPv4, and gives it out as IPv4. */
static void test_dual_stack(void **state)
{
	struct world world;

	(void)state;
	world_init(&world, &pki);
	world_listen(&world, pki_context(&pki, true, "fra", NULL), "[::]:0");
	world_connect(&world, pki_context(&pki, false, "anna", NULL), "fra");
	assert_true(world_run(&world, &world.agent.messages, 1, 2000));
	assert_true(addr_is_v4(&peer_remote(world.relay.peer)->addr));
	assert_true(addr_is_v4(&peer_local(world.relay.peer)->addr));
	world_done(&world);
}

/* The relay sees the address that the agent was told to use. */
static void test_local_address(void **state)
{
	struct endpoint from = {};
	struct world world;

	(void)state;
	assert_int_equal(addr_parse("127.0.0.9", &from.addr), 0);
	world_init(&world, &pki);
	world.from = &from;
	world_listen(&world, pki_context(&pki, true, "fra", NULL), "[::]:0");
	world_connect(&world, pki_context(&pki, false, "anna", NULL), "fra");
	assert_true(world_run(&world, &world.agent.messages, 1, 2000));
	assert_true(addr_equal(&peer_remote(world.relay.peer)->addr, &from.addr));
	assert_true(addr_equal(&peer_local(world.agent.peer)->addr, &from.addr));
	world_done(&world);
}

static void test_send_before_ready(void **state)
{
	struct wire_message message = lease_get(1);
	struct world world;

	(void)state;
	world_init(&world, &pki);
	world_listen(&world, pki_context(&pki, true, "fra", NULL), "127.0.0.1:0");
	world_connect(&world, pki_context(&pki, false, "anna", NULL), "fra");
	assert_int_equal(peer_send(world.agent.peer, &message), -ENOTCONN);
	world_done(&world);
}

static void test_connection_refused(void **state)
{
	struct world world;

	(void)state;
	world_init(&world, &pki);
	world_listen(&world, pki_context(&pki, true, "fra", NULL), "127.0.0.1:0");
	peer_listener_free(world.listener);
	world.listener = NULL;
	world_connect(&world, pki_context(&pki, false, "anna", NULL), "fra");
	assert_true(world_run(&world, &world.agent.closed, 1, 2000));
	assert_int_equal(world.agent.err, -ECONNREFUSED);
	world_done(&world);
}

/* Pings go both ways, and measure. */
static void test_ping(void **state)
{
	struct world world;

	(void)state;
	world_up(&world, &pki);
	world_wait(&world, 100);
	assert_true(peer_rtt_us(world.agent.peer) > 0);
	assert_true(peer_rtt_us(world.agent.peer) < 100000);
	world_wait(&world, 3500);
	assert_true(peer_rtt_us(world.relay.peer) > 0);
	assert_int_equal(world.agent.closed + world.relay.closed, 0);
	world_done(&world);
}

static void test_closed_in_order(void **state)
{
	struct world world;

	(void)state;
	world_up(&world, &pki);
	peer_close(world.relay.peer);
	world.relay.peer = NULL;
	assert_true(world_run(&world, &world.agent.closed, 1, 2000));
	assert_int_equal(world.agent.err, 0);
	assert_string_equal(world.agent.reason, "closed by the other side");
	world_done(&world);
}

/* A callback may close its own peer; ASan watches what is used afterwards. */
static void test_close_in_callbacks(void **state)
{
	static const struct {
		enum close_in relay, agent;
		bool agent_hears;
	} rows[] = {
		{CLOSE_IN_READY, CLOSE_NOWHERE, true},
		{CLOSE_NOWHERE, CLOSE_IN_READY, false},
		{CLOSE_NOWHERE, CLOSE_IN_MESSAGE, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct world world;

		world_init(&world, &pki);
		world.relay_closes = rows[i].relay;
		world.agent_closes = rows[i].agent;
		world_listen(&world, pki_context(&pki, true, "fra", NULL), "127.0.0.1:0");
		world_connect(&world, pki_context(&pki, false, "anna", NULL), "fra");
		if (rows[i].agent_hears)
			assert_true(world_run(&world, &world.agent.closed, 1, 2000));
		else
			assert_true(world_run(&world, &world.relay.closed, 1, 2000));
		world_done(&world);
	}
}

static void test_relay_closes_in_message(void **state)
{
	struct wire_message message = lease_get(1);
	struct world world;

	(void)state;
	world_up(&world, &pki);
	world.relay_closes = CLOSE_IN_MESSAGE;
	peer_send(world.agent.peer, &message);
	peer_send(world.agent.peer, &message);
	assert_true(world_run(&world, &world.agent.closed, 1, 2000));
	assert_int_equal(world.relay.messages, 1);
	world_done(&world);
}

/* A relay without room says why. */
static void test_relay_is_full(void **state)
{
	struct world world;

	(void)state;
	world_init(&world, &pki);
	world.relay_is_full = true;
	world_listen(&world, pki_context(&pki, true, "fra", NULL), "127.0.0.1:0");
	world_connect(&world, pki_context(&pki, false, "anna", NULL), "fra");
	assert_true(world_run(&world, &world.agent.closed, 1, 2000));
	assert_int_equal(world.agent.err, -ECONNREFUSED);
	assert_string_equal(world.agent.reason, "the relay is full");
	assert_int_equal(world.agent.ready, 0);
	world_done(&world);
}

/* A listener may go while its peers are up; they stay, and a new CRL still reaches them. */
static void test_listener_goes(void **state)
{
	struct wire_message message = lease_get(1);
	struct tls_context *reloaded;
	struct world world;

	(void)state;
	world_init(&world, &pki);
	world_listen(&world, pki_context(&pki, true, "fra", "empty.pem"), "127.0.0.1:0");
	world_connect(&world, pki_context(&pki, false, "bob", NULL), "fra");
	assert_true(world_run(&world, &world.agent.messages, 1, 2000));
	peer_listener_free(world.listener);
	world.listener = NULL;
	peer_send(world.agent.peer, &message);
	assert_true(world_run(&world, &world.agent.messages, 2, 2000));
	reloaded = pki_context(&pki, true, "fra", "crl.pem");
	peer_recheck(world.relay.peer, reloaded);
	tls_context_free(reloaded);
	assert_true(world_run(&world, &world.relay.closed, 1, 2000));
	assert_int_equal(world.relay.err, -EKEYREJECTED);
	world_done(&world);
}

static int make_pki(void **state)
{
	(void)state;
	pki_make(&pki);
	return 0;
}

static int remove_pki(void **state)
{
	(void)state;
	pki_remove(&pki);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lease),
		cmocka_unit_test(test_pipeline),
		cmocka_unit_test(test_dual_stack),
		cmocka_unit_test(test_local_address),
		cmocka_unit_test(test_send_before_ready),
		cmocka_unit_test(test_connection_refused),
		cmocka_unit_test(test_ping),
		cmocka_unit_test(test_closed_in_order),
		cmocka_unit_test(test_close_in_callbacks),
		cmocka_unit_test(test_relay_closes_in_message),
		cmocka_unit_test(test_relay_is_full),
		cmocka_unit_test(test_listener_goes),
	};

	return cmocka_run_group_tests(tests, make_pki, remove_pki);
}
