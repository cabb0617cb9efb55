// SPDX-License-Identifier: BSD-2-Clause
/* Resolves the family and its group of events through the generic netlink controller. */
#include "user/net/genl_mptcp.h"

#include <errno.h>
#include <string.h>

#include <linux/genetlink.h>
#include <linux/mptcp.h>

struct group {
	const char *name;
	uint32_t id;
	bool has_id;
};

static int group_attr(const struct nlattr *attr, void *data)
{
	struct group *group = data;

	if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GRP_NAME &&
	    mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
		group->name = mnl_attr_get_str(attr);
	if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GRP_ID &&
	    mnl_attr_validate(attr, MNL_TYPE_U32) >= 0) {
		group->id = mnl_attr_get_u32(attr);
		group->has_id = true;
	}
	return MNL_CB_OK;
}

static void find_events_group(const struct nlattr *groups, struct genl_mptcp *numbers)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested (attr, groups) {
		struct group group = {.name = ""};

		mnl_attr_parse_nested(attr, group_attr, &group);
		if (group.has_id && strcmp(group.name, MPTCP_PM_EV_GRP_NAME) == 0)
			numbers->events_group = group.id;
	}
}

static int family_answer(const struct nlmsghdr *nlh, void *data)
{
	struct genl_mptcp *numbers = data;
	const struct nlattr *attr;

	mnl_attr_for_each (attr, nlh, sizeof(struct genlmsghdr)) {
		switch (mnl_attr_get_type(attr)) {
		case CTRL_ATTR_FAMILY_ID:
			if (mnl_attr_validate(attr, MNL_TYPE_U16) >= 0)
				numbers->family = mnl_attr_get_u16(attr);
			break;
		case CTRL_ATTR_MCAST_GROUPS:
			find_events_group(attr, numbers);
			break;
		}
	}
	return MNL_CB_OK;
}

static struct nlmsghdr *genl_header(uint16_t family, uint8_t cmd, uint8_t version, void *buffer)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);
	struct genlmsghdr *genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));

	nlh->nlmsg_type = family;
	genl->cmd = cmd;
	genl->version = version;
	return nlh;
}

int genl_mptcp_resolve(struct nl_socket *socket, struct genl_mptcp *ret_numbers)
{
	char buffer[NL_REQUEST_LEN];
	struct nlmsghdr *nlh = genl_header(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1, buffer);
	struct genl_mptcp numbers = {0};
	int err;

	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, MPTCP_PM_NAME);
	err = nl_request(socket, nlh, family_answer, &numbers);
	if (err)
		return err;
	if (numbers.family == 0 || numbers.events_group == 0)
		return -ENOENT;
	*ret_numbers = numbers;
	return 0;
}

struct nlmsghdr *genl_mptcp_header(const struct genl_mptcp *numbers, uint8_t cmd, void *buffer)
{
	return genl_header(numbers->family, cmd, MPTCP_PM_VER, buffer);
}
