// SPDX-License-Identifier: BSD-2-Clause
/* XDP links and their pins; who sits at an interface already. TC is in attach_tc.c. */
#include "user/dataplane/attach.h"

#include <errno.h>
#include <linux/if_link.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "user/base/cleanup.h"
#include "user/dataplane/attach_impl.h"

#define PROGRAM_MAPS_MAX   64
#define PROGRAM_NAME_START "detour_relay_"

bool program_has_map(int program_fd, uint32_t map_id)
{
	struct bpf_prog_info info = {0};
	__u32 ids[PROGRAM_MAPS_MAX], len = sizeof(info);

	info.map_ids = (uintptr_t)ids;
	info.nr_map_ids = PROGRAM_MAPS_MAX;
	if (bpf_obj_get_info_by_fd(program_fd, &info, &len) < 0)
		return false;
	for (__u32 i = 0; i < info.nr_map_ids && i < PROGRAM_MAPS_MAX; i++) {
		if (map_id && ids[i] == map_id)
			return true;
	}
	return false;
}

enum program_owner program_owner(uint32_t program_id, uint32_t flows_map_id, char *ret_name)
{
	_cleanup_close_ int fd = bpf_prog_get_fd_by_id(program_id);
	struct bpf_prog_info info = {0};
	__u32 len = sizeof(info);

	strcpy(ret_name, "?");
	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len) < 0)
		return OWNER_STRANGER;
	snprintf(ret_name, BPF_OBJ_NAME_LEN, "%s", info.name);
	if (program_has_map(fd, flows_map_id))
		return OWNER_SELF;
	return strncmp(info.name, PROGRAM_NAME_START, strlen(PROGRAM_NAME_START)) == 0
		       ? OWNER_OTHER_INSTANCE
		       : OWNER_STRANGER;
}

/*
 * The pinned link, if it still holds this interface; one of an interface that is gone is removed.
 */
static int open_link(const struct attach_target *target, int *ret_fd)
{
	char path[PINS_PATH_LEN];
	struct bpf_link_info info = {0};
	__u32 len = sizeof(info);
	_cleanup_close_ int fd = bpf_obj_get(
		pins_path(target->pins, "link_", target->ifname, path));

	if (fd < 0)
		return -errno;
	if (bpf_obj_get_info_by_fd(fd, &info, &len) < 0)
		return -errno;
	if (info.xdp.ifindex != target->ifindex) {
		unlink(path);
		return -ENOENT;
	}
	*ret_fd = take_fd(&fd);
	return 0;
}

static int say_busy(const struct attach_target *target, FILE *errors, enum program_owner owner,
		    const char *hook, const char *name)
{
	if (owner == OWNER_OTHER_INSTANCE)
		fprintf(errors, "%s: another instance of detour-fwd is at this interface\n",
			target->ifname);
	else
		fprintf(errors, "%s: the %s hook is taken by the program '%s'\n", target->ifname,
			hook, name);
	return -EBUSY;
}

/* XDP's part of the state, and the id of the program there (0: none). */
static int read_xdp(const struct attach_target *target, struct attach_state *state,
		    uint32_t *ret_program_id)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);
	_cleanup_close_ int fd = -1;
	int err = bpf_xdp_query((int)target->ifindex, 0, &query);

	if (err)
		return err;
	state->xdp = open_link(target, &fd) == 0;
	state->xdp_is_generic = query.attach_mode == XDP_ATTACHED_SKB;
	*ret_program_id = query.attach_mode == XDP_ATTACHED_NONE ? 0 : query.prog_id;
	return 0;
}

static int inspect_xdp(const struct attach_target *target, enum dataplane_hook hook, FILE *errors,
		       struct attach_state *state)
{
	char name[BPF_OBJ_NAME_LEN];
	enum program_owner owner;
	uint32_t program_id;
	int err = read_xdp(target, state, &program_id);

	if (err || program_id == 0 || state->xdp)
		return err;
	owner = program_owner(program_id, target->flows_map_id, name);
	if (owner == OWNER_OTHER_INSTANCE || hook != HOOK_TC)
		return say_busy(target, errors, owner, "XDP", name);
	return 0;
}

/*
 * The marker tells without CAP_SYS_ADMIN, which the kernel wants for a program by its id; a daemon
 * that was killed between filter and marker needs the second way.
 */
static bool is_marked(const struct attach_target *target, uint32_t program_id)
{
	char path[PINS_PATH_LEN];
	struct bpf_prog_info info = {0};
	__u32 len = sizeof(info);
	_cleanup_close_ int fd = bpf_obj_get(pins_path(target->pins, "tc_", target->ifname, path));

	return fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &len) == 0 && info.id == program_id;
}

static int inspect_tc(const struct attach_target *target, FILE *errors, struct attach_state *state)
{
	char name[BPF_OBJ_NAME_LEN];
	enum program_owner owner = OWNER_SELF;
	uint32_t program_id;
	int err = attach_tc_query(target, &program_id);

	if (err == -ENOENT)
		return 0;
	if (err)
		return err;
	if (!is_marked(target, program_id))
		owner = program_owner(program_id, target->flows_map_id, name);
	state->tc = owner == OWNER_SELF;
	return state->tc ? 0 : say_busy(target, errors, owner, "TC", name);
}

int attach_inspect(const struct attach_target *target, enum dataplane_hook hook, FILE *errors,
		   struct attach_state *ret_state)
{
	struct attach_state state = {0};
	int err = inspect_xdp(target, hook, errors, &state);

	if (!err)
		err = inspect_tc(target, errors, &state);
	if (!err)
		*ret_state = state;
	return err;
}

int attach_read(const struct attach_target *target, struct attach_state *ret_state)
{
	struct attach_state state = {0};
	uint32_t program_id;
	int err = read_xdp(target, &state, &program_id);

	if (err)
		return err;
	state.tc = attach_tc_query(target, &program_id) == 0;
	*ret_state = state;
	return 0;
}

int attach_xdp(const struct attach_target *target, int program_fd, bool generic)
{
	LIBBPF_OPTS(bpf_link_create_opts, options,
		    .flags = generic ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE);
	_cleanup_close_ int link = -1;
	char path[PINS_PATH_LEN];

	if (open_link(target, &link) == 0)
		return bpf_link_update(link, program_fd, NULL) < 0 ? -errno : 0;
	link = bpf_link_create(program_fd, (int)target->ifindex, BPF_XDP, &options);
	if (link < 0)
		return -errno;
	return pins_put(link, pins_path(target->pins, "link_", target->ifname, path));
}

int attach_remove_xdp(const struct attach_target *target)
{
	_cleanup_close_ int link = -1;
	char path[PINS_PATH_LEN];
	int err = open_link(target, &link);

	if (err)
		return err == -ENOENT ? 0 : err;
	/* Not by the last reference: a daemon may hold one. */
	if (bpf_link_detach(link) < 0)
		return -errno;
	unlink(pins_path(target->pins, "link_", target->ifname, path));
	return 0;
}
