// SPDX-License-Identifier: BSD-2-Clause
/* The link emulator's arithmetic and its words. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lab/linkem/control.h"
#include "user/base/cleanup.h"

#define MS 1000000ULL

static const struct shaper_settings ten_mbit = {
	.rate_bps = 10000000,
	.delay_ns = 5 * MS,
	.queue_bytes = 100000,
};

static void test_line_time(void **state)
{
	static const struct {
		uint32_t len;
		uint64_t rate_bps, ns;
	} rows[] = {
		{1250, 10000000, MS}, {1514, 10000000, 1211200},   {1, 100000000000ULL, 0},
		{1514, 0, 0},	      {1522, 1, 12176 * NS_PER_S},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(shaper_line_ns(rows[i].len, rows[i].rate_bps), rows[i].ns);
}

/* An idle line: length over rate, then the delay. A busy one: one after the other. */
static void test_arrival(void **state)
{
	struct shaper shaper;
	uint64_t arrival;

	(void)state;
	shaper_init(&shaper, &ten_mbit, 1);
	assert_int_equal(shaper_admit(&shaper, 100 * MS, 1250, &arrival), SHAPER_DELIVER);
	assert_int_equal(arrival, 106 * MS);
	assert_int_equal(shaper_admit(&shaper, 100 * MS, 1250, &arrival), SHAPER_DELIVER);
	assert_int_equal(arrival, 107 * MS);
	assert_int_equal(shaper_admit(&shaper, 200 * MS, 1250, &arrival), SHAPER_DELIVER);
	assert_int_equal(arrival, 206 * MS);
}

/* A sender of twice the rate gets exactly the rate through, and the queue never holds more than it may. */
static void test_rate_and_queue(void **state)
{
	struct shaper shaper;
	uint64_t arrival, delivered = 0;

	(void)state;
	shaper_init(&shaper, &ten_mbit, 1);
	for (uint64_t now = 0; now < 10 * NS_PER_S; now += MS / 2) {
		if (shaper_admit(&shaper, now, 1250, &arrival) == SHAPER_DELIVER)
			delivered++;
		assert_true(shaper_backlog(&shaper, now) <= ten_mbit.queue_bytes);
	}
	assert_in_range(delivered, 10000, 10000 + 80);
}

static void test_full_queue_drops(void **state)
{
	struct shaper shaper;
	uint64_t arrival = 42;

	(void)state;
	shaper_init(&shaper, &ten_mbit, 1);
	for (int i = 0; i < 80; i++)
		assert_int_equal(shaper_admit(&shaper, MS, 1250, &arrival), SHAPER_DELIVER);
	arrival = 42;
	assert_int_equal(shaper_admit(&shaper, MS, 1250, &arrival), SHAPER_DROP_QUEUE);
	assert_int_equal(arrival, 42);
	/* A millisecond later one frame has left. */
	assert_int_equal(shaper_admit(&shaper, 2 * MS, 1250, &arrival), SHAPER_DELIVER);
	assert_int_equal(shaper_admit(&shaper, 2 * MS, 1250, &arrival), SHAPER_DROP_QUEUE);
}

static unsigned int losses(uint32_t ppm, uint64_t seed, unsigned int frames)
{
	struct shaper_settings settings = {.loss_ppm = ppm};
	struct shaper shaper;
	unsigned int lost = 0;
	uint64_t arrival;

	shaper_init(&shaper, &settings, seed);
	for (unsigned int i = 0; i < frames; i++)
		lost += shaper_admit(&shaper, i, 100, &arrival) == SHAPER_DROP_LOSS;
	return lost;
}

static void test_loss(void **state)
{
	(void)state;
	assert_int_equal(losses(0, 1, 10000), 0);
	assert_int_equal(losses(1000000, 1, 10000), 10000);
	assert_in_range(losses(10000, 1, 1000000), 9600, 10400); /* four standard deviations */
	assert_in_range(losses(50000, 7, 1000000), 49100, 50900);
	assert_int_equal(losses(10000, 3, 100000), losses(10000, 3, 100000));
	assert_int_not_equal(losses(10000, 3, 100000), losses(10000, 4, 100000));
}

static void test_shorter_delay_does_not_reorder(void **state)
{
	struct shaper shaper;
	uint64_t first, second;

	(void)state;
	shaper_init(&shaper, &ten_mbit, 1);
	shaper_admit(&shaper, 0, 100, &first);
	shaper.settings.delay_ns = 0;
	shaper_admit(&shaper, 0, 100, &second);
	assert_true(second >= first);
}

static void test_settings(void **state)
{
	static const struct {
		const char *text;
		int err;
		struct shaper_settings settings;
	} rows[] = {
		{"rate=10mbit", 0, {.rate_bps = 10000000}},
		{"rate=1.5gbit", 0, {.rate_bps = 1500000000}},
		{"rate=0", 0, {.rate_bps = 0}},
		{"rate=200gbit", -ERANGE, {0}},
		{"rate=10mb", -EINVAL, {0}},
		{"rate=", -EINVAL, {0}},
		{"rate=-1", -EINVAL, {0}},
		{"rate=nan", -EINVAL, {0}},
		{"rate=inf", -EINVAL, {0}},
		{"delay=5ms", 0, {.delay_ns = 5 * MS}},
		{"delay=5", 0, {.delay_ns = 5 * MS}},
		{"delay=250us", 0, {.delay_ns = MS / 4}},
		{"delay=61s", -ERANGE, {0}},
		{"loss=1%", 0, {.loss_ppm = 10000}},
		{"loss=0.05", 0, {.loss_ppm = 50000}},
		{"loss=100%", 0, {.loss_ppm = 1000000}},
		{"loss=101%", -ERANGE, {0}},
		{"queue=100kB", 0, {.queue_bytes = 100000}},
		{"cut=1", 0, {.cut = true}},
		{"cut=2", -ERANGE, {0}},
		{"color=red", -EINVAL, {0}},
		{"", -EINVAL, {0}},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct shaper_settings settings = {0};

		assert_int_equal(settings_apply(&settings, rows[i].text), rows[i].err);
		assert_memory_equal(&settings, &rows[i].settings, sizeof(settings));
	}
}

static void test_link_spec(void **state)
{
	struct link_spec spec;

	(void)state;
	assert_int_equal(link_spec_parse("core,a/eth0,/proc/1/ns/net/eth1,rate=20mbit,loss=1%",
					 &ten_mbit, &spec),
			 0);
	assert_string_equal(spec.name, "core");
	assert_string_equal(spec.ends[0].netns, "/run/netns/a");
	assert_string_equal(spec.ends[0].ifname, "eth0");
	assert_string_equal(spec.ends[1].netns, "/proc/1/ns/net");
	assert_string_equal(spec.ends[1].ifname, "eth1");
	assert_int_equal(spec.settings.rate_bps, 20000000);
	assert_int_equal(spec.settings.loss_ppm, 10000);
	assert_int_equal(spec.settings.delay_ns, ten_mbit.delay_ns);

	assert_int_equal(link_spec_parse("x,/eth0,/eth1", &ten_mbit, &spec), 0);
	assert_string_equal(spec.ends[0].netns, "");
}

static void test_bad_link_spec(void **state)
{
	static const struct {
		const char *text;
		int err;
	} rows[] = {
		{"", -EINVAL},
		{"core", -EINVAL},
		{"core,a/eth0", -EINVAL},
		{"core,a/eth0,eth1", -EINVAL},
		{"core,a/eth0,b/", -EINVAL},
		{"core,a/eth0,b/fifteen-letter-", 0},
		{"core,a/eth0,b/fifteen-letter--", -ENAMETOOLONG},
		{"core,a/eth0,b/eth0,fast", -EINVAL},
		{"a-name-of-thirty-two-characters-,a/eth0,b/eth0", -ENAMETOOLONG},
	};
	struct link_spec spec;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(link_spec_parse(rows[i].text, &ten_mbit, &spec), rows[i].err);
}

/* Runs a command on one link "core" and returns its answer's first word, for the caller to free. */
static char *answer_to(const char *command, struct link *link)
{
	_cleanup_free_ char *line = strdup(command);
	char *answer = NULL;
	size_t len;
	FILE *out = open_memstream(&answer, &len);

	assert_non_null(out);
	control_run(line, link, 1, out);
	fclose(out);
	answer[strcspn(answer, " :=\n")] = '\0';
	return answer;
}

static void test_control(void **state)
{
	static const struct {
		const char *command, *answer;
		bool cut[2];
	} rows[] = {
		{"cut core", "ok", {true, true}},
		{"restore core:ab", "ok", {false, true}},
		{"restore core", "ok", {false, false}},
		{"cut core:ba\n", "ok", {false, true}},
		{"cut core:no", "error", {false, true}},
		{"cut other", "error", {false, true}},
		{"set core", "error", {false, true}},
		{"set core rate=x", "error", {false, true}},
		{"set core:ab rate=1mbit cut=1", "ok", {true, true}},
		{"stats", "link", {true, true}},
		{"", "error", {true, true}},
		{"explode core", "error", {true, true}},
	};
	struct link link = {.name = "core"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		_cleanup_free_ char *answer = answer_to(rows[i].command, &link);

		assert_string_equal(answer, rows[i].answer);
		for (int side = 0; side < 2; side++)
			assert_int_equal(link.directions[side].shaper.settings.cut,
					 rows[i].cut[side]);
	}
	assert_int_equal(link.directions[0].shaper.settings.rate_bps, 1000000);
	assert_int_equal(link.directions[1].shaper.settings.rate_bps, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line_time),
		cmocka_unit_test(test_arrival),
		cmocka_unit_test(test_rate_and_queue),
		cmocka_unit_test(test_full_queue_drops),
		cmocka_unit_test(test_loss),
		cmocka_unit_test(test_shorter_delay_does_not_reorder),
		cmocka_unit_test(test_settings),
		cmocka_unit_test(test_link_spec),
		cmocka_unit_test(test_bad_link_spec),
		cmocka_unit_test(test_control),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
