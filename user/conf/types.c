// SPDX-License-Identifier: BSD-2-Clause
/* The types of keys: add a value from text, clear, count, print. */
#include "user/conf/types.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/addr.h"
#include "user/conf/value.h"

/* The place in the object that a key is about. */
static void *slot(const struct conf_key *key, const void *object)
{
	return (char *)object + key->offset;
}

static size_t *count_slot(const struct conf_key *key, const void *object)
{
	return (size_t *)((char *)object + key->count_offset);
}

static size_t scalar_count(const struct conf_key *key, const void *object)
{
	(void)key;
	(void)object;
	return 1;
}

static void number_clear(const struct conf_key *key, void *object)
{
	*(uint32_t *)slot(key, object) = 0;
}

/* Words */

static int word_add(const struct conf_key *key, void *object, const char *text)
{
	int word = conf_word_parse(key->words, text);

	if (word < 0)
		return word;
	*(int *)slot(key, object) = word;
	return 0;
}

static void word_print(const struct conf_key *key, const void *object, size_t index, FILE *out)
{
	(void)index;
	fputs(key->words[*(int *)slot(key, object)], out);
}

/* Numbers */

static int unsigned_add(const struct conf_key *key, void *object, const char *text)
{
	return value_unsigned(text, key->min, key->max, slot(key, object));
}

static void unsigned_print(const struct conf_key *key, const void *object, size_t index, FILE *out)
{
	(void)index;
	fprintf(out, "%u", *(uint32_t *)slot(key, object));
}

static int duration_add(const struct conf_key *key, void *object, const char *text)
{
	return value_duration(text, key->min, key->max, slot(key, object));
}

static void duration_print(const struct conf_key *key, const void *object, size_t index, FILE *out)
{
	char text[VALUE_TEXT_LEN];

	(void)index;
	fputs(value_duration_format(*(uint32_t *)slot(key, object), text), out);
}

/* Paths */

static void path_clear(const struct conf_key *key, void *object)
{
	char **path = slot(key, object);

	free(*path);
	*path = NULL;
}

static int path_add(const struct conf_key *key, void *object, const char *text)
{
	char *path;

	if (*text != '/')
		return -EINVAL;
	path = strdup(text);
	if (!path)
		return -ENOMEM;
	path_clear(key, object);
	*(char **)slot(key, object) = path;
	return 0;
}

static void path_print(const struct conf_key *key, const void *object, size_t index, FILE *out)
{
	const char *path = *(char **)slot(key, object);

	(void)index;
	fputs(path ? path : "", out);
}

/* Endpoints */

static int endpoint_add(const struct conf_key *key, void *object, const char *text)
{
	struct endpoint endpoint;

	if (endpoint_parse(text, &endpoint) || !endpoint.port_be)
		return -EINVAL;
	*(struct endpoint *)slot(key, object) = endpoint;
	return 0;
}

static void endpoint_clear(const struct conf_key *key, void *object)
{
	memset(slot(key, object), 0, sizeof(struct endpoint));
}

static void endpoint_print(const struct conf_key *key, const void *object, size_t index, FILE *out)
{
	char text[ADDR_TEXT_LEN];

	(void)index;
	fputs(endpoint_format(slot(key, object), text), out);
}

/* Port ranges */

static int range_add(const struct conf_key *key, void *object, const char *text)
{
	return value_port_range(text, key->min, key->max, slot(key, object));
}

static void range_clear(const struct conf_key *key, void *object)
{
	*(struct detour_port_range *)slot(key, object) = (struct detour_port_range){1, 0};
}

static void range_print(const struct conf_key *key, const void *object, size_t index, FILE *out)
{
	const struct detour_port_range *ranges = slot(key, object);
	char text[VALUE_TEXT_LEN];

	fputs(value_port_range_format(&ranges[index], text), out);
}

static size_t ranges_count(const struct conf_key *key, const void *object)
{
	const struct detour_port_range *ranges = slot(key, object);
	size_t count = 0;

	while (count < DETOUR_PORT_RANGES_MAX && ranges[count].first <= ranges[count].last)
		count++;
	return count;
}

static int ranges_add(const struct conf_key *key, void *object, const char *text)
{
	struct detour_port_range *ranges = slot(key, object);
	size_t count = ranges_count(key, object);
	struct detour_port_range range;
	int err = value_port_range(text, key->min, key->max, &range);

	if (err)
		return err;
	if (count == DETOUR_PORT_RANGES_MAX)
		return -E2BIG;
	ranges[count] = range;
	return 0;
}

static void ranges_clear(const struct conf_key *key, void *object)
{
	struct detour_port_range *ranges = slot(key, object);

	for (size_t i = 0; i < DETOUR_PORT_RANGES_MAX; i++)
		ranges[i] = (struct detour_port_range){1, 0};
}

/* Lists of strings */

static size_t strings_count(const struct conf_key *key, const void *object)
{
	char **strings = *(char ***)slot(key, object);
	size_t count = 0;

	while (strings && strings[count])
		count++;
	return count;
}

static int strings_append(const struct conf_key *key, void *object, const char *text)
{
	size_t count = strings_count(key, object);
	char ***list = slot(key, object);
	char **grown = realloc(*list, (count + 2) * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	*list = grown;
	grown[count] = strdup(text);
	grown[count + 1] = NULL;
	return grown[count] ? 0 : -ENOMEM;
}

static int interfaces_add(const struct conf_key *key, void *object, const char *text)
{
	return value_is_interface(text) ? strings_append(key, object, text) : -EINVAL;
}

static int host_ports_add(const struct conf_key *key, void *object, const char *text)
{
	return value_is_host_port(text) ? strings_append(key, object, text) : -EINVAL;
}

static void strings_clear(const struct conf_key *key, void *object)
{
	size_t count = strings_count(key, object);
	char ***list = slot(key, object);

	for (size_t i = 0; i < count; i++)
		free((*list)[i]);
	free(*list);
	*list = NULL;
}

static void strings_print(const struct conf_key *key, const void *object, size_t index, FILE *out)
{
	fputs((*(char ***)slot(key, object))[index], out);
}

/* Lists of prefixes and of destinations */

static size_t array_count(const struct conf_key *key, const void *object)
{
	return *count_slot(key, object);
}

/* The array's type differs by key: its pointer is copied, not cast. */
static void *array_get(const struct conf_key *key, const void *object)
{
	void *array;

	memcpy(&array, slot(key, object), sizeof(array));
	return array;
}

static void array_set(const struct conf_key *key, void *object, void *array, size_t count)
{
	memcpy(slot(key, object), &array, sizeof(array));
	*count_slot(key, object) = count;
}

static int array_append(const struct conf_key *key, void *object, const void *item, size_t size)
{
	size_t count = array_count(key, object);
	char *grown = realloc(array_get(key, object), (count + 1) * size);

	if (!grown)
		return -ENOMEM;
	memcpy(grown + count * size, item, size);
	array_set(key, object, grown, count + 1);
	return 0;
}

static void array_clear(const struct conf_key *key, void *object)
{
	free(array_get(key, object));
	array_set(key, object, NULL, 0);
}

static int prefixes_add(const struct conf_key *key, void *object, const char *text)
{
	struct prefix prefix;
	int err = prefix_parse(text, &prefix);

	return err ? err : array_append(key, object, &prefix, sizeof(prefix));
}

static void prefixes_print(const struct conf_key *key, const void *object, size_t index, FILE *out)
{
	const struct prefix *prefixes = array_get(key, object);
	char text[ADDR_TEXT_LEN];

	fputs(prefix_format(&prefixes[index], text), out);
}

static int destinations_add(const struct conf_key *key, void *object, const char *text)
{
	struct fwd_destination destination;
	int err = value_destination(text, &destination);

	return err ? err : array_append(key, object, &destination, sizeof(destination));
}

static void destinations_print(const struct conf_key *key, const void *object, size_t index,
			       FILE *out)
{
	const struct fwd_destination *list = array_get(key, object);
	char text[VALUE_TEXT_LEN];

	fputs(value_destination_format(&list[index], text), out);
}

const struct conf_type_ops conf_types[CONF_TYPE_COUNT] = {
	[CONF_WORD] = {"", false, word_add, number_clear, scalar_count, word_print},
	[CONF_UNSIGNED] = {"a number", false, unsigned_add, number_clear, scalar_count,
			   unsigned_print},
	[CONF_DURATION] = {"a duration such as 90s, 4m or 2h4m", false, duration_add, number_clear,
			   scalar_count, duration_print},
	[CONF_PATH] = {"an absolute path", false, path_add, path_clear, scalar_count, path_print},
	[CONF_ENDPOINT] = {"an address with a port, such as 192.0.2.1:45672 or [::]:45672", false,
			   endpoint_add, endpoint_clear, scalar_count, endpoint_print},
	[CONF_PORT_RANGE] = {"a port range FIRST-LAST", false, range_add, range_clear, scalar_count,
			     range_print},
	[CONF_PORT_RANGES] = {"up to 4 port ranges FIRST-LAST", true, ranges_add, ranges_clear,
			      ranges_count, range_print},
	[CONF_INTERFACES] = {"names of network interfaces", true, interfaces_add, strings_clear,
			     strings_count, strings_print},
	[CONF_HOST_PORTS] =
		{"HOST:PORT, where HOST is a name, an IPv4 address or an [IPv6] address", true,
		 host_ports_add, strings_clear, strings_count, strings_print},
	[CONF_PREFIXES] = {"prefixes such as 192.0.2.0/24 or 2001:db8::/32, host bits zero", true,
			   prefixes_add, array_clear, array_count, prefixes_print},
	[CONF_DESTINATIONS] =
		{"prefixes with an optional port, such as 192.0.2.0/24:443, host bits "
		 "zero",
		 true, destinations_add, array_clear, array_count, destinations_print},
};

_Static_assert(DETOUR_PORT_RANGES_MAX == 4, "the text of CONF_PORT_RANGES says 4");
