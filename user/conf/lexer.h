/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Splits an INI text into sections and keys, with line numbers. Lines end in LF or CR LF; '#' or
 * ';' begins a comment, at the start of a line or after a blank; blanks around names and values do
 * not count. There are no quotes, no escapes and no continued lines.
 */
#ifndef DETOUR_CONF_LEXER_H
#define DETOUR_CONF_LEXER_H

#include <stddef.h>

enum lexer_kind {
	LEXER_SECTION, /* name */
	LEXER_KEY,     /* name, value */
	LEXER_ERROR,   /* value: what is wrong with the line */
	LEXER_END,
};

/* The strings live as long as the lexer's text. */
struct lexer_token {
	enum lexer_kind kind;
	unsigned int line;
	const char *name;
	const char *value;
};

struct lexer {
	char *next;
	char *end;
	unsigned int line;
};

/* Works in place: `text` has room for one byte more than `len` and belongs to the caller. */
void lexer_init(struct lexer *lexer, char *text, size_t len);
struct lexer_token lexer_next(struct lexer *lexer);

#endif /* DETOUR_CONF_LEXER_H */
