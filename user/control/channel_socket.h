/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The channel's sockets: an agent's are TCP, a relay's MPTCP where its kernel has that;
 * non-blocking, close-on-exec.
 */
#ifndef DETOUR_CONTROL_CHANNEL_SOCKET_H
#define DETOUR_CONTROL_CHANNEL_SOCKET_H

#include "user/base/addr.h"

/* Begins to connect from `local` (NULL: any) to `remote`; writable or broken when that is done. */
int channel_connect(const struct endpoint *local, const struct endpoint *remote, int *ret_fd);

/* Listens at `listen`; "[::]" takes IPv4 too, and is IPv4 alone on a host without IPv6. */
int channel_listen(const struct endpoint *listen, int *ret_fd);

/* Takes one connection; -EAGAIN: none is waiting. */
int channel_accept(int listen_fd, int *ret_fd, struct endpoint *ret_remote);

/* The socket's own address; IPv4 over an IPv6 socket comes out as IPv4. */
int channel_local(int fd, struct endpoint *ret_local);

/* The error that the socket has met and not yet told, as -errno, or 0. */
int channel_error(int fd);

/*
 * Reads and forgets what has come: closing a socket with unread bytes sends a reset, which may
 * overtake the alert that says why.
 */
void channel_drain(int fd);

#endif /* DETOUR_CONTROL_CHANNEL_SOCKET_H */
