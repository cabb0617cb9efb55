// SPDX-License-Identifier: BSD-2-Clause
/* Accounting of handshakes under way. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "user/control/admit.h"

static struct detour_addr addr(const char *text)
{
	struct detour_addr parsed;

	assert_int_equal(addr_parse(text, &parsed), 0);
	return parsed;
}

static void enter(struct admit *admit, const char *text, unsigned int times, int last)
{
	struct detour_addr parsed = addr(text);

	for (unsigned int i = 1; i < times; i++)
		assert_int_equal(admit_enter(admit, &parsed), 0);
	assert_int_equal(admit_enter(admit, &parsed), last);
}

static void test_per_address(void **state)
{
	struct admit admit = {};
	struct detour_addr a = addr("192.0.2.1");

	(void)state;
	enter(&admit, "192.0.2.1", ADMIT_PER_ADDRESS + 1, -EBUSY);
	enter(&admit, "192.0.2.2", 1, 0);
	admit_leave(&admit, &a);
	enter(&admit, "192.0.2.1", 2, -EBUSY);
}

/* One host has a /64, another /64 is another host; and IPv4 is no /64 of IPv6. */
static void test_per_prefix(void **state)
{
	struct admit admit = {};

	(void)state;
	enter(&admit, "2001:db8:0:1::1", ADMIT_PER_ADDRESS, 0);
	enter(&admit, "2001:db8:0:1:ffff::2", 1, -EBUSY);
	enter(&admit, "2001:db8:0:2::1", 1, 0);
	enter(&admit, "192.0.2.1", 1, 0);
}

static void test_in_all(void **state)
{
	struct admit admit = {};
	struct detour_addr a = addr("10.0.0.7");
	char text[32];

	(void)state;
	for (unsigned int i = 0; i < ADMIT_IN_ALL; i++) {
		snprintf(text, sizeof(text), "10.0.%u.%u", i / 200, i % 200);
		enter(&admit, text, 1, 0);
	}
	enter(&admit, "192.0.2.1", 1, -ENOSPC);
	admit_leave(&admit, &a);
	enter(&admit, "192.0.2.1", 1, 0);
	enter(&admit, "192.0.2.2", 1, -ENOSPC);
}

/* What never entered changes nothing. */
static void test_leave_unknown(void **state)
{
	struct admit admit = {};
	struct detour_addr a = addr("192.0.2.1");

	(void)state;
	admit_leave(&admit, &a);
	assert_int_equal(admit.count, 0);
	enter(&admit, "192.0.2.2", 1, 0);
	admit_leave(&admit, &a);
	assert_int_equal(admit.count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_per_address),
		cmocka_unit_test(test_per_prefix),
		cmocka_unit_test(test_in_all),
		cmocka_unit_test(test_leave_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
