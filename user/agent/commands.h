/* SPDX-License-Identifier: BSD-2-Clause */
/* The commands of detour-agent; each returns the exit status. */
#ifndef DETOUR_AGENT_COMMANDS_H
#define DETOUR_AGENT_COMMANDS_H

#include "user/base/cli.h"

struct json_object;

int agent_cmd_run(const struct cli_options *options, int argc, char **argv);
int agent_cmd_status(const struct cli_options *options, int argc, char **argv);
int agent_cmd_connections(const struct cli_options *options, int argc, char **argv);
int agent_cmd_relays(const struct cli_options *options, int argc, char **argv);
int agent_cmd_check_config(const struct cli_options *options, int argc, char **argv);

/* Asks the running agent; on an error says on stderr what is wrong and returns -errno. (ask.c) */
int agent_ask(const struct cli_options *options, const char *command,
	      struct json_object **ret_answer);

/* The same in two steps, for when stderr cannot be read at the moment. */
int agent_ask_silently(const struct cli_options *options, const char *command,
		       struct json_object **ret_answer);
void agent_ask_complain(const struct cli_options *options, int err);

#endif /* DETOUR_AGENT_COMMANDS_H */
