/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the kernel's verifier takes for each program: instructions that it looked at, against the
 * ceiling that tests/prog/ceilings.txt records for this kernel. Its own limit is a million, and a
 * change that comes near it on one kernel is seen here first.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <bpf/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <detour/congestion.h>

#include "bpf/client_congestion.skel.h"
#include "relay.h"

#define CEILINGS "tests/prog/ceilings.txt"

/* The configuration is constant to the verifier: what it switches off is not looked at. */
static const struct {
	const char *name;
	uint32_t accept;
	bool ranges;
} configs[] = {
	{"Accept=join", DETOUR_ACCEPT_JOIN, true},
	{"Accept=mptcp", DETOUR_ACCEPT_MPTCP, true},
	{"Accept=any", DETOUR_ACCEPT_ANY, true},
	{"no ports", DETOUR_ACCEPT_JOIN, false},
};

/* "6.12" of "6.12.117+deb13-amd64". */
static void kernel_series(char *ret_series, size_t size)
{
	struct utsname name;
	int major = 0, minor = 0;

	assert_int_equal(uname(&name), 0);
	assert_int_equal(sscanf(name.release, "%d.%d", &major, &minor), 2);
	snprintf(ret_series, size, "%d.%d", major, minor);
}

/*
 * The ceiling for a program on a series of kernels; of a series that the table does not have, the
 * highest of all. 0: there is none.
 */
static unsigned long find_ceiling(const char *series, const char *program, bool *ret_known)
{
	unsigned long ceiling, highest = 0, found = 0;
	char line[256], of[16], what[32];
	FILE *file = fopen(CEILINGS, "r");

	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		if (line[0] == '#' || sscanf(line, "%15s %31s %lu", of, what, &ceiling) != 3 ||
		    strcmp(what, program) != 0)
			continue;
		if (strcmp(of, series) == 0)
			found = ceiling;
		if (ceiling > highest)
			highest = ceiling;
	}
	fclose(file);
	*ret_known = found != 0;
	return found ? found : highest;
}

static uint32_t verified_instructions(int program_fd)
{
	struct bpf_prog_info info = {0};
	uint32_t len = sizeof(info);

	assert_int_equal(bpf_obj_get_info_by_fd(program_fd, &info, &len), 0);
	return info.verified_insns;
}

static uint32_t relay_instructions(enum hook hook, const struct detour_config *config)
{
	struct relay relay;
	uint32_t count;

	relay_load(&relay, hook, config, 0);
	count = verified_instructions(relay.prog);
	relay_unload(&relay);
	return count;
}

/* The configuration that takes most. */
static uint32_t most_instructions(enum hook hook, const char **ret_config)
{
	uint32_t highest = 0;

	for (size_t i = 0; i < sizeof(configs) / sizeof(*configs); i++) {
		struct detour_config config = relay_config;
		uint32_t count;

		config.accept = configs[i].accept;
		if (!configs[i].ranges)
			memset(config.source_ports, 0, sizeof(config.source_ports));
		count = relay_instructions(hook, &config);
		if (count > highest) {
			highest = count;
			*ret_config = configs[i].name;
		}
	}
	return highest;
}

static void keeps_its_ceiling(const char *program, uint32_t count, const char *config)
{
	unsigned long ceiling;
	char series[16];
	bool known;

	kernel_series(series, sizeof(series));
	ceiling = find_ceiling(series, program, &known);
	printf("# verifier: Linux %s, %s: %u instructions (%s), ceiling %lu%s\n", series, program,
	       count, config, ceiling,
	       known ? "" : ", the highest of all: this kernel is not in " CEILINGS);
	assert_int_not_equal(count, 0);
	if (count > ceiling)
		fail_msg("%s: %u instructions are more than the %lu in %s", program, count, ceiling,
			 CEILINGS);
}

static void relay_keeps_its_ceiling(enum hook hook)
{
	const char *config = "none";
	uint32_t count = most_instructions(hook, &config);

	keeps_its_ceiling(relay_hook_name(hook), count, config);
}

static void xdp_keeps_its_ceiling(void **state)
{
	(void)state;
	relay_keeps_its_ceiling(HOOK_XDP);
}

static void tc_keeps_its_ceiling(void **state)
{
	(void)state;
	relay_keeps_its_ceiling(HOOK_TC);
}

static void congestion_keeps_its_ceiling(void **state)
{
	struct client_congestion *skeleton = client_congestion__open_and_load();
	uint32_t count;

	(void)state;
	assert_non_null(skeleton);
	count = verified_instructions(bpf_program__fd(skeleton->progs.detour_congestion));
	client_congestion__destroy(skeleton);
	keeps_its_ceiling("congestion", count, "as it is");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(xdp_keeps_its_ceiling),
		cmocka_unit_test(tc_keeps_its_ceiling),
		cmocka_unit_test(congestion_keeps_its_ceiling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
