/* SPDX-License-Identifier: BSD-2-Clause */
/* fwd.conf, read and checked: what the relay is to do. detour.conf(5) documents each key. */
#ifndef DETOUR_CONF_FWD_CONFIG_H
#define DETOUR_CONF_FWD_CONFIG_H

#include <stdint.h>
#include <stdio.h>

#include <detour/config.h>

#include "user/base/addr.h"

enum fwd_mode {
	FWD_MODE_AUTO,
	FWD_MODE_XDP,
	FWD_MODE_XDP_GENERIC,
	FWD_MODE_TC,
};

/* "10.0.0.0/8" or "10.0.0.0/8:443": a prefix and, if not 0, one port (host order). */
struct fwd_destination {
	struct prefix prefix;
	uint16_t port;
};

struct fwd_config {
	/* [relay] */
	char **interfaces; /* Interfaces=; NULL-terminated, may be empty */
	enum fwd_mode mode;
	struct endpoint listen;	     /* Listen=[::]:45672 */
	char *ca, *cert, *key, *crl; /* paths; NULL: not set */
	struct detour_port_range detour_ports;
	struct detour_port_range source_ports[DETOUR_PORT_RANGES_MAX]; /* unused: first > last */
	enum detour_accept accept;
	struct fwd_destination *allow, *deny;
	size_t allow_count, deny_count;
	struct prefix *mproxy; /* clients that MProxy v1 is spoken with; none: off */
	size_t mproxy_count;
	uint32_t max_clients, max_leases, max_flows;
	/* [limits], per identity; 0: no limit */
	uint32_t flows_per_client, new_flows_per_second, leases_per_client;
	/* [timeouts], seconds */
	uint32_t established_s, transitory_s, lease_grace_s;
};

/*
 * Reads `path`; NULL: /etc/detour/fwd.conf if it exists, else the defaults. On an error prints
 * "file:line: [section] Key: what is wrong; what is allowed" for each mistake to `errors` and
 * returns -EINVAL (mistakes), or -errno (the file cannot be read, also printed).
 */
int fwd_config_load(const char *path, FILE *errors, struct fwd_config **ret_config);

/* The same from memory; `name` stands for the file in messages. */
int fwd_config_parse(const char *text, size_t len, const char *name, FILE *errors,
		     struct fwd_config **ret_config);

void fwd_config_free(struct fwd_config *config);

/* "auto", "xdp", "xdp-generic", "tc"; -EINVAL. */
int fwd_mode_parse(const char *word, enum fwd_mode *ret_mode);
const char *fwd_mode_word(enum fwd_mode mode);
const char *fwd_accept_word(enum detour_accept accept);

/* Prints the configuration in force, every key, in the file's own form (check-config). */
void fwd_config_print(const struct fwd_config *config, FILE *out);

#endif /* DETOUR_CONF_FWD_CONFIG_H */
