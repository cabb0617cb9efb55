// SPDX-License-Identifier: BSD-2-Clause
/* `detour-agent status` */
#include <stdio.h>

#include <json-c/json.h>

#include "user/agent/commands.h"
#include "user/base/cleanup.h"
#include "user/base/table.h"

static long long number(struct json_object *object, const char *key)
{
	return json_object_get_int64(json_object_object_get(object, key));
}

static void print_status(struct json_object *status)
{
	struct json_object *counters = json_object_object_get(status, "counters");

	printf("running, pid %lld, for %lld s\n", number(status, "pid"),
	       number(status, "uptime_s"));
	printf("%lld of %lld channels up; %lld connections, up to %lld detours each\n",
	       number(status, "channels_up"), number(status, "channels"),
	       number(status, "connections"), number(status, "detours_per_connection"));
	json_object_object_foreach (counters, key, value) {
		printf("  %-24s %lld\n", key, (long long)json_object_get_int64(value));
	}
}

int agent_cmd_status(const struct cli_options *options, int argc, char **argv)
{
	struct json_object *status;

	(void)argc;
	(void)argv;
	if (agent_ask(options, "status", &status) < 0)
		return EXIT_FAILURE;
	if (options->json)
		json_print(stdout, status);
	else
		print_status(status);
	json_object_put(status);
	return EXIT_SUCCESS;
}
