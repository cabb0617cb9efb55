// SPDX-License-Identifier: BSD-2-Clause
#include "tests/bench/figures.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void figures_add(struct figures *figures, uint64_t ns)
{
	if (figures->count == figures->room) {
		figures->room = figures->room ? figures->room * 2 : 1024;
		figures->values = reallocarray(figures->values, figures->room, sizeof(uint64_t));
		if (!figures->values)
			give_up("memory");
	}
	figures->values[figures->count++] = ns;
	figures->sum += ns;
	if (ns > figures->longest)
		figures->longest = ns;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

uint64_t figures_quantile(struct figures *figures, double share)
{
	size_t index = (size_t)(share * (double)figures->count);

	if (figures->count == 0)
		return 0;
	qsort(figures->values, figures->count, sizeof(uint64_t), compare);
	return figures->values[index < figures->count ? index : figures->count - 1];
}

void figures_clear(struct figures *figures)
{
	free(figures->values);
	*figures = (struct figures){0};
}

void figures_print(struct figures *figures)
{
	printf("\"p50_us\": %.1f, \"p99_us\": %.1f, \"longest_us\": %.1f",
	       (double)figures_quantile(figures, 0.5) / 1e3,
	       (double)figures_quantile(figures, 0.99) / 1e3, (double)figures->longest / 1e3);
}

uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

uint64_t process_cpu_ns(pid_t pid)
{
	uint64_t ns = 0;
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/schedstat", pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (fscanf(file, "%" SCNu64, &ns) != 1)
		ns = 0;
	fclose(file);
	return ns;
}

void give_up(const char *what)
{
	if (errno)
		fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what,
			strerror(errno));
	else
		fprintf(stderr, "%s: %s\n", program_invocation_short_name, what);
	exit(1);
}
