// SPDX-License-Identifier: BSD-2-Clause
/* Lines of an INI text as tokens. */
#include "user/conf/lexer.h"

#include <stdbool.h>
#include <string.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Cuts blanks off both ends, in place. */
static char *trim(char *text)
{
	size_t len;

	while (is_blank(*text))
		text++;
	len = strlen(text);
	while (len > 0 && is_blank(text[len - 1]))
		text[--len] = '\0';
	return text;
}

static void cut_comment(char *line)
{
	for (char *c = line; *c; c++) {
		if ((*c == '#' || *c == ';') && (c == line || is_blank(c[-1]))) {
			*c = '\0';
			return;
		}
	}
}

/* The next line, zero-terminated; *ret_zero_byte: it has a zero byte, which ends no line. */
static char *take_line(struct lexer *lexer, bool *ret_zero_byte)
{
	char *line = lexer->next;
	char *end = memchr(line, '\n', (size_t)(lexer->end - line));

	if (!end)
		end = lexer->end;
	*end = '\0';
	lexer->next = end < lexer->end ? end + 1 : end;
	lexer->line++;
	*ret_zero_byte = strlen(line) != (size_t)(end - line);
	return line;
}

static struct lexer_token section_token(char *text)
{
	size_t len = strlen(text);

	if (text[len - 1] != ']')
		return (struct lexer_token){.kind = LEXER_ERROR,
					    .value = "a section's line ends with ']'"};
	text[len - 1] = '\0';
	return (struct lexer_token){.kind = LEXER_SECTION, .name = trim(text + 1)};
}

static struct lexer_token key_token(char *text)
{
	char *equals = strchr(text, '=');

	if (!equals || equals == text)
		return (struct lexer_token){.kind = LEXER_ERROR,
					    .value = "neither a [section] nor a Key=value"};
	*equals = '\0';
	return (struct lexer_token){
		.kind = LEXER_KEY,
		.name = trim(text),
		.value = trim(equals + 1),
	};
}

void lexer_init(struct lexer *lexer, char *text, size_t len)
{
	static const char bom[] = "\xef\xbb\xbf";

	*lexer = (struct lexer){.next = text, .end = text + len};
	if (len >= 3 && memcmp(text, bom, 3) == 0)
		lexer->next += 3;
}

struct lexer_token lexer_next(struct lexer *lexer)
{
	while (lexer->next < lexer->end) {
		struct lexer_token token;
		bool zero_byte;
		char *text = take_line(lexer, &zero_byte);

		cut_comment(text);
		text = trim(text);
		if (zero_byte)
			token = (struct lexer_token){.kind = LEXER_ERROR,
						     .value = "the line has a zero byte"};
		else if (!*text)
			continue;
		else
			token = *text == '[' ? section_token(text) : key_token(text);
		token.line = lexer->line;
		return token;
	}
	return (struct lexer_token){.kind = LEXER_END, .line = lexer->line};
}
