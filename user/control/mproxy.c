// SPDX-License-Identifier: BSD-2-Clause
/*
 *   0         1         2         3
 *   version 1 op        reserved
 *   remote IPv4 address
 *   remote port         detour port
 */
#include "user/control/mproxy.h"

#include <errno.h>
#include <string.h>

int mproxy_decode(const uint8_t *bytes, size_t len, struct mproxy_message *ret_message)
{
	struct in_addr server;

	if (len != MPROXY_MESSAGE_LEN || bytes[0] != MPROXY_VERSION)
		return -EPROTO;
	if (bytes[1] != MPROXY_REQUEST && bytes[1] != MPROXY_REPLY)
		return -EPROTO;
	memcpy(&server, bytes + 4, sizeof(server));
	ret_message->op = bytes[1];
	ret_message->server.addr = addr_from_v4(server);
	memcpy(&ret_message->server.port_be, bytes + 8, 2);
	ret_message->detour_port = bytes[10] << 8 | bytes[11];
	return 0;
}

void mproxy_encode(const struct mproxy_message *message, uint8_t out[MPROXY_MESSAGE_LEN])
{
	struct in_addr server = addr_to_v4(&message->server.addr);

	memset(out, 0, MPROXY_MESSAGE_LEN);
	out[0] = MPROXY_VERSION;
	out[1] = message->op;
	memcpy(out + 4, &server, sizeof(server));
	memcpy(out + 8, &message->server.port_be, 2);
	out[10] = message->detour_port >> 8;
	out[11] = message->detour_port & 0xff;
}
