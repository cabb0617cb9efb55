/* SPDX-License-Identifier: BSD-2-Clause */
/* The two programs over one set of pinned maps. For user/dataplane alone. */
#ifndef DETOUR_DATAPLANE_PROGRAMS_H
#define DETOUR_DATAPLANE_PROGRAMS_H

#include <stdio.h>

#include "user/dataplane/dataplane.h"
#include "user/dataplane/pins.h"

struct relay_xdp;
struct relay_tc;

struct programs {
	const struct pins *pins;
	struct dataplane_options options;
	struct relay_xdp *xdp; /* NULL: not needed so far */
	struct relay_tc *tc;
};

/* libbpf's own words go to the log, as debug messages. */
void programs_quiet_libbpf(void);

/*
 * Loads the TC program, which any instance may come to need; takes the maps that are pinned and
 * pins those that are not, and pins the program. `pins` is kept. *ret_new (may be NULL): no map was there before.
 */
int programs_load(const struct pins *pins, const struct dataplane_options *options, FILE *errors,
		  struct programs *ret_programs, bool *ret_new);

/* Loads the hook's program, if it is not loaded yet. */
int programs_need(struct programs *programs, enum dataplane_hook hook, FILE *errors);
void programs_free(struct programs *programs);

/* Of a program that is loaded. */
int programs_fd(const struct programs *programs, enum dataplane_hook hook);
uint32_t programs_flows_map_id(const struct programs *programs);

#endif /* DETOUR_DATAPLANE_PROGRAMS_H */
