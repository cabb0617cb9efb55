// SPDX-License-Identifier: BSD-2-Clause
#include "tests/unit/vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

const char *vector_field(const struct vector *vector, const char *key)
{
	for (size_t i = 0; i < vector->field_count; i++) {
		if (strcmp(vector->fields[i].key, key) == 0)
			return vector->fields[i].value;
	}
	return NULL;
}

static void add_bytes(struct vector *vector, const char *hex)
{
	unsigned int byte;
	int used;

	while (sscanf(hex, "%2x%n", &byte, &used) == 1) {
		assert_true(vector->len < sizeof(vector->bytes));
		vector->bytes[vector->len++] = byte;
		hex += used;
	}
	assert_int_equal(strspn(hex, " "), strlen(hex));
}

static void add_line(struct vector *vector, char *line)
{
	char *value = strchr(line, ':');
	size_t n = vector->field_count;

	assert_non_null(value);
	*value++ = '\0';
	value += strspn(value, " ");
	if (strcmp(line, "bytes") == 0) {
		add_bytes(vector, value);
		return;
	}
	assert_true(n < VECTOR_FIELDS_MAX);
	assert_true(strlen(line) < sizeof(vector->fields[n].key));
	assert_true(strlen(value) < sizeof(vector->fields[n].value));
	strcpy(vector->fields[n].key, line);
	strcpy(vector->fields[n].value, value);
	vector->field_count++;
}

size_t vectors_each(const char *path, const char *kind, void (*check)(const struct vector *vector))
{
	FILE *file = fopen(path, "re");
	struct vector vector;
	char line[512], fence[32];
	bool inside = false;
	size_t count = 0;

	assert_non_null(file);
	snprintf(fence, sizeof(fence), "```%s", kind);
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		if (!inside && strcmp(line, fence) == 0) {
			memset(&vector, 0, sizeof(vector));
			inside = true;
		} else if (inside && strcmp(line, "```") == 0) {
			check(&vector);
			count++;
			inside = false;
		} else if (inside) {
			add_line(&vector, line);
		}
	}
	assert_false(inside);
	fclose(file);
	return count;
}
