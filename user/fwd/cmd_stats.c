// SPDX-License-Identifier: BSD-2-Clause
/* detour-fwd stats: how many packets got which verdict, read from the pinned map. */
#include <stdio.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/base/table.h"
#include "user/dataplane/tables.h"
#include "user/fwd/commands.h"
#include "user/fwd/json.h"

static const struct table_column columns[] = {
	{"verdict", "VERDICT", TABLE_TEXT},
	{"packets", "PACKETS", TABLE_NUMBER},
	{"bytes", "BYTES", TABLE_BYTES},
	{"meaning", "MEANING", TABLE_TEXT},
};

int cmd_stats(const struct cli_options *options, int argc, char **argv)
{
	struct verdict_count counts[DETOUR_VERDICT_COUNT];
	struct json_object *rows;
	struct tables *tables;
	int err;

	(void)argc;
	(void)argv;
	if (commands_open_tables(options, &tables))
		return 1;
	err = tables_verdicts_read(tables, counts);
	tables_close(tables);
	if (err) {
		fprintf(stderr, "cannot read the counters: %s\n", strerror(-err));
		return 1;
	}
	rows = json_object_new_array();
	for (enum detour_verdict v = 0; v < DETOUR_VERDICT_COUNT; v++) {
		struct json_object *row = json_object_new_object();

		json_add_text(row, "verdict", verdict_name(v));
		json_add_int(row, "packets", (int64_t)counts[v].packets);
		json_add_int(row, "bytes", (int64_t)counts[v].bytes);
		json_add_text(row, "meaning", verdict_text(v));
		json_object_array_add(rows, row);
	}
	commands_print(options, columns, ARRAY_SIZE(columns), rows);
	return 0;
}
