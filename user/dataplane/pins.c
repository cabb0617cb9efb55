// SPDX-License-Identifier: BSD-2-Clause
/* The instance's folder in bpffs: mount, paths, lock, removal. */
#include "user/dataplane/pins.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <net/if.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>

#include <bpf/bpf.h>

#include "user/base/cleanup.h"

#define PINS_FOLDER	 "detour-fwd"
#define PINS_LOCK_WAIT_S 10

/* Ends the name of a pin that is about to replace another. No name that pins_path() makes ends so. */
#define PINS_FRESH "%new"

static void cleanup_closedir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

int pins_init(const char *bpffs, const char *instance, struct pins *ret_pins)
{
	struct pins pins;
	int n = snprintf(pins.dir, sizeof(pins.dir), "%s/" PINS_FOLDER "/%s", bpffs, instance);

	if (n < 0 || (size_t)n >= sizeof(pins.dir))
		return -ENAMETOOLONG;
	snprintf(pins.bpffs, sizeof(pins.bpffs), "%s", bpffs);
	*ret_pins = pins;
	return 0;
}

const char *pins_path(const struct pins *pins, const char *kind, const char *name, char *out)
{
	size_t used = (size_t)snprintf(out, PINS_PATH_LEN, "%s/%s", pins->dir, kind);

	for (; *name && used + 4 < PINS_PATH_LEN; name++) {
		if (*name == '.' || *name == '%')
			used += (size_t)sprintf(out + used, "%%%02x", *name);
		else
			out[used++] = *name;
	}
	out[used] = '\0';
	return out;
}

int pins_ifname(const char *file, const char *kind, char *out)
{
	size_t len = strlen(kind), used = 0;

	if (strncmp(file, kind, len) != 0)
		return -EINVAL;
	for (const char *c = file + len; *c; c++) {
		unsigned int code = (unsigned char)*c;

		if (used + 1 >= IFNAMSIZ)
			return -EINVAL;
		if (*c == '%') {
			if (sscanf(c + 1, "%2x", &code) != 1)
				return -EINVAL;
			c += 2;
		}
		out[used++] = (char)code;
	}
	out[used] = '\0';
	return used ? 0 : -EINVAL;
}

bool pins_exist(const struct pins *pins)
{
	return access(pins->dir, F_OK) == 0;
}

static bool folder_is_empty(const char *path)
{
	_cleanup_(cleanup_closedir) DIR *dir = opendir(path);
	const struct dirent *entry;

	if (!dir)
		return false;
	while ((entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			return false;
	}
	return true;
}

static int ensure_bpffs(const char *path, FILE *errors)
{
	struct statfs fs;

	if (statfs(path, &fs) < 0) {
		int err = -errno;

		fprintf(errors, "%s: %s; make the folder, or name another with --bpffs\n", path,
			strerror(-err));
		return err;
	}
	if (fs.f_type == BPF_FS_MAGIC)
		return 0;
	if (!folder_is_empty(path)) {
		fprintf(errors,
			"%s is no BPF file system and not empty; mount one there "
			"(mount -t bpf bpf %s) or name another with --bpffs\n",
			path, path);
		return -ENOTEMPTY;
	}
	if (mount("bpf", path, "bpf", 0, "mode=0700") < 0) {
		int err = -errno;

		fprintf(errors, "cannot mount a BPF file system at %s: %s\n", path, strerror(-err));
		return err;
	}
	return 0;
}

int pins_prepare(const struct pins *pins, FILE *errors)
{
	char parent[PINS_PATH_LEN];
	int err = ensure_bpffs(pins->bpffs, errors);

	if (err)
		return err;
	snprintf(parent, sizeof(parent), "%s/" PINS_FOLDER, pins->bpffs);
	if ((mkdir(parent, 0700) < 0 && errno != EEXIST) ||
	    (mkdir(pins->dir, 0700) < 0 && errno != EEXIST)) {
		err = -errno;
		fprintf(errors, "cannot make %s: %s\n", pins->dir, strerror(-err));
		return err;
	}
	return 0;
}

int pins_lock(const struct pins *pins, int *ret_fd)
{
	const struct timespec pause = {.tv_nsec = 50L * 1000 * 1000};
	_cleanup_close_ int fd = open(pins->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	for (int tries = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; tries++) {
		if (errno != EWOULDBLOCK)
			return -errno;
		if (tries >= PINS_LOCK_WAIT_S * 20)
			return -EBUSY;
		nanosleep(&pause, NULL);
	}
	*ret_fd = take_fd(&fd);
	return 0;
}

int pins_put(int fd, const char *path)
{
	char fresh[PINS_PATH_LEN + 8];

	snprintf(fresh, sizeof(fresh), "%s%s", path, PINS_FRESH);
	unlink(fresh);
	if (bpf_obj_pin(fd, fresh) < 0)
		return -errno;
	if (rename(fresh, path) < 0) {
		int err = -errno;

		unlink(fresh);
		return err;
	}
	return 0;
}

int pins_each(const struct pins *pins, int (*visit)(void *data, const char *file), void *data)
{
	_cleanup_(cleanup_closedir) DIR *dir = opendir(pins->dir);
	const struct dirent *entry;

	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		int err;

		if (entry->d_name[0] == '.')
			continue;
		err = visit(data, entry->d_name);
		if (err)
			return err;
	}
	return 0;
}

static int remove_pin(void *data, const char *file)
{
	const struct pins *pins = data;
	char path[PINS_PATH_LEN * 2];

	snprintf(path, sizeof(path), "%s/%s", pins->dir, file);
	return unlink(path) < 0 && errno != ENOENT ? -errno : 0;
}

static int remove_fresh(void *data, const char *file)
{
	size_t len = strlen(file), end = strlen(PINS_FRESH);

	return len > end && strcmp(file + len - end, PINS_FRESH) == 0 ? remove_pin(data, file) : 0;
}

int pins_sweep(const struct pins *pins)
{
	return pins_each(pins, remove_fresh, (void *)pins);
}

int pins_remove(const struct pins *pins)
{
	char parent[PINS_PATH_LEN];
	int err = pins_each(pins, remove_pin, (void *)pins);

	if (err)
		return err;
	if (rmdir(pins->dir) < 0)
		return -errno;
	snprintf(parent, sizeof(parent), "%s/" PINS_FOLDER, pins->bpffs);
	if (rmdir(parent) < 0 && errno != ENOTEMPTY && errno != EEXIST)
		return -errno;
	return 0;
}
