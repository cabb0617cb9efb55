// SPDX-License-Identifier: BSD-2-Clause
/* A dump of listening TCP sockets. An MPTCP listener shows as the TCP socket that it has. */
#include "user/net/listeners.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

static int on_socket(const struct nlmsghdr *nlh, void *data)
{
	const struct inet_diag_msg *msg = mnl_nlmsg_get_payload(nlh);
	uint64_t *ports = data;
	uint16_t port;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*msg))
		return -EPROTO;
	port = ntohs(msg->id.idiag_sport);
	ports[port / 64] |= 1ULL << (port % 64);
	return MNL_CB_OK;
}

static int read_family(struct nl_socket *sock, uint8_t family, uint64_t *ports)
{
	char buffer[NL_REQUEST_LEN];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);
	struct inet_diag_req_v2 *req = mnl_nlmsg_put_extra_header(nlh, sizeof(*req));

	nlh->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	nlh->nlmsg_flags = NLM_F_DUMP;
	req->sdiag_family = family;
	req->sdiag_protocol = IPPROTO_TCP;
	req->idiag_states = 1 << TCP_LISTEN;
	return nl_request(sock, nlh, on_socket, ports);
}

int listeners_read(struct nl_socket *sock, uint64_t ret_ports[DETOUR_PORT_WORDS])
{
	uint64_t ports[DETOUR_PORT_WORDS] = {0};
	int err = read_family(sock, AF_INET, ports);

	/* What a changed dump (-EINTR) gave is good; what it missed the next one will have. */
	if (!err || err == -EINTR)
		err = read_family(sock, AF_INET6, ports);
	if (err && err != -EINTR)
		return err;
	memcpy(ret_ports, ports, sizeof(ports));
	return 0;
}
