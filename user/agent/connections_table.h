/* SPDX-License-Identifier: BSD-2-Clause */
/* The answer to `connections` for people: one line a subflow, its connection's lines together. */
#ifndef DETOUR_AGENT_CONNECTIONS_TABLE_H
#define DETOUR_AGENT_CONNECTIONS_TABLE_H

#include <stdio.h>

struct json_object;

void connections_table_print(FILE *out, struct json_object *answer);

#endif /* DETOUR_AGENT_CONNECTIONS_TABLE_H */
