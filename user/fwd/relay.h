/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The running daemon: what it owns, and how it begins, changes and ends. relay.c builds it up and
 * takes it down, relay_watch.c reacts to the kernel, relay_reload.c to SIGHUP, relay_status.c tells
 * about it.
 */
#ifndef DETOUR_FWD_RELAY_H
#define DETOUR_FWD_RELAY_H

#include <uv.h>

#include "user/base/cli.h"
#include "user/conf/fwd_config.h"

struct relay {
	uv_loop_t loop;
	const struct cli_options *options;
	char **interfaces; /* on the command line; NULL-terminated, may be empty */
	struct fwd_config *config;
	struct tls_context *tls;
	uint64_t started_ns;

	struct dataplane *dataplane;
	struct tables *tables; /* the data path's */
	struct events *events;
	struct identities *identities;
	struct nexthops *nexthops;
	struct grants *grants;
	struct gc *gc;
	struct clients *clients;
	struct mproxy_server *mproxy; /* NULL: off */
	struct ipc_server *ipc;
	struct nl_socket *watch;

	uv_poll_t events_poll, watch_poll;
	uv_timer_t second_timer, gc_timer, work_timer, stop_timer;
	uv_signal_t signals[3];
	bool handles_open;
	unsigned int seconds;
	uint64_t netlink_overruns;
	bool addresses_changed, links_changed;
};

/* Loads the data path, takes it over from a daemon that runs, and begins to serve. */
int relay_start(struct relay *relay, FILE *errors);
/* Serves until a signal or a handover. */
void relay_run(struct relay *relay);
void relay_stop(struct relay *relay);
/* Frees everything; the data path stays. */
void relay_done(struct relay *relay);

/* Attaches to all interfaces as configured, and leaves those that are not. */
int relay_attach(struct relay *relay, FILE *errors);

int relay_watch_start(struct relay *relay);
void relay_reload(struct relay *relay);

struct json_object;
/* The answer of the local socket to a command. */
struct json_object *relay_command(void *owner, const char *command);

/* The path of the local socket. */
int relay_socket_path(const struct cli_options *options, char *out);

struct dataplane_options relay_dataplane_options(const struct cli_options *options,
						 const struct fwd_config *config);

#endif /* DETOUR_FWD_RELAY_H */
