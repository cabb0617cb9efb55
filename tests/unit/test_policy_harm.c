// SPDX-License-Identifier: BSD-2-Clause
/* user/agent/policy_harm.c: when a subflow becomes a backup because it holds its connection back, and when not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "user/agent/policy.h"
#include "user/base/cleanup.h"

#define KB     1000
#define SECOND (1000 * 1000ULL) /* us */
#define STARVES                    \
	{                          \
		200 * KB, 50, 5, 9 \
	}
#define THIN                       \
	{                          \
		200 * KB, 15, 5, 9 \
	}
#define RUINED                     \
	{                          \
		20 * KB, 200, 3, 4 \
	}
#define HELD_BACK                  \
	{                          \
		400 * KB, 0, 0, 30 \
	}
#define FAST                        \
	{                           \
		1000 * KB, 0, 0, 80 \
	}
#define FASTER                      \
	{                           \
		1400 * KB, 0, 0, 80 \
	}
#define NOTHING            \
	{                  \
		0, 0, 0, 0 \
	}

/* What a subflow did in a second. */
struct second {
	uint64_t rate;		/* bytes/s */
	uint32_t lost_permille; /* of its segments */
	uint32_t lost;		/* segments */
	uint32_t unacked;
};

struct phase {
	unsigned int seconds;
	struct second direct, detour;
	bool fourth_is_good; /* every fourth second the direct one loses nothing */
	bool detour_gone, stale;
	bool takes_loss; /* the direct one has cubic */
	bool queue;	 /* of its path: the round-trip time is long */
	bool keeps;	 /* the congestion program is not there */
	bool backup;	 /* the direct one, at the end of it */
};

static const struct {
	const char *name;
	struct phase phases[6];
} cases[] = {
	{"starves, and the connection is faster without it",
	 {{2, STARVES, FAST, .backup = false},
	  {1, STARVES, FAST, .backup = true},
	  {60, NOTHING, FASTER, .backup = true}}},
	{"starves, and loses little",
	 {{5, THIN, FAST, .backup = false}, {1, THIN, FAST, .backup = true}}},
	{"a thin path: the connection is slower without it, and it is left alone",
	 {{3, STARVES, FAST, .backup = true},
	  {9, NOTHING, FAST, .backup = true},
	  {1, NOTHING, FAST, .backup = false},
	  {60, STARVES, FAST, .backup = false}}},
	{"a second without a loss is only a step back",
	 {{6, THIN, FAST, .fourth_is_good = true, .backup = false},
	  {1, THIN, FAST, .backup = false},
	  {1, THIN, FAST, .backup = true}}},
	{"another congestion control may come yet",
	 {{5, STARVES, FAST, .takes_loss = true, .backup = false},
	  {1, STARVES, FAST, .takes_loss = true, .backup = true}}},
	{"it would come, but for a queue",
	 {{2, STARVES, FAST, .takes_loss = true, .queue = true, .backup = false},
	  {1, STARVES, FAST, .takes_loss = true, .queue = true, .backup = true}}},
	{"there is no program that would give it another",
	 {{2, STARVES, FAST, .takes_loss = true, .keeps = true, .backup = false},
	  {1, STARVES, FAST, .takes_loss = true, .keeps = true, .backup = true}}},
	{"another congestion control has come",
	 {{5, STARVES, FAST, .takes_loss = true, .backup = false},
	  {2, STARVES, FAST, .backup = false},
	  {1, STARVES, FAST, .backup = true}}},
	{"ruined",
	 {{1, RUINED, HELD_BACK, .backup = false},
	  {1, RUINED, HELD_BACK, .backup = true},
	  {60, NOTHING, FAST, .backup = true}}},
	{"ruined, and another congestion control may come yet",
	 {{2, RUINED, HELD_BACK, .takes_loss = true, .backup = false},
	  {1, RUINED, HELD_BACK, .takes_loss = true, .backup = true}}},
	{"one segment of few is noise", {{60, {20 * KB, 200, 1, 4}, HELD_BACK, .backup = false}}},
	{"was fast before: what counts is how fast it was while it did harm",
	 {{20, FAST, FAST, .backup = false},
	  {2, RUINED, HELD_BACK, .backup = true},
	  {60, NOTHING, FAST, .backup = true}}},
	{"ruin that begins within a second",
	 {{1, {200 * KB, 200, 5, 9}, FAST, .backup = false},
	  {1, RUINED, HELD_BACK, .backup = true},
	  {50, NOTHING, FAST, .backup = true}}},
	{"the other one becomes slow in the trial",
	 {{3, STARVES, FAST, .backup = true},
	  {9, NOTHING, {50 * KB, 0, 0, 60}, .backup = true},
	  {1, NOTHING, {50 * KB, 0, 0, 60}, .backup = false}}},
	{"as fast without it",
	 {{3, STARVES, FAST, .backup = true},
	  {30, NOTHING, {1150 * KB, 0, 0, 80}, .backup = true}}},
	{"a thin path is tried again, after a minute",
	 {{3, STARVES, FAST, .backup = true},
	  {10, NOTHING, FAST, .backup = false},
	  {62, STARVES, FAST, .backup = false},
	  {1, STARVES, FAST, .backup = true}}},
	{"it rests for a minute, then for two",
	 {{3, STARVES, FAST, .backup = true},
	  {69, NOTHING, FASTER, .backup = true},
	  {1, NOTHING, FASTER, .backup = false},
	  {3, STARVES, FAST, .backup = true},
	  {129, NOTHING, FASTER, .backup = true},
	  {1, NOTHING, FASTER, .backup = false}}},
	{"its path is better a minute later",
	 {{3, STARVES, FAST, .backup = true},
	  {70, NOTHING, FASTER, .backup = false},
	  {200, FAST, FAST, .backup = false}}},
	{"the other one is gone",
	 {{3, STARVES, FAST, .backup = true},
	  {20, NOTHING, FASTER, .backup = true},
	  {1, NOTHING, FASTER, .detour_gone = true, .backup = false}}},
	{"the application pauses in the trial",
	 {{3, STARVES, FAST, .backup = true},
	  {20, NOTHING, {10 * KB, 0, 0, 0}, .backup = true},
	  {9, NOTHING, FASTER, .backup = true},
	  {20, NOTHING, FASTER, .backup = true}}},
	{"the application sends nothing at all for a while",
	 {{3, STARVES, FAST, .backup = true},
	  {20, NOTHING, NOTHING, .backup = true},
	  {30, NOTHING, FASTER, .backup = true}}},
	{"a sample is missed in the trial",
	 {{3, STARVES, FAST, .backup = true},
	  {3, NOTHING, FASTER, .stale = true, .backup = true},
	  {30, NOTHING, FASTER, .backup = true}}},
	{"loses and carries its share", {{60, {400 * KB, 50, 9, 9}, FAST, .backup = false}}},
	{"slow without losses", {{60, {100 * KB, 9, 9, 9}, FAST, .backup = false}}},
	{"one segment is noise", {{60, {100 * KB, 50, 1, 9}, FAST, .backup = false}}},
	{"nothing in flight", {{60, {0, 50, 9, 0}, FAST, .backup = false}}},
	{"both lose alike", {{60, STARVES, STARVES, .backup = false}}},
	{"both are slow", {{60, {2 * KB, 50, 5, 9}, {20 * KB, 0, 0, 9}, .backup = false}}},
	{"old samples say nothing", {{60, STARVES, FAST, .stale = true}}},
};

static struct endpoint endpoint(const char *text)
{
	struct endpoint parsed;

	assert_int_equal(endpoint_parse(text, &parsed), 0);
	return parsed;
}

static struct subflow *add(struct conn *conn, enum subflow_kind kind, const char *from,
			   const char *to)
{
	struct endpoint local = endpoint(from), remote = endpoint(to);
	struct subflow *subflow = conn_add_subflow(conn, kind, &local, &remote);

	assert_non_null(subflow);
	subflow->state = SUBFLOW_ESTABLISHED;
	return subflow;
}

static void set(struct subflow *subflow, const struct second *second, uint64_t now_us)
{
	subflow->sampled = true;
	subflow->sampled_us = now_us;
	subflow->rate = second->rate;
	subflow->lost_permille = second->lost_permille;
	subflow->lost = second->lost;
	subflow->info.unacked = second->unacked;
}

static void play(const char *name, struct conn *conn, const struct phase *phases)
{
	static const struct second good = {200 * KB, 0, 0, 9};
	struct subflow *direct = add(conn, SUBFLOW_INITIAL, "10.9.0.1:5000", "10.5.0.5:443");
	struct subflow *detour = add(conn, SUBFLOW_DETOUR, "10.9.0.1:5001", "10.0.1.1:10000");
	struct policy_world world = {.now_us = 100 * SECOND};

	for (size_t i = 0; i < ARRAY_SIZE(cases[0].phases) && phases[i].seconds; i++) {
		const struct phase *phase = &phases[i];

		if (phase->detour_gone)
			conn_remove_subflow(conn, detour);
		for (unsigned int second = 1; second <= phase->seconds; second++) {
			uint64_t sampled_us = phase->stale ? 1 : world.now_us;
			bool is_good = phase->fourth_is_good && second % 4 == 0;

			set(direct, is_good ? &good : &phase->direct, sampled_us);
			if (!phase->detour_gone)
				set(detour, &phase->detour, sampled_us);
			direct->info.takes_loss = phase->takes_loss;
			direct->info.min_rtt_us = 40000;
			direct->info.rtt_us = phase->queue ? 80000 : 45000;
			world.adapts = !phase->keeps;
			world.round_us = world.now_us;
			policy_do_no_harm(conn, &world);
			world.now_us += SECOND;
		}
		if (direct->backup != phase->backup)
			fail_msg("%s: phase %zu: it is %s backup", name, i,
				 direct->backup ? "a" : "no");
		if (!phase->detour_gone)
			assert_false(detour->backup);
	}
}

static void judges_subflows(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct endpoint local = endpoint("10.9.0.1:5000"),
				server = endpoint("10.5.0.5:443");
		struct conn *conn;

		assert_int_equal(conn_new(7, &local, &server, &conn), 0);
		play(cases[i].name, conn, cases[i].phases);
		conn_free(conn);
	}
}

/* The agent's previous life made it a backup. */
static void tries_again_what_it_finds(void **state)
{
	struct policy_world world = {.now_us = 100 * SECOND};
	static const struct second fast = FAST, nothing = NOTHING;
	struct endpoint local = endpoint("10.9.0.1:5000"), server = endpoint("10.5.0.5:443");
	struct subflow *direct, *detour;
	struct conn *conn;

	(void)state;
	assert_int_equal(conn_new(7, &local, &server, &conn), 0);
	direct = add(conn, SUBFLOW_INITIAL, "10.9.0.1:5000", "10.5.0.5:443");
	detour = add(conn, SUBFLOW_DETOUR, "10.9.0.1:5001", "10.0.1.1:10000");
	direct->backup = true;
	policy_rest(direct);
	for (int second = 1; second <= 60; second++) {
		assert_true(direct->backup);
		set(direct, &nothing, world.now_us);
		set(detour, &fast, world.now_us);
		world.round_us = world.now_us;
		policy_do_no_harm(conn, &world);
		world.now_us += SECOND;
	}
	assert_false(direct->backup);
	assert_int_not_equal(direct->backup_tries, 0);
	conn_free(conn);
}

/* Which of two made the difference nobody could tell. */
static void tries_one_at_a_time(void **state)
{
	struct policy_world world = {.now_us = 100 * SECOND};
	static const struct second fast = FAST, starves = STARVES;
	struct endpoint local = endpoint("10.9.0.1:5000"), server = endpoint("10.5.0.5:443");
	struct subflow *direct, *detours[2];
	struct conn *conn;

	(void)state;
	assert_int_equal(conn_new(7, &local, &server, &conn), 0);
	direct = add(conn, SUBFLOW_INITIAL, "10.9.0.1:5000", "10.5.0.5:443");
	detours[0] = add(conn, SUBFLOW_DETOUR, "10.9.0.1:5001", "10.0.1.1:10000");
	detours[1] = add(conn, SUBFLOW_DETOUR, "10.9.0.1:5002", "10.0.2.1:10000");
	for (int second = 1; second <= 16; second++) {
		set(direct, &starves, world.now_us);
		set(detours[0], &starves, world.now_us);
		set(detours[1], &fast, world.now_us);
		world.round_us = world.now_us;
		policy_do_no_harm(conn, &world);
		world.now_us += SECOND;
		assert_int_equal(direct->backup, second >= 3);
		assert_int_equal(detours[0]->backup, second >= 14);
	}
	conn_free(conn);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(judges_subflows),
		cmocka_unit_test(tries_again_what_it_finds),
		cmocka_unit_test(tries_one_at_a_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
