// SPDX-License-Identifier: BSD-2-Clause
/* Values of the configuration files: what is taken, what it means, how it is written back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/conf/lexer.h"
#include "user/conf/suggest.h"
#include "user/conf/value.h"

static void durations(void **state)
{
	static const struct {
		const char *text;
		int err;
		uint32_t seconds;
		const char *back;
	} cases[] = {
		{"0", 0, 0, "0s"},
		{"90", 0, 90, "1m30s"},
		{"90s", 0, 90, "1m30s"},
		{"4m", 0, 240, "4m"},
		{"2h4m", 0, 7440, "2h4m"},
		{"1d1h1m1s", 0, 90061, "1d1h1m1s"},
		{"100000s", 0, 100000, "1d3h46m40s"},
		{"100001s", -ERANGE, 0, NULL},
		{"99999999999999999999d", -ERANGE, 0, NULL},
		{"99999999999999999999", -ERANGE, 0, NULL},
		{"4m2h", -EINVAL, 0, NULL}, /* from large to small */
		{"4m4m", -EINVAL, 0, NULL},
		{"2h4", -EINVAL, 0, NULL},
		{"m", -EINVAL, 0, NULL},
		{"", -EINVAL, 0, NULL},
		{"-4m", -EINVAL, 0, NULL},
		{"4 m", -EINVAL, 0, NULL},
		{"1w", -EINVAL, 0, NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint32_t seconds = 12345;
		char back[VALUE_TEXT_LEN];

		assert_int_equal(value_duration(cases[i].text, 0, 100000, &seconds), cases[i].err);
		assert_int_equal(seconds, cases[i].err ? 12345 : cases[i].seconds);
		if (!cases[i].err)
			assert_string_equal(value_duration_format(seconds, back), cases[i].back);
	}
}

static void port_ranges(void **state)
{
	static const struct {
		const char *text;
		int err;
		uint16_t first, last;
		const char *back;
	} cases[] = {
		{"10000-19999", 0, 10000, 19999, "10000-19999"},
		{"1024", 0, 1024, 1024, "1024"},
		{"65535-65535", 0, 65535, 65535, "65535"},
		{"1023-2000", -ERANGE, 0, 0, NULL},
		{"2000-65536", -ERANGE, 0, 0, NULL},
		{"2000-4294967297", -ERANGE, 0, 0, NULL},
		{"3000-2000", -EINVAL, 0, 0, NULL},
		{"2000-", -EINVAL, 0, 0, NULL},
		{"-2000", -EINVAL, 0, 0, NULL},
		{"2000:3000", -EINVAL, 0, 0, NULL},
		{"", -EINVAL, 0, 0, NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct detour_port_range range = {7, 7};
		char back[VALUE_TEXT_LEN];

		assert_int_equal(value_port_range(cases[i].text, 1024, 65535, &range),
				 cases[i].err);
		assert_int_equal(range.first, cases[i].err ? 7 : cases[i].first);
		assert_int_equal(range.last, cases[i].err ? 7 : cases[i].last);
		if (!cases[i].err)
			assert_string_equal(value_port_range_format(&range, back), cases[i].back);
	}
}

static void destinations(void **state)
{
	static const struct {
		const char *text;
		const char *back; /* NULL: refused */
	} cases[] = {
		{"10.0.0.0/8", "10.0.0.0/8"},
		{"10.0.0.0/8:443", "10.0.0.0/8:443"},
		{"192.0.2.1", "192.0.2.1/32"},
		{"192.0.2.1:443", "192.0.2.1/32:443"},
		{"2001:db8::/32", "2001:db8::/32"},
		{"2001:db8::/32:443", "2001:db8::/32:443"},
		{"2001:db8::1", "2001:db8::1/128"},
		{"[2001:db8::1]:443", "2001:db8::1/128:443"},
		{"0.0.0.0/0", "0.0.0.0/0"},
		{"::/0", "::/0"},
		{"10.0.0.0/8:0", NULL},
		{"10.0.0.0/8:65536", NULL},
		{"10.0.0.0/8:", NULL},
		{"10.0.0.1/8", NULL},
		{"10.0.0.0/33", NULL},
		{"[2001:db8::1]", NULL},
		{"[2001:db8::1]:0", NULL},
		{"example.net", NULL},
		{"", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fwd_destination destination;
		char back[VALUE_TEXT_LEN];
		int err = value_destination(cases[i].text, &destination);

		if (!cases[i].back) {
			assert_true(err == -EINVAL || err == -ERANGE);
			continue;
		}
		assert_int_equal(err, 0);
		assert_string_equal(value_destination_format(&destination, back), cases[i].back);
	}
}

static void names(void **state)
{
	static const struct {
		const char *text;
		bool interface, host_port;
	} cases[] = {
		{"eth0", true, false},
		{"wan1.100", true, false},
		{"veth-a_b@x", true, false},
		{"fifteen-letters", true, false},
		{"sixteen--letters", false, false},
		{"a/b", false, false},
		{"..", false, false},
		{"", false, false},
		{"eth0:1", false, true}, /* a host called eth0 */
		{"relay.example.net:45672", false, true},
		{"192.0.2.1:45672", false, true},
		{"[2001:db8::1]:45672", false, true},
		{"2001:db8::1:45672", false, false},
		{"[2001:db8::1", false, false},
		{"300.0.2.1:45672", false, false},
		{"12:45672", false, false},
		{"relay:0", false, false},
		{"relay:65536", false, false},
		{":45672", false, false},
		{"-relay:1", false, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(value_is_interface(cases[i].text), cases[i].interface);
		assert_int_equal(value_is_host_port(cases[i].text), cases[i].host_port);
	}
}

static void tokens(void **state)
{
	char text[] = "\xef\xbb\xbf# comment\n"
		      "  [ relay fra ]  ; comment\r\n"
		      "\tAddress = relay:1 , other:2  # comment\r\n"
		      "Empty=\n"
		      "With=a#b;c=d\n"
		      "[open\n"
		      "word\n"
		      "=value\n"
		      "\n"
		      "Last=1";
	static const struct lexer_token expected[] = {
		{LEXER_SECTION, 2, "relay fra", NULL},
		{LEXER_KEY, 3, "Address", "relay:1 , other:2"},
		{LEXER_KEY, 4, "Empty", ""},
		{LEXER_KEY, 5, "With", "a#b;c=d"},
		{LEXER_ERROR, 6, NULL, "a section's line ends with ']'"},
		{LEXER_ERROR, 7, NULL, "neither a [section] nor a Key=value"},
		{LEXER_ERROR, 8, NULL, "neither a [section] nor a Key=value"},
		{LEXER_KEY, 10, "Last", "1"},
		{LEXER_END, 10, NULL, NULL},
	};
	struct lexer lexer;

	(void)state;
	lexer_init(&lexer, text, strlen(text));
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		struct lexer_token token = lexer_next(&lexer);

		assert_int_equal(token.kind, expected[i].kind);
		assert_int_equal(token.line, expected[i].line);
		if (expected[i].name)
			assert_string_equal(token.name, expected[i].name);
		if (expected[i].value)
			assert_string_equal(token.value, expected[i].value);
	}
}

static void zero_bytes(void **state)
{
	char text[] = "A=1\nB=\0002\nC=3\n";
	static const enum lexer_kind kinds[] = {LEXER_KEY, LEXER_ERROR, LEXER_KEY, LEXER_END};
	struct lexer lexer;

	(void)state;
	lexer_init(&lexer, text, sizeof(text) - 1);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		assert_int_equal(lexer_next(&lexer).kind, kinds[i]);
}

static void suggestions(void **state)
{
	static const char *const words[] = {"Interfaces", "Mode", "MaxFlows", "MaxLeases", "CA"};
	static const struct {
		const char *typed;
		const char *meant;
	} cases[] = {
		{"interfaces", "Interfaces"},
		{"Interface", "Interfaces"},
		{"MaxFlow", "MaxFlows"},
		{"MaxLeeses", "MaxLeases"},
		{"ca", "CA"},
		{"Colour", NULL},
		{"", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct suggestion suggestion = {NULL, 0};

		for (size_t j = 0; j < ARRAY_SIZE(words); j++)
			suggestion_offer(&suggestion, cases[i].typed, words[j]);
		if (cases[i].meant)
			assert_string_equal(suggestion.word, cases[i].meant);
		else
			assert_null(suggestion.word);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations),	cmocka_unit_test(port_ranges),
		cmocka_unit_test(destinations), cmocka_unit_test(names),
		cmocka_unit_test(tokens),	cmocka_unit_test(zero_bytes),
		cmocka_unit_test(suggestions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
