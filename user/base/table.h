/* SPDX-License-Identifier: BSD-2-Clause */
/* A JSON array of objects as a table for people: what --json prints and what people see are one. */
#ifndef DETOUR_BASE_TABLE_H
#define DETOUR_BASE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct json_object;

enum table_format {
	TABLE_TEXT,
	TABLE_NUMBER,  /* right-aligned, as it is */
	TABLE_BYTES,   /* 1.5M */
	TABLE_BITRATE, /* bit/s: 9.4M */
	TABLE_SECONDS, /* a duration in seconds: 2h04m */
	TABLE_MILLI,   /* microseconds as milliseconds: 12.3 */
};

struct table_column {
	const char *key; /* of the objects */
	const char *title;
	enum table_format format;
};

/* Prints `rows` (an array of objects) with a title line; a missing or null value prints as "-". */
void table_print(FILE *out, const struct table_column *columns, size_t count,
		 struct json_object *rows);

/* Prints any JSON value, indented, with a newline. */
void json_print(FILE *out, struct json_object *value);

#endif /* DETOUR_BASE_TABLE_H */
