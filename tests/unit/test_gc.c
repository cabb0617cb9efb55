// SPDX-License-Identifier: BSD-2-Clause
/*
 * When a flow is over: two entries and a time in, a verdict out. And which hook suits which driver.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "user/base/cleanup.h"
#include "user/dataplane/hook.h"
#include "user/dataplane/pins.h"
#include "user/fwd/gc_decide.h"

#define S	    1000000000ULL
#define ESTABLISHED (7440 * S)
#define TRANSITORY  (240 * S)
#define NOW	    (100000 * S)

#define SYN FLOW_SEEN_SYN
#define ACK FLOW_SEEN_ACK
#define FIN FLOW_SEEN_FIN
#define RST FLOW_SEEN_RST
#define ONE ~0U /* the other direction is not there */

struct gc_case {
	const char *name;
	unsigned int seen, other_seen;
	uint64_t idle_s, other_idle_s;
	enum gc_verdict verdict;
};

static const struct gc_case gc_cases[] = {
	{"new SYN", SYN, 0, 1, 1, GC_KEEP},
	{"SYN without an answer, in time", SYN, 0, 239, 239, GC_KEEP},
	{"SYN without an answer", SYN, 0, 240, 240, GC_TIMEOUT},
	{"SYN and SYN-ACK, never more", SYN, SYN | ACK, 240, 240, GC_TIMEOUT},
	{"established, idle for an hour", SYN | ACK, SYN | ACK, 3600, 3600, GC_KEEP},
	{"established, idle to the second", SYN | ACK, SYN | ACK, 7439, 7439, GC_KEEP},
	{"established, idle for too long", SYN | ACK, SYN | ACK, 7440, 7440, GC_TIMEOUT},
	{"established, one side talks", SYN | ACK, SYN | ACK, 8000, 5, GC_KEEP},
	{"established, the other side talks", SYN | ACK, SYN | ACK, 5, 8000, GC_KEEP},
	{"one FIN, data still flows", ACK | FIN, ACK, 3600, 10, GC_KEEP},
	{"one FIN, silence", ACK | FIN, ACK, 240, 240, GC_TIMEOUT},
	{"one FIN, silence, in time", ACK | FIN, ACK, 239, 239, GC_KEEP},
	{"two FINs, a moment ago", ACK | FIN, ACK | FIN, 239, 239, GC_KEEP},
	{"two FINs", ACK | FIN, ACK | FIN, 240, 240, GC_CLOSED},
	{"RST, a moment ago", ACK, ACK | RST, 239, 239, GC_KEEP},
	{"RST", ACK, ACK | RST, 240, 240, GC_CLOSED},
	{"RST, yet packets go on (it was forged)", ACK, ACK | RST, 1, 100, GC_KEEP},
	{"half a flow, being made", SYN, ONE, 1, 0, GC_KEEP},
	{"half a flow", ACK, ONE, 10, 0, GC_HALF},
};

static void test_gc(void **state)
{
	const struct gc_timeouts timeouts = {ESTABLISHED, TRANSITORY};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(gc_cases); i++) {
		const struct gc_case *c = &gc_cases[i];
		struct flow_entry a = {.seen = c->seen,
				       .flags = c->other_seen == ONE ? 0 : FLOW_TO_SERVER,
				       .last_seen_ns = NOW - c->idle_s * S};
		struct flow_entry b = {.seen = c->other_seen,
				       .last_seen_ns = NOW - c->other_idle_s * S};
		const struct flow_entry *other = c->other_seen == ONE ? NULL : &b;
		enum gc_verdict verdict = gc_decide(&a, other, NOW, &timeouts);

		if (verdict != c->verdict)
			fail_msg("%s: %d, expected %d", c->name, verdict, c->verdict);
		/* It does not matter which direction the walk meets first. */
		if (other)
			assert_int_equal(gc_decide(&b, &a, NOW, &timeouts), verdict);
		/* What is removed was worth a look; the client's direction, if it was alone. */
		if (verdict != GC_KEEP)
			assert_true(gc_needs_look(&a, NOW, &timeouts, verdict == GC_HALF));
		assert_false(gc_needs_look(&b, NOW, &timeouts, false));
	}
}

static void test_gc_clock(void **state)
{
	const struct gc_timeouts timeouts = {ESTABLISHED, TRANSITORY};
	/* Another CPU's packet may be a little later than the walk's idea of now. */
	struct flow_entry a = {.seen = SYN, .last_seen_ns = NOW + S};

	(void)state;
	assert_int_equal(gc_decide(&a, NULL, NOW, &timeouts), GC_KEEP);
	assert_false(gc_needs_look(&a, NOW, &timeouts, true));
}

static void test_short_timeouts(void **state)
{
	const struct gc_timeouts timeouts = {20 * S, 5 * S};
	struct flow_entry a = {.seen = ACK | FIN,
			       .flags = FLOW_TO_SERVER,
			       .last_seen_ns = NOW - 5 * S};

	(void)state;
	assert_int_equal(gc_decide(&a, &a, NOW, &timeouts), GC_CLOSED);
	assert_true(gc_needs_look(&a, NOW, &timeouts, false));
}

static void test_hook(void **state)
{
	static const struct {
		const char *driver;
		enum dataplane_hook hook;
	} cases[] = {
		{"veth", HOOK_TC},   {"virtio_net", HOOK_TC}, {"tun", HOOK_TC},
		{"bridge", HOOK_TC}, {"", HOOK_TC},	      {"ixgbe", HOOK_XDP},
		{"i40e", HOOK_XDP},  {"igb", HOOK_XDP},	      {"mlx5_core", HOOK_XDP},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *reason = NULL;

		assert_int_equal(hook_choose(cases[i].driver, &reason), cases[i].hook);
		assert_non_null(reason);
	}
}

static void test_pin_names(void **state)
{
	static const char *const names[] = {"eth0", "eth0.100", "a%b", "wan-1_x",
					    "123456789012345"};
	struct pins pins;
	char path[PINS_PATH_LEN], back[16];

	(void)state;
	assert_int_equal(pins_init("/sys/fs/bpf", "x", &pins), 0);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *file = strrchr(pins_path(&pins, "link_", names[i], path), '/') + 1;

		assert_null(strchr(file, '.')); /* bpffs takes none */
		assert_int_equal(pins_ifname(file, "link_", back), 0);
		assert_string_equal(back, names[i]);
	}
	assert_int_not_equal(pins_ifname("tc_eth0", "link_", back), 0);
	assert_int_not_equal(pins_ifname("link_", "link_", back), 0);
	assert_int_not_equal(pins_ifname("link_%zz", "link_", back), 0);
	/* A pin on its way to its place belongs to no interface. */
	assert_int_not_equal(pins_ifname("link_eth0%new", "link_", back), 0);
	assert_int_not_equal(pins_ifname("link_1234567890123456", "link_", back), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gc),
		cmocka_unit_test(test_gc_clock),
		cmocka_unit_test(test_short_timeouts),
		cmocka_unit_test(test_hook),
		cmocka_unit_test(test_pin_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
