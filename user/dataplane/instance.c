// SPDX-License-Identifier: BSD-2-Clause
/* An instance by its pins alone: what is attached where, taking it off, removing everything. */
#include "user/dataplane/instance.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/dataplane/attach.h"
#include "user/dataplane/dataplane.h"
#include "user/dataplane/programs.h"

/* Takes one instance off the interface that a pin's name tells of. */
struct detach_run {
	const struct pins *pins;
	char *const *keep; /* these stay; NULL-terminated, or NULL: none does */
	FILE *errors;
};

bool instance_keeps(char *const *keep, const char *ifname)
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

	if ((!xdp && !tc) || instance_keeps(run->keep, ifname))
		return 0;
	target.ifindex = if_nametoindex(ifname);
	if (target.ifindex == 0) /* gone, and what was attached with it */
		return 0;
	err = xdp ? attach_remove_xdp(&target) : attach_remove_tc(&target);
	if (err)
		fprintf(run->errors, "%s: cannot detach: %s\n", ifname, strerror(-err));
	return err;
}

int instance_detach(const struct pins *pins, char *const *keep, FILE *errors)
{
	struct detach_run run = {pins, keep, errors};

	return pins_each(pins, detach_by_pin, &run);
}

int dataplane_unload(const char *bpffs, const char *instance, FILE *errors)
{
	_cleanup_close_ int lock = -1;
	struct pins pins;
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
	err = instance_detach(&pins, NULL, errors);
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
