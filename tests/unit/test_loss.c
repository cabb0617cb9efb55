// SPDX-License-Identifier: BSD-2-Clause
/* bpf/client/loss.h: which losses are chance, and which are a full queue's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bpf/client/loss.h"
#include "user/base/cleanup.h"

#define MIN_RTT 20000
#define CALM	21000
#define QUEUE	80000

struct step {
	uint32_t una, nxt, segments, srtt_us;
	bool sure;
};

struct loss_case {
	const char *name;
	struct step steps[6];
};

static const struct loss_case cases[] = {
	{"three windows with a loss and no queue",
	 {{100, 200, 10, CALM, false}, {200, 300, 20, CALM, false}, {300, 400, 30, CALM, true}}},
	{"what is lost in one window counts once",
	 {{100, 200, 10, CALM, false},
	  {110, 200, 11, CALM, false},
	  {150, 220, 12, CALM, false},
	  {199, 240, 13, CALM, false},
	  {200, 300, 14, CALM, false},
	  {300, 400, 15, CALM, true}}},
	{"a queue each time",
	 {{100, 200, 10, QUEUE, false},
	  {200, 300, 20, QUEUE, false},
	  {300, 400, 30, QUEUE, false},
	  {400, 500, 40, QUEUE, false}}},
	{"a queue in between begins anew",
	 {{100, 200, 10, CALM, false},
	  {200, 300, 20, CALM, false},
	  {300, 400, 30, QUEUE, false},
	  {400, 500, 40, CALM, false},
	  {500, 600, 50, CALM, false},
	  {600, 700, 60, CALM, true}}},
	{"seldom is harmless",
	 {{100, 200, 10, CALM, false},
	  {200, 300, 20, CALM, false},
	  {300, 400, 20 + LOSS_SEGMENTS_MAX + 1, CALM, false},
	  {400, 500, 20 + LOSS_SEGMENTS_MAX + 2, CALM, false},
	  {500, 600, 20 + LOSS_SEGMENTS_MAX + 3, CALM, true}}},
	{"sequence numbers begin again at 0",
	 {{0xfffffff0, 0xfffffffe, 10, CALM, false},
	  {0xfffffffe, 5, 20, CALM, false},
	  {2, 5, 21, CALM, false},
	  {5, 100, 30, CALM, true}}},
	{"a dead path repeats one segment for ever",
	 {{100, 200, 10, CALM, false},
	  {100, 200, 11, CALM, false},
	  {100, 200, 12, CALM, false},
	  {100, 200, 13, CALM, false},
	  {100, 200, 14, CALM, false},
	  {100, 200, 15, CALM, false}}},
};

static void judges_losses(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct loss_state loss = {0};

		for (size_t k = 0; k < ARRAY_SIZE(cases[i].steps) && cases[i].steps[k].nxt; k++) {
			const struct step *step = &cases[i].steps[k];
			struct loss_sample sample = {step->una, step->nxt, step->segments,
						     step->srtt_us, MIN_RTT};

			if (loss_note(&loss, &sample) != step->sure)
				fail_msg("%s: step %zu", cases[i].name, k);
		}
	}
}

/* The first loss of all is an episode, wherever the sequence numbers begin. */
static void first_loss_counts(void **state)
{
	struct loss_state loss = {0};
	struct loss_sample sample = {0xf0000000, 0xf0000100, 5, CALM, MIN_RTT};

	(void)state;
	assert_false(loss_note(&loss, &sample));
	assert_int_equal(loss.by_chance, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(judges_losses),
		cmocka_unit_test(first_loss_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
