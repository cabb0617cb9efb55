// SPDX-License-Identifier: BSD-2-Clause
#include "tests/bench/conns.h"

#include <errno.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "tests/bench/figures.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

void conns_many_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		give_up("RLIMIT_NOFILE");
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		give_up("RLIMIT_NOFILE");
}

int conns_socket(const struct endpoint *where)
{
	int fd = socket(addr_family(&where->addr), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
			IPPROTO_MPTCP);

	if (fd < 0)
		give_up("socket");
	return fd;
}

int conns_connect(const struct endpoint *where)
{
	struct sockaddr_storage sa;
	socklen_t len = endpoint_to_sockaddr(where, &sa);
	int fd = conns_socket(where);

	if (connect(fd, (struct sockaddr *)&sa, len) < 0 && errno != EINPROGRESS)
		give_up("connect");
	return fd;
}
