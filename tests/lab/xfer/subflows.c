// SPDX-License-Identifier: BSD-2-Clause
/* Reads tcp_info and addresses of each subflow. */
#include "tests/lab/xfer/subflows.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/tcp.h>
#include <linux/mptcp.h>
#include <sys/socket.h>

/* The kernel's older headers name these only for itself. */
#ifndef SOL_MPTCP
#define SOL_MPTCP 284
#endif

struct infos {
	struct mptcp_subflow_data head;
	struct tcp_info info[SUBFLOWS_MAX];
};

struct addresses {
	struct mptcp_subflow_data head;
	struct mptcp_subflow_addrs addr[SUBFLOWS_MAX];
};

static int read_option(int fd, int option, void *data, socklen_t len, uint32_t item_size)
{
	struct mptcp_subflow_data *head = data;

	*head = (struct mptcp_subflow_data){.size_subflow_data = sizeof(*head),
					    .size_user = item_size};
	return getsockopt(fd, SOL_MPTCP, option, data, &len) < 0 ? -errno : 0;
}

static int subflow_fill(const struct mptcp_subflow_addrs *addr, const struct tcp_info *info,
			struct subflow *ret_subflow)
{
	struct subflow subflow = {
		.bytes_acked = info->tcpi_bytes_acked,
		.bytes_received = info->tcpi_bytes_received,
		.rtt_us = info->tcpi_rtt,
		.retransmits = info->tcpi_total_retrans,
	};
	int err = endpoint_from_sockaddr((const struct sockaddr *)&addr->ss_local, &subflow.local);

	if (!err)
		err = endpoint_from_sockaddr((const struct sockaddr *)&addr->ss_remote,
					     &subflow.remote);
	if (!err)
		*ret_subflow = subflow;
	return err;
}

int subflows_read(int fd, struct subflow *ret_subflows, size_t *ret_count)
{
	struct addresses addresses;
	struct infos infos;
	uint32_t count;
	int err = read_option(fd, MPTCP_TCPINFO, &infos, sizeof(infos), sizeof(infos.info[0]));

	if (!err)
		err = read_option(fd, MPTCP_SUBFLOW_ADDRS, &addresses, sizeof(addresses),
				  sizeof(addresses.addr[0]));
	if (err)
		return err;
	count = infos.head.num_subflows;
	/* A subflow came or went between the two calls: the rows do not belong together. */
	if (count != addresses.head.num_subflows)
		return -EAGAIN;
	if (count > SUBFLOWS_MAX)
		count = SUBFLOWS_MAX;
	for (uint32_t i = 0; i < count && !err; i++)
		err = subflow_fill(&addresses.addr[i], &infos.info[i], &ret_subflows[i]);
	if (!err)
		*ret_count = count;
	return err;
}

void subflows_print(FILE *out, const struct subflow *subflows, size_t count)
{
	char local[ADDR_TEXT_LEN], remote[ADDR_TEXT_LEN];

	fputc('[', out);
	for (size_t i = 0; i < count; i++)
		fprintf(out,
			"%s{\"local\":\"%s\",\"remote\":\"%s\",\"acked\":%" PRIu64
			",\"received\":%" PRIu64 ",\"rtt_us\":%u,\"retransmits\":%u}",
			i ? "," : "", endpoint_format(&subflows[i].local, local),
			endpoint_format(&subflows[i].remote, remote), subflows[i].bytes_acked,
			subflows[i].bytes_received, subflows[i].rtt_us, subflows[i].retransmits);
	fputc(']', out);
}
