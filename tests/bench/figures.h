/* SPDX-License-Identifier: BSD-2-Clause */
/* Many measured times and what a benchmark says of them, and the processor time of processes. */
#ifndef DETOUR_BENCH_FIGURES_H
#define DETOUR_BENCH_FIGURES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct figures {
	uint64_t *values; /* ns */
	size_t count, room;
	uint64_t sum, longest;
};

void figures_add(struct figures *figures, uint64_t ns);
/* The value that `share` (0 to 1) of all are not above; 0 if there are none. Sorts. */
uint64_t figures_quantile(struct figures *figures, double share);
void figures_clear(struct figures *figures);

/* Prints `"p50_us": ..., "p99_us": ..., "longest_us": ...`. */
void figures_print(struct figures *figures);

uint64_t now_ns(void); /* CLOCK_MONOTONIC */

/* What a process has had of the processors, ns; 0: no process, or a kernel that does not say. */
uint64_t process_cpu_ns(pid_t pid);

/* Says what failed, with errno if that is set, and ends. */
void give_up(const char *what) __attribute__((noreturn));

#endif /* DETOUR_BENCH_FIGURES_H */
