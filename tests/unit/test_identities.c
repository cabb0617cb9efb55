// SPDX-License-Identifier: BSD-2-Clause
/* Numbers for names, over tables in plain memory: stable, reclaimed only when unused. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "user/dataplane/tables_impl.h"
#include "user/fwd/identities.h"

#define NUMBERS 4 /* 0 is nobody */

struct world {
	struct identity_entry entries[NUMBERS];
	struct tables tables;
	struct identities *identities;
	uint32_t in_use; /* a bit a number */
};

static bool in_use(void *data, uint32_t number)
{
	const struct world *world = data;

	return world->in_use & 1U << number;
}

static int get(struct world *world, const char *name)
{
	uint32_t number;
	int err = identities_get(world->identities, name, in_use, world, &number);

	return err ? err : (int)number;
}

static void start(struct world *world, uint32_t max_flows, uint32_t rate)
{
	const struct identity_limits limits = {max_flows, rate};

	assert_int_equal(identities_new(&world->tables, &limits, &world->identities), 0);
}

static int setup(void **state)
{
	static struct world world;

	memset(&world, 0, sizeof(world));
	world.tables.table[TABLE_IDENTITIES] = (struct table){.max_entries = NUMBERS,
							      .value_size = sizeof(
								      world.entries[0]),
							      .memory = world.entries};
	start(&world, 7, 200);
	*state = &world;
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;

	identities_free(world->identities);
	return 0;
}

/* Forged MProxy requests leave room for the channel's clients, after a restart too. */
static void test_mproxy_share(void **state)
{
	struct world *world = *state;

	world->in_use = ~0U;
	assert_true(get(world, "mproxy:198.51.100.1") > 0);
	assert_true(get(world, "mproxy:198.51.100.2") > 0);
	identities_free(world->identities);
	start(world, 7, 200);
	assert_int_equal(get(world, "mproxy:198.51.100.3"), -ENOSPC);
	assert_true(get(world, "mproxy:198.51.100.2") > 0);
	assert_true(get(world, "alice") > 0);
	assert_int_equal(get(world, "bob"), -ENOSPC);
	/* Of MProxy's, one that nothing uses makes room for another. */
	world->in_use = 1U << get(world, "alice");
	assert_true(get(world, "mproxy:198.51.100.3") > 0);
	assert_true(get(world, "bob") > 0);
}

static void test_stable(void **state)
{
	struct world *world = *state;
	int alice = get(world, "alice"), bob = get(world, "bob");

	assert_in_range(alice, 1, NUMBERS - 1);
	assert_in_range(bob, 1, NUMBERS - 1);
	assert_int_not_equal(alice, bob);
	assert_int_equal(get(world, "alice"), alice);
	assert_string_equal(identities_name(world->identities, (uint32_t)bob), "bob");
	assert_string_equal(identities_name(world->identities, 0), "?");
	assert_string_equal(identities_name(world->identities, 99), "?");
	/* a restart finds them in the table */
	identities_free(world->identities);
	start(world, 7, 200);
	assert_int_equal(get(world, "bob"), bob);
	assert_int_equal(get(world, "alice"), alice);
}

static void test_names(void **state)
{
	struct world *world = *state;
	char name[DETOUR_IDENTITY_LEN + 1];

	memset(name, 'x', sizeof(name));
	name[DETOUR_IDENTITY_LEN] = '\0';
	assert_int_equal(get(world, ""), -EINVAL);
	assert_int_equal(get(world, name), -EINVAL);
	name[DETOUR_IDENTITY_LEN - 1] = '\0';
	assert_true(get(world, name) > 0);
}

static void test_limits(void **state)
{
	struct world *world = *state;
	const struct identity_limits none = {0, 0};
	const struct identity_entry *alice = &world->entries[get(world, "alice")];

	assert_int_equal(alice->max_flows, 7);
	assert_int_equal(alice->new_flow_ns, 5000000);
	assert_int_equal(alice->burst_ns, 1000000000);
	identities_set_limits(world->identities, &none);
	assert_int_equal(alice->max_flows, UINT32_MAX);
	assert_int_equal(alice->new_flow_ns, 0);
}

static void test_full(void **state)
{
	struct world *world = *state;
	int alice = get(world, "alice"), bob = get(world, "bob"), carol = get(world, "carol");

	/* alice has flows, bob a channel or leases, carol nothing */
	world->entries[alice].flows = 1;
	world->in_use = 1U << bob;
	assert_int_equal(get(world, "dave"), carol);
	assert_string_equal(identities_name(world->identities, (uint32_t)carol), "dave");
	world->in_use |= 1U << carol;
	assert_int_equal(get(world, "carol"), -ENOSPC);
	assert_int_equal(get(world, "alice"), alice);
	world->entries[alice].flows = 0;
	assert_int_equal(get(world, "carol"), alice);
}

static void test_counting(void **state)
{
	struct world *world = *state;
	uint32_t alice = (uint32_t)get(world, "alice");

	tables_identity_add_flows(&world->tables, alice, 3);
	tables_identity_add_flows(&world->tables, alice, -1);
	assert_int_equal(world->entries[alice].flows, 2);
	/* a flow that was counted by nobody does not turn the count around */
	tables_identity_add_flows(&world->tables, alice, -5);
	assert_int_equal(world->entries[alice].flows, 0);
	tables_identity_add_flows(&world->tables, 99, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_mproxy_share), TEST(test_stable), TEST(test_names),
		TEST(test_limits),	 TEST(test_full),   TEST(test_counting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
