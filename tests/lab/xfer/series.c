// SPDX-License-Identifier: BSD-2-Clause
#include "tests/lab/xfer/series.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <time.h>

#include "tests/lab/xfer/progress.h"

int series_open(struct series *series, const char *path, double interval_s)
{
	*series = (struct series){.interval_s = interval_s, .next_s = progress_now_s()};
	if (!path)
		return 0;
	series->out = fopen(path, "we");
	return series->out ? 0 : -errno;
}

void series_close(struct series *series)
{
	if (series->out)
		fclose(series->out);
	series->out = NULL;
}

/* The wall's clock: what happened to the network meanwhile was noted by other programs. */
static double wall_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* No subflows in the line: one came or went at this very moment. */
static void write_line(const struct series *series, int fd, uint64_t delivered)
{
	struct subflow subflows[SUBFLOWS_MAX];
	size_t count = 0;
	int err = subflows_read(fd, subflows, &count);

	fprintf(series->out, "{\"at\":%.4f,\"bytes\":%" PRIu64 ",\"subflows\":", wall_s(),
		delivered);
	subflows_print(series->out, subflows, err ? 0 : count);
	fputs("}\n", series->out);
	fflush(series->out);
}

void series_await(struct series *series, int fd, uint64_t delivered)
{
	struct pollfd wait = {.fd = fd, .events = POLLIN};
	int ready = 0;

	if (!series->out)
		return;
	while (!ready) {
		double left_s = series->next_s - progress_now_s();

		ready = poll(&wait, 1, left_s > 0 ? (int)(left_s * 1e3) + 1 : 0);
		if (progress_now_s() < series->next_s)
			continue;
		write_line(series, fd, delivered);
		while (series->next_s <= progress_now_s())
			series->next_s += series->interval_s;
	}
}
