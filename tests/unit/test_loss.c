// SPDX-License-Identifier: BSD-2-Clause
/* bpf/client/loss.h: which losses are chance, and which are congestion. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bpf/client/loss.h"
#include "user/base/cleanup.h"

#define MSS	1000
#define MIN_RTT 20000 /* us */
#define CALM	21000
#define QUEUE	80000

/* 17 segments in flight: Reno takes 9 round trips from 0.7 to all of them, 130 segments. */
#define WINDOW	17
#define SOON	50 /* segments */
#define REGULAR 130

/* A run of episodes alike. */
struct run {
	unsigned int episodes;
	uint32_t gap; /* segments since the one before has ended */
	uint32_t srtt_us;
};

static const struct {
	const char *name;
	uint32_t from; /* the first sequence number */
	struct run runs[5];
	unsigned int sure_at; /* the episode, from 1; 0: never */
} cases[] = {
	{"short gaps without a queue", 1, {{6, SOON, CALM}}, 4},
	{"the first loss has no gap", 1, {{1, 0, CALM}}, 0},
	{"a cycle each time: a short queue, or a managed one", 1, {{100, REGULAR, CALM}}, 0},
	{"a full queue each time", 1, {{100, SOON, QUEUE}}, 0},
	{"a full queue takes back", 1, {{3, SOON, CALM}, {1, SOON, QUEUE}, {1, SOON, CALM}}, 0},
	{"now and then a short gap",
	 1,
	 {{2, SOON, CALM},
	  {3, REGULAR, CALM},
	  {1, SOON, CALM},
	  {3, REGULAR, CALM},
	  {1, SOON, CALM}},
	 0},
	{"short gaps with a regular one between",
	 1,
	 {{3, SOON, CALM}, {1, REGULAR, CALM}, {1, SOON, CALM}},
	 5},
	{"sequence numbers begin anew", 0xfffff000, {{6, SOON, CALM}}, 4},
};

/* The episode that made it sure, or 0. */
static unsigned int play(const struct run *runs, uint32_t from)
{
	struct loss_sample sample = {.mss = MSS, .min_rtt_us = MIN_RTT, .snd_una = from};
	struct loss_state state = {0};
	unsigned int episode = 0;

	for (size_t i = 0; i < ARRAY_SIZE(cases[0].runs); i++) {
		for (unsigned int k = 0; k < runs[i].episodes; k++) {
			sample.snd_una += runs[i].gap * MSS;
			sample.snd_nxt = sample.snd_una + WINDOW * MSS;
			sample.srtt_us = runs[i].srtt_us;
			episode++;
			if (loss_note(&state, &sample))
				return episode;
			sample.snd_una = sample.snd_nxt;
		}
	}
	return 0;
}

static void judges_losses(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		unsigned int sure_at = play(cases[i].runs, cases[i].from);

		if (sure_at != cases[i].sure_at)
			fail_msg("%s: sure at episode %u, not %u", cases[i].name, sure_at,
				 cases[i].sure_at);
	}
}

/* What is lost in one window is one episode, however often it is sent again. */
static void counts_windows(void **state)
{
	struct loss_sample sample = {1000, 1000 + WINDOW * MSS, MSS, CALM, MIN_RTT};
	struct loss_state loss = {0};

	(void)state;
	assert_false(loss_note(&loss, &sample));
	for (int i = 0; i < 100; i++) {
		sample.snd_una += WINDOW * MSS / 200;
		sample.snd_nxt += MSS;
		assert_false(loss_note(&loss, &sample));
		assert_int_equal(loss.points, 0);
	}
}

/* After gigabytes without a loss the next one is no part of the last. */
static void sees_beyond_two_gigabytes(void **state)
{
	struct loss_sample sample = {1000, 1000 + WINDOW * MSS, MSS, CALM, MIN_RTT};
	struct loss_state loss = {0};

	(void)state;
	loss_note(&loss, &sample);
	sample.snd_una += 2500000000u;
	sample.snd_nxt = sample.snd_una + WINDOW * MSS;
	assert_false(loss_is_same_episode(&loss, &sample));
}

/* A SYN that is repeated, or a socket without an MSS, says nothing. */
static void ignores_what_says_nothing(void **state)
{
	struct loss_sample syn = {1000, 1001, MSS, 0, LOSS_NO_RTT};
	struct loss_sample no_mss = {1000, 1000 + WINDOW * MSS, 0, CALM, MIN_RTT};
	struct loss_state loss = {0};

	(void)state;
	assert_false(loss_note(&loss, &syn));
	assert_false(loss_note(&loss, &no_mss));
	assert_int_equal(loss.window, 0);
}

/* K of RFC 9438 is 3.99 s for 85 segments, 11.4 s for 2000; Reno's way is shorter for small windows. */
static void knows_cubic(void **state)
{
	(void)state;
	assert_int_equal(loss_cycle(2000, 60000), 11447000ULL * 2000 * 17 / (20 * 60000));
	assert_int_equal(loss_cycle(85, 100000), 3994000ULL * 85 * 17 / (20 * 100000));
	assert_int_equal(loss_cycle(17, 21000), 139);
	assert_int_equal(loss_cycle(5, 21000), 12);
	assert_int_equal(loss_cycle(0, 21000), 0);
	assert_true(loss_cycle(4000000, 1) > 0);
	assert_int_equal(cube_root(0), 0);
	assert_int_equal(cube_root(1000), 10);
	assert_int_equal(cube_root(999), 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(judges_losses),
		cmocka_unit_test(counts_windows),
		cmocka_unit_test(sees_beyond_two_gigabytes),
		cmocka_unit_test(ignores_what_says_nothing),
		cmocka_unit_test(knows_cubic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
