/* SPDX-License-Identifier: BSD-2-Clause */
/* The clock of the data path: bpf_ktime_get_ns() and this are the same. */
#ifndef DETOUR_FWD_CLOCK_H
#define DETOUR_FWD_CLOCK_H

#include <stdint.h>
#include <time.h>

#define SECOND_NS 1000000000ULL

static inline uint64_t clock_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * SECOND_NS + (uint64_t)now.tv_nsec;
}

#endif /* DETOUR_FWD_CLOCK_H */
