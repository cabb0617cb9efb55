// SPDX-License-Identifier: BSD-2-Clause
/* Peers that misbehave: what is malformed, who does not read, who falls silent. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

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

/* Bytes as the agent's peer would send them, whatever they are. */
static void send_raw(struct world *world, const void *bytes, size_t len)
{
	assert_int_equal(tls_session_write(world->agent.peer->session, bytes, len), len);
}

/* What is malformed or may not come ends the channel, after a word about it. */
static void test_malformed(void **state)
{
	static const struct {
		const char *name;
		uint8_t bytes[16];
		size_t len;
		int err;
		enum wire_error code;
	} rows[] = {
		{"no magic", {1, 4, 0, 0}, 16, -EPROTO, WIRE_ERR_MALFORMED},
		{"another version",
		 {2, 4, 0x22, 0x63},
		 16,
		 -EPROTONOSUPPORT,
		 WIRE_ERR_UNSUPPORTED_VERSION},
		{"empty", {1, 1, 0x22, 0x63}, 4, -EPROTO, WIRE_ERR_MALFORMED},
		{"zero length", {1, 0, 0x22, 0x63}, 4, -EPROTO, WIRE_ERR_MALFORMED},
		{"short request",
		 {1, 3, 0x22, 0x63, 192, 1, 0, 0, 197, 1},
		 12,
		 -EPROTO,
		 WIRE_ERR_MALFORMED},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct world world;

		world_up(&world, &pki);
		send_raw(&world, rows[i].bytes, rows[i].len);
		assert_true(world_run(&world, &world.relay.closed, 1, 2000));
		assert_int_equal(world.relay.err, rows[i].err);
		assert_true(world_run(&world, &world.agent.closed, 1, 2000));
		assert_int_equal(world.agent.last.type, WIRE_ERROR);
		assert_int_equal(world.agent.last.error.code, rows[i].code);
		world_done(&world);
	}
}

static void test_wrong_direction(void **state)
{
	struct wire_message hello = {.type = WIRE_HELLO};
	struct world world;

	(void)state;
	world_up(&world, &pki);
	assert_int_equal(peer_send(world.agent.peer, &hello), 0);
	assert_true(world_run(&world, &world.relay.closed, 1, 2000));
	assert_int_equal(world.relay.err, -EPROTO);
	assert_int_equal(world.relay.messages, 0);
	world_done(&world);
}

/* A type that the relay does not know is said to be so, and the next one is answered. */
static void test_unknown_type(void **state)
{
	static const uint8_t unknown[] = {1, 4, 0x22, 0x63, 192, 2, 0, 0, 0, 0, 0, 9, 220, 1, 0, 0};
	struct wire_message message = lease_get(10);
	struct world world;

	(void)state;
	world_up(&world, &pki);
	send_raw(&world, unknown, sizeof(unknown));
	assert_true(world_run(&world, &world.agent.messages, 2, 2000));
	assert_int_equal(world.agent.last.type, WIRE_ERROR);
	assert_int_equal(world.agent.last.request_id, 9);
	assert_int_equal(world.agent.last.error.code, WIRE_ERR_UNSUPPORTED_MESSAGE);
	peer_send(world.agent.peer, &message);
	assert_true(world_run(&world, &world.agent.messages, 3, 2000));
	assert_int_equal(world.agent.last.type, WIRE_LEASE);
	world_done(&world);
}

/* One byte a write: a message may come in any pieces. */
static void test_byte_by_byte(void **state)
{
	struct wire_message message = lease_get(5);
	uint8_t bytes[WIRE_MESSAGE_MAX];
	ssize_t len = wire_encode(&message, bytes, sizeof(bytes));
	struct world world;

	(void)state;
	world_up(&world, &pki);
	uv_timer_stop(&world.agent.peer->timer); /* no ping in between */
	for (ssize_t i = 0; i < len; i++) {
		send_raw(&world, bytes + i, 1);
		world_wait(&world, 1);
	}
	assert_true(world_run(&world, &world.agent.messages, 2, 2000));
	assert_int_equal(world.agent.last.request_id, 5);
	world_done(&world);
}

static void deafen(struct peer *peer)
{
	uv_poll_stop(&peer->poll);
	uv_timer_stop(&peer->timer);
}

/* An agent that does not read what the relay has to say is cut when 64 KiB wait for it. */
static void test_deaf_agent(void **state)
{
	struct wire_message lost = lease_get(0);
	struct world world;
	int err = 0;

	(void)state;
	world_up(&world, &pki);
	deafen(world.agent.peer);
	lost.type = WIRE_LEASE_LOST;
	for (unsigned int i = 0; i < 1000000 && err == 0; i++)
		err = peer_send(world.relay.peer, &lost);
	assert_int_equal(err, -ENOBUFS);
	assert_true(world.relay.peer->out_size <= PEER_OUT_MAX);
	assert_int_equal(world.relay.closed, 0); /* not from within peer_send() */
	assert_int_equal(peer_send(world.relay.peer, &lost), -ENOTCONN);
	assert_true(world_run(&world, &world.relay.closed, 1, 1000));
	assert_int_equal(world.relay.err, -ENOBUFS);
	assert_string_equal(world.relay.reason, "the other side does not read");
	world_done(&world);
}

/* One that asks and asks, and does not read the answers, is not read either, and cut in 3 s. */
static void test_greedy_agent(void **state)
{
	struct wire_message message = lease_get(1);
	uint8_t bytes[WIRE_MESSAGE_MAX];
	ssize_t len = wire_encode(&message, bytes, sizeof(bytes));
	uint8_t flood[512 * 32];
	struct world world;

	(void)state;
	assert_int_equal(len, 32);
	for (size_t i = 0; i < sizeof(flood); i += len)
		memcpy(flood + i, bytes, len);
	world_up(&world, &pki);
	deafen(world.agent.peer);
	for (int i = 0; i < 10000 && world.relay.closed == 0; i++) {
		for (int j = 0; j < 50; j++)
			tls_session_write(world.agent.peer->session, flood, sizeof(flood));
		world_wait(&world, 2);
		if (world.relay.peer)
			assert_true(world.relay.peer->out_size <= PEER_OUT_MAX);
	}
	assert_int_equal(world.relay.closed, 1);
	assert_int_equal(world.relay.err, -ENOBUFS);
	world_done(&world);
}

/* A relay that falls silent is dead after 3 s. */
static void test_silence(void **state)
{
	struct world world;
	uint64_t began;

	(void)state;
	world_up(&world, &pki);
	world_wait(&world, 50);
	deafen(world.relay.peer);
	began = uv_now(&world.loop);
	assert_true(world_run(&world, &world.agent.closed, 1, PEER_DEAD_MS + 500));
	assert_int_equal(world.agent.err, -ETIMEDOUT);
	assert_true(uv_now(&world.loop) - began >= PEER_DEAD_MS - 100);
	world_done(&world);
}

/* Who takes the connection and never speaks TLS does not hold the agent for long. */
static void test_mute_relay(void **state)
{
	struct sockaddr_storage sa;
	struct world world;
	socklen_t len;
	int fd;

	(void)state;
	world_init(&world, &pki);
	assert_int_equal(endpoint_parse("127.0.0.1:1", &world.endpoint), 0);
	world.endpoint.port_be = 0;
	len = endpoint_to_sockaddr(&world.endpoint, &sa);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&sa, len), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &len), 0);
	assert_int_equal(endpoint_from_sockaddr((struct sockaddr *)&sa, &world.endpoint), 0);
	world_connect(&world, pki_context(&pki, false, "anna", NULL), "fra");
	assert_true(world_run(&world, &world.agent.closed, 1, PEER_HANDSHAKE_MS + 500));
	assert_int_equal(world.agent.err, -ETIMEDOUT);
	close(fd);
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
		cmocka_unit_test(test_malformed),    cmocka_unit_test(test_wrong_direction),
		cmocka_unit_test(test_unknown_type), cmocka_unit_test(test_byte_by_byte),
		cmocka_unit_test(test_deaf_agent),   cmocka_unit_test(test_greedy_agent),
		cmocka_unit_test(test_silence),	     cmocka_unit_test(test_mute_relay),
	};

	return cmocka_run_group_tests(tests, make_pki, remove_pki);
}
