// SPDX-License-Identifier: BSD-2-Clause
/*
 * Builds and sends the commands. In them, unlike in the events, ports are in host order; addresses
 * are in network order in both.
 */
#include "user/pm/command.h"

#include <errno.h>
#include <stdlib.h>

#include <linux/genetlink.h>
#include <linux/mptcp.h>
#include <linux/netlink.h>

#include "user/net/genl_mptcp.h"

struct pm {
	struct nl_socket *commands;
	struct nl_socket *events;
	struct genl_mptcp numbers;
};

/* One end of a subflow; `has_id` and so on say which of the attributes it takes. */
struct pm_end {
	struct endpoint endpoint;
	bool has_id;
	uint8_t id;
	uint32_t flags;
	unsigned int ifindex;
};

int pm_open(struct pm **ret_pm)
{
	struct pm *pm = calloc(1, sizeof(*pm));
	int err;

	if (!pm)
		return -ENOMEM;
	err = nl_open(NETLINK_GENERIC, &pm->commands);
	if (!err)
		err = nl_open(NETLINK_GENERIC, &pm->events);
	if (!err)
		err = genl_mptcp_resolve(pm->commands, &pm->numbers);
	if (!err)
		err = nl_join(pm->events, pm->numbers.events_group);
	if (err) {
		pm_close(pm);
		return err;
	}
	*ret_pm = pm;
	return 0;
}

void pm_close(struct pm *pm)
{
	if (!pm)
		return;
	nl_close(pm->commands);
	nl_close(pm->events);
	free(pm);
}

int pm_events_fd(const struct pm *pm)
{
	return nl_fd(pm->events);
}

int pm_receive(struct pm *pm, nl_callback callback, void *data)
{
	return nl_receive(pm->events, callback, data);
}

void pm_discard(struct pm *pm)
{
	nl_discard(pm->events);
}

/* Draws struct mptcp_pm_addr_entry: FAMILY, [ID], ADDR4 or ADDR6, [PORT], [FLAGS], [IF_IDX]. */
static void put_end(struct nlmsghdr *nlh, uint16_t type, const struct pm_end *end)
{
	const struct detour_addr *addr = &end->endpoint.addr;
	struct nlattr *nest = mnl_attr_nest_start(nlh, type);

	mnl_attr_put_u16(nlh, MPTCP_PM_ADDR_ATTR_FAMILY, (uint16_t)addr_family(addr));
	if (end->has_id)
		mnl_attr_put_u8(nlh, MPTCP_PM_ADDR_ATTR_ID, end->id);
	if (addr_is_v4(addr)) {
		struct in_addr v4 = addr_to_v4(addr);

		mnl_attr_put(nlh, MPTCP_PM_ADDR_ATTR_ADDR4, sizeof(v4), &v4);
	} else {
		mnl_attr_put(nlh, MPTCP_PM_ADDR_ATTR_ADDR6, sizeof(*addr), addr);
	}
	if (end->endpoint.port_be)
		mnl_attr_put_u16(nlh, MPTCP_PM_ADDR_ATTR_PORT, ntohs(end->endpoint.port_be));
	if (end->flags)
		mnl_attr_put_u32(nlh, MPTCP_PM_ADDR_ATTR_FLAGS, end->flags);
	if (end->ifindex)
		mnl_attr_put_u32(nlh, MPTCP_PM_ADDR_ATTR_IF_IDX, end->ifindex);
	mnl_attr_nest_end(nlh, nest);
}

/* Every command names the connection and one or both ends of a subflow. */
static int send_command(struct pm *pm, uint8_t cmd, uint32_t token, const struct pm_end *local,
			const struct pm_end *remote)
{
	char buffer[NL_REQUEST_LEN];
	struct nlmsghdr *nlh = genl_mptcp_header(&pm->numbers, cmd, buffer);

	put_end(nlh, MPTCP_PM_ATTR_ADDR, local);
	mnl_attr_put_u32(nlh, MPTCP_PM_ATTR_TOKEN, token);
	put_end(nlh, MPTCP_PM_ATTR_ADDR_REMOTE, remote);
	return nl_request(pm->commands, nlh, NULL, NULL);
}

int pm_subflow_create(struct pm *pm, uint32_t token, const struct pm_local *local,
		      const struct endpoint *remote)
{
	struct pm_end from = {
		.endpoint = {.addr = local->addr, .port_be = local->port_be},
		.has_id = true,
		.id = local->id,
		.flags = local->backup ? MPTCP_PM_ADDR_FLAG_BACKUP : 0,
		.ifindex = local->ifindex,
	};
	struct pm_end to = {.endpoint = *remote};

	return send_command(pm, MPTCP_PM_CMD_SUBFLOW_CREATE, token, &from, &to);
}

int pm_subflow_destroy(struct pm *pm, uint32_t token, const struct endpoint *local,
		       const struct endpoint *remote)
{
	struct pm_end from = {.endpoint = *local};
	struct pm_end to = {.endpoint = *remote};

	return send_command(pm, MPTCP_PM_CMD_SUBFLOW_DESTROY, token, &from, &to);
}

int pm_subflow_backup(struct pm *pm, uint32_t token, const struct endpoint *local,
		      const struct endpoint *remote, bool backup)
{
	struct pm_end from = {.endpoint = *local, .flags = backup ? MPTCP_PM_ADDR_FLAG_BACKUP : 0};
	struct pm_end to = {.endpoint = *remote};

	return send_command(pm, MPTCP_PM_CMD_SET_FLAGS, token, &from, &to);
}

int pm_remove_id(struct pm *pm, uint32_t token, uint8_t id)
{
	char buffer[NL_REQUEST_LEN];
	struct nlmsghdr *nlh = genl_mptcp_header(&pm->numbers, MPTCP_PM_CMD_REMOVE, buffer);

	mnl_attr_put_u32(nlh, MPTCP_PM_ATTR_TOKEN, token);
	mnl_attr_put_u8(nlh, MPTCP_PM_ATTR_LOC_ID, id);
	return nl_request(pm->commands, nlh, NULL, NULL);
}

static int limits_answer(const struct nlmsghdr *nlh, void *data)
{
	struct pm_limits *limits = data;
	const struct nlattr *attr;

	mnl_attr_for_each (attr, nlh, sizeof(struct genlmsghdr)) {
		if (mnl_attr_validate(attr, MNL_TYPE_U32) < 0)
			continue;
		if (mnl_attr_get_type(attr) == MPTCP_PM_ATTR_RCV_ADD_ADDRS)
			limits->add_addr_accepted = mnl_attr_get_u32(attr);
		if (mnl_attr_get_type(attr) == MPTCP_PM_ATTR_SUBFLOWS)
			limits->subflows = mnl_attr_get_u32(attr);
	}
	return MNL_CB_OK;
}

int pm_get_limits(struct pm *pm, struct pm_limits *ret_limits)
{
	char buffer[NL_REQUEST_LEN];
	struct nlmsghdr *nlh = genl_mptcp_header(&pm->numbers, MPTCP_PM_CMD_GET_LIMITS, buffer);
	struct pm_limits limits = {0};
	int err = nl_request(pm->commands, nlh, limits_answer, &limits);

	if (err)
		return err;
	*ret_limits = limits;
	return 0;
}
