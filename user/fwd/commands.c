// SPDX-License-Identifier: BSD-2-Clause
/* What several commands share. */
#include "user/fwd/commands.h"

#include <stdio.h>
#include <string.h>

#include <json-c/json.h>

#include "user/base/table.h"
#include "user/dataplane/pins.h"
#include "user/dataplane/tables.h"

int commands_open_tables(const struct cli_options *options, struct tables **ret_tables)
{
	struct pins pins;
	int err = pins_init(options->bpffs, options->instance, &pins);

	if (err) {
		fprintf(stderr, "--bpffs %s: the path is too long\n", options->bpffs);
		return err;
	}
	return tables_open(&pins, stderr, ret_tables);
}

void commands_print(const struct cli_options *options, const struct table_column *columns,
		    size_t count, struct json_object *rows)
{
	if (options->json)
		json_print(stdout, rows);
	else
		table_print(stdout, columns, count, rows);
	json_object_put(rows);
}
