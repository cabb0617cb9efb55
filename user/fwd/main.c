// SPDX-License-Identifier: BSD-2-Clause
/* detour-fwd: the relay. A table of its commands. */
#include "user/base/cleanup.h"
#include "user/base/cli.h"
#include "user/fwd/commands.h"

static const struct cli_command commands[] = {
	{"load", cmd_load, "[IFACE...]", "attach to the interfaces and serve clients (the daemon)",
	 0, -1},
	{"unload", cmd_unload, "", "remove the data path, and with it all flows", 0, 0},
	{"status", cmd_status, "", "daemon, interfaces and clients", 0, 0},
	{"leases", cmd_leases, "", "which client may reach which server", 0, 0},
	{"flows", cmd_flows, "", "the connections that are forwarded", 0, 0},
	{"stats", cmd_stats, "", "what became of the packets, by verdict", 0, 0},
	{"check-config", cmd_check_config, "", "check the configuration and print it", 0, 0},
	{"version", cli_version, "", "print the version", 0, 0},
};

static const struct cli_program program = {
	.name = "detour-fwd",
	.summary = "forwards MPTCP subflows for the clients that it knows",
	.commands = commands,
	.command_count = ARRAY_SIZE(commands),
	.options = CLI_BPFFS | CLI_MODE,
};

int main(int argc, char **argv)
{
	return cli_run(&program, argc, argv);
}
