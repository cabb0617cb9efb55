// SPDX-License-Identifier: BSD-2-Clause
/* A question to the running agent. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "user/agent/commands.h"
#include "user/base/ipc.h"

int agent_ask_silently(const struct cli_options *options, const char *command,
		       struct json_object **ret_answer)
{
	char path[108];
	int err = ipc_socket_path(options->run_dir, "agent", options->instance, path);

	return err ? err : ipc_call(path, command, ret_answer);
}

void agent_ask_complain(const struct cli_options *options, int err)
{
	char path[108] = "";

	ipc_socket_path(options->run_dir, "agent", options->instance, path);
	if (err == -ENOENT || err == -ECONNREFUSED)
		fprintf(stderr, "detour-agent is not running (nobody answers at %s)\n", path);
	else if (err == -EACCES)
		fprintf(stderr, "%s: permission denied; try as root\n", path);
	else
		fprintf(stderr, "no answer from detour-agent: %s\n", strerror(-err));
}

int agent_ask(const struct cli_options *options, const char *command,
	      struct json_object **ret_answer)
{
	int err = agent_ask_silently(options, command, ret_answer);

	if (err)
		agent_ask_complain(options, err);
	return err;
}
