/* SPDX-License-Identifier: BSD-2-Clause */
/* MPTCP connections by the thousand, for the agent's benchmarks. */
#ifndef DETOUR_BENCH_CONNS_H
#define DETOUR_BENCH_CONNS_H

#include "user/base/addr.h"

/* What goes each way, so that the kernel takes a connection for established. */
#define CONNS_MESSAGE 64

/* As many file descriptors as the kernel gives. */
void conns_many_files(void);

/* A non-blocking MPTCP socket of the address' family; ends the program if there is none. */
int conns_socket(const struct endpoint *where);

/* One that is connecting. */
int conns_connect(const struct endpoint *where);

#endif /* DETOUR_BENCH_CONNS_H */
