/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The relay's data path: programs, maps and interfaces of one instance, all pinned, so that they
 * stay when the daemon goes. What is wrong is explained on `errors`, a line each.
 */
#ifndef DETOUR_DATAPLANE_DATAPLANE_H
#define DETOUR_DATAPLANE_DATAPLANE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <detour/config.h>

#include "user/dataplane/hook.h"

struct dataplane;
struct tables;

struct dataplane_options {
	const char *bpffs, *instance;
	struct detour_config config;
	/* Sizes of maps that are made new; those that are there keep theirs. */
	uint32_t max_flows, max_leases, max_clients;
};

/*
 * Loads the programs over the instance's pinned maps, or over new ones. Nothing is attached yet,
 * and what is attached goes on as it is. Holds the instance's lock until dataplane_unlock().
 * -EPROTONOSUPPORT: the pinned maps are of another version.
 */
int dataplane_open(const struct dataplane_options *options, FILE *errors,
		   struct dataplane **ret_dataplane);
void dataplane_unlock(struct dataplane *dataplane);

/* Closes; everything stays pinned and attached. NULL is fine. */
void dataplane_close(struct dataplane *dataplane);

/* True if this open made the maps. */
bool dataplane_is_new(const struct dataplane *dataplane);
struct tables *dataplane_tables(struct dataplane *dataplane);

/* Loads the hook's program before dataplane_attach() does, to know that the kernel takes it. */
int dataplane_prepare(struct dataplane *dataplane, enum dataplane_hook hook, FILE *errors);

/*
 * From now on programs are loaded by a process of its own, so that this one may give up the right
 * to: the verifier wants CAP_PERFMON. `confine` takes from that process what it does not need.
 */
int dataplane_start_loader(struct dataplane *dataplane, int (*confine)(void));

/*
 * Whether an interface can be attached to: -ENODEV, -EOPNOTSUPP (no Ethernet), -EBUSY (somebody
 * else's program is there).
 */
int dataplane_check(struct dataplane *dataplane, const char *ifname, enum dataplane_hook hook,
		    FILE *errors);

/*
 * Attaches to an interface, in the place of what this instance has there. Errors as above, or why
 * the hook was refused (XDP: the driver).
 */
int dataplane_attach(struct dataplane *dataplane, const char *ifname, enum dataplane_hook hook,
		     FILE *errors);

/* Takes the instance off all interfaces but these; `ifnames` is NULL-terminated. */
int dataplane_keep_only(struct dataplane *dataplane, char *const *ifnames, FILE *errors);

struct dataplane_interface {
	char ifname[16];
	uint32_t ifindex;
	enum dataplane_hook hook;
};

size_t dataplane_interface_count(const struct dataplane *dataplane);
const struct dataplane_interface *dataplane_interface(const struct dataplane *dataplane, size_t i);

/* New programs with another configuration in the place of the old ones, over the same maps. */
int dataplane_reload(struct dataplane *dataplane, const struct detour_config *config, FILE *errors);

/*
 * The interfaces that an instance's pins tell of, with or without a daemon. -ENOENT: nothing is
 * loaded.
 */
int dataplane_pinned_interfaces(const char *bpffs, const char *instance,
				struct dataplane_interface *out, size_t max, size_t *ret_count);

/* Removes an instance's data path: interfaces, pins, folders. -ENOENT: there is none. */
int dataplane_unload(const char *bpffs, const char *instance, FILE *errors);

#endif /* DETOUR_DATAPLANE_DATAPLANE_H */
