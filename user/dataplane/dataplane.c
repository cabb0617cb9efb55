// SPDX-License-Identifier: BSD-2-Clause
/* Programs and interfaces of one instance: open, attach, reload, unload. */
#include "user/dataplane/dataplane.h"

#include <errno.h>
#include <net/if_arp.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "user/base/cleanup.h"
#include "user/dataplane/attach.h"
#include "user/dataplane/instance.h"
#include "user/dataplane/loader.h"
#include "user/dataplane/pins.h"
#include "user/dataplane/programs.h"
#include "user/dataplane/tables.h"

#define INTERFACES_MAX 64

struct dataplane {
	struct pins pins;
	struct dataplane_options options;
	int programs[2];       /* by program_index(); -1: not needed so far */
	struct loader *loader; /* NULL: this process may load itself */
	struct tables *tables;
	struct dataplane_interface interfaces[INTERFACES_MAX];
	size_t interface_count;
	uint32_t flows_map_id;
	int lock;
	bool is_new;
};

static size_t program_index(enum dataplane_hook hook)
{
	return hook == HOOK_TC ? 0 : 1;
}

static int program_fd(const struct dataplane *dataplane, enum dataplane_hook hook)
{
	return dataplane->programs[program_index(hook)];
}

static int load_program(struct dataplane *dataplane, const struct dataplane_options *options,
			enum dataplane_hook hook, FILE *errors, int *ret_fd)
{
	int err;

	if (dataplane->loader)
		err = loader_load(dataplane->loader, &options->config, hook, errors);
	else
		err = program_load(&dataplane->pins, options, hook, errors,
				   hook == HOOK_TC ? &dataplane->is_new : NULL);
	return err ? err : program_open(&dataplane->pins, hook, ret_fd);
}

/* TC first: any instance may come to need it, and it makes the maps. */
static int open_locked(struct dataplane *dataplane, FILE *errors)
{
	int err = pins_lock(&dataplane->pins, &dataplane->lock);

	if (err) {
		fprintf(errors, "%s: %s\n", dataplane->pins.dir,
			err == -EBUSY ? "another detour-fwd load or unload is at work"
				      : strerror(-err));
		return err;
	}
	err = pins_sweep(&dataplane->pins);
	if (!err)
		err = load_program(dataplane, &dataplane->options, HOOK_TC, errors,
				   &dataplane->programs[program_index(HOOK_TC)]);
	if (!err)
		err = tables_open(&dataplane->pins, errors, &dataplane->tables);
	if (err)
		return err;
	dataplane->flows_map_id = tables_flows_id(dataplane->tables);
	return 0;
}

int dataplane_open(const struct dataplane_options *options, FILE *errors,
		   struct dataplane **ret_dataplane)
{
	struct dataplane *dataplane = calloc(1, sizeof(*dataplane));
	int err;

	if (!dataplane)
		return -ENOMEM;
	programs_quiet_libbpf();
	dataplane->options = *options;
	dataplane->lock = -1;
	dataplane->programs[0] = dataplane->programs[1] = -1;
	err = pins_init(options->bpffs, options->instance, &dataplane->pins);
	if (err)
		fprintf(errors, "--bpffs %s: the path is too long\n", options->bpffs);
	if (!err)
		err = pins_prepare(&dataplane->pins, errors);
	if (!err)
		err = open_locked(dataplane, errors);
	if (err) {
		dataplane_close(dataplane);
		return err;
	}
	*ret_dataplane = dataplane;
	return 0;
}

void dataplane_unlock(struct dataplane *dataplane)
{
	cleanup_close(&dataplane->lock);
	dataplane->lock = -1;
}

void dataplane_close(struct dataplane *dataplane)
{
	if (!dataplane)
		return;
	tables_close(dataplane->tables);
	loader_free(dataplane->loader);
	cleanup_close(&dataplane->programs[0]);
	cleanup_close(&dataplane->programs[1]);
	dataplane_unlock(dataplane);
	free(dataplane);
}

bool dataplane_is_new(const struct dataplane *dataplane)
{
	return dataplane->is_new;
}

struct tables *dataplane_tables(struct dataplane *dataplane)
{
	return dataplane->tables;
}

int dataplane_prepare(struct dataplane *dataplane, enum dataplane_hook hook, FILE *errors)
{
	if (program_fd(dataplane, hook) >= 0)
		return 0;
	return load_program(dataplane, &dataplane->options, hook, errors,
			    &dataplane->programs[program_index(hook)]);
}

int dataplane_start_loader(struct dataplane *dataplane, int (*confine)(void))
{
	return loader_start(&dataplane->pins, &dataplane->options, confine, &dataplane->loader);
}

/*
 * XDP, native or generic. The two cannot be there at once: TC stands in while one follows the
 * other.
 */
static int move_to_xdp(struct dataplane *dataplane, const struct attach_target *target,
		       const struct attach_state *state, bool generic)
{
	bool bridge = state->xdp && state->xdp_is_generic != generic;
	int err = 0;

	if (bridge) {
		err = attach_tc(target, program_fd(dataplane, HOOK_TC));
		if (!err)
			err = attach_remove_xdp(target);
	}
	if (!err)
		err = attach_xdp(target, program_fd(dataplane, HOOK_XDP), generic);
	if (!err && (bridge || state->tc))
		err = attach_remove_tc(target);
	return err;
}

static int move_to_tc(struct dataplane *dataplane, const struct attach_target *target)
{
	int err = attach_tc(target, program_fd(dataplane, HOOK_TC));

	return err ? err : attach_remove_xdp(target);
}

static int remember(struct dataplane *dataplane, const char *ifname, uint32_t ifindex,
		    enum dataplane_hook hook)
{
	size_t i = 0;

	while (i < dataplane->interface_count &&
	       strcmp(dataplane->interfaces[i].ifname, ifname) != 0)
		i++;
	if (i == INTERFACES_MAX)
		return -ENOSPC;
	if (i == dataplane->interface_count)
		dataplane->interface_count++;
	snprintf(dataplane->interfaces[i].ifname, IFNAMSIZ, "%s", ifname);
	dataplane->interfaces[i].ifindex = ifindex;
	dataplane->interfaces[i].hook = hook;
	return 0;
}

/* Whether the interface can be attached to; fills in target->ifindex. */
static int inspect(struct attach_target *target, enum dataplane_hook hook, FILE *errors,
		   struct attach_state *ret_state)
{
	struct hook_interface interface;
	int err = hook_interface_read(target->ifname, &interface);

	if (err) {
		fprintf(errors, "%s: %s\n", target->ifname,
			err == -ENODEV ? "there is no such interface" : strerror(-err));
		return err;
	}
	if (interface.type != ARPHRD_ETHER) {
		fprintf(errors, "%s: no Ethernet interface\n", target->ifname);
		return -EOPNOTSUPP;
	}
	target->ifindex = interface.ifindex;
	return attach_inspect(target, hook, errors, ret_state);
}

int dataplane_check(struct dataplane *dataplane, const char *ifname, enum dataplane_hook hook,
		    FILE *errors)
{
	struct attach_target target = {&dataplane->pins, ifname, 0, dataplane->flows_map_id};
	struct attach_state state;

	return inspect(&target, hook, errors, &state);
}

int dataplane_attach(struct dataplane *dataplane, const char *ifname, enum dataplane_hook hook,
		     FILE *errors)
{
	struct attach_target target = {&dataplane->pins, ifname, 0, dataplane->flows_map_id};
	struct attach_state state;
	int err = inspect(&target, hook, errors, &state);

	if (!err)
		err = dataplane_prepare(dataplane, hook, errors);
	if (err)
		return err;
	err = hook == HOOK_TC ? move_to_tc(dataplane, &target)
			      : move_to_xdp(dataplane, &target, &state, hook == HOOK_XDP_GENERIC);
	if (err) {
		fprintf(errors, "%s: cannot attach in mode %s: %s\n", ifname, hook_word(hook),
			strerror(-err));
		return err;
	}
	return remember(dataplane, ifname, target.ifindex, hook);
}

size_t dataplane_interface_count(const struct dataplane *dataplane)
{
	return dataplane->interface_count;
}

const struct dataplane_interface *dataplane_interface(const struct dataplane *dataplane, size_t i)
{
	return &dataplane->interfaces[i];
}

static void forget_others(struct dataplane *dataplane, char *const *ifnames)
{
	size_t kept = 0;

	for (size_t i = 0; i < dataplane->interface_count; i++) {
		if (instance_keeps(ifnames, dataplane->interfaces[i].ifname))
			dataplane->interfaces[kept++] = dataplane->interfaces[i];
	}
	dataplane->interface_count = kept;
}

int dataplane_keep_only(struct dataplane *dataplane, char *const *ifnames, FILE *errors)
{
	forget_others(dataplane, ifnames);
	return instance_detach(&dataplane->pins, ifnames, errors);
}

static int reattach(struct dataplane *dataplane, const struct dataplane_interface *interface)
{
	struct attach_target target = {&dataplane->pins, interface->ifname, interface->ifindex,
				       dataplane->flows_map_id};
	int fd = program_fd(dataplane, interface->hook);

	if (interface->hook == HOOK_TC)
		return attach_tc(&target, fd);
	return attach_xdp(&target, fd, interface->hook == HOOK_XDP_GENERIC);
}

/* Loads new programs beside those that are loaded; all or none. */
static int load_again(struct dataplane *dataplane, const struct dataplane_options *options,
		      FILE *errors)
{
	static const enum dataplane_hook hooks[] = {HOOK_TC, HOOK_XDP};
	int fresh[ARRAY_SIZE(hooks)] = {-1, -1}, err = 0;

	for (size_t i = 0; i < ARRAY_SIZE(hooks) && !err; i++) {
		if (dataplane->programs[i] >= 0)
			err = load_program(dataplane, options, hooks[i], errors, &fresh[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(hooks); i++) {
		if (!err) {
			cleanup_close(&dataplane->programs[i]);
			dataplane->programs[i] = take_fd(&fresh[i]);
		}
		cleanup_close(&fresh[i]);
	}
	return err;
}

int dataplane_reload(struct dataplane *dataplane, const struct detour_config *config, FILE *errors)
{
	struct dataplane_options options = dataplane->options;
	int err, first_err = 0;

	if (memcmp(&options.config, config, sizeof(*config)) == 0)
		return 0;
	options.config = *config;
	err = load_again(dataplane, &options, errors);
	if (err)
		return err;
	dataplane->options = options;
	for (size_t i = 0; i < dataplane->interface_count; i++) {
		const struct dataplane_interface *interface = &dataplane->interfaces[i];

		/* One that is away gets the new program when it is back. */
		if (if_nametoindex(interface->ifname) != interface->ifindex)
			continue;
		err = reattach(dataplane, interface);
		if (!err)
			continue;
		fprintf(errors, "%s: cannot replace the program: %s\n", interface->ifname,
			strerror(-err));
		first_err = first_err ? first_err : err;
	}
	return first_err;
}
