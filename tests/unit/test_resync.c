// SPDX-License-Identifier: BSD-2-Clause
/* A dump of the kernel's sockets against what the agent knows: rows of sockets, and the outcome. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <utlist.h>

#include "user/agent/resync.h"
#include "user/base/cleanup.h"

#define TEXT_LEN 256
#define ROWS_MAX 6

enum { HERE = 1 << 0, JOIN = 1 << 1, FULL = 1 << 2, SYN = 1 << 3, BACKUP = 1 << 4 };

struct socket_row {
	uint32_t token; /* 0: end */
	unsigned int flags;
	const char *local, *remote;
	uint8_t loc_id;
};

static const struct {
	const char *name;
	bool fallback;
	bool connection_gone;
	struct socket_row rows[ROWS_MAX];
	const char *expect;
} cases[] = {
	{"a connection with two detours and a direct one",
	 false,
	 false,
	 {{7, HERE | FULL, "10.9.0.1:5000", "10.5.0.5:443", 0},
	  {7, HERE | JOIN, "10.9.0.1:5001", "10.0.1.1:10000", 0},
	  {7, HERE | JOIN | BACKUP, "10.8.0.1:5002", "10.0.2.1:10001", 4},
	  {7, HERE | JOIN, "10.8.0.1:5003", "10.5.0.5:443", 4}},
	 "first/0, fra/0, ams/4 backup, direct/4"},
	{"a SYN that is on its way is not sent again",
	 false,
	 false,
	 {{7, HERE | FULL, "10.9.0.1:5000", "10.5.0.5:443", 0},
	  {7, HERE | JOIN | SYN, "10.9.0.1:5001", "10.0.1.1:10000", 0}},
	 "first/0, fra/0 connecting"},
	{"its first subflow is gone",
	 false,
	 false,
	 {{7, HERE | JOIN, "10.9.0.1:5001", "10.0.1.1:10000", 0}},
	 "fra/0, direct lost"},
	{"a subflow of nobody's",
	 false,
	 false,
	 {{7, HERE | FULL, "10.9.0.1:5000", "10.5.0.5:443", 0},
	  {7, HERE | JOIN, "10.9.0.1:5001", "10.77.0.1:10000", 0}},
	 "first/0, other/0"},
	{"this host is the server",
	 false,
	 false,
	 {{7, FULL, "10.9.0.1:443", "10.5.0.5:5000", 0},
	  {7, JOIN, "10.9.0.1:443", "10.5.0.5:5001", 0}},
	 "none"},
	{"not fully established: its event is still to come",
	 false,
	 false,
	 {{7, HERE, "10.9.0.1:5000", "10.5.0.5:443", 0}},
	 "none"},
	{"fallen back to TCP",
	 true,
	 false,
	 {{7, HERE | FULL, "10.9.0.1:5000", "10.5.0.5:443", 0}},
	 "none"},
	{"subflows without their connection: it is closing",
	 false,
	 true,
	 {{7, HERE | FULL, "10.9.0.1:5000", "10.5.0.5:443", 0}},
	 "none"},
	{"of a backup uplink's subflows those that the kernel does not know as such are to be set",
	 false,
	 false,
	 {{7, HERE | FULL, "10.7.0.1:5000", "10.5.0.5:443", 0},
	  {7, HERE | JOIN, "10.7.0.1:5001", "10.0.1.1:10000", 1},
	  {7, HERE | JOIN | BACKUP, "10.7.0.1:5002", "10.0.2.1:10001", 2},
	  {7, HERE | JOIN, "10.7.0.1:5003", "10.5.0.5:443", 3},
	  {7, HERE | JOIN | SYN, "10.7.0.1:5004", "10.0.1.1:10000", 4},
	  {7, HERE | JOIN, "10.7.0.1:5005", "10.77.0.1:10000", 5}},
	 "first/0, fra/1 to set, ams/2 backup, direct/3 to set, fra/4 to set connecting, other/5"},
};

static struct endpoint endpoint(const char *text)
{
	struct endpoint parsed;

	assert_int_equal(endpoint_parse(text, &parsed), 0);
	return parsed;
}

static const char *name_of(const struct subflow *subflow)
{
	static const char *const relays[] = {"fra", "ams"};

	if (subflow->kind == SUBFLOW_INITIAL)
		return "first";
	return subflow->kind == SUBFLOW_DETOUR ? relays[subflow->relay]
					       : subflow_kind_word(subflow->kind);
}

static const char *backup_word(const struct subflow *subflow)
{
	if (subflow->backup_tries)
		return " to set";
	if (subflow->harm == HARM_DONE)
		return " backup, rests";
	return subflow->backup ? " backup" : "";
}

static void describe(const struct conn *conn, char *out)
{
	const struct subflow *subflow;
	size_t used = 0;

	snprintf(out, TEXT_LEN, "none");
	if (!conn)
		return;
	DL_FOREACH (conn->subflows, subflow) {
		used += (size_t)snprintf(out + used, TEXT_LEN - used, "%s%s/%u%s%s",
					 used ? ", " : "", name_of(subflow), subflow->loc_id,
					 backup_word(subflow),
					 subflow->state == SUBFLOW_CONNECTING ? " connecting" : "");
	}
	if (conn->direct_lost)
		snprintf(out + used, TEXT_LEN - used, ", direct lost");
}

static void fill_dump(size_t index, struct resync_dump *dump)
{
	const struct socket_row *rows = cases[index].rows;

	for (; dump->subflow_count < ROWS_MAX && rows[dump->subflow_count].token;
	     dump->subflow_count++) {
		const struct socket_row *row = &rows[dump->subflow_count];

		dump->subflows[dump->subflow_count] = (struct diag_subflow){
			.token = row->token,
			.local = endpoint(row->local),
			.remote = endpoint(row->remote),
			.loc_id = row->loc_id,
			.state = row->flags & SYN ? 2 : 1,
			.initiated_here = row->flags & HERE,
			.join = row->flags & JOIN,
			.fully_established = row->flags & FULL,
			.backup = row->flags & BACKUP,
		};
	}
	dump->connections[0] = (struct diag_connection){
		.token = 7,
		.local = endpoint("10.9.0.1:5000"),
		.remote = endpoint("10.5.0.5:443"),
		.fallback = cases[index].fallback,
	};
	dump->connection_count = cases[index].connection_gone ? 0 : 1;
}

static void free_conns(struct conn **conns)
{
	while (*conns) {
		struct conn *conn = *conns;

		HASH_DEL(*conns, conn);
		conn_free(conn);
	}
}

static void test_merge(void **state)
{
	struct policy_relay_addr relays[] = {{endpoint("10.0.1.1:0").addr, 0},
					     {endpoint("10.0.2.1:0").addr, 1}};
	struct policy_uplink uplinks[] = {{endpoint("10.9.0.1:0").addr, 1, UPLINK_ON, true},
					  {endpoint("10.7.0.1:0").addr, 2, UPLINK_BACKUP, true}};
	struct policy_world world = {.now_us = 1,
				     .relay_addrs = relays,
				     .relay_addr_count = 2,
				     .uplinks = uplinks,
				     .uplink_count = 2};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct diag_connection connections[1];
		struct diag_subflow subflows[ROWS_MAX];
		struct resync_dump dump = {.connections = connections, .subflows = subflows};
		struct conn *conns = NULL;
		char text[TEXT_LEN];

		fill_dump(i, &dump);
		/* Twice: a second resync finds nothing new. */
		assert_int_equal(resync_merge(&conns, &dump, &world), 0);
		assert_int_equal(resync_merge(&conns, &dump, &world), 0);
		describe(conns, text);
		if (strcmp(text, cases[i].expect) != 0)
			fail_msg("%s: \"%s\" instead of \"%s\"", cases[i].name, text,
				 cases[i].expect);
		free_conns(&conns);
	}
}

/* Without uplinks a backup is one for harm. What is known and no longer there goes; relays whose address is learned later are recognised. */
static void test_later(void **state)
{
	struct policy_relay_addr relay = {endpoint("10.0.1.1:0").addr, 0};
	struct policy_world world = {.now_us = 1};
	struct diag_connection connections[1];
	struct diag_subflow subflows[ROWS_MAX];
	struct resync_dump dump = {.connections = connections, .subflows = subflows};
	struct conn *conns = NULL;
	char text[TEXT_LEN];

	(void)state;
	fill_dump(0, &dump);
	assert_int_equal(resync_merge(&conns, &dump, &world), 0);
	describe(conns, text);
	assert_string_equal(text, "first/0, other/0, other/4 backup, rests, direct/4");
	world.relay_addrs = &relay;
	world.relay_addr_count = 1;
	policy_recognise(conns, &world, conns->subflows->next);
	dump.subflow_count = 2;
	assert_int_equal(resync_merge(&conns, &dump, &world), 0);
	describe(conns, text);
	assert_string_equal(text, "first/0, fra/0");
	dump.connection_count = dump.subflow_count = 0;
	assert_int_equal(resync_merge(&conns, &dump, &world), 0);
	assert_null(conns);
}

/* A backup uplink's detour whose relay is learned late: the flag is set when it is recognised. */
static void test_late_backup(void **state)
{
	struct policy_relay_addr relay = {endpoint("10.0.1.1:0").addr, 0};
	struct policy_uplink uplink = {endpoint("10.9.0.1:0").addr, 1, UPLINK_BACKUP, true};
	struct policy_world world = {.now_us = 1, .uplinks = &uplink, .uplink_count = 1};
	struct policy_event changed = {.type = POLICY_WORLD};
	struct policy_actions actions = {0};
	struct diag_connection connections[1];
	struct diag_subflow subflows[ROWS_MAX];
	struct resync_dump dump = {.connections = connections, .subflows = subflows};
	struct conn *conns = NULL;
	char text[TEXT_LEN];

	(void)state;
	assert_int_equal(servers_new(&world.servers), 0);
	fill_dump(0, &dump);
	dump.subflow_count = 2;
	assert_int_equal(resync_merge(&conns, &dump, &world), 0);
	describe(conns, text);
	assert_string_equal(text, "first/0, other/0");
	world.relay_addrs = &relay;
	world.relay_addr_count = 1;
	policy_run(conns, &world, &changed, &actions);
	describe(conns, text);
	assert_string_equal(text, "first/0, fra/0 to set");
	assert_int_equal(actions.count, 1);
	assert_int_equal(actions.items[0].type, POLICY_BACKUP);
	assert_ptr_equal(actions.items[0].subflow, conns->subflows->next);
	free_conns(&conns);
	servers_free(world.servers);
}

/* A SYN's answer came, its event did not. */
static void test_lost_event(void **state)
{
	struct policy_relay_addr relay = {endpoint("10.0.1.1:0").addr, 0};
	struct policy_world world = {.now_us = 1, .relay_addrs = &relay, .relay_addr_count = 1};
	struct diag_connection connections[1];
	struct diag_subflow subflows[ROWS_MAX];
	struct resync_dump dump = {.connections = connections, .subflows = subflows};
	struct conn *conns = NULL;
	char text[TEXT_LEN];

	(void)state;
	fill_dump(1, &dump);
	assert_int_equal(resync_merge(&conns, &dump, &world), 0);
	describe(conns, text);
	assert_string_equal(text, "first/0, fra/0 connecting");
	for (size_t i = 0; i < dump.subflow_count; i++)
		subflows[i].state = 1;
	world.now_us = 2;
	assert_int_equal(resync_merge(&conns, &dump, &world), 0);
	describe(conns, text);
	assert_string_equal(text, "first/0, fra/0");
	assert_int_equal(conns->subflows->next->since_us, 2);
	free_conns(&conns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_merge),
		cmocka_unit_test(test_later),
		cmocka_unit_test(test_late_backup),
		cmocka_unit_test(test_lost_event),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
