// SPDX-License-Identifier: BSD-2-Clause
/* Addresses, endpoints, prefixes: text in, text out, and what is refused. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "user/base/addr.h"
#include "user/base/cleanup.h"

struct text_case {
	const char *in;
	int err;
	const char *out; /* NULL: as it came in */
};

static const struct text_case addr_cases[] = {
	{"192.0.2.1", 0, NULL},
	{"0.0.0.0", 0, NULL},
	{"2001:db8::1", 0, NULL},
	{"::", 0, NULL},
	{"::ffff:192.0.2.1", 0, "192.0.2.1"},
	{"::1.2.3.4", 0, NULL},
	{"", -EINVAL, NULL},
	{"192.0.2", -EINVAL, NULL},
	{"192.0.2.256", -EINVAL, NULL},
	{"192.0.2.1 ", -EINVAL, NULL},
	{"fe80::1%eth0", -EINVAL, NULL},
	{"example.net", -EINVAL, NULL},
};

static const struct text_case endpoint_cases[] = {
	{"192.0.2.1:443", 0, NULL},
	{"[2001:db8::1]:45672", 0, NULL},
	{"[::]:0", 0, NULL},
	{"[::ffff:192.0.2.1]:80", 0, "192.0.2.1:80"},
	{"192.0.2.1:65535", 0, NULL},
	{"192.0.2.1:65536", -ERANGE, NULL},
	{"192.0.2.1:99999999999999999999", -ERANGE, NULL},
	{"192.0.2.1", -EINVAL, NULL},
	{"192.0.2.1:", -EINVAL, NULL},
	{"192.0.2.1:-1", -EINVAL, NULL},
	{"192.0.2.1:+1", -EINVAL, NULL},
	{"192.0.2.1:1x", -EINVAL, NULL},
	{"2001:db8::1:443", -EINVAL, NULL},
	{"[2001:db8::1:443", -EINVAL, NULL},
	{"[]:1", -EINVAL, NULL},
	{"[:1", -EINVAL, NULL},
	{":1", -EINVAL, NULL},
	{"[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]:1", -EINVAL, NULL},
};

static const struct text_case prefix_cases[] = {
	{"10.0.0.0/8", 0, NULL},
	{"0.0.0.0/0", 0, NULL},
	{"192.0.2.1", 0, "192.0.2.1/32"},
	{"2001:db8::/32", 0, NULL},
	{"::/0", 0, NULL},
	{"2001:db8::1", 0, "2001:db8::1/128"},
	{"::ffff:10.0.0.0/104", 0, "10.0.0.0/8"},
	{"10.0.0.1/8", -EINVAL, NULL},
	{"10.0.0.0/33", -EINVAL, NULL},
	{"2001:db8::/129", -EINVAL, NULL},
	{"10.0.0.0/", -EINVAL, NULL},
	{"10.0.0.0/8/8", -EINVAL, NULL},
	{"/8", -EINVAL, NULL},
};

static void check(const struct text_case *c, int err, const char *out)
{
	if (err != c->err)
		fail_msg("'%s': error %d, expected %d", c->in, err, c->err);
	if (err == 0)
		assert_string_equal(out, c->out ? c->out : c->in);
}

static void addr_text(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(addr_cases); i++) {
		char out[ADDR_TEXT_LEN] = "";
		struct detour_addr addr;
		int err = addr_parse(addr_cases[i].in, &addr);

		check(&addr_cases[i], err, err ? out : addr_format(&addr, out));
	}
}

static void endpoint_text(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(endpoint_cases); i++) {
		char out[ADDR_TEXT_LEN] = "";
		struct endpoint endpoint;
		int err = endpoint_parse(endpoint_cases[i].in, &endpoint);

		check(&endpoint_cases[i], err, err ? out : endpoint_format(&endpoint, out));
	}
}

static void prefix_text(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(prefix_cases); i++) {
		char out[ADDR_TEXT_LEN] = "";
		struct prefix prefix;
		int err = prefix_parse(prefix_cases[i].in, &prefix);

		check(&prefix_cases[i], err, err ? out : prefix_format(&prefix, out));
	}
}

static void prefix_membership(void **state)
{
	static const struct {
		const char *prefix, *addr;
		bool inside;
	} cases[] = {
		{"10.0.0.0/8", "10.255.255.255", true}, {"10.0.0.0/8", "11.0.0.0", false},
		{"10.0.0.0/9", "10.127.0.1", true},	{"10.0.0.0/9", "10.128.0.1", false},
		{"0.0.0.0/0", "203.0.113.9", true},	{"0.0.0.0/0", "2001:db8::1", false},
		{"::/0", "2001:db8::1", true},		{"::/0", "203.0.113.9", true},
		{"fe80::/10", "febf::1", true},		{"fe80::/10", "fec0::1", false},
		{"192.0.2.1", "192.0.2.1", true},	{"192.0.2.1", "192.0.2.0", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct detour_addr addr;
		struct prefix prefix;

		assert_int_equal(prefix_parse(cases[i].prefix, &prefix), 0);
		assert_int_equal(addr_parse(cases[i].addr, &addr), 0);
		if (prefix_contains(&prefix, &addr) != cases[i].inside)
			fail_msg("%s in %s", cases[i].addr, cases[i].prefix);
	}
}

static void sockaddr_round_trip(void **state)
{
	static const char *const texts[] = {"192.0.2.1:443", "[2001:db8::1]:45672"};
	struct sockaddr unknown = {.sa_family = AF_UNIX};
	struct endpoint endpoint, back;
	struct sockaddr_storage sa;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		assert_int_equal(endpoint_parse(texts[i], &endpoint), 0);
		endpoint_to_sockaddr(&endpoint, &sa);
		assert_int_equal(sa.ss_family, addr_family(&endpoint.addr));
		assert_int_equal(endpoint_from_sockaddr((struct sockaddr *)&sa, &back), 0);
		assert_true(endpoint_equal(&endpoint, &back));
	}
	assert_int_equal(endpoint_from_sockaddr(&unknown, &back), -EAFNOSUPPORT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addr_text),	       cmocka_unit_test(endpoint_text),
		cmocka_unit_test(prefix_text),	       cmocka_unit_test(prefix_membership),
		cmocka_unit_test(sockaddr_round_trip),
	};

	return cmocka_run_group_tests_name("addr", tests, NULL, NULL);
}
