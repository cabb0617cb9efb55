// SPDX-License-Identifier: BSD-2-Clause
/* `detour-agent connections` and its live form, --watch. */
#include <stdio.h>

#include <json-c/json.h>

#include "user/agent/commands.h"
#include "user/agent/connections_table.h"
#include "user/agent/watch.h"
#include "user/base/cleanup.h"
#include "user/base/table.h"

static int print_once(void *data, FILE *out)
{
	const struct cli_options *options = data;
	struct json_object *answer;
	int err = agent_ask_silently(options, "connections", &answer);

	if (err)
		return err;
	if (options->json)
		json_print(out, answer);
	else
		connections_table_print(out, answer);
	json_object_put(answer);
	return 0;
}

int agent_cmd_connections(const struct cli_options *options, int argc, char **argv)
{
	int err;

	(void)argc;
	(void)argv;
	if (options->watch)
		err = watch_run(print_once, (void *)options);
	else
		err = print_once((void *)options, stdout);
	if (err) /* only now: --watch had another screen up */
		agent_ask_complain(options, err);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
