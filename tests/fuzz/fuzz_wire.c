// SPDX-License-Identifier: BSD-2-Clause
/*
 * Messages of the channel, several in a row as a connection carries them. What can be read, can
 * be written, is no longer than it came, and means the same when it is read again.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "user/control/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int holds)
{
	if (!holds)
		abort();
}

static void check_message(const struct wire_message *message, size_t came)
{
	uint8_t first[WIRE_MESSAGE_MAX], second[WIRE_MESSAGE_MAX];
	ssize_t len = wire_encode(message, first, sizeof(first));
	struct wire_message again;
	size_t length;

	check(len > 0 && (size_t)len <= came);
	check(wire_decode(first, len, &again, &length) == len);
	check(again.type == message->type && again.request_id == message->request_id);
	check(wire_encode(&again, second, sizeof(second)) == len);
	check(memcmp(first, second, len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	while (size > 0) {
		struct wire_message message;
		size_t length = 0;
		ssize_t got = wire_decode(data, size, &message, &length);

		check(got <= (ssize_t)size && length <= size && length <= WIRE_MESSAGE_MAX);
		check(got <= 0 || (size_t)got == length);
		if (got > 0)
			check_message(&message, length);
		if (length == 0)
			break;
		data += length;
		size -= length;
	}
	return 0;
}
