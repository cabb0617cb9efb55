// SPDX-License-Identifier: BSD-2-Clause
/* send and receive. */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "tests/lab/xfer/commands.h"
#include "tests/lab/xfer/progress.h"
#include "user/base/cleanup.h"

/* ---- Sender ----------------------------------------------------------------------------- */

static int send_content(int fd, int file, struct progress *progress)
{
	_cleanup_free_ char *buffer = malloc(CHUNK);
	uint64_t done = 0;
	ssize_t n;
	int err;

	if (!buffer)
		return -ENOMEM;
	while ((n = read(file, buffer, CHUNK)) > 0) {
		err = write_all(fd, buffer, (size_t)n);
		if (err)
			return err;
		done += (uint64_t)n;
		progress_show(progress, fd, done);
	}
	return n < 0 ? -errno : 0;
}

/* What the send buffer holds is still under way: the line goes on until the answer is there. */
static int await_answer(int fd, struct progress *progress, uint64_t *ret_written)
{
	struct pollfd wait = {.fd = fd, .events = POLLIN};
	uint64_t answer_be;
	int err;

	while (poll(&wait, 1, 250) == 0)
		progress_show(progress, fd, progress->total);
	err = read_all(fd, &answer_be, sizeof(answer_be));
	if (!err)
		*ret_written = be64toh(answer_be);
	return err;
}

int send_file(const struct arguments *args, const struct endpoint *server, const char *path)
{
	_cleanup_close_ int file = open(path, O_RDONLY | O_CLOEXEC), fd = -1;
	uint64_t length_be, written;
	struct progress progress;
	struct times times = {0};
	struct stat st;
	int err;

	if (file < 0 || fstat(file, &st) < 0)
		return -errno;
	err = connect_to(args, server, &times, &fd);
	if (err)
		return err;
	length_be = htobe64((uint64_t)st.st_size);
	progress_begin(&progress, args->progress ? stderr : NULL, server, (uint64_t)st.st_size);
	err = write_all(fd, &length_be, sizeof(length_be));
	if (!err)
		err = send_content(fd, file, &progress);
	if (!err)
		err = await_answer(fd, &progress, &written);
	times.end_s = progress_now_s();
	progress_end(&progress);
	if (err)
		return err;
	if (written != (uint64_t)st.st_size)
		return -EIO;
	return report(args, fd, written, times.end_s - progress.begin_s, &times);
}

/* ---- Receiver --------------------------------------------------------------------------- */

static int receive_file(const struct arguments *args, int fd, const char *path)
{
	struct times times = {.begin_s = progress_now_s()};
	_cleanup_(series_close) struct series series = {0};
	_cleanup_close_ int file = -1;
	uint64_t length_be;
	int err = create_file(path, &file);

	if (!err)
		err = series_open(&series, args->series, args->interval_s);
	if (!err)
		err = read_all(fd, &length_be, sizeof(length_be));
	if (!err)
		err = receive_content(fd, file, be64toh(length_be), &series, &times);
	times.end_s = progress_now_s();
	if (!err)
		err = report(args, fd, be64toh(length_be), times.end_s - times.begin_s, &times);
	if (!err)
		err = write_all(fd, &length_be, sizeof(length_be));
	/* The sender closes first: its last look at the subflows finds them still there. */
	if (!err)
		(void)!read(fd, &length_be, 1);
	return err;
}

int receive_files(const struct arguments *args, const struct endpoint *endpoint, const char *path)
{
	_cleanup_close_ int listener = -1;
	int err = listen_at(args, endpoint, &listener);

	if (err)
		return err;
	do {
		_cleanup_close_ int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		err = fd < 0 ? -errno : receive_file(args, fd, path);
		if (err)
			fprintf(stderr, "xfer: receiving: %s\n", strerror(-err));
	} while (!args->once);
	return err;
}
