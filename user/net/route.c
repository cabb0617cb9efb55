// SPDX-License-Identifier: BSD-2-Clause
/* RTM_GETROUTE, RTM_GETNEIGH, RTM_NEWNEIGH with NTF_USE. */
#include "user/net/route.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>

static void put_addr(struct nlmsghdr *nlh, uint16_t type, const struct detour_addr *addr)
{
	if (addr_is_v4(addr))
		mnl_attr_put(nlh, type, 4, addr->bytes + 12);
	else
		mnl_attr_put(nlh, type, 16, addr->bytes);
}

/* False: not an address of either family. */
static bool get_addr(const struct nlattr *attr, struct detour_addr *ret_addr)
{
	switch (mnl_attr_get_payload_len(attr)) {
	case 4:
		*ret_addr = addr_from_v4(*(struct in_addr *)mnl_attr_get_payload(attr));
		return true;
	case 16:
		*ret_addr = addr_from_v6(mnl_attr_get_payload(attr));
		return true;
	default:
		return false;
	}
}

/* RTA_VIA: an IPv6 router for an IPv4 destination (RFC 5549). */
static void get_via(const struct nlattr *attr, struct detour_addr *ret_addr)
{
	const struct rtvia *via = mnl_attr_get_payload(attr);
	size_t len = mnl_attr_get_payload_len(attr);

	if (len >= sizeof(*via) + 16 && via->rtvia_family == AF_INET6)
		memcpy(ret_addr->bytes, via->rtvia_addr, 16);
}

static void get_metrics(const struct nlattr *metrics, struct route *route)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested (attr, metrics) {
		if (mnl_attr_get_type(attr) == RTAX_MTU)
			route->mtu = mnl_attr_get_u32(attr);
	}
}

static int type_to_error(uint8_t type)
{
	switch (type) {
	case RTN_UNICAST:
	case RTN_LOCAL:
		return 0;
	case RTN_PROHIBIT:
		return -EACCES;
	default:
		return -ENETUNREACH;
	}
}

static int on_route(const struct nlmsghdr *nlh, void *data)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;
	struct route *route = data;

	if (nlh->nlmsg_type != RTM_NEWROUTE)
		return MNL_CB_OK;
	mnl_attr_for_each (attr, nlh, sizeof(*rtm)) {
		switch (mnl_attr_get_type(attr)) {
		case RTA_OIF:
			route->ifindex = mnl_attr_get_u32(attr);
			break;
		case RTA_GATEWAY:
			get_addr(attr, &route->gateway);
			break;
		case RTA_VIA:
			get_via(attr, &route->gateway);
			break;
		case RTA_PREFSRC:
			get_addr(attr, &route->source);
			break;
		case RTA_METRICS:
			get_metrics(attr, route);
			break;
		}
	}
	route->local = rtm->rtm_type == RTN_LOCAL;
	return type_to_error(rtm->rtm_type) ?: MNL_CB_OK;
}

int route_get(struct nl_socket *sock, const struct detour_addr *dst, struct route *ret_route)
{
	char buffer[NL_REQUEST_LEN];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);
	struct rtmsg *rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));
	struct route route = {.gateway = *dst};
	int err;

	nlh->nlmsg_type = RTM_GETROUTE;
	rtm->rtm_family = (unsigned char)addr_family(dst);
	rtm->rtm_dst_len = rtm->rtm_family == AF_INET ? 32 : 128;
	put_addr(nlh, RTA_DST, dst);
	err = nl_request(sock, nlh, on_route, &route);
	if (!err)
		*ret_route = route;
	return err;
}

int neighbour_parse(const struct nlmsghdr *nlh, struct neighbour_info *ret_info)
{
	const struct ndmsg *ndm = mnl_nlmsg_get_payload(nlh);
	struct neighbour_info info = {0};
	const struct nlattr *attr;
	bool has_addr = false;

	if (nlh->nlmsg_type != RTM_NEWNEIGH && nlh->nlmsg_type != RTM_DELNEIGH)
		return -EINVAL;
	if (ndm->ndm_family != AF_INET && ndm->ndm_family != AF_INET6)
		return -EINVAL;
	mnl_attr_for_each (attr, nlh, sizeof(*ndm)) {
		if (mnl_attr_get_type(attr) == NDA_DST) {
			has_addr = get_addr(attr, &info.addr);
		} else if (mnl_attr_get_type(attr) == NDA_LLADDR &&
			   mnl_attr_get_payload_len(attr) == sizeof(info.mac)) {
			memcpy(info.mac, mnl_attr_get_payload(attr), sizeof(info.mac));
			info.known = true;
		}
	}
	if (!has_addr)
		return -EINVAL;
	info.ifindex = (uint32_t)ndm->ndm_ifindex;
	info.state = ndm->ndm_state;
	info.gone = nlh->nlmsg_type == RTM_DELNEIGH;
	/* An entry being resolved may still show the address it had. */
	if (info.gone || (info.state & (NUD_FAILED | NUD_INCOMPLETE)) || info.state == NUD_NONE)
		info.known = false;
	*ret_info = info;
	return 0;
}

static int on_neighbour(const struct nlmsghdr *nlh, void *data)
{
	return neighbour_parse(nlh, data) ?: MNL_CB_OK;
}

static struct nlmsghdr *neighbour_message(char *buffer, uint16_t type, uint32_t ifindex,
					  const struct detour_addr *addr, uint8_t flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);
	struct ndmsg *ndm = mnl_nlmsg_put_extra_header(nlh, sizeof(*ndm));

	nlh->nlmsg_type = type;
	ndm->ndm_family = (unsigned char)addr_family(addr);
	ndm->ndm_ifindex = (int)ifindex;
	ndm->ndm_flags = flags;
	put_addr(nlh, NDA_DST, addr);
	return nlh;
}

int neighbour_get(struct nl_socket *sock, uint32_t ifindex, const struct detour_addr *addr,
		  struct neighbour_info *ret_info)
{
	char buffer[NL_REQUEST_LEN];
	struct nlmsghdr *nlh = neighbour_message(buffer, RTM_GETNEIGH, ifindex, addr, 0);

	return nl_request(sock, nlh, on_neighbour, ret_info);
}

int neighbour_probe(struct nl_socket *sock, uint32_t ifindex, const struct detour_addr *addr)
{
	char buffer[NL_REQUEST_LEN];
	struct nlmsghdr *nlh = neighbour_message(buffer, RTM_NEWNEIGH, ifindex, addr, NTF_USE);

	nlh->nlmsg_flags = NLM_F_CREATE;
	return nl_request(sock, nlh, NULL, NULL);
}

int route_subscribe(struct nl_socket *sock)
{
	static const unsigned int groups[] = {
		RTNLGRP_IPV4_ROUTE,  RTNLGRP_IPV6_ROUTE,  RTNLGRP_NEIGH,     RTNLGRP_LINK,
		RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_RULE,
	};

	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		int err = nl_join(sock, groups[i]);

		if (err)
			return err;
	}
	return 0;
}
