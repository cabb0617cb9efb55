// SPDX-License-Identifier: BSD-2-Clause
/* Loading: skeletons, configuration in .rodata, maps reused by their pins. */
#include "user/dataplane/programs.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/resource.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <detour/flow.h>

#include "bpf/relay_tc.skel.h"
#include "bpf/relay_xdp.skel.h"
#include "user/base/cleanup.h"
#include "user/base/log.h"

/* libbpf's own words, the verifier's log among them, are for --verbose: line by line. */
static int print_libbpf(enum libbpf_print_level level, const char *format, va_list args)
{
	_cleanup_free_ char *text = NULL;
	char *rest, *line;

	if (level == LIBBPF_DEBUG || vasprintf(&text, format, args) < 0)
		return 0;
	rest = text;
	while ((line = strsep(&rest, "\n"))) {
		if (*line)
			log_debug("%s", line);
	}
	return 0;
}

void programs_quiet_libbpf(void)
{
	libbpf_set_print(print_libbpf);
}

static bool size_fits(const struct bpf_map *map, const struct bpf_map_info *info)
{
	return info->type == bpf_map__type(map) && info->key_size == bpf_map__key_size(map) &&
	       info->value_size == bpf_map__value_size(map) &&
	       info->map_flags == bpf_map__map_flags(map);
}

/* A map that is pinned already: used as it is if its layout is ours. */
static int reuse_map(struct bpf_map *map, int fd, FILE *errors)
{
	struct bpf_map_info info = {0};
	__u32 len = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &len) < 0)
		return -errno;
	if (!size_fits(map, &info)) {
		fprintf(errors,
			"the pinned map '%s' has another layout than this version's; "
			"'detour-fwd unload' removes it, and all flows with it\n",
			bpf_map__name(map));
		return -EPROTONOSUPPORT;
	}
	if (info.max_entries != bpf_map__max_entries(map))
		fprintf(errors,
			"warning: the pinned map '%s' keeps its size of %u (configured: %u) until "
			"'detour-fwd unload'\n",
			bpf_map__name(map), info.max_entries, bpf_map__max_entries(map));
	return bpf_map__reuse_fd(map, fd);
}

static int check_version(const struct pins *pins, FILE *errors)
{
	char path[PINS_PATH_LEN];
	_cleanup_close_ int fd = bpf_obj_get(pins_path(pins, "", "meta", path));
	struct meta_entry meta = {0};
	uint32_t zero = 0;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (bpf_map_lookup_elem(fd, &zero, &meta) < 0)
		return -errno;
	if (meta.layout_version == 0 || meta.layout_version == DETOUR_LAYOUT_VERSION)
		return 0;
	fprintf(errors,
		"the pinned maps have layout %u, this version has %u: run the version that made "
		"them, or 'detour-fwd unload', which ends all flows\n",
		meta.layout_version, DETOUR_LAYOUT_VERSION);
	return -EPROTONOSUPPORT;
}

static uint32_t configured_size(const struct dataplane_options *options, const char *name,
				uint32_t size)
{
	if (strcmp(name, "flows") == 0)
		return options->max_flows * 2;
	if (strcmp(name, "leases") == 0)
		return options->max_leases;
	if (strcmp(name, "identities") == 0)
		return options->max_clients + 1;
	return size;
}

static int prepare_maps(struct bpf_object *object, const struct pins *pins,
			const struct dataplane_options *options, FILE *errors, bool *ret_new)
{
	struct bpf_map *map;

	bpf_object__for_each_map (map, object) {
		char path[PINS_PATH_LEN];
		_cleanup_close_ int fd = -1;
		int err;

		if (bpf_map__is_internal(map))
			continue;
		bpf_map__set_max_entries(map, configured_size(options, bpf_map__name(map),
							      bpf_map__max_entries(map)));
		fd = bpf_obj_get(pins_path(pins, "", bpf_map__name(map), path));
		if (fd < 0 && errno == ENOENT)
			continue;
		*ret_new = false;
		err = fd < 0 ? -errno : reuse_map(map, fd, errors);
		if (err)
			return err;
	}
	return 0;
}

static int pin_maps(struct bpf_object *object, const struct pins *pins)
{
	struct bpf_map *map;

	bpf_object__for_each_map (map, object) {
		char path[PINS_PATH_LEN];

		if (bpf_map__is_internal(map))
			continue;
		pins_path(pins, "", bpf_map__name(map), path);
		if (access(path, F_OK) < 0 && bpf_obj_pin(bpf_map__fd(map), path) < 0)
			return -errno;
	}
	return 0;
}

static int load_object(struct bpf_object *object, const struct pins *pins,
		       const struct dataplane_options *options, FILE *errors, bool *ret_new)
{
	int err = prepare_maps(object, pins, options, errors, ret_new);

	if (err)
		return err;
	err = bpf_object__load(object);
	if (err) {
		fprintf(errors,
			"the kernel refuses the program '%s': %s; it needs Linux 6.1 or newer and "
			"CAP_BPF, CAP_NET_ADMIN (--verbose tells more)\n",
			bpf_object__name(object), strerror(-err));
		return err;
	}
	return pin_maps(object, pins);
}

/* Kernels before 5.11 count maps as locked memory. */
static void raise_memlock(void)
{
	const struct rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};

	setrlimit(RLIMIT_MEMLOCK, &unlimited);
}

static const char *program_name(enum dataplane_hook hook)
{
	return hook == HOOK_TC ? "tc" : "xdp";
}

static int finish(struct bpf_object *object, const struct bpf_program *program,
		  const struct pins *pins, const struct dataplane_options *options,
		  enum dataplane_hook hook, FILE *errors, bool *ret_new)
{
	char path[PINS_PATH_LEN];
	int err = load_object(object, pins, options, errors, ret_new);

	if (err)
		return err;
	return pins_put(bpf_program__fd(program),
			pins_path(pins, "prog_", program_name(hook), path));
}

static int load_tc(const struct pins *pins, const struct dataplane_options *options,
		   enum dataplane_hook hook, FILE *errors, bool *ret_new)
{
	struct relay_tc *skeleton = relay_tc__open();
	int err;

	if (!skeleton)
		return -errno;
	memcpy((void *)&skeleton->rodata->config, &options->config, sizeof(options->config));
	err = finish(skeleton->obj, skeleton->progs.detour_relay_tc, pins, options, hook, errors,
		     ret_new);
	relay_tc__destroy(skeleton);
	return err;
}

static int load_xdp(const struct pins *pins, const struct dataplane_options *options,
		    enum dataplane_hook hook, FILE *errors, bool *ret_new)
{
	struct relay_xdp *skeleton = relay_xdp__open();
	int err;

	if (!skeleton)
		return -errno;
	memcpy((void *)&skeleton->rodata->config, &options->config, sizeof(options->config));
	err = finish(skeleton->obj, skeleton->progs.detour_relay_xdp, pins, options, hook, errors,
		     ret_new);
	relay_xdp__destroy(skeleton);
	return err;
}

int program_load(const struct pins *pins, const struct dataplane_options *options,
		 enum dataplane_hook hook, FILE *errors, bool *ret_new)
{
	bool is_new = true;
	int err = check_version(pins, errors);

	if (err)
		return err;
	raise_memlock();
	err = (hook == HOOK_TC ? load_tc : load_xdp)(pins, options, hook, errors, &is_new);
	if (!err && ret_new)
		*ret_new = is_new;
	return err;
}

int program_open(const struct pins *pins, enum dataplane_hook hook, int *ret_fd)
{
	char path[PINS_PATH_LEN];
	int fd = bpf_obj_get(pins_path(pins, "prog_", program_name(hook), path));

	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}
