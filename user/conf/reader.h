/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads a file by its schema into the program's struct and reports every mistake as
 * "file:line: [section] Key: what is wrong; allowed: ...".
 */
#ifndef DETOUR_CONF_READER_H
#define DETOUR_CONF_READER_H

#include <stddef.h>
#include <stdio.h>

#include "user/conf/schema.h"

struct conf_schema {
	const struct conf_section *sections;
	size_t section_count;
};

struct conf_reader {
	const struct conf_schema *schema;
	void *config;
	const char *name; /* of the file */
	FILE *errors;
	unsigned int mistakes;
	/* The line that each key of a section without NAME was given in; 0: not given. */
	unsigned int lines[CONF_SECTIONS_MAX][CONF_KEYS_MAX];
	/* The section that the reader is in; NULL: none, or an unknown one, whose keys are skipped. */
	const struct conf_section *section;
	char section_title[96];
	unsigned int section_line;
	void *object;
	unsigned int key_lines[CONF_KEYS_MAX]; /* as `lines`, of a section with NAME */
};

/*
 * Sets the defaults, then what the text says. 0, also with mistakes (the caller checks more, then
 * calls conf_reader_result()), or -ENOMEM.
 */
int conf_reader_run(struct conf_reader *reader, const char *text, size_t len);

/*
 * Reports a mistake of a key in a section without NAME, at the line that it was given in. Both
 * names are the schema's own.
 */
void conf_reader_report(struct conf_reader *reader, const char *section, const char *key,
			const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The line that a key of a section without NAME was given in; 0: it has its default. */
unsigned int conf_reader_line(const struct conf_reader *reader, const char *section,
			      const char *key);

/* 0 or -EINVAL. */
int conf_reader_result(const struct conf_reader *reader);

#endif /* DETOUR_CONF_READER_H */
