// SPDX-License-Identifier: BSD-2-Clause
/* Addresses, endpoints and prefixes: conversion, text, comparison. */
#include "user/base/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t v4_mapped[12] = {[10] = 0xff, [11] = 0xff};

bool addr_is_v4(const struct detour_addr *addr)
{
	return memcmp(addr->bytes, v4_mapped, sizeof(v4_mapped)) == 0;
}

bool addr_is_unspecified(const struct detour_addr *addr)
{
	static const uint8_t zero[16];

	if (addr_is_v4(addr))
		return memcmp(addr->bytes + 12, zero, 4) == 0;
	return memcmp(addr->bytes, zero, 16) == 0;
}

bool addr_equal(const struct detour_addr *a, const struct detour_addr *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

int addr_family(const struct detour_addr *addr)
{
	return addr_is_v4(addr) ? AF_INET : AF_INET6;
}

struct detour_addr addr_from_v4(struct in_addr v4)
{
	struct detour_addr addr;

	memcpy(addr.bytes, v4_mapped, sizeof(v4_mapped));
	memcpy(addr.bytes + 12, &v4, 4);
	return addr;
}

struct detour_addr addr_from_v6(const struct in6_addr *v6)
{
	struct detour_addr addr;

	memcpy(addr.bytes, v6, 16);
	return addr;
}

struct in_addr addr_to_v4(const struct detour_addr *addr)
{
	struct in_addr v4;

	memcpy(&v4, addr->bytes + 12, 4);
	return v4;
}

int endpoint_from_sockaddr(const struct sockaddr *sa, struct endpoint *ret_endpoint)
{
	struct sockaddr_in6 sin6;
	struct sockaddr_in sin;

	switch (sa->sa_family) {
	case AF_INET:
		memcpy(&sin, sa, sizeof(sin));
		*ret_endpoint = (struct endpoint){addr_from_v4(sin.sin_addr), sin.sin_port};
		return 0;
	case AF_INET6:
		memcpy(&sin6, sa, sizeof(sin6));
		*ret_endpoint = (struct endpoint){addr_from_v6(&sin6.sin6_addr), sin6.sin6_port};
		return 0;
	default:
		return -EAFNOSUPPORT;
	}
}

socklen_t endpoint_to_sockaddr(const struct endpoint *endpoint, struct sockaddr_storage *ret_sa)
{
	memset(ret_sa, 0, sizeof(*ret_sa));
	if (addr_is_v4(&endpoint->addr)) {
		struct sockaddr_in *sin = (struct sockaddr_in *)ret_sa;

		sin->sin_family = AF_INET;
		sin->sin_addr = addr_to_v4(&endpoint->addr);
		sin->sin_port = endpoint->port_be;
		return sizeof(*sin);
	}
	struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)ret_sa;

	sin6->sin6_family = AF_INET6;
	memcpy(&sin6->sin6_addr, endpoint->addr.bytes, 16);
	sin6->sin6_port = endpoint->port_be;
	return sizeof(*sin6);
}

bool endpoint_equal(const struct endpoint *a, const struct endpoint *b)
{
	return a->port_be == b->port_be && addr_equal(&a->addr, &b->addr);
}

int addr_parse(const char *text, struct detour_addr *ret_addr)
{
	struct in6_addr v6;
	struct in_addr v4;

	if (inet_pton(AF_INET, text, &v4) == 1)
		*ret_addr = addr_from_v4(v4);
	else if (inet_pton(AF_INET6, text, &v6) == 1)
		*ret_addr = addr_from_v6(&v6);
	else
		return -EINVAL;
	return 0;
}

/* Digits alone, up to `max`. */
static int number_parse(const char *text, unsigned long max, unsigned long *ret_number)
{
	unsigned long number;
	char *end;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	number = strtoul(text, &end, 10);
	if (*end)
		return -EINVAL;
	if (errno || number > max)
		return -ERANGE;
	*ret_number = number;
	return 0;
}

int endpoint_parse(const char *text, struct endpoint *ret_endpoint)
{
	char host[ADDR_TEXT_LEN];
	struct endpoint endpoint;
	const char *colon = strrchr(text, ':');
	unsigned long port;
	size_t len;
	int err;

	if (!colon)
		return -EINVAL;
	len = (size_t)(colon - text);
	if (text[0] == '[') {
		if (len < 2 || text[len - 1] != ']')
			return -EINVAL;
		text++;
		len -= 2;
	} else if (memchr(text, ':', len)) {
		return -EINVAL;
	}
	if (len >= sizeof(host))
		return -EINVAL;
	memcpy(host, text, len);
	host[len] = '\0';
	err = addr_parse(host, &endpoint.addr);
	if (err)
		return err;
	err = number_parse(colon + 1, 65535, &port);
	if (err)
		return err;
	endpoint.port_be = htons((uint16_t)port);
	*ret_endpoint = endpoint;
	return 0;
}

static bool host_bits_zero(const struct prefix *prefix)
{
	for (unsigned int bit = prefix->bits; bit < 128; bit++) {
		if (prefix->addr.bytes[bit / 8] & (0x80 >> (bit % 8)))
			return false;
	}
	return true;
}

int prefix_parse(const char *text, struct prefix *ret_prefix)
{
	char host[ADDR_TEXT_LEN];
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	struct prefix prefix = {.bits = 128};
	unsigned long bits;
	int err;

	if (len >= sizeof(host))
		return -EINVAL;
	memcpy(host, text, len);
	host[len] = '\0';
	err = addr_parse(host, &prefix.addr);
	if (err)
		return err;
	if (slash) {
		/* Counted as written: a v4-mapped prefix in IPv6 form has its 96 bits already. */
		bool dotted = !strchr(host, ':');

		err = number_parse(slash + 1, dotted ? 32 : 128, &bits);
		if (err)
			return -EINVAL;
		prefix.bits = (unsigned int)bits + (dotted ? 96 : 0);
	}
	if (!host_bits_zero(&prefix))
		return -EINVAL;
	*ret_prefix = prefix;
	return 0;
}

bool prefix_contains(const struct prefix *prefix, const struct detour_addr *addr)
{
	unsigned int whole = prefix->bits / 8, rest = prefix->bits % 8;
	uint8_t mask = (uint8_t)(0xff00 >> rest);

	if (memcmp(prefix->addr.bytes, addr->bytes, whole) != 0)
		return false;
	return rest == 0 || ((prefix->addr.bytes[whole] ^ addr->bytes[whole]) & mask) == 0;
}

const char *addr_format(const struct detour_addr *addr, char *out)
{
	if (addr_is_v4(addr))
		inet_ntop(AF_INET, addr->bytes + 12, out, ADDR_TEXT_LEN);
	else
		inet_ntop(AF_INET6, addr->bytes, out, ADDR_TEXT_LEN);
	return out;
}

const char *endpoint_format(const struct endpoint *endpoint, char *out)
{
	char host[ADDR_TEXT_LEN];
	bool v4 = addr_is_v4(&endpoint->addr);

	snprintf(out, ADDR_TEXT_LEN, v4 ? "%.45s:%u" : "[%.45s]:%u",
		 addr_format(&endpoint->addr, host), ntohs(endpoint->port_be));
	return out;
}

const char *prefix_format(const struct prefix *prefix, char *out)
{
	char host[ADDR_TEXT_LEN];
	bool v4 = addr_is_v4(&prefix->addr) && prefix->bits >= 96;

	snprintf(out, ADDR_TEXT_LEN, "%.45s/%u", addr_format(&prefix->addr, host),
		 v4 ? prefix->bits - 96 : prefix->bits);
	return out;
}
