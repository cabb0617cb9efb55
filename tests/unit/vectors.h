/* SPDX-License-Identifier: BSD-2-Clause */
/* The test vectors of docs/PROTOCOL.md: fenced blocks of "key: value" lines. */
#ifndef TESTS_VECTORS_H
#define TESTS_VECTORS_H

#include <stddef.h>
#include <stdint.h>

#define VECTOR_FIELDS_MAX 12

struct vector {
	size_t field_count;
	struct {
		char key[32], value[160];
	} fields[VECTOR_FIELDS_MAX];
	uint8_t bytes[1024];
	size_t len;
};

/* NULL: the vector has no such field. */
const char *vector_field(const struct vector *vector, const char *key);

/* Calls `check` for each block that begins with "```<kind>"; returns how many there were. */
size_t vectors_each(const char *path, const char *kind, void (*check)(const struct vector *vector));

#endif /* TESTS_VECTORS_H */
