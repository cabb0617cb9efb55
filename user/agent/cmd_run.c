// SPDX-License-Identifier: BSD-2-Clause
/* `detour-agent run`: configuration, certificates, the path manager, then the loop until a signal. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cap-ng.h>
#include <systemd/sd-daemon.h>

#include "user/agent/agent.h"
#include "user/agent/commands.h"
#include "user/agent/sysctl.h"
#include "user/base/cleanup.h"
#include "user/base/log.h"
#include "user/base/privileges.h"

#define STATE_PATH_LEN	 256
#define LOSSY_CONGESTION "bbr" /* what a subflow gets whose path loses packets by chance */

struct run {
	uv_loop_t loop;
	uv_signal_t term, interrupt;
	struct agent_config *config;
	struct tls_context *tls;
	struct congestion *congestion; /* NULL: subflows keep what they have */
	struct agent *agent;
	struct ipc_server *ipc;
	char state[STATE_PATH_LEN];
	bool stopping;
};

static void stop(uv_signal_t *handle, int signum)
{
	struct run *run = handle->data;

	if (run->stopping)
		return;
	run->stopping = true;
	log_info("ending on %s", strsignal(signum));
	sd_notify(0, "STOPPING=1");
	uv_stop(&run->loop);
}

static int load_config(const struct cli_options *options, struct run *run)
{
	struct tls_files files;
	int err = agent_config_load(options->config, stderr, &run->config);

	if (err)
		return err;
	files = (struct tls_files){
		.ca = run->config->ca,
		.cert = run->config->cert,
		.key = run->config->key,
	};
	return tls_context_new(false, &files, stderr, &run->tls);
}

static void state_path(const struct cli_options *options, char *out)
{
	snprintf(out, STATE_PATH_LEN, "%s/agent-%s.path-manager", options->run_dir,
		 options->instance);
}

/* Says what is missing, and whether it can do without. */
static int check_host(void)
{
	if (!capng_have_capability(CAPNG_EFFECTIVE, CAP_NET_ADMIN)) {
		log_error("CAP_NET_ADMIN is missing: run as root, or with the systemd unit");
		return -EPERM;
	}
	if (!sysctl_mptcp_enabled())
		log_warning("MPTCP is off here: nothing to do until `sysctl net.mptcp.enabled=1`");
	return 0;
}

static int take_path_manager(const struct cli_options *options, struct run *run)
{
	int err;

	if (mkdir(options->run_dir, 0755) < 0 && errno != EEXIST)
		return -errno;
	state_path(options, run->state);
	err = sysctl_take_path_manager(run->state);
	if (err) /* nothing to put back */
		run->state[0] = '\0';
	if (err == -ENOENT)
		log_error("this kernel has no MPTCP (net.mptcp is missing)");
	else if (err)
		log_error("cannot choose the userspace path manager: %s", strerror(-err));
	return err;
}

static struct json_object *answer(void *owner, const char *command)
{
	struct run *run = owner;

	return run->agent ? agent_report(run->agent, command) : NULL;
}

static int listen_for_commands(const struct cli_options *options, struct run *run)
{
	char path[108];
	int err = ipc_socket_path(options->run_dir, "agent", options->instance, path);

	if (!err)
		err = ipc_server_new(&run->loop, path, answer, run, &run->ipc);
	if (err == -EADDRINUSE)
		log_error("another agent runs already (%s); --instance keeps two apart", path);
	else if (err)
		log_error("cannot listen at %s: %s", path, strerror(-err));
	return err;
}

static int watch_signal(struct run *run, uv_signal_t *handle, int signum)
{
	int err = uv_signal_init(&run->loop, handle);

	if (err)
		return err;
	handle->data = run;
	return uv_signal_start(handle, stop, signum);
}

/* Without it everything else works. */
static void open_congestion(struct run *run)
{
	struct congestion_options options = {LOSSY_CONGESTION, run->config->exclude,
					     run->config->exclude_count};
	_cleanup_free_ char *text = NULL;
	size_t len = 0;
	FILE *errors;
	int err;

	if (run->config->congestion == AGENT_CONGESTION_KEEP)
		return;
	errors = open_memstream(&text, &len);
	if (!errors)
		return;
	err = congestion_new(&options, errors, &run->congestion);
	fclose(errors);
	if (err)
		log_warning("subflows on lossy paths keep their congestion control, and may hold "
			    "connections back: %s",
			    text);
}

/*
 * The verifier's right is for the start alone. Before the agent begins: from then on strangers are talked
 * to, and there are threads (names are resolved in some), each with rights of its own.
 */
static int drop_rights(void)
{
	static const int kept[] = {CAP_NET_ADMIN, CAP_BPF, -1};
	int err = privileges_keep(kept);

	if (err)
		log_error("cannot give up rights: %s", strerror(-err));
	return err;
}

static int serve(struct run *run)
{
	int err;

	open_congestion(run);
	err = drop_rights();
	if (err)
		return err;
	err = agent_new(&run->loop, run->config, run->tls, run->congestion, &run->agent);
	if (err) {
		log_error("cannot start: %s", strerror(-err));
		return err;
	}
	sd_notify(0, "READY=1");
	log_info("running; %zu relays, up to %u detours a connection", run->config->relay_count,
		 run->config->subflows);
	uv_run(&run->loop, UV_RUN_DEFAULT);
	return 0;
}

static void close_handle(uv_handle_t *handle, void *data)
{
	(void)data;
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

static void restore_path_manager(const struct run *run)
{
	int err;

	if (!run->state[0])
		return;
	err = sysctl_restore_path_manager(run->state);
	if (err)
		log_warning("cannot put the path manager back: %s", strerror(-err));
}

/*
 * Everything that was begun is ended, and the loop runs until its last handle is closed. A name
 * server that does not answer may hold that up: what others notice comes before it.
 */
static void finish(struct run *run)
{
	ipc_server_free(run->ipc);
	if (run->agent)
		agent_stop(run->agent);
	restore_path_manager(run);
	uv_run(&run->loop, UV_RUN_NOWAIT);
	uv_walk(&run->loop, close_handle, NULL);
	uv_run(&run->loop, UV_RUN_DEFAULT);
	uv_loop_close(&run->loop);
	free(run->agent);
	congestion_free(run->congestion);
	tls_context_free(run->tls);
	agent_config_free(run->config);
}

int agent_cmd_run(const struct cli_options *options, int argc, char **argv)
{
	struct run run = {0};
	int err;

	(void)argc;
	(void)argv;
	if (options->check)
		return agent_cmd_check_config(options, argc, argv);
	signal(SIGPIPE, SIG_IGN);
	err = uv_loop_init(&run.loop);
	if (err)
		return EXIT_FAILURE;
	err = load_config(options, &run);
	if (!err)
		err = check_host();
	if (!err)
		err = listen_for_commands(options, &run);
	if (!err)
		err = watch_signal(&run, &run.term, SIGTERM);
	if (!err)
		err = watch_signal(&run, &run.interrupt, SIGINT);
	if (!err)
		err = take_path_manager(options, &run);
	if (!err)
		err = serve(&run);
	finish(&run);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
