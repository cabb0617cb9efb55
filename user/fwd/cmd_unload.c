// SPDX-License-Identifier: BSD-2-Clause
/* detour-fwd unload: the daemon goes, and with it data path, pins and socket. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "user/dataplane/dataplane.h"
#include "user/fwd/commands.h"
#include "user/fwd/handover.h"
#include "user/fwd/relay.h"

/* What a killed daemon left in the run directory; the directory itself if nothing else is there. */
static void remove_socket(const struct cli_options *options)
{
	char path[108];

	if (relay_socket_path(options, path) == 0)
		unlink(path);
	rmdir(options->run_dir);
}

int cmd_unload(const struct cli_options *options, int argc, char **argv)
{
	int err = handover_ask(options, stderr);

	(void)argc;
	(void)argv;
	if (err)
		return 1;
	remove_socket(options);
	err = dataplane_unload(options->bpffs, options->instance, stderr);
	if (err == -ENOENT) {
		fprintf(stderr, "nothing is loaded as instance '%s'\n", options->instance);
		return 0;
	}
	if (err)
		fprintf(stderr, "not unloaded: %s\n", strerror(-err));
	return err ? 1 : 0;
}
