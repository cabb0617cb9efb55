// SPDX-License-Identifier: BSD-2-Clause
/* Dumps of links and addresses into arrays. */
#include "user/net/links.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

/* A growing array under a dump. */
struct dump {
	void *items;
	size_t count, size, item_len;
};

static void *dump_add(struct dump *dump)
{
	if (dump->count == dump->size) {
		size_t size = dump->size ? dump->size * 2 : 16;
		void *grown = realloc(dump->items, size * dump->item_len);

		if (!grown)
			return NULL;
		dump->items = grown;
		dump->size = size;
	}
	return memset((char *)dump->items + dump->count++ * dump->item_len, 0, dump->item_len);
}

/* A dump that the kernel says changed on the way (-EINTR) is asked for again. */
static int dump_request(struct nl_socket *sock, uint16_t type, nl_callback callback,
			struct dump *dump)
{
	int err, tries = 0;

	do {
		char buffer[NL_REQUEST_LEN];
		struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);
		struct rtgenmsg *rtgen = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtgen));

		nlh->nlmsg_type = type;
		nlh->nlmsg_flags = NLM_F_DUMP;
		rtgen->rtgen_family = AF_UNSPEC;
		dump->count = 0;
		err = nl_request(sock, nlh, callback, dump);
	} while (err == -EINTR && ++tries < 5);
	if (err) {
		free(dump->items);
		dump->items = NULL;
	}
	return err;
}

static void read_vlan(const struct nlattr *data, struct link_info *link)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested (attr, data) {
		if (mnl_attr_get_type(attr) == IFLA_VLAN_ID &&
		    mnl_attr_get_payload_len(attr) >= sizeof(uint16_t))
			link->vlan_id = mnl_attr_get_u16(attr);
	}
}

/* Only of a VLAN device: others use the same numbers for other things. */
static void read_kind(const struct nlattr *info, struct link_info *link)
{
	const struct nlattr *attr, *data = NULL;
	bool vlan = false;

	mnl_attr_for_each_nested (attr, info) {
		if (mnl_attr_get_type(attr) == IFLA_INFO_KIND)
			vlan = strcmp(mnl_attr_get_str(attr), "vlan") == 0;
		else if (mnl_attr_get_type(attr) == IFLA_INFO_DATA)
			data = attr;
	}
	if (vlan && data)
		read_vlan(data, link);
}

static void read_link_attr(const struct nlattr *attr, struct link_info *link)
{
	switch (mnl_attr_get_type(attr)) {
	case IFLA_IFNAME:
		strncpy(link->name, mnl_attr_get_str(attr), sizeof(link->name) - 1);
		break;
	case IFLA_ADDRESS:
		if (mnl_attr_get_payload_len(attr) == sizeof(link->mac))
			memcpy(link->mac, mnl_attr_get_payload(attr), sizeof(link->mac));
		break;
	case IFLA_MTU:
		link->mtu = mnl_attr_get_u32(attr);
		break;
	case IFLA_LINK:
		link->lower = mnl_attr_get_u32(attr);
		break;
	case IFLA_LINKINFO:
		read_kind(attr, link);
		break;
	}
}

static int on_link(const struct nlmsghdr *nlh, void *data)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;
	struct link_info *link;

	if (nlh->nlmsg_type != RTM_NEWLINK)
		return MNL_CB_OK;
	link = dump_add(data);
	if (!link)
		return -ENOMEM;
	link->ifindex = (uint32_t)info->ifi_index;
	link->type = info->ifi_type;
	link->up = info->ifi_flags & IFF_UP;
	link->arp = !(info->ifi_flags & (IFF_NOARP | IFF_LOOPBACK | IFF_POINTOPOINT));
	mnl_attr_for_each (attr, nlh, sizeof(*info))
		read_link_attr(attr, link);
	/* A veth's or tunnel's peer is no lower device. */
	if (link->vlan_id == 0)
		link->lower = 0;
	return MNL_CB_OK;
}

static int on_address(const struct nlmsghdr *nlh, void *data)
{
	const struct ifaddrmsg *info = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr, *found = NULL;
	struct link_address *address;

	if (nlh->nlmsg_type != RTM_NEWADDR)
		return MNL_CB_OK;
	/* IFA_LOCAL is ours where IFA_ADDRESS is the other end of a point-to-point link. */
	mnl_attr_for_each (attr, nlh, sizeof(*info)) {
		if (mnl_attr_get_type(attr) == IFA_LOCAL ||
		    (mnl_attr_get_type(attr) == IFA_ADDRESS && !found))
			found = attr;
	}
	if (!found || mnl_attr_get_payload_len(found) < (info->ifa_family == AF_INET ? 4 : 16))
		return MNL_CB_OK;
	address = dump_add(data);
	if (!address)
		return -ENOMEM;
	address->ifindex = info->ifa_index;
	if (info->ifa_family == AF_INET)
		address->addr = addr_from_v4(*(struct in_addr *)mnl_attr_get_payload(found));
	else
		address->addr = addr_from_v6(mnl_attr_get_payload(found));
	return MNL_CB_OK;
}

int links_read(struct nl_socket *sock, struct link_info **ret_links, size_t *ret_count)
{
	struct dump dump = {.item_len = sizeof(struct link_info)};
	int err = dump_request(sock, RTM_GETLINK, on_link, &dump);

	if (err)
		return err;
	*ret_links = dump.items;
	*ret_count = dump.count;
	return 0;
}

int links_read_addresses(struct nl_socket *sock, struct link_address **ret_addresses,
			 size_t *ret_count)
{
	struct dump dump = {.item_len = sizeof(struct link_address)};
	int err = dump_request(sock, RTM_GETADDR, on_address, &dump);

	if (err)
		return err;
	*ret_addresses = dump.items;
	*ret_count = dump.count;
	return 0;
}

const struct link_info *links_find(const struct link_info *links, size_t count, uint32_t ifindex)
{
	for (size_t i = 0; i < count; i++) {
		if (links[i].ifindex == ifindex)
			return &links[i];
	}
	return NULL;
}
