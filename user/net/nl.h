/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A netlink socket on libmnl: one request and its answer, a dump, or a subscription. Answers are
 * waited for (the kernel answers at once, within the request's system call). Not for more than one thread.
 */
#ifndef DETOUR_NET_NL_H
#define DETOUR_NET_NL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libmnl/libmnl.h>

/* Enough for any request that this project makes. */
#define NL_REQUEST_LEN 1024

struct nl_socket;

/* Called for each message of an answer; MNL_CB_OK to go on, or -errno to stop with it. */
typedef int (*nl_callback)(const struct nlmsghdr *nlh, void *data);

/* `bus`: NETLINK_ROUTE, NETLINK_GENERIC, NETLINK_SOCK_DIAG. */
int nl_open(int bus, struct nl_socket **ret_socket);
void nl_close(struct nl_socket *sock);

/* For uv_poll; the socket is non-blocking for nl_receive() only. */
int nl_fd(const struct nl_socket *sock);

/* Joins a multicast group: an RTNLGRP_ number, or a generic netlink group's. */
int nl_join(struct nl_socket *sock, unsigned int group);

/*
 * Sends `nlh` (built in a buffer of at least NL_REQUEST_LEN bytes; its sequence number and
 * NLM_F_REQUEST are set here) and reads the answer to its end: the acknowledgement, or the dump's
 * NLMSG_DONE. `callback` may be NULL. 0, or the kernel's -errno, -EINTR for a dump that changed on
 * the way (its messages were given; ask again), -ETIMEDOUT.
 */
int nl_request(struct nl_socket *sock, struct nlmsghdr *nlh, nl_callback callback, void *data);

/*
 * The same for a dump, in parts: nl_next() reads one datagram of the answer. 1: there is more; 0: that
 * was the end; else as nl_request(), and the socket is of no use for another dump. The kernel makes each part when the one
 * before it is read, so none is waited for.
 */
int nl_begin(struct nl_socket *sock, struct nlmsghdr *nlh);
int nl_next(struct nl_socket *sock, nl_callback callback, void *data);

/*
 * Reads what a subscription has got, without waiting, but not more than NL_RECEIVE_MAX messages: the
 * descriptor stays readable then. 0; -ENOBUFS: the kernel dropped messages, resync.
 */
#define NL_RECEIVE_MAX 128
int nl_receive(struct nl_socket *sock, nl_callback callback, void *data);

/* Drops what a subscription has got, and the error of an overrun. */
void nl_discard(struct nl_socket *sock);

#endif /* DETOUR_NET_NL_H */
