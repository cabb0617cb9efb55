// SPDX-License-Identifier: BSD-2-Clause
/* Building the daemon up and taking it down. */
#include "user/fwd/relay.h"

#include <errno.h>
#include <string.h>

#include "user/base/ipc.h"
#include "user/base/log.h"
#include "user/control/tls.h"
#include "user/dataplane/dataplane.h"
#include "user/dataplane/events.h"
#include "user/dataplane/tables.h"
#include "user/fwd/clients.h"
#include "user/fwd/clock.h"
#include "user/fwd/gc.h"
#include "user/fwd/grants.h"
#include "user/fwd/handover.h"
#include "user/fwd/identities.h"
#include "user/fwd/mproxy_server.h"
#include "user/fwd/nexthops.h"
#include "user/net/nl.h"

int relay_socket_path(const struct cli_options *options, char *out)
{
	return ipc_socket_path(options->run_dir, "fwd", options->instance, out);
}

struct dataplane_options relay_dataplane_options(const struct cli_options *options,
						 const struct fwd_config *config)
{
	struct dataplane_options result = {
		.bpffs = options->bpffs,
		.instance = options->instance,
		.config = {.accept = config->accept, .detour_ports = config->detour_ports},
		.max_flows = config->max_flows,
		.max_leases = config->max_leases,
		.max_clients = config->max_clients,
	};

	for (size_t i = 0; i < DETOUR_PORT_RANGES_MAX; i++) {
		const struct detour_port_range *range = &config->source_ports[i];

		result.config.source_ports[i] = *range;
		if (range->first <= range->last)
			result.config.source_port_count += range->last - range->first + 1U;
	}
	return result;
}

static enum dataplane_hook hook_of_mode(enum fwd_mode mode)
{
	switch (mode) {
	case FWD_MODE_XDP:
		return HOOK_XDP;
	case FWD_MODE_XDP_GENERIC:
		return HOOK_XDP_GENERIC;
	default:
		return HOOK_TC;
	}
}

/*
 * The mode that was asked for, or the one that suits the driver; then, loudly, TC if XDP is
 * refused.
 */
static int attach_interface(struct relay *relay, const char *ifname, FILE *errors)
{
	/* Known already when the configuration is read again. */
	int level = relay->watch ? LOG_DEBUG : LOG_INFO;
	enum fwd_mode mode = relay->config->mode;
	struct hook_interface interface;
	enum dataplane_hook hook;
	const char *reason;
	int err;

	if (mode != FWD_MODE_AUTO) {
		hook = hook_of_mode(mode);
		err = dataplane_attach(relay->dataplane, ifname, hook, errors);
		if (!err)
			log_write(level, "%s: mode %s, as configured", ifname, hook_word(hook));
		return err;
	}
	if (hook_interface_read(ifname, &interface)) /* attaching will say what is wrong */
		return dataplane_attach(relay->dataplane, ifname, HOOK_TC, errors);
	hook = hook_choose(interface.driver, &reason);
	err = dataplane_attach(relay->dataplane, ifname, hook, errors);
	if (err && hook == HOOK_XDP && err != -EBUSY) {
		log_warning("%s: the driver '%s' refuses native XDP (%s): mode tc instead", ifname,
			    interface.driver, strerror(-err));
		return dataplane_attach(relay->dataplane, ifname, HOOK_TC, errors);
	}
	if (!err)
		log_write(level, "%s: mode %s by choice, driver '%s': %s", ifname, hook_word(hook),
			  interface.driver, reason);
	return err;
}

static char **interfaces_of(const struct relay *relay)
{
	return relay->interfaces[0] ? relay->interfaces : relay->config->interfaces;
}

/*
 * What can go wrong is tried while an earlier daemon still serves: the interfaces, and the programs
 * that they will need. What only `auto` would like may be refused: TC is there.
 */
static int prepare(struct relay *relay, FILE *errors)
{
	enum fwd_mode mode = relay->config->mode;
	char **interfaces = interfaces_of(relay);
	int err = 0;

	for (size_t i = 0; interfaces[i] && !err; i++) {
		enum dataplane_hook hook = hook_of_mode(mode);
		struct hook_interface interface;
		const char *reason;

		if (mode == FWD_MODE_AUTO && hook_interface_read(interfaces[i], &interface) == 0)
			hook = hook_choose(interface.driver, &reason);
		err = dataplane_check(relay->dataplane, interfaces[i], hook, errors);
		if (!err)
			err = dataplane_prepare(relay->dataplane, hook, errors);
		if (err != -EBUSY && mode == FWD_MODE_AUTO && hook == HOOK_XDP)
			err = 0;
	}
	return err;
}

/* All that can be; the first error, if there was one, and then nothing is taken off either. */
int relay_attach(struct relay *relay, FILE *errors)
{
	char **interfaces = interfaces_of(relay);
	int first_err = 0;

	for (size_t i = 0; interfaces[i]; i++) {
		int err = attach_interface(relay, interfaces[i], errors);

		first_err = first_err ? first_err : err;
	}
	if (first_err)
		return first_err;
	return dataplane_keep_only(relay->dataplane, interfaces, errors);
}

/* The tables, and what they hold already. */
static int take_over_state(struct relay *relay)
{
	const struct fwd_config *config = relay->config;
	const struct identity_limits limits = {config->flows_per_client,
					       config->new_flows_per_second};
	const struct gc_timeouts timeouts = {config->established_s * SECOND_NS,
					     config->transitory_s * SECOND_NS};
	int err = identities_new(relay->tables, &limits, &relay->identities);

	if (!err)
		err = nexthops_new(relay->tables, &relay->nexthops);
	if (!err)
		err = grants_new(relay->tables, relay->nexthops, config, &relay->grants);
	if (!err)
		err = gc_new(relay->tables, relay->nexthops, relay->identities, &timeouts,
			     &relay->gc);
	return err;
}

static int serve(struct relay *relay, FILE *errors)
{
	char path[108];
	int err = clients_new(&relay->loop, relay->tls, relay->config, relay->grants,
			      relay->identities, errors, &relay->clients);

	if (err)
		return err;
	if (relay->config->mproxy_count > 0) {
		err = mproxy_server_new(&relay->loop, relay->config, relay->grants,
					relay->identities, &relay->mproxy);
		if (err) {
			fprintf(errors, "cannot serve MProxy at UDP port %u: %s\n",
				ntohs(relay->config->listen.port_be), strerror(-err));
			return err;
		}
	}
	err = relay_socket_path(relay->options, path);
	if (!err)
		err = ipc_server_new(&relay->loop, path, relay_command, relay, &relay->ipc);
	if (err)
		fprintf(errors, "cannot listen at the socket in %s: %s\n", relay->options->run_dir,
			strerror(-err));
	return err;
}

/* A data path that this very call made is not left behind half-way. */
static void undo_load(struct relay *relay, FILE *errors)
{
	if (!relay->dataplane || !dataplane_is_new(relay->dataplane))
		return;
	dataplane_unlock(relay->dataplane);
	dataplane_unload(relay->options->bpffs, relay->options->instance, errors);
}

static int start_over_dataplane(struct relay *relay, FILE *errors)
{
	int err;

	relay->tables = dataplane_tables(relay->dataplane);
	/* What may be refused comes before an earlier daemon is asked to leave. */
	err = prepare(relay, errors);
	if (!err)
		err = relay_attach(relay, errors);
	if (!err)
		err = handover_ask(relay->options, errors);
	if (err)
		return err;
	err = take_over_state(relay);
	if (err) {
		fprintf(errors, "cannot read the state: %s\n", strerror(-err));
		return err;
	}
	err = serve(relay, errors);
	if (!err)
		err = tables_mark_loaded(relay->tables, clock_now_ns());
	if (!err)
		err = relay_watch_start(relay);
	if (err)
		return err;
	dataplane_unlock(relay->dataplane);
	return 0;
}

int relay_start(struct relay *relay, FILE *errors)
{
	struct dataplane_options options = relay_dataplane_options(relay->options, relay->config);
	struct tls_files files = {relay->config->ca, relay->config->cert, relay->config->key,
				  relay->config->crl};
	int err = tls_context_new(true, &files, errors, &relay->tls);

	if (err)
		return err;
	uv_loop_init(&relay->loop);
	relay->handles_open = true;
	relay->started_ns = clock_now_ns();
	err = dataplane_open(&options, errors, &relay->dataplane);
	if (!err)
		err = start_over_dataplane(relay, errors);
	if (err)
		undo_load(relay, errors);
	return err;
}

void relay_run(struct relay *relay)
{
	uv_run(&relay->loop, UV_RUN_DEFAULT);
}

void relay_stop(struct relay *relay)
{
	uv_stop(&relay->loop);
}

static void close_handle(uv_handle_t *handle, void *data)
{
	(void)data;
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

void relay_done(struct relay *relay)
{
	clients_free(relay->clients);
	mproxy_server_free(relay->mproxy);
	if (relay->grants)
		grants_leave(relay->grants);
	/* The socket last: when it is gone, the next daemon takes over. */
	ipc_server_free(relay->ipc);
	if (relay->handles_open) {
		uv_run(&relay->loop, UV_RUN_NOWAIT);
		uv_walk(&relay->loop, close_handle, NULL);
		uv_run(&relay->loop, UV_RUN_DEFAULT);
		uv_loop_close(&relay->loop);
	}
	events_free(relay->events);
	nl_close(relay->watch);
	gc_free(relay->gc);
	grants_free(relay->grants);
	nexthops_free(relay->nexthops);
	identities_free(relay->identities);
	dataplane_close(relay->dataplane);
	tls_context_free(relay->tls);
	fwd_config_free(relay->config);
}
