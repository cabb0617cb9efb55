/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A process of its own that loads programs for a daemon which has given up the right to: the
 * verifier wants CAP_PERFMON for them. It listens to its daemon alone, takes nothing but a
 * configuration, and ends when the daemon does. For user/dataplane alone.
 */
#ifndef DETOUR_DATAPLANE_LOADER_H
#define DETOUR_DATAPLANE_LOADER_H

#include <stdio.h>

#include "user/dataplane/dataplane.h"
#include "user/dataplane/pins.h"

struct loader;

/* Starts the process, which first of all calls `confine` to lose the rights it does not need. */
int loader_start(const struct pins *pins, const struct dataplane_options *options,
		 int (*confine)(void), struct loader **ret_loader);
void loader_free(struct loader *loader);

/*
 * As program_load(); -EPIPE: the process is gone. Waits for the kernel's answer, a minute at most.
 */
int loader_load(struct loader *loader, const struct detour_config *config, enum dataplane_hook hook,
		FILE *errors);

#endif /* DETOUR_DATAPLANE_LOADER_H */
