// SPDX-License-Identifier: BSD-2-Clause
/* Members of JSON objects. */
#include "user/fwd/json.h"

void json_add_int(struct json_object *object, const char *key, int64_t value)
{
	json_object_object_add(object, key, json_object_new_int64(value));
}

void json_add_text(struct json_object *object, const char *key, const char *value)
{
	json_object_object_add(object, key, json_object_new_string(value));
}

void json_add_endpoint(struct json_object *object, const char *key, const struct detour_addr *addr,
		       in_port_t port_be)
{
	struct endpoint endpoint = {*addr, port_be};
	char text[ADDR_TEXT_LEN];

	json_add_text(object, key, endpoint_format(&endpoint, text));
}
