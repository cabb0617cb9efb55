// SPDX-License-Identifier: BSD-2-Clause
/* detour-fwd flows: both directions of each flow in one row, read from the pinned map. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/base/table.h"
#include "user/dataplane/tables.h"
#include "user/fwd/clock.h"
#include "user/fwd/commands.h"
#include "user/fwd/json.h"

#define BATCH 1024

static const struct table_column columns[] = {
	{"identity", "IDENTITY", TABLE_TEXT},
	{"client", "CLIENT", TABLE_TEXT},
	{"detour", "DETOUR", TABLE_TEXT},
	{"source", "SOURCE", TABLE_TEXT},
	{"server", "SERVER", TABLE_TEXT},
	{"state", "STATE", TABLE_TEXT},
	{"age_s", "AGE", TABLE_SECONDS},
	{"idle_s", "IDLE", TABLE_SECONDS},
	{"bytes_to_server", "TO SERVER", TABLE_BYTES},
	{"bytes_to_client", "TO CLIENT", TABLE_BYTES},
};

static const char *state_word(const struct flow_entry *up, const struct flow_entry *down)
{
	unsigned int either = up->seen | down->seen, both = up->seen & down->seen;

	if (either & FLOW_SEEN_RST)
		return "reset";
	if (both & FLOW_SEEN_FIN)
		return "closed";
	if (either & FLOW_SEEN_FIN)
		return "closing";
	return both & FLOW_SEEN_ACK ? "established" : "opening";
}

static struct json_object *make_row(struct tables *tables, const struct flow_entry *up,
				    uint64_t now_ns)
{
	const struct identity_entry *identity = tables_identity(tables, up->identity);
	struct json_object *row = json_object_new_object();
	struct flow_key reverse = flow_key_reverse(up);
	struct flow_entry down = {0};
	uint64_t seen_ns;

	tables_flow_read(tables, &reverse, &down);
	seen_ns = down.last_seen_ns > up->last_seen_ns ? down.last_seen_ns : up->last_seen_ns;
	json_add_text(row, "identity", identity && identity->name[0] ? identity->name : "?");
	json_add_endpoint(row, "client", &up->key.src, up->key.src_port_be);
	json_add_endpoint(row, "detour", &up->key.dst, up->key.dst_port_be);
	json_add_endpoint(row, "source", &up->to.src, up->to.src_port_be);
	json_add_endpoint(row, "server", &up->to.dst, up->to.dst_port_be);
	json_add_text(row, "state", state_word(up, &down));
	json_add_int(row, "age_s", (int64_t)(now_ns - up->created_ns) / (int64_t)SECOND_NS);
	json_add_int(row, "idle_s", (int64_t)(now_ns - seen_ns) / (int64_t)SECOND_NS);
	json_add_int(row, "packets_to_server", (int64_t)up->packets);
	json_add_int(row, "packets_to_client", (int64_t)down.packets);
	json_add_int(row, "bytes_to_server", (int64_t)up->bytes);
	json_add_int(row, "bytes_to_client", (int64_t)down.bytes);
	return row;
}

static int add_rows(struct tables *tables, struct json_object *rows)
{
	_cleanup_free_ struct flow_entry *batch = calloc(BATCH, sizeof(*batch));
	struct flow_scan scan = {0};
	uint64_t now_ns = clock_now_ns();
	int err;

	if (!batch)
		return -ENOMEM;
	do {
		size_t count = 0;

		err = tables_flow_scan(tables, &scan, batch, BATCH, &count);
		for (size_t i = 0; i < count; i++) {
			if (batch[i].flags & FLOW_TO_SERVER)
				json_object_array_add(rows, make_row(tables, &batch[i], now_ns));
		}
	} while (!err);
	return err == -ENOENT ? 0 : err;
}

int cmd_flows(const struct cli_options *options, int argc, char **argv)
{
	struct json_object *rows;
	struct tables *tables;
	int err;

	(void)argc;
	(void)argv;
	if (commands_open_tables(options, &tables))
		return 1;
	rows = json_object_new_array();
	err = add_rows(tables, rows);
	if (err)
		fprintf(stderr, "cannot read all flows: %s\n", strerror(-err));
	commands_print(options, columns, ARRAY_SIZE(columns), rows);
	tables_close(tables);
	return err ? 1 : 0;
}
