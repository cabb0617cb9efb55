/* SPDX-License-Identifier: BSD-2-Clause */
/* agent.conf, read and checked: what the agent is to do. detour.conf(5) documents each key. */
#ifndef DETOUR_CONF_AGENT_CONFIG_H
#define DETOUR_CONF_AGENT_CONFIG_H

#include <stdint.h>
#include <stdio.h>

#include "user/base/addr.h"

/* OpenWrt's words for what an uplink is for. */
enum uplink_role {
	UPLINK_ON,
	UPLINK_MASTER,
	UPLINK_BACKUP,
	UPLINK_HANDOVER,
	UPLINK_OFF,
};

/* What becomes of a subflow's congestion control. */
enum agent_congestion {
	AGENT_CONGESTION_ADAPT, /* on a path that loses packets by chance another one */
	AGENT_CONGESTION_KEEP,
};

/* [relay NAME]: NAME is the name in the relay's certificate. */
struct agent_relay {
	char *name;
	char **addresses; /* "host:port" or "[v6]:port", NULL-terminated; names are resolved later */
};

/* [uplink IFNAME] */
struct agent_uplink {
	char *ifname;
	enum uplink_role role;
};

struct agent_config {
	char *ca, *cert, *key;
	uint32_t subflows; /* detours a connection, at most */
	struct prefix *exclude;
	size_t exclude_count;
	enum agent_congestion congestion;
	struct agent_relay *relays;
	size_t relay_count;
	struct agent_uplink *uplinks;
	size_t uplink_count;
};

/* As in fwd_config.h; the default file is /etc/detour/agent.conf. */
int agent_config_load(const char *path, FILE *errors, struct agent_config **ret_config);
int agent_config_parse(const char *text, size_t len, const char *name, FILE *errors,
		       struct agent_config **ret_config);
void agent_config_free(struct agent_config *config);
const char *uplink_role_word(enum uplink_role role);
void agent_config_print(const struct agent_config *config, FILE *out);

#endif /* DETOUR_CONF_AGENT_CONFIG_H */
