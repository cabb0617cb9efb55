/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses, endpoints and prefixes of both families in one form: struct detour_addr, 16 bytes in
 * network order, IPv4 v4-mapped (RFC 4291, 2.5.5.2).
 */
#ifndef DETOUR_BASE_ADDR_H
#define DETOUR_BASE_ADDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include <detour/flow.h>

/* Room for any text that this module writes: "[v6]:port", "v6/len". */
#define ADDR_TEXT_LEN 56

struct endpoint {
	struct detour_addr addr;
	in_port_t port_be;
};

/* A prefix; `bits` counts within the 128-bit form (an IPv4 /24 is 96 + 24). */
struct prefix {
	struct detour_addr addr;
	unsigned int bits;
};

bool addr_is_v4(const struct detour_addr *addr);
bool addr_is_unspecified(const struct detour_addr *addr); /* 0.0.0.0 or :: */
bool addr_equal(const struct detour_addr *a, const struct detour_addr *b);
int addr_family(const struct detour_addr *addr); /* AF_INET or AF_INET6 */

struct detour_addr addr_from_v4(struct in_addr v4);
struct detour_addr addr_from_v6(const struct in6_addr *v6);
struct in_addr addr_to_v4(const struct detour_addr *addr); /* of a v4-mapped address */

/* -EAFNOSUPPORT for another family than AF_INET, AF_INET6. A v4-mapped sockaddr_in6 becomes v4. */
int endpoint_from_sockaddr(const struct sockaddr *sa, struct endpoint *ret_endpoint);
socklen_t endpoint_to_sockaddr(const struct endpoint *endpoint, struct sockaddr_storage *ret_sa);
bool endpoint_equal(const struct endpoint *a, const struct endpoint *b);

/* "192.0.2.1" or "2001:db8::1"; -EINVAL. */
int addr_parse(const char *text, struct detour_addr *ret_addr);

/* "192.0.2.1:443" or "[2001:db8::1]:443"; -EINVAL, -ERANGE for the port. */
int endpoint_parse(const char *text, struct endpoint *ret_endpoint);

/* "192.0.2.0/24", "2001:db8::/32", or an address alone; host bits must be zero: else -EINVAL. */
int prefix_parse(const char *text, struct prefix *ret_prefix);
bool prefix_contains(const struct prefix *prefix, const struct detour_addr *addr);

/* Text for people; `out` has ADDR_TEXT_LEN bytes and is returned. */
const char *addr_format(const struct detour_addr *addr, char *out);
const char *endpoint_format(const struct endpoint *endpoint, char *out);
const char *prefix_format(const struct prefix *prefix, char *out);

#endif /* DETOUR_BASE_ADDR_H */
