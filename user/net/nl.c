// SPDX-License-Identifier: BSD-2-Clause
/* Netlink requests, dumps and subscriptions on libmnl. */
#include "user/net/nl.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <linux/netlink.h>

#include "user/base/cleanup.h"

#define NL_BUFFER_LEN	   65536
#define NL_RECEIVE_BUFFER  (4 << 20)
#define NL_REQUEST_TIMEOUT ((struct timeval){.tv_sec = 5})

struct nl_socket {
	struct mnl_socket *mnl;
	uint32_t seq;
	uint32_t portid;
	char buffer[NL_BUFFER_LEN];
};

/* What mnl_cb_run cannot carry: our callback's own error. */
struct nl_run {
	nl_callback callback;
	void *data;
	int err;
};

int nl_open(int bus, struct nl_socket **ret_socket)
{
	struct nl_socket *sock = calloc(1, sizeof(*sock));
	int on = 1, size = NL_RECEIVE_BUFFER, err;
	struct timeval timeout = NL_REQUEST_TIMEOUT;

	if (!sock)
		return -ENOMEM;
	sock->mnl = mnl_socket_open2(bus, SOCK_CLOEXEC);
	if (!sock->mnl || mnl_socket_bind(sock->mnl, 0, MNL_SOCKET_AUTOPID) < 0) {
		err = -errno;
		nl_close(sock);
		return err;
	}
	sock->portid = mnl_socket_get_portid(sock->mnl);
	/* Best effort, all three: older kernels and plain users do without. */
	mnl_socket_setsockopt(sock->mnl, NETLINK_EXT_ACK, &on, sizeof(on));
	setsockopt(nl_fd(sock), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	setsockopt(nl_fd(sock), SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	*ret_socket = sock;
	return 0;
}

void nl_close(struct nl_socket *sock)
{
	if (!sock)
		return;
	if (sock->mnl)
		mnl_socket_close(sock->mnl);
	free(sock);
}

int nl_fd(const struct nl_socket *sock)
{
	return mnl_socket_get_fd(sock->mnl);
}

int nl_join(struct nl_socket *sock, unsigned int group)
{
	return mnl_socket_setsockopt(sock->mnl, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0
		       ? -errno
		       : 0;
}

static int run_callback(const struct nlmsghdr *nlh, void *data)
{
	struct nl_run *run = data;
	int ret = run->callback ? run->callback(nlh, run->data) : MNL_CB_OK;

	if (ret >= 0)
		return ret;
	run->err = ret;
	errno = -ret;
	return MNL_CB_ERROR;
}

int nl_begin(struct nl_socket *sock, struct nlmsghdr *nlh)
{
	nlh->nlmsg_flags |= NLM_F_REQUEST;
	if (!(nlh->nlmsg_flags & NLM_F_DUMP))
		nlh->nlmsg_flags |= NLM_F_ACK;
	nlh->nlmsg_seq = ++sock->seq;
	nlh->nlmsg_pid = sock->portid;
	return mnl_socket_sendto(sock->mnl, nlh, nlh->nlmsg_len) < 0 ? -errno : 0;
}

int nl_next(struct nl_socket *sock, nl_callback callback, void *data)
{
	struct nl_run run = {.callback = callback, .data = data};
	ssize_t n = mnl_socket_recvfrom(sock->mnl, sock->buffer, sizeof(sock->buffer));
	int ret;

	if (n < 0)
		return errno == EAGAIN ? -ETIMEDOUT : -errno;
	ret = mnl_cb_run(sock->buffer, (size_t)n, sock->seq, sock->portid, run_callback, &run);
	/* The rest of an earlier request that timed out or was interrupted: read on. */
	if (ret < 0 && (errno == ESRCH || errno == EPROTO) && run.err == 0 &&
	    ((struct nlmsghdr *)sock->buffer)->nlmsg_seq != sock->seq)
		return 1;
	if (ret < 0)
		return run.err ? run.err : -errno;
	return ret > MNL_CB_STOP;
}

int nl_request(struct nl_socket *sock, struct nlmsghdr *nlh, nl_callback callback, void *data)
{
	int ret = nl_begin(sock, nlh);

	if (ret)
		return ret;
	do
		ret = nl_next(sock, callback, data);
	while (ret > 0);
	return ret;
}

int nl_receive(struct nl_socket *sock, nl_callback callback, void *data)
{
	struct nl_run run = {.callback = callback, .data = data};

	for (int i = 0; i < NL_RECEIVE_MAX; i++) {
		ssize_t n = recv(nl_fd(sock), sock->buffer, sizeof(sock->buffer), MSG_DONTWAIT);

		if (n < 0)
			return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -errno;
		if (mnl_cb_run(sock->buffer, (size_t)n, 0, 0, run_callback, &run) < 0)
			return run.err ? run.err : -errno;
	}
	return 0;
}

void nl_discard(struct nl_socket *sock)
{
	char byte;

	while (recv(nl_fd(sock), &byte, 1, MSG_DONTWAIT) >= 0 || errno == ENOBUFS || errno == EINTR)
		;
}
