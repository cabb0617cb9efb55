// SPDX-License-Identifier: BSD-2-Clause
/* fetch and serve. */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

#include "tests/lab/xfer/commands.h"
#include "tests/lab/xfer/progress.h"
#include "user/base/cleanup.h"

int fetch_file(const struct arguments *args, const struct endpoint *server, const char *path)
{
	uint64_t length_be = htobe64(args->bytes);
	struct series none = {0};
	struct times times = {0};
	_cleanup_close_ int file = -1, fd = -1;
	int err = args->bytes ? create_file(path, &file) : -EINVAL;

	if (!err)
		err = connect_to(args, server, &times, &fd);
	if (!err)
		err = write_all(fd, &length_be, sizeof(length_be));
	if (!err)
		err = receive_content(fd, file, args->bytes, &none, &times);
	times.end_s = progress_now_s();
	return err ? err : report(args, fd, args->bytes, times.end_s - times.connected_s, &times);
}

static int serve_one(int fd, int file)
{
	_cleanup_free_ char *buffer = malloc(CHUNK);
	uint64_t length_be, left;
	int err = buffer ? read_all(fd, &length_be, sizeof(length_be)) : -ENOMEM;

	if (err)
		return err;
	if (lseek(file, 0, SEEK_SET) < 0)
		return -errno;
	for (left = be64toh(length_be); left && !err;) {
		ssize_t n = read(file, buffer, left < CHUNK ? left : CHUNK);

		if (n <= 0)
			return n ? -errno : -ENODATA;
		left -= (uint64_t)n;
		err = write_all(fd, buffer, (size_t)n);
	}
	/* The client closes first: its look at the subflows finds them still there. */
	if (!err)
		(void)!read(fd, &length_be, 1);
	return err;
}

int serve_file(const struct arguments *args, const struct endpoint *endpoint, const char *path)
{
	_cleanup_close_ int listener = -1, file = open(path, O_RDONLY | O_CLOEXEC);
	int err = file < 0 ? -errno : listen_at(args, endpoint, &listener);

	if (err)
		return err;
	do {
		_cleanup_close_ int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		err = fd < 0 ? -errno : serve_one(fd, file);
		if (err)
			fprintf(stderr, "xfer: serving: %s\n", strerror(-err));
	} while (!args->once);
	return err;
}
