// SPDX-License-Identifier: BSD-2-Clause
/* A datagram of MProxy v1: what can be read is written the same, but for the reserved bytes. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "user/control/mproxy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t bytes[MPROXY_MESSAGE_LEN];
	struct mproxy_message message;

	if (mproxy_decode(data, size, &message) < 0)
		return 0;
	if (size != sizeof(bytes) || !addr_is_v4(&message.server.addr))
		abort();
	mproxy_encode(&message, bytes);
	if (memcmp(bytes, data, 2) != 0 || memcmp(bytes + 4, data + 4, 8) != 0)
		abort();
	return 0;
}
