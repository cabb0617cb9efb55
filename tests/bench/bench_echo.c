// SPDX-License-Identifier: BSD-2-Clause
/* An MPTCP server that sends back what comes, on as many connections as there are. */
#include <errno.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/conns.h"
#include "tests/bench/figures.h"

#define EVENTS_AT_ONCE 256

static int listen_at(const struct endpoint *where)
{
	struct sockaddr_storage sa;
	socklen_t len = endpoint_to_sockaddr(where, &sa);
	int fd = conns_socket(where), on = 1;

	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    bind(fd, (struct sockaddr *)&sa, len) < 0 || listen(fd, 4096) < 0)
		give_up("listen");
	return fd;
}

static void watch(int epoll, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		give_up("epoll");
}

static void accept_all(int epoll, int listener)
{
	int fd;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
		watch(epoll, fd);
	if (errno != EAGAIN && errno != ECONNABORTED)
		give_up("accept");
}

/* So little is said that it always fits. */
static void answer(int fd)
{
	char bytes[CONNS_MESSAGE];
	ssize_t n = recv(fd, bytes, sizeof(bytes), 0);

	if (n > 0)
		n = send(fd, bytes, (size_t)n, MSG_NOSIGNAL);
	if (n == 0 || (n < 0 && errno != EAGAIN))
		close(fd);
}

int main(int argc, char **argv)
{
	struct epoll_event events[EVENTS_AT_ONCE];
	struct endpoint where;
	int listener, epoll;

	if (argc != 2 || endpoint_parse(argv[1], &where)) {
		fprintf(stderr, "usage: bench_echo ADDRESS:PORT\n");
		return 2;
	}
	conns_many_files();
	listener = listen_at(&where);
	epoll = epoll_create1(EPOLL_CLOEXEC);
	watch(epoll, listener);
	for (;;) {
		int count = epoll_wait(epoll, events, EVENTS_AT_ONCE, -1);

		for (int i = 0; i < count; i++) {
			if (events[i].data.fd == listener)
				accept_all(epoll, listener);
			else
				answer(events[i].data.fd);
		}
	}
}
