// SPDX-License-Identifier: BSD-2-Clause
/* detour-fwd leases: who may reach what, read from the pinned map. */
#include "user/base/cleanup.h"
#include "user/base/table.h"
#include "user/dataplane/tables.h"
#include "user/fwd/clock.h"
#include "user/fwd/commands.h"
#include "user/fwd/json.h"
#include "user/fwd/leases.h"

static const struct table_column columns[] = {
	{"identity", "IDENTITY", TABLE_TEXT},	 {"client", "CLIENT", TABLE_TEXT},
	{"detour", "DETOUR", TABLE_TEXT},	 {"server", "SERVER", TABLE_TEXT},
	{"protocol", "BY", TABLE_TEXT},		 {"age_s", "AGE", TABLE_SECONDS},
	{"expires_s", "EXPIRES", TABLE_SECONDS},
};

struct leases_run {
	struct tables *tables;
	struct json_object *rows;
	uint64_t now_ns;
};

static int add_row(void *data, const struct lease_key *key, const struct lease_entry *entry)
{
	const struct leases_run *run = data;
	const struct identity_entry *identity = tables_identity(run->tables, entry->identity);
	struct json_object *row = json_object_new_object();
	char client[ADDR_TEXT_LEN];

	json_add_text(row, "identity", identity && identity->name[0] ? identity->name : "?");
	json_add_text(row, "client", addr_format(&key->client, client));
	json_add_endpoint(row, "detour", &key->relay, key->port_be);
	json_add_endpoint(row, "server", &entry->server, entry->server_port_be);
	json_add_text(row, "protocol", entry->flags & LEASE_MPROXY ? "mproxy" : "channel");
	json_add_int(row, "age_s", (int64_t)(run->now_ns - entry->created_ns) / (int64_t)SECOND_NS);
	/* null: while the channel lasts. */
	json_object_object_add(row, "expires_s",
			       entry->expires_ns == LEASE_LASTING
				       ? NULL
				       : json_object_new_int64(
						 (int64_t)(entry->expires_ns - run->now_ns) /
						 (int64_t)SECOND_NS));
	json_object_array_add(run->rows, row);
	return 0;
}

int cmd_leases(const struct cli_options *options, int argc, char **argv)
{
	struct leases_run run = {.now_ns = clock_now_ns()};

	(void)argc;
	(void)argv;
	if (commands_open_tables(options, &run.tables))
		return 1;
	run.rows = json_object_new_array();
	tables_leases_each(run.tables, add_row, &run);
	commands_print(options, columns, ARRAY_SIZE(columns), run.rows);
	tables_close(run.tables);
	return 0;
}
