/* SPDX-License-Identifier: BSD-2-Clause */
/* A stream whose lines go to the log: library code explains errors to a FILE. */
#ifndef DETOUR_FWD_ERRLOG_H
#define DETOUR_FWD_ERRLOG_H

#include <stdio.h>

struct errlog {
	FILE *stream;
	char *text;
	size_t len;
};

/* On an error the stream is stderr. */
void errlog_open(struct errlog *errlog);

/* Logs each line, as an error or, if it begins with "warning: ", as a warning; and closes. */
void errlog_close(struct errlog *errlog);

#endif /* DETOUR_FWD_ERRLOG_H */
