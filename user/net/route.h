/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel's answer to "how do packets get there": route and neighbour, and changes of both. */
#ifndef DETOUR_NET_ROUTE_H
#define DETOUR_NET_ROUTE_H

#include <stdbool.h>
#include <stdint.h>

#include "user/base/addr.h"
#include "user/net/nl.h"

struct route {
	uint32_t ifindex;
	uint32_t mtu;		    /* the route's own; 0: the interface's */
	struct detour_addr gateway; /* who is asked for on the link: a router, or the destination */
	struct detour_addr source;  /* preferred source address; unspecified: none */
	bool local;		    /* the destination is this host */
};

/*
 * Looks a destination up in the routing tables. -ENETUNREACH, -EHOSTUNREACH, -EACCES: no route, or
 * one that forbids (also blackhole and broadcast or multicast destinations).
 */
int route_get(struct nl_socket *sock, const struct detour_addr *dst, struct route *ret_route);

struct neighbour_info {
	uint32_t ifindex;
	struct detour_addr addr;
	uint8_t mac[6];
	uint16_t state; /* NUD_* */
	bool known;	/* mac is valid */
	bool gone;	/* in an event: deleted */
};

/* -ENOENT: the kernel has no such entry. */
int neighbour_get(struct nl_socket *sock, uint32_t ifindex, const struct detour_addr *addr,
		  struct neighbour_info *ret_info);

/*
 * Makes the kernel find the neighbour, or confirm one that has gone stale, as a packet to it would.
 */
int neighbour_probe(struct nl_socket *sock, uint32_t ifindex, const struct detour_addr *addr);

/* Reads an RTM_NEWNEIGH or RTM_DELNEIGH; -EINVAL for other messages and families. */
int neighbour_parse(const struct nlmsghdr *nlh, struct neighbour_info *ret_info);

/* Joins the groups that tell of routes, neighbours, links and addresses. */
int route_subscribe(struct nl_socket *sock);

#endif /* DETOUR_NET_ROUTE_H */
