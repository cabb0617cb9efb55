// SPDX-License-Identifier: BSD-2-Clause
/*
 * xfer: sends a file over one MPTCP connection and says what each subflow carried. The sender begins with
 * the length (8 bytes, big endian); the receiver answers with the length that it has written, so
 * that the sender's clock stops when all has arrived.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "tests/lab/xfer/progress.h"
#include "user/base/cleanup.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif
#define CHUNK (64 * 1024)

struct arguments {
	const char *congestion; /* NULL: the system's */
	const char *report;	/* a file for the JSON; NULL: stdout */
	bool progress, once;
};

/* ---- Both sides ------------------------------------------------------------------------- */

static int write_all(int fd, const void *data, size_t len)
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

static int read_all(int fd, void *data, size_t len)
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

static int report(const struct arguments *args, int fd, uint64_t bytes, double seconds)
{
	_cleanup_fclose_ FILE *file = args->report ? fopen(args->report, "we") : NULL;
	FILE *out = args->report ? file : stdout;
	struct subflow subflows[SUBFLOWS_MAX];
	size_t count = 0;
	int err = subflows_read(fd, subflows, &count);

	if (!out)
		return -errno;
	fprintf(out,
		"{\"bytes\":%" PRIu64 ",\"seconds\":%.3f,\"mbit\":%.2f,\"mptcp\":%s,\"subflows\":",
		bytes, seconds, (double)bytes * 8e-6 / seconds, err ? "false" : "true");
	subflows_print(out, subflows, err ? 0 : count);
	fputs("}\n", out);
	fflush(out);
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

/* ---- Sender ----------------------------------------------------------------------------- */

static int connect_to(const struct arguments *args, const struct endpoint *server, int *ret_fd)
{
	struct sockaddr_storage sa;
	socklen_t len = endpoint_to_sockaddr(server, &sa);
	_cleanup_close_ int fd = socket(sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_MPTCP);
	int err;

	if (fd < 0)
		return -errno;
	err = set_congestion(fd, args->congestion);
	if (err)
		return err;
	if (connect(fd, (struct sockaddr *)&sa, len) < 0)
		return -errno;
	*ret_fd = take_fd(&fd);
	return 0;
}

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

static int send_file(const struct arguments *args, const struct endpoint *server, const char *path)
{
	_cleanup_close_ int file = open(path, O_RDONLY | O_CLOEXEC), fd = -1;
	uint64_t length_be, written;
	struct progress progress;
	struct stat st;
	int err;

	if (file < 0 || fstat(file, &st) < 0)
		return -errno;
	err = connect_to(args, server, &fd);
	if (err)
		return err;
	length_be = htobe64((uint64_t)st.st_size);
	progress_begin(&progress, args->progress ? stderr : NULL, server, (uint64_t)st.st_size);
	err = write_all(fd, &length_be, sizeof(length_be));
	if (!err)
		err = send_content(fd, file, &progress);
	if (!err)
		err = await_answer(fd, &progress, &written);
	progress_end(&progress);
	if (err)
		return err;
	if (written != (uint64_t)st.st_size)
		return -EIO;
	return report(args, fd, written, progress_now_s() - progress.begin_s);
}

/* ---- Receiver --------------------------------------------------------------------------- */

static int receive_content(int fd, int file, uint64_t length)
{
	_cleanup_free_ char *buffer = malloc(CHUNK);
	int err = buffer ? 0 : -ENOMEM;

	while (length && !err) {
		ssize_t n = read(fd, buffer, length < CHUNK ? length : CHUNK);

		if (n <= 0)
			return n ? -errno : -ECONNRESET;
		length -= (uint64_t)n;
		err = write_all(file, buffer, (size_t)n);
	}
	return err;
}

static int receive_file(const struct arguments *args, int fd, const char *path)
{
	_cleanup_close_ int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	double begin_s = progress_now_s();
	uint64_t length_be;
	int err;

	if (file < 0)
		return -errno;
	err = read_all(fd, &length_be, sizeof(length_be));
	if (!err)
		err = receive_content(fd, file, be64toh(length_be));
	if (!err)
		err = report(args, fd, be64toh(length_be), progress_now_s() - begin_s);
	if (!err)
		err = write_all(fd, &length_be, sizeof(length_be));
	/* The sender closes first: its last look at the subflows finds them still there. */
	if (!err)
		(void)!read(fd, &length_be, 1);
	return err;
}

static int listen_at(const struct endpoint *endpoint, int *ret_fd)
{
	struct sockaddr_storage sa;
	socklen_t len = endpoint_to_sockaddr(endpoint, &sa);
	_cleanup_close_ int fd = socket(sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_MPTCP);
	int one = 1;

	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&sa, len) < 0 || listen(fd, 16) < 0)
		return -errno;
	*ret_fd = take_fd(&fd);
	return 0;
}

static int receive_files(const struct arguments *args, const struct endpoint *endpoint,
			 const char *path)
{
	_cleanup_close_ int listener = -1;
	int err = listen_at(endpoint, &listener);

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

/* ---- Command line ----------------------------------------------------------------------- */

static const struct {
	const char *name;
	int (*run)(const struct arguments *args, const struct endpoint *endpoint, const char *path);
} commands[] = {
	{"send", send_file},
	{"receive", receive_files},
};

static int usage(void)
{
	fputs("usage: xfer send SERVER:PORT FILE [--congestion NAME] [--progress] [--report FILE]\n"
	      "       xfer receive ADDR:PORT FILE [--once] [--report FILE]\n",
	      stderr);
	return 2;
}

static int run(const struct arguments *args, char **words)
{
	struct endpoint endpoint;
	int err = endpoint_parse(words[1], &endpoint);

	if (err)
		return usage();
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		if (strcmp(commands[i].name, words[0]))
			continue;
		err = commands[i].run(args, &endpoint, words[2]);
		if (err)
			fprintf(stderr, "xfer: %s %s: %s\n", words[0], words[1], strerror(-err));
		return err ? EXIT_FAILURE : EXIT_SUCCESS;
	}
	return usage();
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"congestion", required_argument, NULL, 'c'},
		{"report", required_argument, NULL, 'r'},
		{"progress", no_argument, NULL, 'p'},
		{"once", no_argument, NULL, '1'},
		{NULL, 0, NULL, 0},
	};
	struct arguments args = {0};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'c')
			args.congestion = optarg;
		else if (option == 'r')
			args.report = optarg;
		else if (option == 'p')
			args.progress = true;
		else if (option == '1')
			args.once = true;
		else
			return usage();
	}
	return argc - optind == 3 ? run(&args, argv + optind) : usage();
}
