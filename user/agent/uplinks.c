// SPDX-License-Identifier: BSD-2-Clause
/*
 * rtnetlink tells that something changed; what, is read anew and compared: events may be lost, the
 * tables are not.
 */
#include "user/agent/uplinks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/rtnetlink.h>

#include "user/base/cleanup.h"
#include "user/base/log.h"
#include "user/net/links.h"
#include "user/net/route.h"

struct uplinks {
	const struct agent_config *config;
	const struct uplinks_callbacks *callbacks;
	void *owner;
	struct nl_socket *requests, *events;
	uv_poll_t *poll;
	struct link_address *addresses;
	size_t address_count;
	struct policy_uplink *list;
	size_t count;
};

static bool is_link_local(const struct detour_addr *addr)
{
	if (addr_is_v4(addr))
		return addr->bytes[12] == 169 && addr->bytes[13] == 254;
	return addr->bytes[0] == 0xfe && (addr->bytes[1] & 0xc0) == 0x80;
}

static bool holds(const struct link_address *addresses, size_t count,
		  const struct detour_addr *addr)
{
	for (size_t i = 0; i < count; i++) {
		if (addr_equal(&addresses[i].addr, addr))
			return true;
	}
	return false;
}

static void fill_uplink(const struct uplinks *uplinks, const struct link_info *links,
			size_t link_count, size_t index)
{
	const struct agent_uplink *config = &uplinks->config->uplinks[index / 2];
	int family = index % 2 ? AF_INET6 : AF_INET;
	struct policy_uplink *uplink = &uplinks->list[index];
	const struct link_info *link = NULL;
	struct detour_addr before = uplink->addr;

	for (size_t i = 0; i < link_count; i++) {
		if (strcmp(links[i].name, config->ifname) == 0)
			link = &links[i];
	}
	*uplink = (struct policy_uplink){.role = config->role};
	if (!link)
		return;
	uplink->ifindex = link->ifindex;
	for (size_t i = 0; i < uplinks->address_count; i++) {
		const struct link_address *address = &uplinks->addresses[i];

		if (address->ifindex != link->ifindex || addr_family(&address->addr) != family ||
		    is_link_local(&address->addr))
			continue;
		/* The one that is in use already, else the first. */
		if (!uplink->usable || addr_equal(&address->addr, &before))
			uplink->addr = address->addr;
		uplink->usable = link->up;
	}
}

/* Reads links and addresses; the old addresses are handed over to the caller. */
static int read_again(struct uplinks *uplinks, struct link_address **ret_before,
		      size_t *ret_before_count)
{
	_cleanup_free_ struct link_info *links = NULL;
	struct link_address *addresses;
	size_t link_count, address_count;
	int err;

	err = links_read(uplinks->requests, &links, &link_count);
	if (!err)
		err = links_read_addresses(uplinks->requests, &addresses, &address_count);
	if (err)
		return err;
	*ret_before = uplinks->addresses;
	*ret_before_count = uplinks->address_count;
	uplinks->addresses = addresses;
	uplinks->address_count = address_count;
	for (size_t i = 0; i < uplinks->count; i++)
		fill_uplink(uplinks, links, link_count, i);
	return 0;
}

static void compare_and_tell(struct uplinks *uplinks)
{
	_cleanup_free_ struct link_address *before = NULL;
	size_t before_count = 0;
	char text[ADDR_TEXT_LEN];
	int err = read_again(uplinks, &before, &before_count);

	if (err) {
		log_warning("cannot read the host's addresses: %s", strerror(-err));
		return;
	}
	for (size_t i = 0; i < before_count; i++) {
		if (holds(uplinks->addresses, uplinks->address_count, &before[i].addr))
			continue;
		log_info("address %s has gone", addr_format(&before[i].addr, text));
		uplinks->callbacks->gone(uplinks->owner, &before[i].addr);
	}
	uplinks->callbacks->changed(uplinks->owner);
}

static int some_event(const struct nlmsghdr *nlh, void *data)
{
	(void)nlh;
	*(bool *)data = true;
	return MNL_CB_OK;
}

static void events_readable(uv_poll_t *poll, int status, int events)
{
	struct uplinks *uplinks = poll->data;
	bool any = false;
	int err;

	(void)events;
	if (status < 0) /* an overrun is an error of the socket, for which libuv stops watching */
		uv_poll_start(poll, UV_READABLE, events_readable);
	err = nl_receive(uplinks->events, some_event, &any);
	if (any || err == -ENOBUFS)
		compare_and_tell(uplinks);
}

static int watch(uv_loop_t *loop, struct uplinks *uplinks)
{
	static const unsigned int groups[] = {RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR,
					      RTNLGRP_IPV6_IFADDR};
	int err;

	err = nl_open(NETLINK_ROUTE, &uplinks->requests);
	if (!err)
		err = nl_open(NETLINK_ROUTE, &uplinks->events);
	for (size_t i = 0; i < ARRAY_SIZE(groups) && !err; i++)
		err = nl_join(uplinks->events, groups[i]);
	if (err)
		return err;
	uplinks->poll = calloc(1, sizeof(*uplinks->poll));
	if (!uplinks->poll)
		return -ENOMEM;
	err = uv_poll_init(loop, uplinks->poll, nl_fd(uplinks->events));
	if (err) {
		free(uplinks->poll);
		uplinks->poll = NULL;
		return err;
	}
	uplinks->poll->data = uplinks;
	return uv_poll_start(uplinks->poll, UV_READABLE, events_readable);
}

int uplinks_new(uv_loop_t *loop, const struct agent_config *config,
		const struct uplinks_callbacks *callbacks, void *owner,
		struct uplinks **ret_uplinks)
{
	struct uplinks *uplinks = calloc(1, sizeof(*uplinks));
	_cleanup_free_ struct link_address *before = NULL;
	size_t before_count;
	int err;

	if (!uplinks)
		return -ENOMEM;
	uplinks->config = config;
	uplinks->callbacks = callbacks;
	uplinks->owner = owner;
	uplinks->count = config->uplink_count * 2;
	uplinks->list = calloc(uplinks->count + 1, sizeof(*uplinks->list));
	err = uplinks->list ? watch(loop, uplinks) : -ENOMEM;
	if (!err)
		err = read_again(uplinks, &before, &before_count);
	if (err) {
		uplinks_free(uplinks);
		return err;
	}
	*ret_uplinks = uplinks;
	return 0;
}

static void poll_closed(uv_handle_t *handle)
{
	free(handle);
}

void uplinks_free(struct uplinks *uplinks)
{
	if (!uplinks)
		return;
	if (uplinks->poll) {
		uv_poll_stop(uplinks->poll);
		uv_close((uv_handle_t *)uplinks->poll, poll_closed);
	}
	nl_close(uplinks->requests);
	nl_close(uplinks->events);
	free(uplinks->addresses);
	free(uplinks->list);
	free(uplinks);
}

const struct policy_uplink *uplinks_list(const struct uplinks *uplinks, size_t *ret_count)
{
	*ret_count = uplinks->count;
	return uplinks->list;
}

int uplinks_source(struct uplinks *uplinks, const struct detour_addr *remote,
		   struct detour_addr *ret_source)
{
	struct route route;
	int err = route_get(uplinks->requests, remote, &route);

	if (err)
		return err;
	if (addr_is_unspecified(&route.source))
		return -EADDRNOTAVAIL;
	*ret_source = route.source;
	return 0;
}
