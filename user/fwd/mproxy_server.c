// SPDX-License-Identifier: BSD-2-Clause
/* The UDP socket of MProxy v1. Answers leave from the address that the request came to. */
#include "user/fwd/mproxy_server.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "user/base/cleanup.h"
#include "user/base/log.h"
#include "user/control/mproxy.h"
#include "user/fwd/grants.h"
#include "user/fwd/identities.h"

/* Datagrams that one wake-up deals with, so that a flood leaves time for the rest. */
#define DATAGRAMS_PER_WAKEUP 64

struct mproxy_server {
	uv_poll_t poll;
	int fd;
	const struct fwd_config *config;
	struct grants *grants;
	struct identities *identities;
	struct mproxy_counters counters;
};

/* One request: who sent it, and to which of our addresses. */
struct datagram {
	struct sockaddr_in from;
	struct in_addr local;
	uint8_t bytes[MPROXY_MESSAGE_LEN + 1]; /* one more: longer ones show */
	size_t len;
};

static int open_socket(in_port_t port_be, int *ret_fd)
{
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = port_be};
	int on = 1;

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on)) < 0 ||
	    bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0)
		return -errno;
	*ret_fd = take_fd(&fd);
	return 0;
}

static int receive(int fd, struct datagram *datagram)
{
	char control[CMSG_SPACE(sizeof(struct in_pktinfo))];
	struct iovec iov = {datagram->bytes, sizeof(datagram->bytes)};
	struct msghdr msg = {.msg_name = &datagram->from,
			     .msg_namelen = sizeof(datagram->from),
			     .msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control,
			     .msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(fd, &msg, 0);

	if (n < 0)
		return -errno;
	datagram->len = (size_t)n;
	datagram->local.s_addr = INADDR_ANY;
	for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg); cmsg; cmsg = CMSG_NXTHDR(&msg, cmsg)) {
		struct in_pktinfo info;

		if (cmsg->cmsg_level != IPPROTO_IP || cmsg->cmsg_type != IP_PKTINFO)
			continue;
		memcpy(&info, CMSG_DATA(cmsg), sizeof(info));
		datagram->local = info.ipi_spec_dst;
	}
	return 0;
}

static void send_from(int fd, const struct datagram *request,
		      const uint8_t answer[MPROXY_MESSAGE_LEN])
{
	char control[CMSG_SPACE(sizeof(struct in_pktinfo))] = {0};
	struct in_pktinfo info = {.ipi_spec_dst = request->local};
	struct iovec iov = {(void *)answer, MPROXY_MESSAGE_LEN};
	struct msghdr msg = {.msg_name = (void *)&request->from,
			     .msg_namelen = sizeof(request->from),
			     .msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control,
			     .msg_controllen = sizeof(control)};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = IPPROTO_IP;
	cmsg->cmsg_type = IP_PKTINFO;
	cmsg->cmsg_len = CMSG_LEN(sizeof(info));
	memcpy(CMSG_DATA(cmsg), &info, sizeof(info));
	/* A client that hears nothing asks again: a lost answer is its business. */
	(void)!sendmsg(fd, &msg, 0);
}

static bool is_client(const struct fwd_config *config, const struct detour_addr *addr)
{
	for (size_t i = 0; i < config->mproxy_count; i++) {
		if (prefix_contains(&config->mproxy[i], addr))
			return true;
	}
	return false;
}

static bool identity_in_use(void *data, uint32_t number)
{
	const struct mproxy_server *server = data;

	return leases_in_use(grants_leases(server->grants), number);
}

static int grant(struct mproxy_server *server, const struct datagram *datagram,
		 const struct mproxy_message *request, const struct lease **ret_lease,
		 const char **ret_reason)
{
	struct lease_holder_key holder = {.client = addr_from_v4(datagram->from.sin_addr),
					  .relay = addr_from_v4(datagram->local),
					  .flags = LEASE_MPROXY};
	char name[DETOUR_IDENTITY_LEN];
	int err = identities_get(server->identities,
				 identity_of_mproxy(&holder.client, name, sizeof(name)),
				 identity_in_use, server, &holder.identity);

	if (err) {
		*ret_reason = "the relay knows as many clients as it may (MaxClients=)";
		return err;
	}
	return grants_get(server->grants, &holder, &request->server, request->detour_port,
			  ret_lease, ret_reason);
}

static void answer(struct mproxy_server *server, const struct datagram *datagram)
{
	struct detour_addr client = addr_from_v4(datagram->from.sin_addr);
	struct mproxy_message message;
	uint8_t bytes[MPROXY_MESSAGE_LEN];
	const struct lease *lease;
	const char *reason;

	if (!is_client(server->config, &client) ||
	    mproxy_decode(datagram->bytes, datagram->len, &message) ||
	    message.op != MPROXY_REQUEST) {
		server->counters.ignored++;
		return;
	}
	server->counters.requests++;
	if (grant(server, datagram, &message, &lease, &reason)) {
		char from[ADDR_TEXT_LEN], to[ADDR_TEXT_LEN];

		server->counters.refused++;
		log_debug("MProxy client %s gets no lease for %s: %s", addr_format(&client, from),
			  endpoint_format(&message.server, to), reason);
		return;
	}
	message.op = MPROXY_REPLY;
	message.detour_port = ntohs(lease->key.port_be);
	mproxy_encode(&message, bytes);
	send_from(server->fd, datagram, bytes);
	server->counters.answered++;
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct mproxy_server *server = poll->data;
	struct datagram datagram;

	(void)status;
	(void)events;
	for (int i = 0; i < DATAGRAMS_PER_WAKEUP && receive(server->fd, &datagram) == 0; i++)
		answer(server, &datagram);
}

int mproxy_server_new(uv_loop_t *loop, const struct fwd_config *config, struct grants *grants,
		      struct identities *identities, struct mproxy_server **ret_server)
{
	struct mproxy_server *server = calloc(1, sizeof(*server));
	int err;

	if (!server)
		return -ENOMEM;
	server->config = config;
	server->grants = grants;
	server->identities = identities;
	err = open_socket(config->listen.port_be, &server->fd);
	if (err) {
		free(server);
		return err;
	}
	uv_poll_init(loop, &server->poll, server->fd);
	server->poll.data = server;
	uv_poll_start(&server->poll, UV_READABLE, on_readable);
	*ret_server = server;
	return 0;
}

static void on_closed(uv_handle_t *handle)
{
	struct mproxy_server *server = handle->data;

	close(server->fd);
	free(server);
}

void mproxy_server_free(struct mproxy_server *server)
{
	if (server)
		uv_close((uv_handle_t *)&server->poll, on_closed);
}

void mproxy_server_set_config(struct mproxy_server *server, const struct fwd_config *config)
{
	server->config = config;
}

const struct mproxy_counters *mproxy_server_counters(const struct mproxy_server *server)
{
	return &server->counters;
}
