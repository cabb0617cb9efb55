/* SPDX-License-Identifier: BSD-2-Clause */
/* Choosing a detour port. Pure. Ports in host order. */
#ifndef DETOUR_FWD_PORTS_H
#define DETOUR_FWD_PORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <detour/config.h>

struct port_pool {
	struct detour_port_range range;	  /* DetourPorts= */
	uint64_t busy[DETOUR_PORT_WORDS]; /* local listeners */
};

/* In the range and not a local listener's. */
bool port_usable(const struct port_pool *pool, uint16_t port);

/*
 * The port that was wished for, if it is usable and not taken; else the first such port from a
 * place that `seed` names, so that ports spread. -EADDRNOTAVAIL: there is none.
 */
int port_choose(const struct port_pool *pool, uint16_t wish, uint32_t seed,
		bool (*taken)(void *data, uint16_t port), void *data, uint16_t *ret_port);

/* FNV-1a over what the port is for: the same tends to the same port, others spread. */
uint32_t port_seed(const void *data, size_t len);

#endif /* DETOUR_FWD_PORTS_H */
