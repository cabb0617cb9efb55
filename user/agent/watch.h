/* SPDX-License-Identifier: BSD-2-Clause */
/* Prints something again and again, in place, on a terminal; q or ^C ends it. */
#ifndef DETOUR_AGENT_WATCH_H
#define DETOUR_AGENT_WATCH_H

#include <stdio.h>

/* Writes one screen; an error ends the watching. */
typedef int (*watch_print)(void *data, FILE *out);

/*
 * Prints every second. Where stdout is no terminal each print follows the last, after an empty
 * line. 0 when the user ends it, or print's error.
 */
int watch_run(watch_print print, void *data);

#endif /* DETOUR_AGENT_WATCH_H */
