// SPDX-License-Identifier: BSD-2-Clause
/* detour-agent: sends further subflows of this host's MPTCP connections through relays. */
#include "user/agent/commands.h"
#include "user/base/cleanup.h"

static const struct cli_command commands[] = {
	{"run", agent_cmd_run, "", "manage this host's MPTCP connections, in the foreground", 0, 0},
	{"status", agent_cmd_status, "", "is it running, and what has it done", 0, 0},
	{"connections", agent_cmd_connections, "", "connections and their subflows", 0, 0},
	{"relays", agent_cmd_relays, "", "the channels to the relays", 0, 0},
	{"check-config", agent_cmd_check_config, "", "check the configuration and print it", 0, 0},
	{"version", cli_version, "", "print the version", 0, 0},
};

static const struct cli_program program = {
	.name = "detour-agent",
	.summary = "sends MPTCP connections over detours, too",
	.commands = commands,
	.command_count = ARRAY_SIZE(commands),
	.options = CLI_WATCH,
};

int main(int argc, char **argv)
{
	return cli_run(&program, argc, argv);
}
