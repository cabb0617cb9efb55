// SPDX-License-Identifier: BSD-2-Clause
/* Parsing of quantities with units and of link descriptions. */
#include "tests/lab/linkem/options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/cleanup.h"

struct unit {
	const char *suffix;
	uint64_t factor;
};

/* The first unit of a table is that of a number without one. */
static const struct unit rate_units[] = {
	{"", 1}, {"bit", 1}, {"kbit", 1000}, {"mbit", 1000000}, {"gbit", 1000000000}, {NULL, 0},
};
static const struct unit delay_units[] = {
	{"", 1000000}, {"ns", 1}, {"us", 1000}, {"ms", 1000000}, {"s", NS_PER_S}, {NULL, 0},
};
static const struct unit size_units[] = {
	{"", 1}, {"B", 1}, {"kB", 1000}, {"MB", 1000000}, {NULL, 0},
};
static const struct unit loss_units[] = {
	/* parts per million */
	{"", 1000000},
	{"%", 10000},
	{"ppm", 1},
	{NULL, 0},
};
static const struct unit bool_units[] = {{"", 1}, {NULL, 0}};

/* A decimal number with a unit; at most `max` after the unit is applied. */
static int quantity_parse(const char *text, const struct unit *units, uint64_t max,
			  uint64_t *ret_value)
{
	char *end;
	double number;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	number = strtod(text, &end);
	if (errno)
		return -ERANGE;
	for (; units->suffix; units++) {
		if (strcmp(end, units->suffix))
			continue;
		number *= (double)units->factor;
		if (number > (double)max)
			return -ERANGE;
		*ret_value = (uint64_t)(number + 0.5);
		return 0;
	}
	return -EINVAL;
}

enum setting { SETTING_RATE, SETTING_DELAY, SETTING_LOSS, SETTING_QUEUE, SETTING_CUT };

static const struct {
	const char *key;
	const struct unit *units;
	uint64_t max;
	enum setting setting;
} setting_keys[] = {
	{"rate=", rate_units, 100000000000ULL, SETTING_RATE},
	{"delay=", delay_units, 60 * NS_PER_S, SETTING_DELAY},
	{"loss=", loss_units, 1000000, SETTING_LOSS},
	{"queue=", size_units, 1000000000, SETTING_QUEUE},
	{"cut=", bool_units, 1, SETTING_CUT},
};

static void settings_set(struct shaper_settings *settings, enum setting setting, uint64_t value)
{
	switch (setting) {
	case SETTING_RATE:
		settings->rate_bps = value;
		break;
	case SETTING_DELAY:
		settings->delay_ns = value;
		break;
	case SETTING_LOSS:
		settings->loss_ppm = (uint32_t)value;
		break;
	case SETTING_QUEUE:
		settings->queue_bytes = (uint32_t)value;
		break;
	case SETTING_CUT:
		settings->cut = value;
		break;
	}
}

int settings_apply(struct shaper_settings *settings, const char *assignment)
{
	for (size_t i = 0; i < ARRAY_SIZE(setting_keys); i++) {
		size_t key_len = strlen(setting_keys[i].key);
		uint64_t value;
		int err;

		if (strncmp(assignment, setting_keys[i].key, key_len))
			continue;
		err = quantity_parse(assignment + key_len, setting_keys[i].units,
				     setting_keys[i].max, &value);
		if (!err)
			settings_set(settings, setting_keys[i].setting, value);
		return err;
	}
	return -EINVAL;
}

static int text_copy(char *to, size_t room, const char *from, size_t len)
{
	if (!len)
		return -EINVAL;
	if (len >= room)
		return -ENAMETOOLONG;
	memcpy(to, from, len);
	to[len] = '\0';
	return 0;
}

/* "client/eth0", "/proc/42/ns/net/eth0", "/eth0" (this namespace). */
static int link_end_parse(const char *text, struct link_end *ret_end)
{
	const char *slash = strrchr(text, '/');
	struct link_end end = {.netns = ""};
	int len = 0;

	if (!slash)
		return -EINVAL;
	if (slash != text)
		len = snprintf(end.netns, sizeof(end.netns), "%s%.*s",
			       *text == '/' ? "" : "/run/netns/", (int)(slash - text), text);
	if (len < 0 || (size_t)len >= sizeof(end.netns))
		return -ENAMETOOLONG;
	len = text_copy(end.ifname, sizeof(end.ifname), slash + 1, strlen(slash + 1));
	if (len)
		return len;
	*ret_end = end;
	return 0;
}

int link_spec_parse(const char *text, const struct shaper_settings *defaults,
		    struct link_spec *ret_spec)
{
	struct link_spec spec = {.settings = *defaults};
	_cleanup_free_ char *copy = strdup(text);
	char *save = NULL, *word;
	int err;

	if (!copy)
		return -ENOMEM;
	word = strtok_r(copy, ",", &save);
	err = word ? text_copy(spec.name, sizeof(spec.name), word, strlen(word)) : -EINVAL;
	for (int side = 0; side < 2 && !err; side++) {
		word = strtok_r(NULL, ",", &save);
		err = word ? link_end_parse(word, &spec.ends[side]) : -EINVAL;
	}
	while (!err && (word = strtok_r(NULL, ",", &save)))
		err = settings_apply(&spec.settings, word);
	if (err)
		return err;
	*ret_spec = spec;
	return 0;
}
