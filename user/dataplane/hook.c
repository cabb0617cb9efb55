// SPDX-License-Identifier: BSD-2-Clause
/* The choice between XDP and TC, by the interface's driver. */
#include "user/dataplane/hook.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "user/base/cleanup.h"

/* Drivers under which a packet may be 64 kB long: a receive hook above GRO keeps it whole. */
static const char *const whole_packet_drivers[] = {
	"veth",
	"virtio_net",
	"tun",
	"bridge",
	"bonding",
	"team",
	"802.1Q VLAN Support",
	"macvlan",
	"ipvlan",
	"macsec",
	"netvsc",
	"hv_netvsc",
	"vmxnet3",
	"xen_netfront",
	"vif",
	"dummy",
	"geneve",
	"vxlan",
	"openvswitch",
};

const char *hook_word(enum dataplane_hook hook)
{
	static const char *const words[] = {
		[HOOK_XDP] = "xdp",
		[HOOK_XDP_GENERIC] = "xdp-generic",
		[HOOK_TC] = "tc",
	};

	return words[hook];
}

int hook_interface_read(const char *ifname, struct hook_interface *ret_interface)
{
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ethtool_drvinfo info = {.cmd = ETHTOOL_GDRVINFO};
	struct hook_interface interface = {0};
	struct ifreq ifr = {0};

	if (fd < 0)
		return -errno;
	if (strlen(ifname) >= sizeof(ifr.ifr_name))
		return -ENODEV;
	interface.ifindex = if_nametoindex(ifname);
	if (interface.ifindex == 0)
		return -ENODEV;
	strcpy(ifr.ifr_name, ifname);
	if (ioctl(fd, SIOCGIFHWADDR, &ifr) < 0)
		return -errno;
	interface.type = ifr.ifr_hwaddr.sa_family;
	ifr.ifr_data = (char *)&info;
	if (ioctl(fd, SIOCETHTOOL, &ifr) == 0)
		snprintf(interface.driver, sizeof(interface.driver), "%.31s", info.driver);
	*ret_interface = interface;
	return 0;
}

enum dataplane_hook hook_choose(const char *driver, const char **ret_reason)
{
	if (driver[0] == '\0') {
		*ret_reason = "the interface names no driver";
		return HOOK_TC;
	}
	for (size_t i = 0; i < ARRAY_SIZE(whole_packet_drivers); i++) {
		if (strcmp(driver, whole_packet_drivers[i]) == 0) {
			*ret_reason = "large (GSO) packets pass whole on this virtual interface";
			return HOOK_TC;
		}
	}
	*ret_reason = "fastest per packet on a hardware interface";
	return HOOK_XDP;
}
