// SPDX-License-Identifier: BSD-2-Clause
/* The line that moves while a file is under way. */
#include "tests/lab/xfer/progress.h"

#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define INTERVAL_TTY_S 0.5
#define INTERVAL_LOG_S 2.0
#define BAR_WIDTH      20

double progress_now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

void progress_begin(struct progress *progress, FILE *out, const struct endpoint *server,
		    uint64_t total)
{
	double now_s = progress_now_s();

	*progress = (struct progress){
		.out = out, .server = *server, .total = total, .begin_s = now_s, .last_s = now_s};
}

static const struct subflow *find_last(const struct progress *progress,
				       const struct subflow *subflow)
{
	for (size_t i = 0; i < progress->last_count; i++)
		if (endpoint_equal(&progress->last[i].local, &subflow->local) &&
		    endpoint_equal(&progress->last[i].remote, &subflow->remote))
			return &progress->last[i];
	return NULL;
}

static void show_subflow(const struct progress *progress, const struct subflow *subflow,
			 double elapsed_s)
{
	const struct subflow *last = find_last(progress, subflow);
	uint64_t bytes = subflow->bytes_acked - (last ? last->bytes_acked : 0);
	char text[ADDR_TEXT_LEN];

	if (addr_equal(&subflow->remote.addr, &progress->server.addr))
		fprintf(progress->out, "  direct %4.1f", (double)bytes * 8e-6 / elapsed_s);
	else
		fprintf(progress->out, "  via %s %4.1f", addr_format(&subflow->remote.addr, text),
			(double)bytes * 8e-6 / elapsed_s);
}

static void show_bar(const struct progress *progress, uint64_t done, double elapsed_s)
{
	int filled = (int)(done * BAR_WIDTH / (progress->total ? progress->total : 1));

	fprintf(progress->out, "  [%.*s%*s] %3d %%  %4.1f Mbit/s:", filled, "####################",
		BAR_WIDTH - filled, "", (int)(done * 100 / (progress->total ? progress->total : 1)),
		(double)(done - progress->last_done) * 8e-6 / elapsed_s);
}

/* What is written but not yet acknowledged has not arrived. */
static uint64_t under_way(int fd)
{
	int bytes = 0;

	return ioctl(fd, SIOCOUTQ, &bytes) < 0 || bytes < 0 ? 0 : (uint64_t)bytes;
}

void progress_show(struct progress *progress, int fd, uint64_t written)
{
	struct subflow subflows[SUBFLOWS_MAX];
	double now_s = progress_now_s(), elapsed_s = now_s - progress->last_s;
	uint64_t waiting, done;
	bool tty;
	size_t count;

	if (!progress->out)
		return;
	waiting = under_way(fd);
	done = written > waiting ? written - waiting : 0;
	tty = isatty(fileno(progress->out));
	if (elapsed_s < (tty ? INTERVAL_TTY_S : INTERVAL_LOG_S))
		return;
	if (subflows_read(fd, subflows, &count))
		return;
	fputs(tty ? "\r" : "", progress->out);
	show_bar(progress, done, elapsed_s);
	for (size_t i = 0; i < count; i++)
		show_subflow(progress, &subflows[i], elapsed_s);
	fputs(tty ? "\033[K" : "\n", progress->out);
	fflush(progress->out);
	memcpy(progress->last, subflows, sizeof(subflows));
	progress->last_count = count;
	progress->last_s = now_s;
	progress->last_done = done;
}

void progress_end(struct progress *progress)
{
	if (progress->out && isatty(fileno(progress->out)))
		fputs("\r\033[K", progress->out);
}
