// SPDX-License-Identifier: BSD-2-Clause
/* user/agent/policy_harm.c: when a subflow becomes a backup because it holds its connection back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "user/agent/policy.h"
#include "user/base/cleanup.h"

#define KB 1000

/* What a subflow did in a second. */
struct second {
	uint64_t rate;		/* bytes/s */
	uint32_t lost_permille; /* of its segments */
	uint32_t unacked;
};

static const struct {
	const char *name;
	struct second direct, detour; /* every second but every fourth */
	struct second fourth;	      /* the direct one, every fourth second */
	unsigned int seconds;
	bool detour_is_backup;
	bool demoted; /* the direct one, at the end */
} cases[] = {
	{"starves and loses",
	 {200 * KB, 50, 9},
	 {1000 * KB, 0, 80},
	 {200 * KB, 50, 9},
	 5,
	 false,
	 true},
	{"not yet", {200 * KB, 50, 9}, {1000 * KB, 0, 80}, {200 * KB, 50, 9}, 4, false, false},
	{"a second without a loss is only a step back",
	 {200 * KB, 50, 9},
	 {1000 * KB, 0, 80},
	 {200 * KB, 0, 9},
	 9,
	 false,
	 true},
	{"loses and carries its share",
	 {400 * KB, 50, 9},
	 {1000 * KB, 0, 80},
	 {400 * KB, 50, 9},
	 60,
	 false,
	 false},
	{"slow without losses",
	 {100 * KB, 9, 9},
	 {1000 * KB, 0, 80},
	 {100 * KB, 9, 9},
	 60,
	 false,
	 false},
	{"nothing in flight", {0, 50, 0}, {1000 * KB, 0, 80}, {0, 50, 0}, 60, false, false},
	{"the only one that is no backup",
	 {200 * KB, 50, 9},
	 {1000 * KB, 0, 80},
	 {200 * KB, 50, 9},
	 60,
	 true,
	 false},
	{"both lose alike",
	 {200 * KB, 50, 9},
	 {200 * KB, 50, 9},
	 {200 * KB, 50, 9},
	 60,
	 false,
	 false},
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
	subflow->sampled = true;
	return subflow;
}

static void set(struct subflow *subflow, const struct second *second)
{
	subflow->rate = second->rate;
	subflow->lost_permille = second->lost_permille;
	subflow->info.unacked = second->unacked;
}

static void judges_subflows(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct endpoint local = endpoint("10.9.0.1:5000"),
				server = endpoint("10.5.0.5:443");
		struct subflow *direct, *detour;
		struct conn *conn;

		assert_int_equal(conn_new(7, &local, &server, &conn), 0);
		direct = add(conn, SUBFLOW_INITIAL, "10.9.0.1:5000", "10.5.0.5:443");
		detour = add(conn, SUBFLOW_DETOUR, "10.9.0.1:5001", "10.0.1.1:10000");
		detour->backup = cases[i].detour_is_backup;
		for (unsigned int second = 1; second <= cases[i].seconds; second++) {
			set(direct, second % 4 ? &cases[i].direct : &cases[i].fourth);
			set(detour, &cases[i].detour);
			policy_do_no_harm(conn);
		}
		if (direct->backup != cases[i].demoted ||
		    (direct->backup_tries > 0) != cases[i].demoted ||
		    detour->backup != cases[i].detour_is_backup)
			fail_msg("%s: direct %s, detour %s", cases[i].name,
				 direct->backup ? "backup" : "not",
				 detour->backup ? "backup" : "not");
		conn_free(conn);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(judges_subflows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
