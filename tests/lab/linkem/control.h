/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control socket of a running emulator: one command in, its answer out.
 *
 *	set LINK[:ab|:ba] KEY=VALUE...	changes settings
 *	cut LINK[:ab|:ba]		nothing gets through
 *	restore LINK[:ab|:ba]		it does again
 *	stats				settings and counters of all links
 */
#ifndef DETOUR_LINKEM_CONTROL_H
#define DETOUR_LINKEM_CONTROL_H

#include <stddef.h>

#include "tests/lab/linkem/link.h"

/* Listens at the Unix socket `path`. -errno. */
int control_listen(const char *path, int *ret_fd);

/* Answers one caller of the listening socket. */
void control_serve(int fd, struct link *links, size_t count);

/* Carries out one command line and prints the answer, which begins with "error: " if it failed. */
void control_run(char *line, struct link *links, size_t count, FILE *out);

/* Sends `line` to the emulator at `path` and prints its answer; -errno, -EINVAL if it was refused. */
int control_call(const char *path, const char *line, FILE *out);

#endif /* DETOUR_LINKEM_CONTROL_H */
