// SPDX-License-Identifier: BSD-2-Clause
/*
 * net.mptcp.path_manager (a name, from Linux 6.15 on) or net.mptcp.pm_type (a number). The state
 * file holds one line: the network namespace's inode, the setting's name, its value.
 */
#include "user/agent/sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "user/base/cleanup.h"

#define MPTCP_DIR "/proc/sys/net/mptcp/"
#define VALUE_LEN 32

static const struct setting {
	const char *name, *path, *userspace;
} settings[] = {
	{"path_manager", MPTCP_DIR "path_manager", "userspace"},
	{"pm_type", MPTCP_DIR "pm_type", "1"},
};

static int read_value(const char *path, char *out)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, out, VALUE_LEN - 1);
	if (n < 0)
		return -errno;
	out[n] = '\0';
	out[strcspn(out, "\n")] = '\0';
	return 0;
}

static int write_value(const char *path, const char *value)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return write(fd, value, strlen(value)) < 0 ? -errno : 0;
}

/* The setting that this kernel has. */
static const struct setting *find_setting(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
		if (access(settings[i].path, F_OK) == 0)
			return &settings[i];
	}
	return NULL;
}

static unsigned long long netns_inode(void)
{
	struct stat st;

	return stat("/proc/self/ns/net", &st) == 0 ? st.st_ino : 0;
}

/* What a predecessor in this namespace noted about this setting; -ENOENT: nothing. */
static int read_state(const char *state, const struct setting *setting, char *out)
{
	_cleanup_fclose_ FILE *file = fopen(state, "re");
	unsigned long long inode;
	char name[VALUE_LEN], value[VALUE_LEN];

	if (!file)
		return -errno;
	if (fscanf(file, "%llu %31s %31s", &inode, name, value) != 3 || inode != netns_inode() ||
	    strcmp(name, setting->name) != 0)
		return -ENOENT;
	memcpy(out, value, VALUE_LEN);
	return 0;
}

static int write_state(const char *state, const struct setting *setting, const char *value)
{
	_cleanup_fclose_ FILE *file = fopen(state, "we");

	if (!file)
		return -errno;
	fprintf(file, "%llu %s %s\n", netns_inode(), setting->name, value);
	return fflush(file) == 0 ? 0 : -errno;
}

int sysctl_take_path_manager(const char *state)
{
	const struct setting *setting = find_setting();
	char found[VALUE_LEN], noted[VALUE_LEN];
	int err;

	if (!setting)
		return -ENOENT;
	err = read_value(setting->path, found);
	if (err)
		return err;
	/* "userspace" may be what a killed agent set: then its note tells what was before it. */
	if (strcmp(found, setting->userspace) != 0 || read_state(state, setting, noted) < 0) {
		err = write_state(state, setting, found);
		if (err)
			return err;
	}
	return write_value(setting->path, setting->userspace);
}

int sysctl_restore_path_manager(const char *state)
{
	const struct setting *setting = find_setting();
	char noted[VALUE_LEN];
	int err;

	if (!setting)
		return -ENOENT;
	err = read_state(state, setting, noted);
	if (!err)
		err = write_value(setting->path, noted);
	if (!err && unlink(state) < 0)
		err = -errno;
	return err;
}

bool sysctl_mptcp_enabled(void)
{
	char value[VALUE_LEN];

	return read_value(MPTCP_DIR "enabled", value) == 0 && strcmp(value, "1") == 0;
}
