// SPDX-License-Identifier: BSD-2-Clause
/* Loads the congestion program and attaches it to the root of the cgroups. */
#include "user/dataplane/congestion.h"

#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpf/client_congestion.skel.h"
#include "user/base/cleanup.h"
#include "user/dataplane/programs.h"

struct congestion {
	struct client_congestion *skeleton;
	struct bpf_link *link;
	int socket; /* uses the congestion control: a module stays in the kernel */
};

/* With CAP_NET_ADMIN, asking for it has the kernel load its module. */
static int open_socket(const char *name, int *ret_fd)
{
	_cleanup_close_ int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, (socklen_t)strlen(name)) < 0)
		return -errno;
	*ret_fd = take_fd(&fd);
	return 0;
}

/* The root of the cgroups v2, wherever it is mounted. */
static int open_cgroup(int *ret_fd)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	struct mntent *mount;
	int err = -ENODEV;

	if (!mounts)
		return -errno;
	while (err == -ENODEV && (mount = getmntent(mounts))) {
		if (strcmp(mount->mnt_type, "cgroup2") != 0)
			continue;
		*ret_fd = open(mount->mnt_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		err = *ret_fd < 0 ? -errno : 0;
	}
	endmntent(mounts);
	return err;
}

static int exclude(const struct congestion *congestion, const struct congestion_options *options)
{
	int map = bpf_map__fd(congestion->skeleton->maps.excluded);
	uint8_t yes = 1;

	for (size_t i = 0; i < options->exclude_count; i++) {
		struct congestion_prefix key = {.bits = options->exclude[i].bits};

		memcpy(key.addr, options->exclude[i].addr.bytes, sizeof(key.addr));
		if (bpf_map_update_elem(map, &key, &yes, BPF_ANY) < 0)
			return -errno;
	}
	return 0;
}

static int load(struct congestion *congestion, const struct congestion_options *options)
{
	struct client_congestion *skeleton = client_congestion__open();
	struct congestion_config *config;
	socklen_t len = sizeof(config->netns_cookie);
	int err;

	congestion->skeleton = skeleton;
	if (!skeleton)
		return -errno;
	config = (struct congestion_config *)&skeleton->rodata->config;
	strncpy(config->name, options->name, sizeof(config->name) - 1);
	if (getsockopt(congestion->socket, SOL_SOCKET, SO_NETNS_COOKIE, &config->netns_cookie,
		       &len) < 0)
		return -errno;
	if (options->exclude_count)
		bpf_map__set_max_entries(skeleton->maps.excluded, (uint32_t)options->exclude_count);
	err = client_congestion__load(skeleton);
	return err ? err : exclude(congestion, options);
}

static int attach(struct congestion *congestion)
{
	_cleanup_close_ int cgroup = -1;
	int err = open_cgroup(&cgroup);

	if (err)
		return err;
	congestion->link = bpf_program__attach_cgroup(congestion->skeleton->progs.detour_congestion,
						      cgroup);
	return congestion->link ? 0 : -errno;
}

int congestion_new(const struct congestion_options *options, FILE *errors,
		   struct congestion **ret_congestion)
{
	struct congestion *congestion = calloc(1, sizeof(*congestion));
	int err;

	if (!congestion)
		return -ENOMEM;
	congestion->socket = -1;
	programs_quiet_libbpf();
	err = open_socket(options->name, &congestion->socket);
	if (err) {
		fprintf(errors, "congestion control '%s': %s", options->name,
			err == -ENOENT ? "this kernel does not have it" : strerror(-err));
		goto out;
	}
	err = load(congestion, options);
	if (err) {
		fprintf(errors, "the kernel refuses the program: %s", strerror(-err));
		goto out;
	}
	err = attach(congestion);
	if (err)
		fprintf(errors,
			err == -ENODEV ? "no cgroup v2 file system is mounted"
				       : "it cannot be attached to the root of the cgroups: %s",
			strerror(-err));
out:
	if (err) {
		congestion_free(congestion);
		return err;
	}
	*ret_congestion = congestion;
	return 0;
}

void congestion_free(struct congestion *congestion)
{
	if (!congestion)
		return;
	bpf_link__destroy(congestion->link);
	client_congestion__destroy(congestion->skeleton);
	if (congestion->socket >= 0)
		close(congestion->socket);
	free(congestion);
}

uint64_t congestion_count(const struct congestion *congestion, enum congestion_counter counter)
{
	uint32_t key = counter;
	uint64_t number = 0;

	if (congestion)
		bpf_map_lookup_elem(bpf_map__fd(congestion->skeleton->maps.counters), &key,
				    &number);
	return number;
}
