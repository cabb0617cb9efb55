/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * MProxy v1, the thesis's protocol: 12 bytes in one UDP datagram each way (S. Brennan, "MPTCP
 * detours", 2017). Pure: bytes to struct and back.
 */
#ifndef DETOUR_CONTROL_MPROXY_H
#define DETOUR_CONTROL_MPROXY_H

#include <stdint.h>

#include "user/base/addr.h"

#define MPROXY_PORT	   45672
#define MPROXY_MESSAGE_LEN 12
#define MPROXY_VERSION	   1

enum mproxy_op {
	MPROXY_REQUEST = 0,
	MPROXY_REPLY = 1,
};

struct mproxy_message {
	enum mproxy_op op;
	struct endpoint server; /* IPv4 */
	uint16_t detour_port;	/* host order; in a request the one wished for, 0: any */
};

/* -EPROTO: not 12 bytes, another version, an unknown op. The two reserved bytes are ignored. */
int mproxy_decode(const uint8_t *bytes, size_t len, struct mproxy_message *ret_message);
void mproxy_encode(const struct mproxy_message *message, uint8_t out[MPROXY_MESSAGE_LEN]);

#endif /* DETOUR_CONTROL_MPROXY_H */
