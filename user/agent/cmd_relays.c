// SPDX-License-Identifier: BSD-2-Clause
/* `detour-agent relays` */
#include <stdio.h>

#include <json-c/json.h>

#include "user/agent/commands.h"
#include "user/base/cleanup.h"
#include "user/base/table.h"

static const struct table_column columns[] = {
	{"relay", "RELAY", TABLE_TEXT},		{"state", "STATE", TABLE_TEXT},
	{"address", "ADDRESS", TABLE_TEXT},	{"local", "FROM", TABLE_TEXT},
	{"role", "ROLE", TABLE_TEXT},		{"rtt_us", "RTT ms", TABLE_MILLI},
	{"since_s", "SINCE", TABLE_SECONDS},	{"leases", "LEASES", TABLE_NUMBER},
	{"subflows", "SUBFLOWS", TABLE_NUMBER}, {"last_error", "LAST ERROR", TABLE_TEXT},
};

int agent_cmd_relays(const struct cli_options *options, int argc, char **argv)
{
	struct json_object *answer;

	(void)argc;
	(void)argv;
	if (agent_ask(options, "relays", &answer) < 0)
		return EXIT_FAILURE;
	if (options->json)
		json_print(stdout, answer);
	else
		table_print(stdout, columns, ARRAY_SIZE(columns),
			    json_object_object_get(answer, "relays"));
	json_object_put(answer);
	return EXIT_SUCCESS;
}
