// SPDX-License-Identifier: BSD-2-Clause
/* Leases: the thesis's rules for ports, limits, lifetimes, and that the store always agrees. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "user/base/cleanup.h"
#include "user/fwd/leases.h"

#define STORE_MAX 64
#define GRACE	  100

/* A store that remembers, and fails when told to. */
struct store {
	struct lease leases[STORE_MAX];
	size_t count;
	unsigned int puts;
	int fail;
};

struct world {
	struct store store;
	struct leases *leases;
	struct port_pool ports;
};

static struct lease *store_find(struct store *store, const struct lease_key *key)
{
	for (size_t i = 0; i < store->count; i++) {
		if (memcmp(&store->leases[i].key, key, sizeof(*key)) == 0)
			return &store->leases[i];
	}
	return NULL;
}

static int store_put(void *data, const struct lease_key *key, const struct lease_entry *entry)
{
	struct store *store = data;
	struct lease *lease = store_find(store, key);

	if (store->fail)
		return store->fail;
	if (!lease) {
		assert_true(store->count < STORE_MAX);
		lease = &store->leases[store->count++];
	}
	*lease = (struct lease){*key, *entry};
	store->puts++;
	return 0;
}

static int store_remove(void *data, const struct lease_key *key, const struct lease_entry *entry)
{
	struct store *store = data;
	struct lease *lease = store_find(store, key);

	(void)entry;
	assert_non_null(lease);
	*lease = store->leases[--store->count];
	return 0;
}

static struct lease_holder_key holder(uint32_t identity, const char *client)
{
	struct lease_holder_key key = {.identity = identity};

	assert_int_equal(addr_parse(client, &key.client), 0);
	assert_int_equal(addr_parse("192.0.2.1", &key.relay), 0);
	return key;
}

static struct endpoint server(const char *text)
{
	struct endpoint endpoint;

	assert_int_equal(endpoint_parse(text, &endpoint), 0);
	return endpoint;
}

/* As the daemon does: what is there, else a new one. The port, or -errno. */
static int get(struct world *world, const struct lease_holder_key *key, const char *to,
	       uint16_t wish, uint64_t now)
{
	struct endpoint endpoint = server(to);
	const struct lease_path path = {.nexthop_server = 7, .nexthop_client = 8};
	const struct lease *lease = leases_find(world->leases, key, &endpoint, now);
	int err;

	if (!lease) {
		err = leases_add(world->leases, key, &endpoint, &path, &world->ports, wish, now,
				 &lease);
		if (err)
			return err;
	}
	assert_non_null(store_find(&world->store, &lease->key));
	assert_memory_equal(store_find(&world->store, &lease->key), lease, sizeof(*lease));
	assert_true(addr_equal(&lease->entry.server, &endpoint.addr));
	return ntohs(lease->key.port_be);
}

static uint64_t expiry(struct world *world, size_t i)
{
	return world->store.leases[i].entry.expires_ns;
}

static int setup(void **state)
{
	static struct world world;
	const struct lease_store store = {store_put, store_remove, &world.store};
	const struct lease_limits limits = {.max_leases = 8,
					    .leases_per_identity = 4,
					    .grace_ns = GRACE};

	memset(&world, 0, sizeof(world));
	world.ports.range = (struct detour_port_range){10000, 10009};
	*state = &world;
	return leases_new(&store, &limits, &world.leases);
}

static int teardown(void **state)
{
	struct world *world = *state;

	leases_free(world->leases);
	return 0;
}

static void test_same_lease_again(void **state)
{
	const struct lease_holder_key alice = holder(1, "198.51.100.1");
	struct world *world = *state;
	int port = get(world, &alice, "203.0.113.1:443", 0, 1);

	assert_in_range(port, 10000, 10009);
	assert_int_equal(get(world, &alice, "203.0.113.1:443", 0, 2), port);
	/* rule 1: also when another port is wished for */
	assert_int_equal(get(world, &alice, "203.0.113.1:443", 10000 + (port == 10000), 3), port);
	assert_int_equal(leases_count(world->leases), 1);
	assert_int_equal(world->store.count, 1);
}

static void test_wish(void **state)
{
	const struct lease_holder_key alice = holder(1, "198.51.100.1");
	const struct lease_holder_key bob = holder(2, "198.51.100.2");
	struct world *world = *state;
	int port;

	assert_int_equal(get(world, &alice, "203.0.113.1:443", 10005, 1), 10005);
	/* taken by the same client: another */
	port = get(world, &alice, "203.0.113.2:443", 10005, 1);
	assert_in_range(port, 10000, 10009);
	assert_int_not_equal(port, 10005);
	/* forbidden: another */
	assert_in_range(get(world, &alice, "203.0.113.3:443", 80, 1), 10000, 10009);
	/* another client may have the same port */
	assert_int_equal(get(world, &bob, "203.0.113.9:443", 10005, 1), 10005);
}

static void test_two_identities_one_address(void **state)
{
	const struct lease_holder_key alice = holder(1, "198.51.100.1");
	const struct lease_holder_key carol = holder(3, "198.51.100.1");
	struct world *world = *state;
	int port = get(world, &alice, "203.0.113.1:443", 0, 1);

	assert_int_not_equal(get(world, &carol, "203.0.113.1:443", (uint16_t)port, 1), port);
	assert_int_equal(leases_count_of(world->leases, 1), 1);
	assert_int_equal(leases_count_of(world->leases, 3), 1);
}

static void test_busy_and_used_up(void **state)
{
	const struct lease_holder_key alice = holder(1, "198.51.100.1");
	struct world *world = *state;

	for (uint16_t port = 10000; port < 10009; port++)
		world->ports.busy[port / 64] |= 1ULL << (port % 64);
	assert_int_equal(get(world, &alice, "203.0.113.1:443", 10003, 1), 10009);
	assert_int_equal(get(world, &alice, "203.0.113.2:443", 0, 1), -EADDRNOTAVAIL);
	world->ports.busy[10009 / 64] |= 1ULL << (10009 % 64);
	assert_false(port_usable(&world->ports, 10009));
	world->ports.range = (struct detour_port_range){1, 0};
	assert_int_equal(get(world, &alice, "203.0.113.2:443", 0, 1), -EADDRNOTAVAIL);
}

static void test_limits(void **state)
{
	const struct lease_holder_key alice = holder(1, "198.51.100.1");
	const struct lease_holder_key alice2 = holder(1, "198.51.100.3");
	const struct lease_holder_key bob = holder(2, "198.51.100.2");
	const struct lease_holder_key carol = holder(3, "198.51.100.4");
	struct endpoint first = server("203.0.113.1:1");
	struct world *world = *state;

	assert_true(get(world, &alice, "203.0.113.1:1", 0, 1) > 0);
	assert_true(get(world, &alice, "203.0.113.1:2", 0, 1) > 0);
	assert_true(get(world, &alice, "203.0.113.1:3", 0, 1) > 0);
	assert_true(get(world, &alice2, "203.0.113.1:4", 0, 1) > 0);
	/* the identity's limit counts over all its addresses */
	assert_int_equal(get(world, &alice2, "203.0.113.1:5", 0, 1), -EDQUOT);
	assert_true(get(world, &alice, "203.0.113.1:1", 0, 1) > 0);
	for (int i = 0; i < 4; i++) {
		char text[32];

		snprintf(text, sizeof(text), "203.0.113.2:%d", i + 1);
		assert_true(get(world, &bob, text, 0, 1) > 0);
	}
	assert_int_equal(get(world, &carol, "203.0.113.3:1", 0, 1), -ENOSPC);
	assert_int_equal(leases_drop(world->leases, &alice, &first, 1), 0);
	assert_int_equal(leases_drop(world->leases, &alice, &first, 1), -ENOENT);
	/* The relay has room again; the client that dropped it gets no other in its place at once. */
	assert_int_equal(get(world, &alice, "203.0.113.1:9", 0, 1), -EDQUOT);
	assert_true(get(world, &carol, "203.0.113.3:1", 0, 1) > 0);
	assert_int_equal(world->store.count, 8);
	leases_expire(world->leases, LEASE_DROPPED_NS);
	assert_int_equal(leases_count_of(world->leases, 1), 1);
	leases_expire(world->leases, 1 + LEASE_DROPPED_NS);
	assert_int_equal(leases_count_of(world->leases, 1), 0);
}

/* Forged MProxy requests leave room for the channel's clients. */
static void test_mproxy_share(void **state)
{
	struct lease_holder_key forged = holder(1, "198.51.100.1");
	const struct lease_holder_key alice = holder(9, "198.51.100.9");
	struct world *world = *state;

	forged.flags = LEASE_MPROXY;
	for (uint32_t i = 0; i < 8; i++) {
		forged.identity = 1 + i;
		assert_int_equal(get(world, &forged, "203.0.113.1:1", 0, 1) > 0, i < 4);
	}
	assert_int_equal(get(world, &forged, "203.0.113.1:1", 0, 1), -ENOSPC);
	assert_true(get(world, &alice, "203.0.113.1:1", 0, 1) > 0);
	leases_expire(world->leases, 1 + GRACE);
	assert_true(get(world, &forged, "203.0.113.1:1", 0, 1) > 0);
}

static const struct detour_addr *new_source(void *data, uint32_t nexthop_server)
{
	return nexthop_server == 7 ? data : NULL;
}

/* The route to a server got another source address: new flows leave from there. */
static void test_sources(void **state)
{
	const struct lease_holder_key alice = holder(1, "198.51.100.1");
	struct world *world = *state;
	struct detour_addr source;
	unsigned int puts;

	assert_true(get(world, &alice, "203.0.113.1:443", 0, 1) > 0);
	assert_int_equal(addr_parse("192.0.2.99", &source), 0);
	leases_follow_sources(world->leases, new_source, &source);
	assert_true(addr_equal(&world->store.leases[0].entry.relay_src, &source));
	puts = world->store.puts;
	leases_follow_sources(world->leases, new_source, &source);
	assert_int_equal(world->store.puts, puts);
}

static void test_lifetime(void **state)
{
	const struct lease_holder_key alice = holder(1, "198.51.100.1");
	struct world *world = *state;

	assert_false(leases_in_use(world->leases, 1));
	assert_int_equal(leases_channel_up(world->leases, &alice), 0);
	/* A channel without leases holds the identity's number, too. */
	assert_true(leases_in_use(world->leases, 1));
	assert_true(get(world, &alice, "203.0.113.1:443", 0, 10) > 0);
	assert_int_equal(expiry(world, 0), LEASE_LASTING);
	/* two channels: the lease lasts until the second goes */
	assert_int_equal(leases_channel_up(world->leases, &alice), 0);
	leases_channel_down(world->leases, &alice, 20);
	assert_int_equal(expiry(world, 0), LEASE_LASTING);
	leases_channel_down(world->leases, &alice, 30);
	assert_int_equal(expiry(world, 0), 30 + GRACE);
	assert_int_equal(leases_expire(world->leases, 30 + GRACE - 1), 0);
	/* it comes back in time */
	assert_int_equal(leases_channel_up(world->leases, &alice), 0);
	assert_int_equal(expiry(world, 0), LEASE_LASTING);
	leases_channel_down(world->leases, &alice, 200);
	assert_int_equal(leases_expire(world->leases, 200 + GRACE), 1);
	assert_int_equal(world->store.count, 0);
	assert_int_equal(leases_count_of(world->leases, 1), 0);
	/* one channel too many taken down does no harm */
	leases_channel_down(world->leases, &alice, 400);
}

static void test_without_channel(void **state)
{
	const struct lease_holder_key mproxy = holder(1, "198.51.100.1");
	struct world *world = *state;

	assert_true(get(world, &mproxy, "203.0.113.1:443", 0, 10) > 0);
	assert_int_equal(expiry(world, 0), 10 + GRACE);
	/* asking again renews */
	assert_true(get(world, &mproxy, "203.0.113.1:443", 0, 60) > 0);
	assert_int_equal(expiry(world, 0), 60 + GRACE);
}

static void test_adopt(void **state)
{
	const struct lease_holder_key alice = holder(1, "198.51.100.1");
	struct endpoint to = server("203.0.113.1:443");
	struct lease_key key = {alice.client, alice.relay, htons(10004), 0};
	struct lease_entry entry = {.server = to.addr,
				    .server_port_be = to.port_be,
				    .identity = 1,
				    .expires_ns = LEASE_LASTING};
	struct world *world = *state;

	assert_int_equal(store_put(&world->store, &key, &entry), 0);
	assert_int_equal(leases_adopt(world->leases, &key, &entry, 1000), 0);
	assert_int_equal(expiry(world, 0), 1000 + GRACE);
	key.port_be = htons(10005);
	assert_int_equal(leases_adopt(world->leases, &key, &entry, 1000), -EEXIST);
	/* the client finds its lease again */
	assert_int_equal(leases_channel_up(world->leases, &alice), 0);
	assert_int_equal(get(world, &alice, "203.0.113.1:443", 0, 1010), 10004);
	assert_int_equal(expiry(world, 0), LEASE_LASTING);
	/* one that was about to expire is given no more time */
	to = server("203.0.113.2:443");
	entry.server = to.addr;
	entry.expires_ns = 1050;
	assert_int_equal(store_put(&world->store, &key, &entry), 0);
	assert_int_equal(leases_adopt(world->leases, &key, &entry, 1000), 0);
	assert_int_equal(expiry(world, 1), 1050);
	leases_leave(world->leases, 2000);
	assert_int_equal(expiry(world, 0), 2000 + GRACE);
	assert_int_equal(expiry(world, 1), 1050);
}

static void test_store_fails(void **state)
{
	const struct lease_holder_key alice = holder(1, "198.51.100.1");
	struct world *world = *state;

	world->store.fail = -E2BIG;
	assert_int_equal(get(world, &alice, "203.0.113.1:443", 0, 1), -E2BIG);
	assert_int_equal(leases_count(world->leases), 0);
	assert_int_equal(leases_count_of(world->leases, 1), 0);
	world->store.fail = 0;
	assert_true(get(world, &alice, "203.0.113.1:443", 0, 1) > 0);
}

static bool is_port_443(void *data, const struct lease *lease)
{
	(void)data;
	return lease->entry.server_port_be == htons(443);
}

static void test_remove_if(void **state)
{
	const struct lease_holder_key alice = holder(1, "198.51.100.1");
	struct world *world = *state;

	assert_true(get(world, &alice, "203.0.113.1:443", 0, 1) > 0);
	assert_true(get(world, &alice, "203.0.113.1:80", 0, 1) > 0);
	assert_true(get(world, &alice, "203.0.113.2:443", 0, 1) > 0);
	leases_remove_if(world->leases, is_port_443, NULL);
	assert_int_equal(leases_count(world->leases), 1);
	assert_int_equal(world->store.count, 1);
	assert_int_equal(world->store.leases[0].entry.server_port_be, htons(80));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_same_lease_again),
		TEST(test_wish),
		TEST(test_two_identities_one_address),
		TEST(test_busy_and_used_up),
		TEST(test_limits),
		TEST(test_mproxy_share),
		TEST(test_sources),
		TEST(test_lifetime),
		TEST(test_without_channel),
		TEST(test_adopt),
		TEST(test_store_fails),
		TEST(test_remove_if),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
