/* SPDX-License-Identifier: BSD-2-Clause */
/* A transfer's live line: how far, how fast, and each subflow's part. */
#ifndef DETOUR_XFER_PROGRESS_H
#define DETOUR_XFER_PROGRESS_H

#include "tests/lab/xfer/subflows.h"

struct progress {
	FILE *out; /* NULL: quiet */
	struct endpoint server;
	uint64_t total;
	double begin_s, last_s;
	struct subflow last[SUBFLOWS_MAX];
	size_t last_count;
	uint64_t last_done;
};

void progress_begin(struct progress *progress, FILE *out, const struct endpoint *server,
		    uint64_t total);

/* Draws the line anew, twice a second at most; on a terminal in place. `written`: to the socket. */
void progress_show(struct progress *progress, int fd, uint64_t written);
void progress_end(struct progress *progress);

double progress_now_s(void);

#endif /* DETOUR_XFER_PROGRESS_H */
