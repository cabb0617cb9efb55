/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The two programs, XDP's and TC's, over one set of pinned maps. A program that was loaded is
 * pinned, and that is how whoever attaches it gets it. For user/dataplane alone.
 */
#ifndef DETOUR_DATAPLANE_PROGRAMS_H
#define DETOUR_DATAPLANE_PROGRAMS_H

#include <stdio.h>

#include "user/dataplane/dataplane.h"
#include "user/dataplane/pins.h"

/* libbpf's own words go to the log, as debug messages. */
void programs_quiet_libbpf(void);

/*
 * Loads the program for a hook with options->config, takes the maps that are pinned, pins those
 * that are not, and pins the program. *ret_new (may be NULL): no map was there before. Needs
 * CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON.
 */
int program_load(const struct pins *pins, const struct dataplane_options *options,
		 enum dataplane_hook hook, FILE *errors, bool *ret_new);

/* Opens what program_load() pinned. */
int program_open(const struct pins *pins, enum dataplane_hook hook, int *ret_fd);

#endif /* DETOUR_DATAPLANE_PROGRAMS_H */
