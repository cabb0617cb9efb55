// SPDX-License-Identifier: BSD-2-Clause
/* The schema of agent.conf. */
#include "user/conf/agent_config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/conf/file.h"
#include "user/conf/reader.h"
#include "user/conf/value.h"

#define AGENT_CONFIG_FILE "/etc/detour/agent.conf"

/* The kernel keeps at most 8 subflows a connection, the first one among them. */
#define SUBFLOWS_MAX 7

#define RELAY_NAME_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."

static const char *const role_words[] = {
	[UPLINK_ON] = "on",	    [UPLINK_MASTER] = "master",
	[UPLINK_BACKUP] = "backup", [UPLINK_HANDOVER] = "handover",
	[UPLINK_OFF] = "off",	    NULL,
};

static const char *const congestion_words[] = {
	[AGENT_CONGESTION_ADAPT] = "adapt",
	[AGENT_CONGESTION_KEEP] = "keep",
	NULL,
};

/* clang-format off */
#define FIELD(member) offsetof(struct agent_config, member)
static const struct conf_key agent_keys[] = {
	{.name = "CA", .type = CONF_PATH, .offset = FIELD(ca), .standard = "/etc/detour/ca.crt"},
	{.name = "Cert", .type = CONF_PATH, .offset = FIELD(cert),
	 .standard = "/etc/detour/agent.crt"},
	{.name = "Key", .type = CONF_PATH, .offset = FIELD(key), .standard = "/etc/detour/agent.key"},
	{.name = "Subflows", .type = CONF_UNSIGNED, .offset = FIELD(subflows),
	 .max = SUBFLOWS_MAX, .standard = "2"},
	{.name = "Exclude", .type = CONF_PREFIXES, .offset = FIELD(exclude),
	 .count_offset = FIELD(exclude_count)},
	{.name = "Congestion", .type = CONF_WORD, .offset = FIELD(congestion),
	 .words = congestion_words, .standard = "adapt"},
};
#undef FIELD

static const struct conf_key relay_keys[] = {
	{.name = "Address", .type = CONF_HOST_PORTS, .required = true,
	 .offset = offsetof(struct agent_relay, addresses)},
};

static const struct conf_key uplink_keys[] = {
	{.name = "Role", .type = CONF_WORD, .offset = offsetof(struct agent_uplink, role),
	 .words = role_words, .standard = "on"},
};
/* clang-format on */

static bool is_relay_name(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len < DETOUR_IDENTITY_LEN && strspn(name, RELAY_NAME_LETTERS) == len;
}

static int open_relay(void *owner, const char *name, void **ret_relay)
{
	struct agent_config *config = owner;
	struct agent_relay *relays;

	if (!is_relay_name(name))
		return -EINVAL;
	for (size_t i = 0; i < config->relay_count; i++) {
		if (strcmp(config->relays[i].name, name) == 0)
			return -EEXIST;
	}
	relays = reallocarray(config->relays, config->relay_count + 1, sizeof(*relays));
	if (!relays)
		return -ENOMEM;
	config->relays = relays;
	relays[config->relay_count] = (struct agent_relay){.name = strdup(name)};
	if (!relays[config->relay_count].name)
		return -ENOMEM;
	*ret_relay = &relays[config->relay_count++];
	return 0;
}

static int open_uplink(void *owner, const char *name, void **ret_uplink)
{
	struct agent_config *config = owner;
	struct agent_uplink *uplinks;

	if (!value_is_interface(name))
		return -EINVAL;
	for (size_t i = 0; i < config->uplink_count; i++) {
		if (strcmp(config->uplinks[i].ifname, name) == 0)
			return -EEXIST;
	}
	uplinks = reallocarray(config->uplinks, config->uplink_count + 1, sizeof(*uplinks));
	if (!uplinks)
		return -ENOMEM;
	config->uplinks = uplinks;
	uplinks[config->uplink_count] = (struct agent_uplink){.ifname = strdup(name)};
	if (!uplinks[config->uplink_count].ifname)
		return -ENOMEM;
	*ret_uplink = &uplinks[config->uplink_count++];
	return 0;
}

enum { AGENT, RELAY, UPLINK };

static const struct conf_section sections[] = {
	[AGENT] = {.name = "agent", .keys = agent_keys, .key_count = ARRAY_SIZE(agent_keys)},
	[RELAY] = {.name = "relay",
		   .keys = relay_keys,
		   .key_count = ARRAY_SIZE(relay_keys),
		   .open = open_relay,
		   .name_allowed = "NAME as in the relay's certificate: 1 to 63 letters, digits, "
				   "'.', '-' or '_', each relay once"},
	[UPLINK] = {.name = "uplink",
		    .keys = uplink_keys,
		    .key_count = ARRAY_SIZE(uplink_keys),
		    .open = open_uplink,
		    .name_allowed = "NAME of a network interface, each once"},
};

_Static_assert(ARRAY_SIZE(sections) <= CONF_SECTIONS_MAX, "room for the lines");
_Static_assert(ARRAY_SIZE(agent_keys) <= CONF_KEYS_MAX, "room for the lines");

static const struct conf_schema schema = {sections, ARRAY_SIZE(sections)};

int agent_config_parse(const char *text, size_t len, const char *name, FILE *errors,
		       struct agent_config **ret_config)
{
	struct agent_config *config = calloc(1, sizeof(*config));
	struct conf_reader reader = {.schema = &schema,
				     .config = config,
				     .name = name,
				     .errors = errors};
	int err;

	if (!config)
		return -ENOMEM;
	err = conf_reader_run(&reader, text, len);
	if (!err)
		err = conf_reader_result(&reader);
	if (err) {
		agent_config_free(config);
		return err;
	}
	*ret_config = config;
	return 0;
}

int agent_config_load(const char *path, FILE *errors, struct agent_config **ret_config)
{
	_cleanup_free_ char *text = NULL;
	size_t len;
	int err;

	err = conf_file_read(path, AGENT_CONFIG_FILE, errors, &text, &len);
	if (err)
		return err;
	return agent_config_parse(text, len, path ? path : AGENT_CONFIG_FILE, errors, ret_config);
}

void agent_config_free(struct agent_config *config)
{
	if (!config)
		return;
	for (size_t i = 0; i < config->relay_count; i++) {
		conf_section_clear(&sections[RELAY], &config->relays[i]);
		free(config->relays[i].name);
	}
	for (size_t i = 0; i < config->uplink_count; i++) {
		conf_section_clear(&sections[UPLINK], &config->uplinks[i]);
		free(config->uplinks[i].ifname);
	}
	conf_section_clear(&sections[AGENT], config);
	free(config->relays);
	free(config->uplinks);
	free(config);
}

const char *uplink_role_word(enum uplink_role role)
{
	return role_words[role];
}

void agent_config_print(const struct agent_config *config, FILE *out)
{
	fprintf(out, "[agent]\n");
	conf_section_print(&sections[AGENT], config, out);
	for (size_t i = 0; i < config->relay_count; i++) {
		fprintf(out, "\n[relay %s]\n", config->relays[i].name);
		conf_section_print(&sections[RELAY], &config->relays[i], out);
	}
	for (size_t i = 0; i < config->uplink_count; i++) {
		fprintf(out, "\n[uplink %s]\n", config->uplinks[i].ifname);
		conf_section_print(&sections[UPLINK], &config->uplinks[i], out);
	}
}
