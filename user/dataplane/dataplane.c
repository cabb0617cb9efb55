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
#include "user/dataplane/pins.h"
#include "user/dataplane/programs.h"
#include "user/dataplane/tables.h"

#define INTERFACES_MAX 64

struct dataplane {
	struct pins pins;
	struct dataplane_options options;
	struct programs programs;
	struct tables *tables;
	struct dataplane_interface interfaces[INTERFACES_MAX];
	size_t interface_count;
	uint32_t flows_map_id;
	int lock;
	bool is_new;
};

static int open_locked(struct dataplane *dataplane, FILE *errors)
{
	int err = pins_lock(&dataplane->pins, &dataplane->lock);

	if (err) {
		fprintf(errors, "%s: %s\n", dataplane->pins.dir,
			err == -EBUSY ? "another detour-fwd load or unload is at work"
				      : strerror(-err));
		return err;
	}
	err = programs_load(&dataplane->pins, &dataplane->options, errors, &dataplane->programs,
			    &dataplane->is_new);
	if (err)
		return err;
	dataplane->flows_map_id = programs_flows_map_id(&dataplane->programs);
	return tables_open(&dataplane->pins, errors, &dataplane->tables);
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
	programs_free(&dataplane->programs);
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
	return programs_need(&dataplane->programs, hook, errors);
}

/* XDP, native or generic. The two cannot be there at once: TC stands in while one follows the other. */
static int move_to_xdp(struct dataplane *dataplane, const struct attach_target *target,
		       const struct attach_state *state, bool generic)
{
	bool bridge = state->xdp && state->xdp_is_generic != generic;
	int err = 0;

	if (bridge) {
		err = attach_tc(target, programs_fd(&dataplane->programs, HOOK_TC));
		if (!err)
			err = attach_remove_xdp(target);
	}
	if (!err)
		err = attach_xdp(target, programs_fd(&dataplane->programs, HOOK_XDP), generic);
	if (!err && (bridge || state->tc))
		err = attach_remove_tc(target);
	return err;
}

static int move_to_tc(struct dataplane *dataplane, const struct attach_target *target)
{
	int err = attach_tc(target, programs_fd(&dataplane->programs, HOOK_TC));

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

int dataplane_attach(struct dataplane *dataplane, const char *ifname, enum dataplane_hook hook,
		     FILE *errors)
{
	struct attach_target target = {&dataplane->pins, ifname, 0, dataplane->flows_map_id};
	struct hook_interface interface;
	struct attach_state state;
	int err = hook_interface_read(ifname, &interface);

	if (err) {
		fprintf(errors, "%s: %s\n", ifname,
			err == -ENODEV ? "there is no such interface" : strerror(-err));
		return err;
	}
	if (interface.type != ARPHRD_ETHER) {
		fprintf(errors, "%s: no Ethernet interface\n", ifname);
		return -EOPNOTSUPP;
	}
	target.ifindex = interface.ifindex;
	err = attach_inspect(&target, hook, errors, &state);
	if (!err)
		err = programs_need(&dataplane->programs, hook, errors);
	if (err)
		return err;
	err = hook == HOOK_TC ? move_to_tc(dataplane, &target)
			      : move_to_xdp(dataplane, &target, &state, hook == HOOK_XDP_GENERIC);
	if (err) {
		fprintf(errors, "%s: cannot attach in mode %s: %s\n", ifname, hook_word(hook),
			strerror(-err));
		return err;
	}
	return remember(dataplane, ifname, interface.ifindex, hook);
}

size_t dataplane_interface_count(const struct dataplane *dataplane)
{
	return dataplane->interface_count;
}

const struct dataplane_interface *dataplane_interface(const struct dataplane *dataplane, size_t i)
{
	return &dataplane->interfaces[i];
}

/* Takes one instance off the interface that a pin's name tells of. */
struct detach_run {
	const struct pins *pins;
	char *const *keep; /* these stay; NULL-terminated, or NULL: none does */
	FILE *errors;
};

static bool is_kept(char *const *keep, const char *ifname)
{
	for (; keep && *keep; keep++) {
		if (strcmp(*keep, ifname) == 0)
			return true;
	}
	return false;
}

static int detach_by_pin(void *data, const char *file)
{
	const struct detach_run *run = data;
	char ifname[IFNAMSIZ];
	bool xdp = pins_ifname(file, "link_", ifname) == 0;
	bool tc = !xdp && pins_ifname(file, "tc_", ifname) == 0;
	struct attach_target target = {.pins = run->pins, .ifname = ifname};
	int err;

	if ((!xdp && !tc) || is_kept(run->keep, ifname))
		return 0;
	target.ifindex = if_nametoindex(ifname);
	if (target.ifindex == 0) /* gone, and what was attached with it */
		return 0;
	err = xdp ? attach_remove_xdp(&target) : attach_remove_tc(&target);
	if (err)
		fprintf(run->errors, "%s: cannot detach: %s\n", ifname, strerror(-err));
	return err;
}

static void forget_others(struct dataplane *dataplane, char *const *ifnames)
{
	size_t kept = 0;

	for (size_t i = 0; i < dataplane->interface_count; i++) {
		if (is_kept(ifnames, dataplane->interfaces[i].ifname))
			dataplane->interfaces[kept++] = dataplane->interfaces[i];
	}
	dataplane->interface_count = kept;
}

int dataplane_keep_only(struct dataplane *dataplane, char *const *ifnames, FILE *errors)
{
	struct detach_run run = {&dataplane->pins, ifnames, errors};

	forget_others(dataplane, ifnames);
	return pins_each(&dataplane->pins, detach_by_pin, &run);
}

static int reattach(struct dataplane *dataplane, const struct programs *programs, size_t i)
{
	const struct dataplane_interface *interface = &dataplane->interfaces[i];
	struct attach_target target = {&dataplane->pins, interface->ifname, interface->ifindex,
				       dataplane->flows_map_id};
	int fd = programs_fd(programs, interface->hook);

	if (interface->hook == HOOK_TC)
		return attach_tc(&target, fd);
	return attach_xdp(&target, fd, interface->hook == HOOK_XDP_GENERIC);
}

int dataplane_reload(struct dataplane *dataplane, const struct detour_config *config, FILE *errors)
{
	struct dataplane_options options = dataplane->options;
	struct programs programs;
	int err, first_err = 0;

	if (memcmp(&options.config, config, sizeof(*config)) == 0)
		return 0;
	options.config = *config;
	err = programs_load(&dataplane->pins, &options, errors, &programs, NULL);
	if (err)
		return err;
	err = dataplane->programs.xdp ? programs_need(&programs, HOOK_XDP, errors) : 0;
	if (err) {
		programs_free(&programs);
		return err;
	}
	for (size_t i = 0; i < dataplane->interface_count; i++) {
		err = reattach(dataplane, &programs, i);
		if (!err)
			continue;
		fprintf(errors, "%s: cannot replace the program: %s\n",
			dataplane->interfaces[i].ifname, strerror(-err));
		first_err = first_err ? first_err : err;
	}
	programs_free(&dataplane->programs);
	dataplane->programs = programs;
	dataplane->options = options;
	return first_err;
}

int dataplane_unload(const char *bpffs, const char *instance, FILE *errors)
{
	_cleanup_close_ int lock = -1;
	struct pins pins;
	struct detach_run run = {&pins, NULL, errors};
	int err = pins_init(bpffs, instance, &pins);

	programs_quiet_libbpf();
	if (err)
		return err;
	if (!pins_exist(&pins))
		return -ENOENT;
	err = pins_lock(&pins, &lock);
	if (err) {
		fprintf(errors, "%s: %s\n", pins.dir,
			err == -EBUSY ? "another detour-fwd load or unload is at work"
				      : strerror(-err));
		return err;
	}
	err = pins_each(&pins, detach_by_pin, &run);
	if (err)
		return err;
	err = pins_remove(&pins);
	if (err)
		fprintf(errors, "cannot remove %s: %s\n", pins.dir, strerror(-err));
	return err;
}

struct pinned_run {
	const struct pins *pins;
	struct dataplane_interface *out;
	size_t max, count;
};

static int note_pinned(void *data, const char *file)
{
	struct pinned_run *run = data;
	struct dataplane_interface interface = {.hook = HOOK_XDP};
	struct attach_target target = {.pins = run->pins, .ifname = interface.ifname};
	struct attach_state state;

	if (pins_ifname(file, "tc_", interface.ifname) == 0)
		interface.hook = HOOK_TC;
	else if (pins_ifname(file, "link_", interface.ifname) != 0)
		return 0;
	interface.ifindex = if_nametoindex(interface.ifname);
	target.ifindex = interface.ifindex;
	if (run->count == run->max || interface.ifindex == 0)
		return 0;
	if (interface.hook == HOOK_XDP && attach_read(&target, &state) == 0 && state.xdp_is_generic)
		interface.hook = HOOK_XDP_GENERIC;
	run->out[run->count++] = interface;
	return 0;
}

int dataplane_pinned_interfaces(const char *bpffs, const char *instance,
				struct dataplane_interface *out, size_t max, size_t *ret_count)
{
	struct pins pins;
	struct pinned_run run = {&pins, out, max, 0};
	int err = pins_init(bpffs, instance, &pins);

	programs_quiet_libbpf();
	if (!err)
		err = pins_each(&pins, note_pinned, &run);
	if (!err)
		*ret_count = run.count;
	return err;
}
