// SPDX-License-Identifier: BSD-2-Clause
/*
 * inet_diag dumps. MPTCP's protocol number (262) does not fit the request's byte: 255 stands there
 * and an attribute carries it.
 */
#include "user/net/diag.h"

#include <string.h>

#include <linux/inet_diag.h>
#include <linux/mptcp.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>

#include "user/base/cleanup.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif
#define PROTOCOL_IN_ATTRIBUTE 255 /* IPPROTO_RAW */

struct dump {
	diag_connection_callback connection;
	diag_subflow_callback subflow;
	void *data;
};

int diag_open(struct nl_socket **ret_socket)
{
	return nl_open(NETLINK_SOCK_DIAG, ret_socket);
}

static struct endpoint diag_endpoint(uint8_t family, const __be32 addr[4], in_port_t port_be)
{
	struct endpoint endpoint = {.port_be = port_be};

	if (family == AF_INET) {
		struct in_addr v4 = {.s_addr = addr[0]};

		endpoint.addr = addr_from_v4(v4);
	} else {
		memcpy(&endpoint.addr, addr, sizeof(endpoint.addr));
	}
	return endpoint;
}

/* Copies a struct of the kernel's, which may be shorter or longer than ours: the rest is zero. */
static void copy_payload(const struct nlattr *attr, void *out, size_t size)
{
	size_t len = mnl_attr_get_payload_len(attr);

	memset(out, 0, size);
	memcpy(out, mnl_attr_get_payload(attr), len < size ? len : size);
}

static int connection_message(const struct nlmsghdr *nlh, void *data)
{
	const struct inet_diag_msg *msg = mnl_nlmsg_get_payload(nlh);
	struct diag_connection connection = {0};
	const struct dump *dump = data;
	struct mptcp_info info = {0};
	const struct nlattr *attr;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*msg))
		return MNL_CB_OK;
	mnl_attr_for_each (attr, nlh, sizeof(*msg)) {
		if (mnl_attr_get_type(attr) == INET_DIAG_INFO)
			copy_payload(attr, &info, sizeof(info));
	}
	connection.token = info.mptcpi_token;
	connection.fallback = info.mptcpi_flags & MPTCP_INFO_FLAG_FALLBACK;
	connection.local = diag_endpoint(msg->idiag_family, msg->id.idiag_src, msg->id.idiag_sport);
	connection.remote = diag_endpoint(msg->idiag_family, msg->id.idiag_dst,
					  msg->id.idiag_dport);
	return connection.token ? dump->connection(&connection, dump->data) : MNL_CB_OK;
}

static void take_tcp_info(const struct nlattr *attr, struct diag_info *info)
{
	struct tcp_info tcp;

	copy_payload(attr, &tcp, sizeof(tcp));
	*info = (struct diag_info){
		.rtt_us = tcp.tcpi_rtt,
		.min_rtt_us = tcp.tcpi_min_rtt,
		.delivery_rate = tcp.tcpi_delivery_rate,
		.bytes_acked = tcp.tcpi_bytes_acked,
		.bytes_sent = tcp.tcpi_bytes_sent,
		.bytes_received = tcp.tcpi_bytes_received,
		.retransmits = tcp.tcpi_total_retrans,
		.segs_out = tcp.tcpi_segs_out,
		.unacked = tcp.tcpi_unacked,
	};
}

static bool is_text(const struct nlattr *attr, const char *text)
{
	size_t size = strlen(text) + 1;

	return mnl_attr_get_payload_len(attr) == size &&
	       memcmp(mnl_attr_get_payload(attr), text, size) == 0;
}

static void take_flags(uint32_t flags, struct diag_subflow *subflow)
{
	subflow->initiated_here = flags &
				  (MPTCP_SUBFLOW_FLAG_MCAP_LOC | MPTCP_SUBFLOW_FLAG_JOIN_LOC);
	subflow->join = flags & (MPTCP_SUBFLOW_FLAG_JOIN_REM | MPTCP_SUBFLOW_FLAG_JOIN_LOC);
	subflow->fully_established = flags & MPTCP_SUBFLOW_FLAG_FULLY_ESTABLISHED;
	subflow->backup = flags & MPTCP_SUBFLOW_FLAG_BKUP_LOC;
}

/* INET_DIAG_ULP_INFO { INET_ULP_INFO_MPTCP { token, ids, flags } }; false: not a subflow. */
static bool take_ulp(const struct nlattr *ulp, struct diag_subflow *subflow)
{
	const struct nlattr *info, *attr;
	bool found = false;

	mnl_attr_for_each_nested (info, ulp) {
		if (mnl_attr_get_type(info) != INET_ULP_INFO_MPTCP)
			continue;
		found = true;
		mnl_attr_for_each_nested (attr, info) {
			uint16_t type = mnl_attr_get_type(attr);
			uint16_t len = mnl_attr_get_payload_len(attr);

			if (type == MPTCP_SUBFLOW_ATTR_TOKEN_LOC && len == 4)
				subflow->token = mnl_attr_get_u32(attr);
			else if (type == MPTCP_SUBFLOW_ATTR_FLAGS && len == 4)
				take_flags(mnl_attr_get_u32(attr), subflow);
			else if (type == MPTCP_SUBFLOW_ATTR_ID_LOC && len == 1)
				subflow->loc_id = mnl_attr_get_u8(attr);
			else if (type == MPTCP_SUBFLOW_ATTR_ID_REM && len == 1)
				subflow->rem_id = mnl_attr_get_u8(attr);
		}
	}
	return found;
}

static int subflow_message(const struct nlmsghdr *nlh, void *data)
{
	const struct inet_diag_msg *msg = mnl_nlmsg_get_payload(nlh);
	struct diag_subflow subflow = {0};
	const struct dump *dump = data;
	const struct nlattr *attr;
	bool is_subflow = false, takes_loss = false;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*msg))
		return MNL_CB_OK;
	mnl_attr_for_each (attr, nlh, sizeof(*msg)) {
		if (mnl_attr_get_type(attr) == INET_DIAG_INFO)
			take_tcp_info(attr, &subflow.info);
		else if (mnl_attr_get_type(attr) == INET_DIAG_CONG)
			takes_loss = is_text(attr, "cubic") || is_text(attr, "reno");
		else if (mnl_attr_get_type(attr) == INET_DIAG_ULP_INFO)
			is_subflow = take_ulp(attr, &subflow);
	}
	if (!is_subflow)
		return MNL_CB_OK;
	subflow.info.takes_loss = takes_loss;
	subflow.state = msg->idiag_state;
	subflow.local = diag_endpoint(msg->idiag_family, msg->id.idiag_src, msg->id.idiag_sport);
	subflow.remote = diag_endpoint(msg->idiag_family, msg->id.idiag_dst, msg->id.idiag_dport);
	return dump->subflow(&subflow, dump->data);
}

/* `buffer` has NL_REQUEST_LEN bytes. */
static struct nlmsghdr *put_request(char *buffer, uint8_t family, uint32_t protocol,
				    uint32_t states)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);
	struct inet_diag_req_v2 *req = mnl_nlmsg_put_extra_header(nlh, sizeof(*req));

	nlh->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	nlh->nlmsg_flags = NLM_F_DUMP;
	req->sdiag_family = family;
	req->sdiag_protocol = protocol > UINT8_MAX ? PROTOCOL_IN_ATTRIBUTE : (uint8_t)protocol;
	req->idiag_ext = 1 << (INET_DIAG_INFO - 1) | 1 << (INET_DIAG_CONG - 1);
	req->idiag_states = states;
	if (protocol > UINT8_MAX)
		mnl_attr_put_u32(nlh, INET_DIAG_REQ_PROTOCOL, protocol);
	return nlh;
}

static int dump_both_families(struct nl_socket *socket, uint32_t protocol, uint32_t states,
			      nl_callback callback, struct dump *dump)
{
	static const uint8_t families[] = {AF_INET, AF_INET6};

	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		char buffer[NL_REQUEST_LEN];
		int err = nl_request(socket, put_request(buffer, families[i], protocol, states),
				     callback, dump);

		if (err)
			return err;
	}
	return 0;
}

int diag_dump_connections(struct nl_socket *socket, diag_connection_callback callback, void *data)
{
	struct dump dump = {.connection = callback, .data = data};

	return dump_both_families(socket, IPPROTO_MPTCP, DIAG_ESTABLISHED | DIAG_CLOSE_WAIT,
				  connection_message, &dump);
}

int diag_dump_subflows(struct nl_socket *socket, uint32_t states, diag_subflow_callback callback,
		       void *data)
{
	struct dump dump = {.subflow = callback, .data = data};

	return dump_both_families(socket, IPPROTO_TCP, states, subflow_message, &dump);
}

int diag_begin_subflows(struct nl_socket *socket, int family, uint32_t states)
{
	char buffer[NL_REQUEST_LEN];

	return nl_begin(socket, put_request(buffer, (uint8_t)family, IPPROTO_TCP, states));
}

int diag_next_subflows(struct nl_socket *socket, diag_subflow_callback callback, void *data)
{
	struct dump dump = {.subflow = callback, .data = data};

	return nl_next(socket, subflow_message, &dump);
}
