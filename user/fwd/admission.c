// SPDX-License-Identifier: BSD-2-Clause
/* Denied destinations: one table of prefixes, and the addresses that hide inside others. */
#include "user/fwd/admission.h"

#include <string.h>

#include "user/base/cleanup.h"

#define SMTP_PORT 25

/* An address in all its forms: itself, and what it embeds (Teredo embeds two). */
#define FORMS_MAX 3

struct denied_prefix {
	uint8_t bytes[16];
	unsigned int bits;
	const char *reason;
};

#define V4(a, b, c, d)                                \
	{                                             \
		[10] = 0xff, 0xff, (a), (b), (c), (d) \
	}
#define V6(a, b, c, d)                                                                         \
	{                                                                                      \
		(a) >> 8, (a)&0xff, (b) >> 8, (b)&0xff, (c) >> 8, (c)&0xff, (d) >> 8, (d)&0xff \
	}

/* The first match gives the reason. Sources: IANA's special-purpose address registries. */
static const struct denied_prefix denied_prefixes[] = {
	{V4(169, 254, 169, 254), 128, "metadata service"},
	{V4(168, 63, 129, 16), 128, "metadata service"},
	{V4(100, 100, 100, 200), 128, "metadata service"},
	{{0xfd, 0x00, 0x0e, 0xc2, [14] = 0x02, 0x54}, 128, "metadata service"},
	{{0xfd, 0x20, 0x00, 0xce, [14] = 0x02, 0x54}, 128, "metadata service"},
	{V4(0, 0, 0, 0), 96 + 8, "unspecified address"},
	{V4(10, 0, 0, 0), 96 + 8, "private address"},
	{V4(100, 64, 0, 0), 96 + 10, "carrier-grade NAT address"},
	{V4(127, 0, 0, 0), 96 + 8, "loopback address"},
	{V4(169, 254, 0, 0), 96 + 16, "link-local address"},
	{V4(172, 16, 0, 0), 96 + 12, "private address"},
	{V4(192, 0, 0, 0), 96 + 24, "reserved address"},
	{V4(192, 0, 2, 0), 96 + 24, "documentation address"},
	{V4(192, 88, 99, 0), 96 + 24, "6to4 relay anycast address"},
	{V4(192, 168, 0, 0), 96 + 16, "private address"},
	{V4(198, 18, 0, 0), 96 + 15, "benchmark address"},
	{V4(198, 51, 100, 0), 96 + 24, "documentation address"},
	{V4(203, 0, 113, 0), 96 + 24, "documentation address"},
	{V4(224, 0, 0, 0), 96 + 4, "multicast address"},
	{V4(240, 0, 0, 0), 96 + 4, "reserved address"},
	{{0}, 128, "unspecified address"},
	{{[15] = 1}, 128, "loopback address"},
	{{0}, 96, "IPv4-compatible address"},
	{V6(0x64, 0xff9b, 1, 0), 48, "local-use NAT64 address"},
	{V6(0x100, 0, 0, 0), 64, "discard-only address"},
	{V6(0x2001, 2, 0, 0), 48, "benchmark address"},
	{V6(0x2001, 0x10, 0, 0), 28, "reserved address"},
	{V6(0x2001, 0x20, 0, 0), 28, "reserved address"},
	{V6(0x2001, 0xdb8, 0, 0), 32, "documentation address"},
	{V6(0x3fff, 0, 0, 0), 20, "documentation address"},
	{V6(0x5f00, 0, 0, 0), 16, "segment routing address"},
	{V6(0xfc00, 0, 0, 0), 7, "private (unique local) address"},
	{V6(0xfe80, 0, 0, 0), 10, "link-local address"},
	{V6(0xfec0, 0, 0, 0), 10, "site-local address"},
	{V6(0xff00, 0, 0, 0), 8, "multicast address"},
};

/* What may be reached at all: global unicast, IPv4, the well-known NAT64 prefix. */
static const struct denied_prefix public_prefixes[] = {
	{V6(0x2000, 0, 0, 0), 3, NULL},
	{V4(0, 0, 0, 0), 96, NULL},
	{V6(0x64, 0xff9b, 0, 0), 96, NULL},
};

static bool in_prefix(const struct denied_prefix *denied, const struct detour_addr *addr)
{
	struct prefix prefix = {.bits = denied->bits};

	memcpy(prefix.addr.bytes, denied->bytes, sizeof(denied->bytes));
	return prefix_contains(&prefix, addr);
}

static struct detour_addr embedded_v4(const struct detour_addr *addr, size_t offset, uint8_t invert)
{
	uint8_t bytes[4];
	struct in_addr v4;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = addr->bytes[offset + i] ^ invert;
	memcpy(&v4, bytes, sizeof(v4));
	return addr_from_v4(v4);
}

/* Where known prefixes keep an IPv4 address. */
static const struct {
	struct denied_prefix prefix;
	size_t offset;
	uint8_t invert;
} embeddings[] = {
	{{V6(0x64, 0xff9b, 0, 0), 96, NULL}, 12, 0}, /* NAT64, RFC 6052 */
	{{V6(0x2002, 0, 0, 0), 16, NULL}, 2, 0},     /* 6to4, RFC 3056 */
	{{V6(0x2001, 0, 0, 0), 32, NULL}, 4, 0},     /* Teredo's server, RFC 4380 */
	{{V6(0x2001, 0, 0, 0), 32, NULL}, 12, 0xff}, /* and client */
};

/* ISATAP (RFC 5214): any prefix, then 00-00-5e-fe or 02-00-5e-fe and the IPv4 address. */
static bool is_isatap(const struct detour_addr *addr)
{
	static const uint8_t mark[] = {0x00, 0x5e, 0xfe};

	return (addr->bytes[8] & ~2) == 0 && memcmp(addr->bytes + 9, mark, sizeof(mark)) == 0;
}

static size_t all_forms(const struct detour_addr *addr, struct detour_addr forms[FORMS_MAX])
{
	size_t count = 0;

	forms[count++] = *addr;
	for (size_t i = 0; i < ARRAY_SIZE(embeddings) && count < FORMS_MAX; i++) {
		if (in_prefix(&embeddings[i].prefix, addr))
			forms[count++] = embedded_v4(addr, embeddings[i].offset,
						     embeddings[i].invert);
	}
	if (count < FORMS_MAX && !addr_is_v4(addr) && is_isatap(addr))
		forms[count++] = embedded_v4(addr, 12, 0);
	return count;
}

/*
 * How closely the best of the rules fits: longer prefixes first, then those with a port. 0: none.
 * Prefixes of fewer than `bits_min` bits do not count.
 */
static unsigned int best_match(const struct fwd_destination *rules, size_t count,
			       const struct detour_addr *addr, uint16_t port, unsigned int bits_min)
{
	unsigned int best = 0;

	for (size_t i = 0; i < count; i++) {
		unsigned int closeness = 1 + rules[i].prefix.bits * 2 + (rules[i].port != 0);

		if ((rules[i].port != 0 && rules[i].port != port) ||
		    rules[i].prefix.bits < bits_min)
			continue;
		if (closeness > best && prefix_contains(&rules[i].prefix, addr))
			best = closeness;
	}
	return best;
}

static const char *denied_by_nature(const struct detour_addr *addr)
{
	for (size_t i = 0; i < ARRAY_SIZE(denied_prefixes); i++) {
		if (in_prefix(&denied_prefixes[i], addr))
			return denied_prefixes[i].reason;
	}
	for (size_t i = 0; i < ARRAY_SIZE(public_prefixes); i++) {
		if (in_prefix(&public_prefixes[i], addr))
			return NULL;
	}
	return "not a global unicast address";
}

/* "Allow=::/0" opens IPv6, not what IPv4 looks like in here; "Deny=::/0" is for all there is. */
static unsigned int allow_bits_min(const struct detour_addr *addr)
{
	return addr_is_v4(addr) ? 96 : 0;
}

/* Port 25 wants a rule that names it: "Allow=10.0.0.0/8" is no wish to relay mail. */
static bool port_allowed(const struct admission_rules *rules, const struct detour_addr *addr,
			 uint16_t port)
{
	if (port != SMTP_PORT)
		return true;
	for (size_t i = 0; i < rules->allow_count; i++) {
		if (rules->allow[i].port == port &&
		    rules->allow[i].prefix.bits >= allow_bits_min(addr) &&
		    prefix_contains(&rules->allow[i].prefix, addr))
			return true;
	}
	return false;
}

static const char *check_form(const struct admission_rules *rules, const struct detour_addr *addr,
			      uint16_t port)
{
	unsigned int allow = best_match(rules->allow, rules->allow_count, addr, port,
					allow_bits_min(addr));
	unsigned int deny = best_match(rules->deny, rules->deny_count, addr, port, 0);

	for (size_t i = 0; i < rules->own_count; i++) {
		if (addr_equal(&rules->own[i], addr))
			return "one of the relay's own addresses";
	}
	if (deny && deny >= allow)
		return "denied by Deny=";
	if (!port_allowed(rules, addr, port))
		return "TCP port 25 (mail)";
	return allow ? NULL : denied_by_nature(addr);
}

const char *admission_check(const struct admission_rules *rules, const struct endpoint *server)
{
	struct detour_addr forms[FORMS_MAX];
	size_t count = all_forms(&server->addr, forms);
	const char *reason = NULL;

	if (server->port_be == 0)
		return "port 0";
	for (size_t i = 0; i < count && !reason; i++)
		reason = check_form(rules, &forms[i], ntohs(server->port_be));
	return reason;
}
