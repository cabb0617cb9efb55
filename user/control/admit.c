// SPDX-License-Identifier: BSD-2-Clause
/* Handshakes under way: so few that walking an array beats any table. */
#include "user/control/admit.h"

#include <errno.h>
#include <string.h>

static struct detour_addr admit_key(const struct detour_addr *addr)
{
	struct detour_addr key = *addr;

	if (!addr_is_v4(addr))
		memset(key.bytes + 8, 0, 8);
	return key;
}

int admit_enter(struct admit *admit, const struct detour_addr *addr)
{
	struct detour_addr key = admit_key(addr);
	unsigned int same = 0;

	for (unsigned int i = 0; i < admit->count; i++)
		same += addr_equal(&admit->under_way[i], &key);
	if (same >= ADMIT_PER_ADDRESS)
		return -EBUSY;
	if (admit->count == ADMIT_IN_ALL)
		return -ENOSPC;
	admit->under_way[admit->count++] = key;
	return 0;
}

void admit_leave(struct admit *admit, const struct detour_addr *addr)
{
	struct detour_addr key = admit_key(addr);

	for (unsigned int i = 0; i < admit->count; i++) {
		if (!addr_equal(&admit->under_way[i], &key))
			continue;
		admit->under_way[i] = admit->under_way[--admit->count];
		return;
	}
}
