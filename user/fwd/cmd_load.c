// SPDX-License-Identifier: BSD-2-Clause
/* detour-fwd load IFACE...: the daemon, in the foreground. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "user/base/log.h"
#include "user/dataplane/dataplane.h"
#include "user/fwd/commands.h"
#include "user/fwd/errlog.h"
#include "user/fwd/privileges.h"
#include "user/fwd/relay.h"

static int read_config(const struct cli_options *options, char **interfaces,
		       struct fwd_config **ret_config)
{
	struct fwd_config *config;
	int err = fwd_config_load(options->config, stderr, &config);

	if (err)
		return err;
	if (options->mode && fwd_mode_parse(options->mode, &config->mode)) {
		fprintf(stderr, "--mode %s: auto, xdp, xdp-generic or tc\n", options->mode);
		fwd_config_free(config);
		return -1;
	}
	if (!interfaces[0] && !config->interfaces[0]) {
		fprintf(stderr, "name the interfaces: 'detour-fwd load eth0', or Interfaces= in "
				"the configuration\n");
		fwd_config_free(config);
		return -1;
	}
	*ret_config = config;
	return 0;
}

static int start(struct relay *relay)
{
	struct errlog errlog;
	int err;

	errlog_open(&errlog);
	err = relay_start(relay, errlog.stream);
	errlog_close(&errlog);
	if (err)
		return err;
	err = dataplane_start_loader(relay->dataplane, privileges_confine_loader);
	if (err) {
		log_error("cannot start the loading process: %s", strerror(-err));
		return err;
	}
	err = privileges_drop();
	if (err)
		log_error("cannot give up capabilities: %s", strerror(-err));
	return err;
}

int cmd_load(const struct cli_options *options, int argc, char **argv)
{
	struct relay relay = {.options = options, .interfaces = argv};
	int err;

	if (options->check)
		return cmd_check_config(options, argc, argv);
	if (read_config(options, argv, &relay.config))
		return 1;
	signal(SIGPIPE, SIG_IGN);
	err = start(&relay);
	if (err) {
		log_error("not loaded: %s", strerror(-err));
	} else {
		log_info("serving");
		sd_notify(0, "READY=1\nSTATUS=serving");
		relay_run(&relay);
		sd_notify(0, "STOPPING=1");
		log_info("leaving; the data path stays ('detour-fwd unload' removes it)");
	}
	relay_done(&relay);
	return err ? 1 : 0;
}
