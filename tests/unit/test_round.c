// SPDX-License-Identifier: BSD-2-Clause
/* user/agent/round.c: whose turn comes in a round, whatever happens meanwhile; sampling and policy are this test's. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "user/agent/agent.h"
#include "user/agent/clock.h"
#include "user/base/cleanup.h"

#define CONNS 5

/* What happens at the third connection's turn. */
enum incident {
	NOTHING,
	NEXT_IS_DROPPED,
	LAST_IS_DROPPED,
	OWN_IS_DROPPED, /* by its own policy event; the real one never does */
	NEW_ONE,
	RESYNC,
	STOP,
};

/* What the kernel answers to one dump: an error at once, or after some datagrams. */
struct dump {
	int begin_err, next_err;
	unsigned int datagrams;
};

static const struct {
	const char *name;
	enum incident incident;
	struct dump v4, v6;
	const char *turns; /* tokens, in order */
	bool whole;
} cases[] = {
	{"all of them", NOTHING, {0, 0, 3}, {0, 0, 1}, "12345", true},
	{"the next one goes", NEXT_IS_DROPPED, {0, 0, 1}, {0, 0, 1}, "1235", true},
	{"the last one goes", LAST_IS_DROPPED, {0, 0, 1}, {0, 0, 1}, "1234", true},
	{"this one goes", OWN_IS_DROPPED, {0, 0, 1}, {0, 0, 1}, "12345", true},
	{"a new one", NEW_ONE, {0, 0, 1}, {0, 0, 1}, "123456", true},
	{"a resync", RESYNC, {0, 0, 1}, {0, 0, 1}, "123", true},
	{"the agent stops", STOP, {0, 0, 1}, {0, 0, 1}, "123", true},
	{"no IPv4", NOTHING, {-EBUSY, 0, 0}, {0, 0, 1}, "12345", false},
	{"no IPv6", NOTHING, {0, 0, 1}, {-EBUSY, 0, 0}, "12345", false},
	{"neither", NOTHING, {-EBUSY, 0, 0}, {-EBUSY, 0, 0}, "12345", false},
	{"IPv4 breaks off", NOTHING, {0, -ENOBUFS, 2}, {0, 0, 1}, "12345", false},
	{"IPv6 breaks off", NOTHING, {0, 0, 1}, {0, -EINTR, 2}, "12345", false},
};

static struct agent tested;
static enum incident incident;
static struct dump dumps[2];
static unsigned int dumped, datagram;
static char turns[CONNS + 3];
static size_t turn;
static unsigned int asked_for_missed;
static uint64_t missed_since_us;

static void add(uint32_t token)
{
	struct endpoint end = {.port_be = (in_port_t)token};
	struct conn *conn;

	assert_int_equal(conn_new(token, &end, &end, &conn), 0);
	HASH_ADD_INT(tested.conns, token, conn);
}

static void drop(uint32_t token)
{
	struct conn *conn;

	HASH_FIND_INT(tested.conns, &token, conn);
	if (!conn) {
		fail_msg("no connection %u", token);
		return;
	}
	round_leave_out(&tested, conn);
	HASH_DEL(tested.conns, conn);
	conn_free(conn);
}

static void happen(void)
{
	switch (incident) {
	case NEXT_IS_DROPPED:
		drop(4);
		break;
	case LAST_IS_DROPPED:
		drop(5);
		break;
	case OWN_IS_DROPPED:
		drop(3);
		break;
	case NEW_ONE:
		add(6);
		break;
	case RESYNC:
		round_end_ticks(&tested);
		drop(1);
		drop(5);
		break;
	case STOP:
		round_stop(&tested);
		uv_stop(tested.loop);
		round_end_ticks(&tested);
		break;
	case NOTHING:
		break;
	}
}

void agent_apply(struct agent *agent, struct conn *conn, const struct policy_event *event)
{
	assert_ptr_equal(agent, &tested);
	assert_int_equal(event->type, POLICY_TICK);
	assert_true(turn < sizeof(turns) - 1);
	turns[turn++] = (char)('0' + conn->token);
	if (turn == 3)
		happen();
}

int sample_begin(struct agent *agent, int family)
{
	assert_non_null(agent->round.diag);
	dumped = family == AF_INET6;
	datagram = 0;
	return dumps[dumped].begin_err;
}

int sample_next(struct agent *agent)
{
	assert_non_null(agent->round.diag);
	return ++datagram < dumps[dumped].datagrams ? 1 : dumps[dumped].next_err;
}

void sample_end_missed(struct agent *agent, struct conn *conn, uint64_t since_us)
{
	(void)agent;
	(void)conn;
	asked_for_missed++;
	missed_since_us = since_us;
}

static int set_up(void **state)
{
	(void)state;
	tested = (struct agent){.loop = uv_default_loop()};
	incident = NOTHING;
	turn = 0;
	asked_for_missed = 0;
	for (int i = 0; i < 2; i++)
		dumps[i] = (struct dump){.datagrams = 1};
	assert_int_equal(round_init(&tested), 0);
	for (uint32_t token = 1; token <= CONNS; token++)
		add(token);
	return 0;
}

static int tear_down(void **state)
{
	struct conn *conn, *next;

	(void)state;
	if (!uv_is_closing((uv_handle_t *)&tested.round.slices))
		round_stop(&tested);
	uv_run(tested.loop, UV_RUN_DEFAULT);
	HASH_ITER (hh, tested.conns, conn, next) {
		HASH_DEL(tested.conns, conn);
		conn_free(conn);
	}
	return 0;
}

/* An idle handle that is active keeps the loop running: it ends with the round. */
static void play_round(void)
{
	usleep(10); /* they begin at different microseconds */
	turn = 0;
	asked_for_missed = 0;
	round_begin(&tested);
	uv_run(tested.loop, UV_RUN_DEFAULT);
	turns[turn] = '\0';
}

static void takes_turns(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		set_up(state);
		incident = cases[i].incident;
		dumps[0] = cases[i].v4;
		dumps[1] = cases[i].v6;
		play_round();
		if (strcmp(turns, cases[i].turns) != 0)
			fail_msg("%s: turns %s, not %s", cases[i].name, turns, cases[i].turns);
		if (tested.round.whole != cases[i].whole)
			fail_msg("%s: whole: %d", cases[i].name, tested.round.whole);
		assert_int_equal(asked_for_missed, 0);
		tear_down(state);
	}
}

/* Two whole rounds must not have found a subflow: the one before, and this one. */
static void asks_for_the_missed_in_whole_rounds(void **state)
{
	uint64_t begun_us[2];

	set_up(state);
	for (int i = 0; i < 2; i++) {
		play_round();
		begun_us[i] = tested.round.begun_us;
	}
	assert_int_equal(asked_for_missed, CONNS);
	assert_int_equal(missed_since_us, begun_us[0]);

	dumps[1].next_err = -ENOBUFS;
	play_round();
	assert_int_equal(asked_for_missed, 0);

	dumps[1].next_err = 0;
	play_round();
	assert_int_equal(asked_for_missed, CONNS);
	assert_int_equal(missed_since_us, begun_us[1]);
	tear_down(state);
}

static void rests_without_connections(void **state)
{
	set_up(state);
	for (uint32_t token = 1; token <= CONNS; token++)
		drop(token);
	play_round();
	assert_int_equal(tested.round.begun_us, 0);
	tear_down(state);
}

static void begins_no_second_one(void **state)
{
	uint64_t begun_us;

	set_up(state);
	round_begin(&tested);
	begun_us = tested.round.begun_us;
	round_begin(&tested);
	assert_int_equal(tested.round.begun_us, begun_us);
	tear_down(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_turns),
		cmocka_unit_test(asks_for_the_missed_in_whole_rounds),
		cmocka_unit_test(rests_without_connections),
		cmocka_unit_test(begins_no_second_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
