/* SPDX-License-Identifier: BSD-2-Clause */
/* What tables.c and arrays.c share. For these two alone. */
#ifndef DETOUR_DATAPLANE_TABLES_IMPL_H
#define DETOUR_DATAPLANE_TABLES_IMPL_H

#include "user/dataplane/tables.h"

enum table_number {
	TABLE_FLOWS,
	TABLE_LEASES,
	TABLE_NEXTHOPS,
	TABLE_IDENTITIES,
	TABLE_LOCAL_ADDRS,
	TABLE_PORTS_BUSY,
	TABLE_VERDICTS,
	TABLE_EVENTS,
	TABLE_META,
	TABLE_COUNT
};

struct table {
	int fd;
	uint32_t max_entries;
	uint32_t value_size;
	void *memory; /* of the shared arrays, else NULL */
};

struct tables {
	struct table table[TABLE_COUNT];
};

#endif /* DETOUR_DATAPLANE_TABLES_IMPL_H */
