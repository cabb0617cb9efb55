// SPDX-License-Identifier: BSD-2-Clause
/* Numbers, durations, port ranges, destinations, names: text to value and back. */
#include "user/conf/value.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/cleanup.h"

#define HOST_NAME_LEN_MAX 253

static const struct {
	char letter;
	uint32_t seconds;
} units[] = {{'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Leading digits; *ret_end is what follows. Stops counting, not reading, beyond 32 bits. */
static int take_number(const char *text, const char **ret_end, uint64_t *ret_number)
{
	uint64_t number = 0;

	if (!is_digit(*text))
		return -EINVAL;
	for (; is_digit(*text); text++) {
		if (number <= UINT32_MAX)
			number = number * 10 + (uint64_t)(*text - '0');
	}
	*ret_end = text;
	*ret_number = number;
	return 0;
}

int value_unsigned(const char *text, uint32_t min, uint32_t max, uint32_t *ret_number)
{
	uint64_t number;
	const char *end;
	int err = take_number(text, &end, &number);

	if (err || *end)
		return -EINVAL;
	if (number < min || number > max)
		return -ERANGE;
	*ret_number = (uint32_t)number;
	return 0;
}

/* The unit's place in the table, from `first` on; -EINVAL. */
static int find_unit(char letter, size_t first)
{
	for (size_t i = first; i < ARRAY_SIZE(units); i++) {
		if (units[i].letter == letter)
			return (int)i;
	}
	return -EINVAL;
}

int value_duration(const char *text, uint32_t min, uint32_t max, uint32_t *ret_seconds)
{
	uint64_t total = 0, number;
	const char *end;
	size_t next_unit = 0;

	if (take_number(text, &end, &number) == 0 && !*end)
		return value_unsigned(text, min, max, ret_seconds);
	do {
		int unit, err = take_number(text, &end, &number);

		if (err)
			return err;
		unit = find_unit(*end, next_unit);
		if (unit < 0)
			return unit;
		total += number * units[unit].seconds;
		next_unit = (size_t)unit + 1;
		text = end + 1;
	} while (*text);
	if (total < min || total > max)
		return -ERANGE;
	*ret_seconds = (uint32_t)total;
	return 0;
}

int value_port_range(const char *text, uint32_t min, uint32_t max,
		     struct detour_port_range *ret_range)
{
	uint64_t first, last;
	const char *end;
	int err = take_number(text, &end, &first);

	if (err)
		return err;
	last = first;
	if (*end == '-') {
		err = take_number(end + 1, &end, &last);
		if (err)
			return err;
	}
	if (*end)
		return -EINVAL;
	if (first < min || last > max)
		return -ERANGE;
	if (first > last)
		return -EINVAL;
	*ret_range = (struct detour_port_range){(uint16_t)first, (uint16_t)last};
	return 0;
}

/* The colon that begins a port, or NULL: after the length, or the only colon of an IPv4 address. */
static const char *find_port(const char *text)
{
	const char *slash = strchr(text, '/');
	const char *colon = strchr(slash ? slash : text, ':');

	if (!slash && colon && strchr(colon + 1, ':'))
		return NULL;
	return colon;
}

int value_destination(const char *text, struct fwd_destination *ret_destination)
{
	struct fwd_destination destination = {.port = 0};
	const char *colon = find_port(text);
	char prefix[VALUE_TEXT_LEN];
	size_t len = colon ? (size_t)(colon - text) : strlen(text);
	uint32_t port;
	int err;

	if (*text == '[') {
		struct endpoint endpoint;

		if (endpoint_parse(text, &endpoint) || !endpoint.port_be)
			return -EINVAL;
		*ret_destination = (struct fwd_destination){{endpoint.addr, 128},
							    ntohs(endpoint.port_be)};
		return 0;
	}
	if (len >= sizeof(prefix))
		return -EINVAL;
	memcpy(prefix, text, len);
	prefix[len] = '\0';
	err = prefix_parse(prefix, &destination.prefix);
	if (err)
		return err;
	if (colon) {
		err = value_unsigned(colon + 1, 1, 65535, &port);
		if (err)
			return err;
		destination.port = (uint16_t)port;
	}
	*ret_destination = destination;
	return 0;
}

bool value_is_interface(const char *text)
{
	size_t len = strlen(text);

	if (len == 0 || len >= IFNAMSIZ || strcmp(text, ".") == 0 || strcmp(text, "..") == 0)
		return false;
	for (; *text; text++) {
		if (*text <= ' ' || *text == '/' || *text == ':' || *text == 0x7f)
			return false;
	}
	return true;
}

static bool is_host_name(const char *text, size_t len)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
	size_t end;

	if (len == 0 || len > HOST_NAME_LEN_MAX || *text == '-' || *text == '.')
		return false;
	/* No name ends in digits alone: that is an address with a slip of the pen. */
	for (end = len; end > 0 && is_digit(text[end - 1]); end--)
		;
	if (end < len && (end == 0 || text[end - 1] == '.'))
		return false;
	return strspn(text, letters) >= len;
}

bool value_is_host_port(const char *text)
{
	const char *colon = strrchr(text, ':');
	struct endpoint endpoint;
	uint32_t port;

	if (!colon || value_unsigned(colon + 1, 1, 65535, &port))
		return false;
	if (endpoint_parse(text, &endpoint) == 0)
		return true;
	return is_host_name(text, (size_t)(colon - text));
}

const char *value_duration_format(uint32_t seconds, char *out)
{
	size_t len = 0;

	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		uint32_t number = seconds / units[i].seconds;

		if (number)
			len += (size_t)snprintf(out + len, VALUE_TEXT_LEN - len, "%u%c", number,
						units[i].letter);
		seconds %= units[i].seconds;
	}
	if (len == 0)
		snprintf(out, VALUE_TEXT_LEN, "0s");
	return out;
}

const char *value_port_range_format(const struct detour_port_range *range, char *out)
{
	if (range->first == range->last)
		snprintf(out, VALUE_TEXT_LEN, "%u", range->first);
	else
		snprintf(out, VALUE_TEXT_LEN, "%u-%u", range->first, range->last);
	return out;
}

const char *value_destination_format(const struct fwd_destination *destination, char *out)
{
	char prefix[ADDR_TEXT_LEN];

	prefix_format(&destination->prefix, prefix);
	if (destination->port)
		snprintf(out, VALUE_TEXT_LEN, "%s:%u", prefix, destination->port);
	else
		snprintf(out, VALUE_TEXT_LEN, "%s", prefix);
	return out;
}
