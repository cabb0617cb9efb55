/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where an instance's maps, programs and links are pinned: BPFFS/detour-fwd/INSTANCE/. The folder
 * is also the lock that keeps two loads of one instance apart.
 */
#ifndef DETOUR_DATAPLANE_PINS_H
#define DETOUR_DATAPLANE_PINS_H

#include <stdbool.h>
#include <stdio.h>

#define PINS_DIR_LEN  192
#define PINS_PATH_LEN 256

struct pins {
	char bpffs[PINS_DIR_LEN];
	char dir[PINS_DIR_LEN];
};

/* -ENAMETOOLONG: --bpffs is too long. */
int pins_init(const char *bpffs, const char *instance, struct pins *ret_pins);

/*
 * The path of a pin: a map's name, or a kind and an interface ("link_" "eth0"). bpffs takes no dot
 * in names, so one is written %2e. `out` has PINS_PATH_LEN bytes and is returned.
 */
const char *pins_path(const struct pins *pins, const char *kind, const char *name, char *out);

/*
 * The interface's name back from a file's name, past its kind; `out` has IFNAMSIZ bytes. -EINVAL.
 */
int pins_ifname(const char *file, const char *kind, char *out);

bool pins_exist(const struct pins *pins);

/*
 * Mounts a BPF file system at BPFFS if that is an existing empty folder, and makes the instance's
 * folder. Says to `errors` what is wrong and what to do.
 */
int pins_prepare(const struct pins *pins, FILE *errors);

/* Locks the folder until *ret_fd is closed; waits 10 s, then -EBUSY. */
int pins_lock(const struct pins *pins, int *ret_fd);

/* Pins an object; one that is there already is replaced in one step. */
int pins_put(int fd, const char *path);

/* Calls `visit` for each file in the folder; stops at its first error. -ENOENT: no folder. */
int pins_each(const struct pins *pins, int (*visit)(void *data, const char *file), void *data);

/* Removes what a process that was killed within pins_put() left; a link is detached with it. */
int pins_sweep(const struct pins *pins);

/* Removes all pins and the folders. Links and filters must be detached before. */
int pins_remove(const struct pins *pins);

#endif /* DETOUR_DATAPLANE_PINS_H */
