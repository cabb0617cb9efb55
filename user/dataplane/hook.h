/* SPDX-License-Identifier: BSD-2-Clause */
/* Which hook of an interface the data path sits at, and why. */
#ifndef DETOUR_DATAPLANE_HOOK_H
#define DETOUR_DATAPLANE_HOOK_H

#include <stdint.h>

enum dataplane_hook {
	HOOK_XDP,
	HOOK_XDP_GENERIC,
	HOOK_TC,
};

struct hook_interface {
	uint32_t ifindex;
	uint16_t type;	 /* ARPHRD_* */
	char driver[32]; /* empty: has none that it tells */
};

/* "xdp", "xdp-generic", "tc" */
const char *hook_word(enum dataplane_hook hook);

/* Asks the kernel. -ENODEV: no such interface. */
int hook_interface_read(const char *ifname, struct hook_interface *ret_interface);

/*
 * What suits a driver best: TC where GSO packets pass whole (virtual interfaces), native XDP on
 * hardware. *ret_reason is a static text. Pure.
 */
enum dataplane_hook hook_choose(const char *driver, const char **ret_reason);

#endif /* DETOUR_DATAPLANE_HOOK_H */
