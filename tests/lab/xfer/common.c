// SPDX-License-Identifier: BSD-2-Clause
#include "tests/lab/xfer/common.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "tests/lab/xfer/progress.h"
#include "user/base/cleanup.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

int write_all(int fd, const void *data, size_t len)
{
	for (const char *p = data; len;) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			p += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

int read_all(int fd, void *data, size_t len)
{
	for (char *p = data; len;) {
		ssize_t n = read(fd, p, len);

		if (n == 0)
			return -ECONNRESET;
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			p += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

int receive_content(int fd, int file, uint64_t length, struct series *series, struct times *times)
{
	_cleanup_free_ char *buffer = malloc(CHUNK);
	uint64_t done = 0;
	int err = buffer ? 0 : -ENOMEM;

	while (done < length && !err) {
		ssize_t n;

		series_await(series, fd, done);
		n = read(fd, buffer, length - done < CHUNK ? length - done : CHUNK);
		if (n <= 0)
			return n ? -errno : -ECONNRESET;
		if (!done)
			times->first_s = progress_now_s();
		done += (uint64_t)n;
		err = write_all(file, buffer, (size_t)n);
	}
	return err;
}

int create_file(const char *path, int *ret_file)
{
	int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (file < 0)
		return -errno;
	*ret_file = file;
	return 0;
}

static int set_congestion(int fd, const char *name)
{
	if (!name)
		return 0;
	return setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, (socklen_t)strlen(name)) < 0
		       ? -errno
		       : 0;
}

static int open_socket(const struct arguments *args, int family, int *ret_fd)
{
	_cleanup_close_ int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC,
					args->tcp ? IPPROTO_TCP : IPPROTO_MPTCP);
	int err;

	if (fd < 0)
		return -errno;
	err = set_congestion(fd, args->congestion);
	if (err)
		return err;
	*ret_fd = take_fd(&fd);
	return 0;
}

int connect_to(const struct arguments *args, const struct endpoint *server, struct times *times,
	       int *ret_fd)
{
	struct sockaddr_storage sa;
	socklen_t len = endpoint_to_sockaddr(server, &sa);
	_cleanup_close_ int fd = -1;
	int err = open_socket(args, sa.ss_family, &fd);

	if (err)
		return err;
	times->begin_s = progress_now_s();
	if (connect(fd, (struct sockaddr *)&sa, len) < 0)
		return -errno;
	times->connected_s = progress_now_s();
	*ret_fd = take_fd(&fd);
	return 0;
}

int listen_at(const struct arguments *args, const struct endpoint *endpoint, int *ret_fd)
{
	struct sockaddr_storage sa;
	socklen_t len = endpoint_to_sockaddr(endpoint, &sa);
	_cleanup_close_ int fd = -1;
	int err = open_socket(args, sa.ss_family, &fd);
	int one = 1;

	if (err)
		return err;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&sa, len) < 0 || listen(fd, 16) < 0)
		return -errno;
	*ret_fd = take_fd(&fd);
	return 0;
}

static void print_moment(FILE *out, const char *name, const struct times *times, double moment_s)
{
	if (moment_s > 0)
		fprintf(out, ",\"%s\":%.3f", name, (moment_s - times->begin_s) * 1e3);
}

int report(const struct arguments *args, int fd, uint64_t bytes, double seconds,
	   const struct times *times)
{
	_cleanup_fclose_ FILE *file = args->report ? fopen(args->report, "we") : NULL;
	FILE *out = args->report ? file : stdout;
	struct subflow subflows[SUBFLOWS_MAX];
	size_t count = 0;
	int err = subflows_read(fd, subflows, &count);

	if (!out)
		return -errno;
	fprintf(out, "{\"bytes\":%" PRIu64 ",\"seconds\":%.3f,\"mbit\":%.2f,\"mptcp\":%s", bytes,
		seconds, (double)bytes * 8e-6 / seconds, err ? "false" : "true");
	print_moment(out, "connected_ms", times, times->connected_s);
	print_moment(out, "first_ms", times, times->first_s);
	print_moment(out, "end_ms", times, times->end_s);
	fputs(",\"subflows\":", out);
	subflows_print(out, subflows, err ? 0 : count);
	fputs("}\n", out);
	fflush(out);
	return 0;
}
