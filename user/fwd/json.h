/* SPDX-License-Identifier: BSD-2-Clause */
/* Members of JSON objects, one call each. */
#ifndef DETOUR_FWD_JSON_H
#define DETOUR_FWD_JSON_H

#include <stdint.h>

#include <json-c/json.h>

#include "user/base/addr.h"

void json_add_int(struct json_object *object, const char *key, int64_t value);
void json_add_text(struct json_object *object, const char *key, const char *value);
void json_add_endpoint(struct json_object *object, const char *key, const struct detour_addr *addr,
		       in_port_t port_be);

#endif /* DETOUR_FWD_JSON_H */
