// SPDX-License-Identifier: BSD-2-Clause
/* A question to the running agent. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "user/agent/commands.h"
#include "user/base/ipc.h"

int agent_ask(const struct cli_options *options, const char *command,
	      struct json_object **ret_answer)
{
	char path[108];
	int err = ipc_socket_path(options->run_dir, "agent", options->instance, path);

	if (!err)
		err = ipc_call(path, command, ret_answer);
	if (err == -ENOENT || err == -ECONNREFUSED)
		fprintf(stderr, "detour-agent is not running (nobody answers at %s)\n", path);
	else if (err == -EACCES)
		fprintf(stderr, "%s: permission denied; try as root\n", path);
	else if (err)
		fprintf(stderr, "no answer from detour-agent: %s\n", strerror(-err));
	return err;
}
