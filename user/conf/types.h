/* SPDX-License-Identifier: BSD-2-Clause */
/* What can be done with a key, by its type: one row of functions a type. For schema.c alone. */
#ifndef DETOUR_CONF_TYPES_H
#define DETOUR_CONF_TYPES_H

#include "user/conf/schema.h"

struct conf_type_ops {
	const char *allowed; /* for people, without the limits */
	bool list;
	/* Sets a scalar, or adds one item to a list: -EINVAL, -ERANGE, -E2BIG, -ENOMEM. */
	int (*add)(const struct conf_key *key, void *object, const char *text);
	void (*clear)(const struct conf_key *key, void *object);
	size_t (*count)(const struct conf_key *key,
			const void *object); /* of items; 1 for a scalar */
	void (*print)(const struct conf_key *key, const void *object, size_t index, FILE *out);
};

extern const struct conf_type_ops conf_types[CONF_TYPE_COUNT];

#endif /* DETOUR_CONF_TYPES_H */
