/* SPDX-License-Identifier: BSD-2-Clause */
/* A receiver's diary: a line an interval, also while nothing arrives. */
#ifndef DETOUR_XFER_SERIES_H
#define DETOUR_XFER_SERIES_H

#include <stdint.h>
#include <stdio.h>

struct series {
	FILE *out; /* NULL: none is kept */
	double interval_s, next_s;
};

/* `path` NULL: none is kept. -errno of fopen(). */
int series_open(struct series *series, const char *path, double interval_s);
void series_close(struct series *series);

/*
 * Returns when `fd` can be read. Writes a line an interval meanwhile:
 * {"at": seconds since 1970, "bytes": `delivered`, "subflows": [...]}, where `delivered` is what the
 * application has, in order, and each subflow's "received" what it has carried.
 */
void series_await(struct series *series, int fd, uint64_t delivered);

#endif /* DETOUR_XFER_SERIES_H */
