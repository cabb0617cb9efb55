// SPDX-License-Identifier: BSD-2-Clause
/* The schema of fwd.conf, and the checks that take more than one key. */
#include "user/conf/fwd_config.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "user/base/cleanup.h"
#include "user/conf/file.h"
#include "user/conf/reader.h"
#include "user/conf/value.h"

#define FWD_CONFIG_FILE	 "/etc/detour/fwd.conf"
#define EPHEMERAL_SYSCTL "/proc/sys/net/ipv4/ip_local_port_range"

/* Ports below belong to well-known services: a SYN to a detour port without a lease is dropped. */
#define PORT_MIN    1024
#define PORT_MAX    65535
#define DAY_S	    86400
#define ENTRIES_MAX (16 << 20)

#define FIELD(member) offsetof(struct fwd_config, member)

static const char *const mode_words[] = {
	[FWD_MODE_AUTO] = "auto",
	[FWD_MODE_XDP] = "xdp",
	[FWD_MODE_XDP_GENERIC] = "xdp-generic",
	[FWD_MODE_TC] = "tc",
	NULL,
};

static const char *const accept_words[] = {
	[DETOUR_ACCEPT_JOIN] = "join",
	[DETOUR_ACCEPT_MPTCP] = "mptcp",
	[DETOUR_ACCEPT_ANY] = "any",
	NULL,
};

/* clang-format off */
static const struct conf_key relay_keys[] = {
	{.name = "Interfaces", .type = CONF_INTERFACES, .offset = FIELD(interfaces)},
	{.name = "Mode", .type = CONF_WORD, .offset = FIELD(mode), .words = mode_words,
	 .standard = "auto"},
	{.name = "Listen", .type = CONF_ENDPOINT, .offset = FIELD(listen), .standard = "[::]:45672"},
	{.name = "CA", .type = CONF_PATH, .offset = FIELD(ca), .standard = "/etc/detour/ca.crt"},
	{.name = "Cert", .type = CONF_PATH, .offset = FIELD(cert),
	 .standard = "/etc/detour/relay.crt"},
	{.name = "Key", .type = CONF_PATH, .offset = FIELD(key), .standard = "/etc/detour/relay.key"},
	{.name = "CRL", .type = CONF_PATH, .offset = FIELD(crl)},
	{.name = "DetourPorts", .type = CONF_PORT_RANGE, .offset = FIELD(detour_ports),
	 .min = PORT_MIN, .max = PORT_MAX, .standard = "10000-19999"},
	{.name = "SourcePorts", .type = CONF_PORT_RANGES, .offset = FIELD(source_ports),
	 .min = PORT_MIN, .max = PORT_MAX, .standard = "20000-32767,61000-65535"},
	{.name = "Accept", .type = CONF_WORD, .offset = FIELD(accept), .words = accept_words,
	 .standard = "join"},
	{.name = "Allow", .type = CONF_DESTINATIONS, .offset = FIELD(allow),
	 .count_offset = FIELD(allow_count)},
	{.name = "Deny", .type = CONF_DESTINATIONS, .offset = FIELD(deny),
	 .count_offset = FIELD(deny_count)},
	{.name = "MProxy", .type = CONF_PREFIXES, .offset = FIELD(mproxy),
	 .count_offset = FIELD(mproxy_count)},
	{.name = "MaxClients", .type = CONF_UNSIGNED, .offset = FIELD(max_clients),
	 .min = 1, .max = 65535, .standard = "1024"},
	{.name = "MaxLeases", .type = CONF_UNSIGNED, .offset = FIELD(max_leases),
	 .min = 1, .max = ENTRIES_MAX, .standard = "65536"},
	{.name = "MaxFlows", .type = CONF_UNSIGNED, .offset = FIELD(max_flows),
	 .min = 1, .max = ENTRIES_MAX, .standard = "65536"},
};

static const struct conf_key limits_keys[] = {
	{.name = "FlowsPerClient", .type = CONF_UNSIGNED, .offset = FIELD(flows_per_client),
	 .max = ENTRIES_MAX, .standard = "4096"},
	{.name = "NewFlowsPerSecond", .type = CONF_UNSIGNED, .offset = FIELD(new_flows_per_second),
	 .max = 1000000, .standard = "200"},
	{.name = "LeasesPerClient", .type = CONF_UNSIGNED, .offset = FIELD(leases_per_client),
	 .max = ENTRIES_MAX, .standard = "1024"},
};

static const struct conf_key timeouts_keys[] = {
	{.name = "Established", .type = CONF_DURATION, .offset = FIELD(established_s),
	 .min = 1, .max = 30 * DAY_S, .standard = "2h4m"},
	{.name = "Transitory", .type = CONF_DURATION, .offset = FIELD(transitory_s),
	 .min = 1, .max = DAY_S, .standard = "4m"},
	{.name = "LeaseGrace", .type = CONF_DURATION, .offset = FIELD(lease_grace_s),
	 .max = DAY_S, .standard = "2m"},
};
/* clang-format on */

static const struct conf_section sections[] = {
	{.name = "relay", .keys = relay_keys, .key_count = ARRAY_SIZE(relay_keys)},
	{.name = "limits", .keys = limits_keys, .key_count = ARRAY_SIZE(limits_keys)},
	{.name = "timeouts", .keys = timeouts_keys, .key_count = ARRAY_SIZE(timeouts_keys)},
};

_Static_assert(ARRAY_SIZE(sections) <= CONF_SECTIONS_MAX, "room for the lines");
_Static_assert(ARRAY_SIZE(relay_keys) <= CONF_KEYS_MAX, "room for the lines");

static const struct conf_schema schema = {sections, ARRAY_SIZE(sections)};

static bool ranges_overlap(const struct detour_port_range *a, const struct detour_port_range *b)
{
	return a->first <= b->last && b->first <= a->last;
}

static bool range_used(const struct detour_port_range *range)
{
	return range->first <= range->last;
}

/* At the key that the file gives; a default never clashes with another. */
static const char *given_key(const struct conf_reader *reader, const char *key, const char *other)
{
	return conf_reader_line(reader, "relay", key) ? key : other;
}

static void check_source_ports(struct conf_reader *reader, const struct fwd_config *config)
{
	char a[VALUE_TEXT_LEN], b[VALUE_TEXT_LEN];

	for (size_t i = 0; i < DETOUR_PORT_RANGES_MAX && range_used(&config->source_ports[i]);
	     i++) {
		const struct detour_port_range *range = &config->source_ports[i];

		value_port_range_format(range, a);
		if (ranges_overlap(range, &config->detour_ports))
			conf_reader_report(reader, "relay",
					   given_key(reader, "SourcePorts", "DetourPorts"),
					   "SourcePorts=%s and DetourPorts=%s overlap; allowed: "
					   "ranges without a common port",
					   a, value_port_range_format(&config->detour_ports, b));
		for (size_t j = 0; j < i; j++) {
			if (ranges_overlap(range, &config->source_ports[j]))
				conf_reader_report(
					reader, "relay", "SourcePorts",
					"%s and %s overlap; allowed: ranges without a common port",
					value_port_range_format(&config->source_ports[j], b), a);
		}
	}
	if (!range_used(&config->source_ports[0]))
		conf_reader_report(reader, "relay", "SourcePorts",
				   "is empty; allowed: one range or more");
}

/*
 * The data path drops SYNs to a detour port that no lease covers and where nothing listens: agents
 * would wait for a daemon that is away, instead of hearing at once that it is.
 */
static void check_listen_port(struct conf_reader *reader, const struct fwd_config *config)
{
	uint16_t port = ntohs(config->listen.port_be);
	struct detour_port_range listen = {port, port};
	char range[VALUE_TEXT_LEN];

	if (ranges_overlap(&listen, &config->detour_ports))
		conf_reader_report(reader, "relay", given_key(reader, "Listen", "DetourPorts"),
				   "Listen has port %u, which lies in DetourPorts=%s; allowed: a "
				   "port outside of it",
				   port, value_port_range_format(&config->detour_ports, range));
}

static void check_timeouts(struct conf_reader *reader, const struct fwd_config *config)
{
	char text[VALUE_TEXT_LEN];

	if (config->transitory_s <= config->established_s)
		return;
	conf_reader_report(reader, "timeouts",
			   conf_reader_line(reader, "timeouts", "Established") ? "Established"
									       : "Transitory",
			   "Transitory=%s is longer than Established; allowed: at most as long",
			   value_duration_format(config->transitory_s, text));
}

int fwd_config_parse(const char *text, size_t len, const char *name, FILE *errors,
		     struct fwd_config **ret_config)
{
	struct fwd_config *config = calloc(1, sizeof(*config));
	struct conf_reader reader = {.schema = &schema,
				     .config = config,
				     .name = name,
				     .errors = errors};
	int err;

	if (!config)
		return -ENOMEM;
	err = conf_reader_run(&reader, text, len);
	if (!err && !config->interfaces) {
		config->interfaces = calloc(1, sizeof(*config->interfaces));
		err = config->interfaces ? 0 : -ENOMEM;
	}
	if (!err) {
		check_source_ports(&reader, config);
		check_listen_port(&reader, config);
		check_timeouts(&reader, config);
		err = conf_reader_result(&reader);
	}
	if (err) {
		fwd_config_free(config);
		return err;
	}
	*ret_config = config;
	return 0;
}

/* The kernel gives such ports to this host's own connections: both may want the same one. */
static void warn_ephemeral(const struct fwd_config *config, const char *name, FILE *errors)
{
	_cleanup_fclose_ FILE *file = fopen(EPHEMERAL_SYSCTL, "re");
	struct detour_port_range kernel = {32768, 60999};
	const struct detour_port_range *clash = NULL;
	char text[VALUE_TEXT_LEN];

	if (file && fscanf(file, "%hu %hu", &kernel.first, &kernel.last) != 2)
		kernel = (struct detour_port_range){32768, 60999};
	for (size_t i = 0; i < DETOUR_PORT_RANGES_MAX && range_used(&config->source_ports[i]);
	     i++) {
		if (ranges_overlap(&config->source_ports[i], &kernel))
			clash = &config->source_ports[i];
	}
	if (ranges_overlap(&config->detour_ports, &kernel))
		clash = &config->detour_ports;
	if (clash)
		fprintf(errors,
			"%s: warning: [relay] ports %s overlap the kernel's own range %u-%u "
			"(net.ipv4.ip_local_port_range): this host's connections may take them\n",
			name, value_port_range_format(clash, text), kernel.first, kernel.last);
}

int fwd_config_load(const char *path, FILE *errors, struct fwd_config **ret_config)
{
	const char *name = path ? path : FWD_CONFIG_FILE;
	_cleanup_free_ char *text = NULL;
	size_t len;
	int err;

	err = conf_file_read(path, FWD_CONFIG_FILE, errors, &text, &len);
	if (err)
		return err;
	err = fwd_config_parse(text, len, name, errors, ret_config);
	if (!err)
		warn_ephemeral(*ret_config, name, errors);
	return err;
}

void fwd_config_free(struct fwd_config *config)
{
	if (!config)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(sections); i++)
		conf_section_clear(&sections[i], config);
	free(config);
}

int fwd_mode_parse(const char *word, enum fwd_mode *ret_mode)
{
	int mode = conf_word_parse(mode_words, word);

	if (mode < 0)
		return mode;
	*ret_mode = (enum fwd_mode)mode;
	return 0;
}

const char *fwd_mode_word(enum fwd_mode mode)
{
	return mode_words[mode];
}

const char *fwd_accept_word(enum detour_accept accept)
{
	return accept_words[accept];
}

void fwd_config_print(const struct fwd_config *config, FILE *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(sections); i++) {
		fprintf(out, "%s[%s]\n", i ? "\n" : "", sections[i].name);
		conf_section_print(&sections[i], config, out);
	}
}
