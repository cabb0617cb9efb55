// SPDX-License-Identifier: BSD-2-Clause
/* Opening, binding and asking the channel's sockets. */
#include "user/control/channel_socket.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "user/base/cleanup.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

#define LISTEN_BACKLOG 128

/* The channel's own pings find a dead path in 3 s; this is for what the kernel still holds then. */
#define USER_TIMEOUT_MS 5000

/* What is drained before a close: one flight of a handshake, and no more than that. */
#define DRAIN_MAX 16384

static int open_socket(int family, int protocol)
{
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);

	return fd < 0 ? -errno : fd;
}

/* MPTCP sockets of older kernels refuse some of these; the channel works without. */
static void set_options(int fd)
{
	unsigned int timeout_ms = USER_TIMEOUT_MS;
	int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, sizeof(timeout_ms));
}

static int bind_to(int fd, const struct endpoint *endpoint)
{
	struct sockaddr_storage sa;
	socklen_t len = endpoint_to_sockaddr(endpoint, &sa);

	return bind(fd, (struct sockaddr *)&sa, len) < 0 ? -errno : 0;
}

/*
 * Plain TCP, and never MPTCP: Linux sends the third SYN without MP_CAPABLE, and if that one is
 * answered, because the relay has just come back, it takes the network for one that eats MPTCP and
 * gives all of the host's new connections plain TCP for an hour (net.mptcp.blackhole_timeout).
 */
int channel_connect(const struct endpoint *local, const struct endpoint *remote, int *ret_fd)
{
	_cleanup_close_ int fd = open_socket(addr_family(&remote->addr), IPPROTO_TCP);
	struct sockaddr_storage sa;
	socklen_t len = endpoint_to_sockaddr(remote, &sa);
	int err;

	if (fd < 0)
		return fd;
	set_options(fd);
	if (local) {
		err = bind_to(fd, local);
		if (err < 0)
			return err;
	}
	if (connect(fd, (struct sockaddr *)&sa, len) < 0 && errno != EINPROGRESS)
		return -errno;
	*ret_fd = take_fd(&fd);
	return 0;
}

static int listen_at(const struct endpoint *endpoint, int *ret_fd)
{
	int family = addr_family(&endpoint->addr), on = 1, off = 0, err;
	_cleanup_close_ int fd = open_socket(family, IPPROTO_MPTCP);

	if (fd < 0)
		fd = open_socket(family, IPPROTO_TCP);
	if (fd < 0)
		return fd;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (!addr_is_v4(&endpoint->addr) && addr_is_unspecified(&endpoint->addr))
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	err = bind_to(fd, endpoint);
	if (err < 0)
		return err;
	if (listen(fd, LISTEN_BACKLOG) < 0)
		return -errno;
	*ret_fd = take_fd(&fd);
	return 0;
}

int channel_listen(const struct endpoint *listen, int *ret_fd)
{
	struct endpoint any_v4 = {addr_from_v4((struct in_addr){INADDR_ANY}), listen->port_be};
	int err = listen_at(listen, ret_fd);

	if ((err == -EAFNOSUPPORT || err == -EADDRNOTAVAIL) && addr_is_unspecified(&listen->addr))
		return listen_at(&any_v4, ret_fd);
	return err;
}

int channel_accept(int listen_fd, int *ret_fd, struct endpoint *ret_remote)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);
	_cleanup_close_ int fd = accept4(listen_fd, (struct sockaddr *)&sa, &len,
					 SOCK_NONBLOCK | SOCK_CLOEXEC);
	int err;

	if (fd < 0)
		return -errno;
	set_options(fd);
	err = endpoint_from_sockaddr((struct sockaddr *)&sa, ret_remote);
	if (err < 0)
		return err;
	*ret_fd = take_fd(&fd);
	return 0;
}

int channel_local(int fd, struct endpoint *ret_local)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);

	if (getsockname(fd, (struct sockaddr *)&sa, &len) < 0)
		return -errno;
	return endpoint_from_sockaddr((struct sockaddr *)&sa, ret_local);
}

int channel_error(int fd)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		return -errno;
	return -error;
}

void channel_drain(int fd)
{
	char waste[1024];
	size_t drained = 0;
	ssize_t got;

	do {
		got = recv(fd, waste, sizeof(waste), MSG_DONTWAIT);
		drained += got > 0 ? got : 0;
	} while (got > 0 && drained < DRAIN_MAX);
}
