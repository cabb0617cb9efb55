// SPDX-License-Identifier: BSD-2-Clause
/*
 * Decodes events. Every attribute's size is checked before it is read, and each event must bring
 * what its kind promises: a table says which.
 */
#include "user/pm/event.h"

#include <errno.h>
#include <string.h>

#include <linux/genetlink.h>
#include <linux/mptcp.h>

#include "user/base/cleanup.h"

/* linux/mptcp_pm.h: MPTCP_PM_EV_FLAG_SERVER_SIDE, too new for older headers. */
#define EV_FLAG_SERVER_SIDE (1u << 1)

/* What an event brought. */
enum {
	HAS_TOKEN = 1 << 0,
	HAS_LOCAL = 1 << 1,
	HAS_REMOTE = 1 << 2,
	HAS_SPORT = 1 << 3,
	HAS_DPORT = 1 << 4,
	HAS_REM_ID = 1 << 5,
};

#define HAS_TUPLE (HAS_LOCAL | HAS_REMOTE | HAS_SPORT | HAS_DPORT)

static const struct event_kind {
	enum pm_event_type type;
	const char *name;
	unsigned int needs;
} kinds[] = {
	{PM_CREATED, "created", HAS_TOKEN | HAS_TUPLE},
	{PM_ESTABLISHED, "established", HAS_TOKEN | HAS_TUPLE},
	{PM_CLOSED, "closed", HAS_TOKEN},
	{PM_ANNOUNCED, "announced", HAS_TOKEN | HAS_REMOTE | HAS_REM_ID},
	{PM_REMOVED, "removed", HAS_TOKEN | HAS_REM_ID},
	{PM_SUB_ESTABLISHED, "sub_established", HAS_TOKEN | HAS_TUPLE},
	{PM_SUB_CLOSED, "sub_closed", HAS_TOKEN | HAS_TUPLE},
	{PM_SUB_PRIORITY, "sub_priority", HAS_TOKEN | HAS_TUPLE},
};

/* The size of each attribute that is read; 0: not read. */
static const uint16_t attr_sizes[MPTCP_ATTR_MAX + 1] = {
	[MPTCP_ATTR_TOKEN] = 4,	      [MPTCP_ATTR_LOC_ID] = 1,	[MPTCP_ATTR_REM_ID] = 1,
	[MPTCP_ATTR_SADDR4] = 4,      [MPTCP_ATTR_SADDR6] = 16, [MPTCP_ATTR_DADDR4] = 4,
	[MPTCP_ATTR_DADDR6] = 16,     [MPTCP_ATTR_SPORT] = 2,	[MPTCP_ATTR_DPORT] = 2,
	[MPTCP_ATTR_BACKUP] = 1,      [MPTCP_ATTR_ERROR] = 1,	[MPTCP_ATTR_RESET_REASON] = 4,
	[MPTCP_ATTR_SERVER_SIDE] = 1, [MPTCP_ATTR_FLAGS] = 2,
};

struct decoding {
	struct pm_event event;
	unsigned int has;
};

static const struct event_kind *find_kind(unsigned int type)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (kinds[i].type == type)
			return &kinds[i];
	}
	return NULL;
}

static struct detour_addr attr_addr(const struct nlattr *attr)
{
	struct in6_addr v6;
	struct in_addr v4;

	if (mnl_attr_get_payload_len(attr) == sizeof(v4)) {
		memcpy(&v4, mnl_attr_get_payload(attr), sizeof(v4));
		return addr_from_v4(v4);
	}
	memcpy(&v6, mnl_attr_get_payload(attr), sizeof(v6));
	return addr_from_v6(&v6);
}

static void take_number(struct decoding *decoding, uint16_t type, const struct nlattr *attr)
{
	struct pm_event *event = &decoding->event;

	switch (type) {
	case MPTCP_ATTR_TOKEN:
		event->token = mnl_attr_get_u32(attr);
		decoding->has |= HAS_TOKEN;
		break;
	case MPTCP_ATTR_LOC_ID:
		event->loc_id = mnl_attr_get_u8(attr);
		break;
	case MPTCP_ATTR_REM_ID:
		event->rem_id = mnl_attr_get_u8(attr);
		decoding->has |= HAS_REM_ID;
		break;
	case MPTCP_ATTR_BACKUP:
		event->backup = mnl_attr_get_u8(attr) != 0;
		break;
	case MPTCP_ATTR_ERROR:
		event->error = mnl_attr_get_u8(attr);
		break;
	case MPTCP_ATTR_RESET_REASON:
		event->reset_reason = mnl_attr_get_u32(attr);
		event->has_reset = true;
		break;
	case MPTCP_ATTR_FLAGS: /* from 6.18 on this says it too */
		event->server_side |= (mnl_attr_get_u16(attr) & EV_FLAG_SERVER_SIDE) != 0;
		break;
	case MPTCP_ATTR_SERVER_SIDE:
		event->server_side |= mnl_attr_get_u8(attr) != 0;
		break;
	}
}

static void take_attr(struct decoding *decoding, uint16_t type, const struct nlattr *attr)
{
	struct pm_event *event = &decoding->event;

	switch (type) {
	case MPTCP_ATTR_SADDR4:
	case MPTCP_ATTR_SADDR6:
		event->local.addr = attr_addr(attr);
		decoding->has |= HAS_LOCAL;
		break;
	case MPTCP_ATTR_DADDR4:
	case MPTCP_ATTR_DADDR6:
		event->remote.addr = attr_addr(attr);
		decoding->has |= HAS_REMOTE;
		break;
	case MPTCP_ATTR_SPORT: /* network order, unlike the commands' ports */
		event->local.port_be = mnl_attr_get_u16(attr);
		decoding->has |= HAS_SPORT;
		break;
	case MPTCP_ATTR_DPORT:
		event->remote.port_be = mnl_attr_get_u16(attr);
		decoding->has |= HAS_DPORT;
		break;
	default:
		take_number(decoding, type, attr);
		break;
	}
}

/*
 * Walks the attributes by hand: mnl_attr_for_each() rounds the message's length up and would read
 * behind the end of one that is not a multiple of four.
 */
static int decode_attrs(const struct nlmsghdr *nlh, struct decoding *decoding)
{
	const struct nlattr *attr = mnl_nlmsg_get_payload_offset(nlh, sizeof(struct genlmsghdr));
	size_t left = mnl_nlmsg_get_payload_len(nlh) - sizeof(struct genlmsghdr);

	while (mnl_attr_ok(attr, (int)left)) {
		uint16_t type = mnl_attr_get_type(attr);
		size_t step = MNL_ALIGN(attr->nla_len);

		if (type <= MPTCP_ATTR_MAX && attr_sizes[type] != 0) {
			if (mnl_attr_get_payload_len(attr) != attr_sizes[type])
				return -EBADMSG;
			take_attr(decoding, type, attr);
		}
		if (step >= left)
			break;
		left -= step;
		attr = (const struct nlattr *)((const char *)attr + step);
	}
	return 0;
}

int pm_event_decode(const struct nlmsghdr *nlh, struct pm_event *ret_event)
{
	struct decoding decoding = {0};
	const struct event_kind *kind;
	const struct genlmsghdr *genl;
	int err;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*genl))
		return -EBADMSG;
	genl = mnl_nlmsg_get_payload(nlh);
	kind = find_kind(genl->cmd);
	if (!kind)
		return -EOPNOTSUPP;
	err = decode_attrs(nlh, &decoding);
	if (err)
		return err;
	if ((decoding.has & kind->needs) != kind->needs)
		return -EBADMSG;
	if ((kind->needs & HAS_TUPLE) == HAS_TUPLE &&
	    addr_is_v4(&decoding.event.local.addr) != addr_is_v4(&decoding.event.remote.addr))
		return -EBADMSG;
	decoding.event.type = kind->type;
	*ret_event = decoding.event;
	return 0;
}

const char *pm_event_name(enum pm_event_type type)
{
	const struct event_kind *kind = find_kind(type);

	return kind ? kind->name : "unknown";
}
