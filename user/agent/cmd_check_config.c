// SPDX-License-Identifier: BSD-2-Clause
/* `detour-agent check-config` */
#include <stdio.h>

#include "user/agent/commands.h"
#include "user/base/cleanup.h"
#include "user/conf/agent_config.h"

int agent_cmd_check_config(const struct cli_options *options, int argc, char **argv)
{
	struct agent_config *config;

	(void)argc;
	(void)argv;
	if (agent_config_load(options->config, stderr, &config) < 0)
		return EXIT_FAILURE;
	agent_config_print(config, stdout);
	agent_config_free(config);
	return EXIT_SUCCESS;
}
