// SPDX-License-Identifier: BSD-2-Clause
/* SIGHUP: everything new is read and checked first; only then does anything change. */
#include <errno.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "user/base/log.h"
#include "user/control/tls.h"
#include "user/dataplane/dataplane.h"
#include "user/fwd/clients.h"
#include "user/fwd/clock.h"
#include "user/fwd/errlog.h"
#include "user/fwd/gc.h"
#include "user/fwd/grants.h"
#include "user/fwd/identities.h"
#include "user/fwd/mproxy_server.h"
#include "user/fwd/relay.h"

static void on_lease_lost(void *data, const struct lease *lease)
{
	const struct relay *relay = data;
	struct endpoint server = {lease->entry.server, lease->entry.server_port_be};
	char text[ADDR_TEXT_LEN];

	log_info("the lease of '%s' for %s is denied by the new configuration",
		 identities_name(relay->identities, lease->entry.identity),
		 endpoint_format(&server, text));
	clients_lease_lost(relay->clients, lease);
}

static int switch_mproxy(struct relay *relay, const struct fwd_config *old_config,
			 const struct fwd_config *config, FILE *errors)
{
	bool same_port = old_config->listen.port_be == config->listen.port_be;
	int err;

	if (relay->mproxy && config->mproxy_count > 0 && same_port) {
		mproxy_server_set_config(relay->mproxy, config);
		return 0;
	}
	mproxy_server_free(relay->mproxy);
	relay->mproxy = NULL;
	if (config->mproxy_count == 0)
		return 0;
	err = mproxy_server_new(&relay->loop, config, relay->grants, relay->identities,
				&relay->mproxy);
	if (err)
		fprintf(errors, "cannot serve MProxy at UDP port %u: %s\n",
			ntohs(config->listen.port_be), strerror(-err));
	return err;
}

/*
 * From here on the new configuration is the one in force; what one part refuses, the others still
 * take.
 */
static void apply(struct relay *relay, struct fwd_config *config, struct tls_context *tls,
		  FILE *errors)
{
	const struct identity_limits limits = {config->flows_per_client,
					       config->new_flows_per_second};
	const struct gc_timeouts timeouts = {config->established_s * SECOND_NS,
					     config->transitory_s * SECOND_NS};
	struct fwd_config *old_config = relay->config;
	struct tls_context *old_tls = relay->tls;

	relay->config = config;
	relay->tls = tls;
	identities_set_limits(relay->identities, &limits);
	gc_set_timeouts(relay->gc, &timeouts);
	grants_set_config(relay->grants, config, on_lease_lost, relay);
	switch_mproxy(relay, old_config, config, errors);
	clients_set_config(relay->clients, tls, config, errors);
	relay_attach(relay, errors);
	tls_context_free(old_tls);
	fwd_config_free(old_config);
}

static int read_new(struct relay *relay, FILE *errors, struct fwd_config **ret_config,
		    struct tls_context **ret_tls)
{
	struct fwd_config *config;
	struct tls_files files;
	int err = fwd_config_load(relay->options->config, errors, &config);

	if (err)
		return err;
	if (relay->options->mode)
		fwd_mode_parse(relay->options->mode, &config->mode);
	files = (struct tls_files){config->ca, config->cert, config->key, config->crl};
	err = tls_context_new(true, &files, errors, ret_tls);
	if (err) {
		fwd_config_free(config);
		return err;
	}
	*ret_config = config;
	return 0;
}

static int reload(struct relay *relay, FILE *errors)
{
	struct dataplane_options options;
	struct fwd_config *config;
	struct tls_context *tls;
	int err = read_new(relay, errors, &config, &tls);

	if (err)
		return err;
	/* New programs next: they are what the kernel may refuse. */
	options = relay_dataplane_options(relay->options, config);
	err = dataplane_reload(relay->dataplane, &options.config, errors);
	if (err) {
		tls_context_free(tls);
		fwd_config_free(config);
		return err;
	}
	apply(relay, config, tls, errors);
	return 0;
}

void relay_reload(struct relay *relay)
{
	struct errlog errlog;
	int err;

	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu",
		   (unsigned long long)(clock_now_ns() / 1000));
	errlog_open(&errlog);
	err = reload(relay, errlog.stream);
	errlog_close(&errlog);
	if (err)
		log_error("the new configuration is not used (%s); what runs goes on",
			  strerror(-err));
	else
		log_info("configuration read again");
	sd_notify(0, "READY=1");
}
