/* SPDX-License-Identifier: BSD-2-Clause */
/* The words that describe links: "10mbit", "5ms", "1%", "100kB", and whole links. */
#ifndef DETOUR_LINKEM_OPTIONS_H
#define DETOUR_LINKEM_OPTIONS_H

#include <net/if.h>

#include "tests/lab/linkem/shaper.h"

#define LINK_NAME_LEN  32
#define NETNS_PATH_LEN 256

/* One end: an interface to be made in a network namespace. */
struct link_end {
	char netns[NETNS_PATH_LEN]; /* a path; "" is the namespace that linkem runs in */
	char ifname[IFNAMSIZ];
};

struct link_spec {
	char name[LINK_NAME_LEN];
	struct link_end ends[2];
	struct shaper_settings settings; /* both directions */
};

/*
 * "rate=10mbit", "delay=5ms", "loss=1%", "queue=100kB", "cut=0|1": sets that one in *settings.
 * -EINVAL for an unknown key or a bad value, -ERANGE; *settings is then untouched.
 */
int settings_apply(struct shaper_settings *settings, const char *assignment);

/*
 * "NAME,NETNS/IFACE,NETNS/IFACE[,KEY=VALUE...]": NETNS is a name below /run/netns, a path, or
 * empty. What the text does not set comes from `defaults`. -EINVAL, -ERANGE, -ENAMETOOLONG.
 */
int link_spec_parse(const char *text, const struct shaper_settings *defaults,
		    struct link_spec *ret_spec);

#endif /* DETOUR_LINKEM_OPTIONS_H */
