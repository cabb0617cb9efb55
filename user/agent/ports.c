// SPDX-License-Identifier: BSD-2-Clause
/* Picks ports where the kernel would: by chance, so that outsiders cannot guess them. */
#include "user/agent/ports.h"

#include <stdint.h>
#include <stdio.h>
#include <sys/random.h>

#include "user/base/cleanup.h"

#define RANGE_FILE  "/proc/sys/net/ipv4/ip_local_port_range"
#define FIRST_USUAL 32768
#define LAST_USUAL  60999

static void read_range(unsigned int *ret_first, unsigned int *ret_last)
{
	_cleanup_fclose_ FILE *file = fopen(RANGE_FILE, "re");
	unsigned int first, last;

	*ret_first = FIRST_USUAL;
	*ret_last = LAST_USUAL;
	if (file && fscanf(file, "%u %u", &first, &last) == 2 && first > 0 && first <= last &&
	    last <= UINT16_MAX) {
		*ret_first = first;
		*ret_last = last;
	}
}

in_port_t ports_pick(void)
{
	unsigned int first, last;
	uint32_t chance = 0;

	read_range(&first, &last);
	if (getrandom(&chance, sizeof(chance), GRND_NONBLOCK) < 0)
		chance = 0;
	return htons((uint16_t)(first + chance % (last - first + 1)));
}
