// SPDX-License-Identifier: BSD-2-Clause
/* A file's tokens against its schema. */
#include "user/conf/reader.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/conf/lexer.h"
#include "user/conf/suggest.h"

#define SHOWN_LEN_MAX 64 /* of a wrong text in a message */

static const struct {
	int err;
	const char *text;
} reasons[] = {
	{-EINVAL, "is not allowed"},
	{-ERANGE, "is out of range"},
	{-E2BIG, "is one too many"},
};

static void report(struct conf_reader *reader, unsigned int line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void report(struct conf_reader *reader, unsigned int line, const char *format, ...)
{
	va_list args;

	reader->mistakes++;
	fprintf(reader->errors, "%s:%u: ", reader->name, line);
	va_start(args, format);
	vfprintf(reader->errors, format, args);
	va_end(args);
	fputc('\n', reader->errors);
}

/* What stands in the file may hold anything: control characters are shown as '?'. */
static const char *shown(const char *text, char *out)
{
	size_t i;

	for (i = 0; i < SHOWN_LEN_MAX - 1 && text[i]; i++)
		out[i] = (unsigned char)text[i] < ' ' || text[i] == 0x7f ? '?' : text[i];
	out[i] = '\0';
	return out;
}

static const char *reason_text(int err)
{
	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++) {
		if (reasons[i].err == err)
			return reasons[i].text;
	}
	return strerror(-err);
}

static size_t section_index(const struct conf_reader *reader, const struct conf_section *section)
{
	return (size_t)(section - reader->schema->sections);
}

/* Where the lines of the current section's keys are noted. */
static unsigned int *current_lines(struct conf_reader *reader)
{
	if (reader->section->open)
		return reader->key_lines;
	return reader->lines[section_index(reader, reader->section)];
}

static const struct conf_section *find_section(const struct conf_schema *schema, const char *name)
{
	for (size_t i = 0; i < schema->section_count; i++) {
		if (strcmp(schema->sections[i].name, name) == 0)
			return &schema->sections[i];
	}
	return NULL;
}

static const struct conf_key *find_key(const struct conf_section *section, const char *name)
{
	for (size_t i = 0; i < section->key_count; i++) {
		if (strcmp(section->keys[i].name, name) == 0)
			return &section->keys[i];
	}
	return NULL;
}

/* Before another section begins: did the file give what has no default? */
static void leave_section(struct conf_reader *reader)
{
	const unsigned int *lines;

	if (!reader->section)
		return;
	lines = current_lines(reader);
	for (size_t i = 0; i < reader->section->key_count; i++) {
		const struct conf_key *key = &reader->section->keys[i];
		char allowed[CONF_ALLOWED_LEN];

		if (key->required && !lines[i])
			report(reader, reader->section_line, "[%s] %s: is missing; allowed: %s",
			       reader->section_title, key->name, conf_key_allowed(key, allowed));
	}
	reader->section = NULL;
}

static void report_unknown_section(struct conf_reader *reader, unsigned int line, const char *word)
{
	struct suggestion suggestion = {NULL, 0};
	char text[SHOWN_LEN_MAX];

	for (size_t i = 0; i < reader->schema->section_count; i++)
		suggestion_offer(&suggestion, word, reader->schema->sections[i].name);
	if (suggestion.word)
		report(reader, line, "[%s]: no such section; did you mean [%s]?", shown(word, text),
		       suggestion.word);
	else
		report(reader, line, "[%s]: no such section", shown(word, text));
}

static int open_object(struct conf_reader *reader, const struct conf_section *section,
		       unsigned int line, const char *name)
{
	int err = section->open(reader->config, name, &reader->object);

	if (err == -ENOMEM)
		return err;
	if (err) {
		report(reader, line, "[%s]: %s; allowed: [%s NAME], %s", reader->section_title,
		       err == -EEXIST ? "is there already" : "needs a proper name", section->name,
		       section->name_allowed);
		return 0;
	}
	memset(reader->key_lines, 0, sizeof(reader->key_lines));
	reader->section = section;
	return conf_section_defaults(section, reader->object);
}

static int enter_section(struct conf_reader *reader, const struct lexer_token *token)
{
	const struct conf_section *section;
	char word[SHOWN_LEN_MAX];
	size_t word_len = strcspn(token->name, " \t");
	const char *name = token->name + word_len;

	leave_section(reader);
	snprintf(word, sizeof(word), "%.*s", (int)word_len, token->name);
	shown(token->name, reader->section_title);
	reader->section_line = token->line;
	name += strspn(name, " \t");
	section = find_section(reader->schema, word);
	if (!section) {
		report_unknown_section(reader, token->line, word);
		return 0;
	}
	if (section->open)
		return open_object(reader, section, token->line, name);
	if (*name)
		report(reader, token->line, "[%s]: this section has no name; allowed: [%s]",
		       reader->section_title, section->name);
	reader->section = section;
	reader->object = reader->config;
	return 0;
}

/* Another section that has the key, or one with a similar name in this section. */
static void report_unknown_key(struct conf_reader *reader, const struct lexer_token *token)
{
	struct suggestion suggestion = {NULL, 0};
	const struct conf_schema *schema = reader->schema;
	char text[SHOWN_LEN_MAX];

	shown(token->name, text);
	for (size_t i = 0; i < schema->section_count; i++) {
		if (find_key(&schema->sections[i], token->name)) {
			report(reader, token->line,
			       "[%s] %s: no such key here; it belongs in [%s%s]",
			       reader->section_title, text, schema->sections[i].name,
			       schema->sections[i].open ? " NAME" : "");
			return;
		}
	}
	for (size_t i = 0; i < reader->section->key_count; i++)
		suggestion_offer(&suggestion, token->name, reader->section->keys[i].name);
	if (suggestion.word)
		report(reader, token->line, "[%s] %s: no such key; did you mean %s?",
		       reader->section_title, text, suggestion.word);
	else
		report(reader, token->line, "[%s] %s: no such key", reader->section_title, text);
}

/* A list grows with each line; the first one, and an empty one, take what was there away. */
static bool starts_list(const struct conf_key *key, unsigned int line, const char *value)
{
	return conf_type_is_list(key->type) && (!line || !*value);
}

/* conf_key_set(), and no empty list where something must be given. */
static int set_key(struct conf_reader *reader, const struct conf_key *key, const char *value,
		   char *ret_item, size_t item_len)
{
	int err = conf_key_set(key, reader->object, value, ret_item, item_len);

	if (err || !key->required || conf_key_count(key, reader->object) > 0)
		return err;
	*ret_item = '\0';
	return -EINVAL;
}

static int take_key(struct conf_reader *reader, const struct lexer_token *token)
{
	const struct conf_key *key = find_key(reader->section, token->name);
	char allowed[CONF_ALLOWED_LEN], item[SHOWN_LEN_MAX], text[SHOWN_LEN_MAX];
	unsigned int *line;
	int err;

	if (!key) {
		report_unknown_key(reader, token);
		return 0;
	}
	line = &current_lines(reader)[key - reader->section->keys];
	if (*line && !conf_type_is_list(key->type)) {
		report(reader, token->line, "[%s] %s: given before, in line %u",
		       reader->section_title, key->name, *line);
		return 0;
	}
	if (starts_list(key, *line, token->value))
		conf_key_clear(key, reader->object);
	*line = token->line;
	err = set_key(reader, key, token->value, item, sizeof(item));
	if (err == -ENOMEM)
		return err;
	if (err)
		report(reader, token->line, "[%s] %s: '%s' %s; allowed: %s", reader->section_title,
		       key->name, shown(item, text), reason_text(err),
		       conf_key_allowed(key, allowed));
	return 0;
}

static int take_token(struct conf_reader *reader, const struct lexer_token *token)
{
	char text[SHOWN_LEN_MAX];

	switch (token->kind) {
	case LEXER_SECTION:
		return enter_section(reader, token);
	case LEXER_KEY:
		if (reader->section)
			return take_key(reader, token);
		if (!reader->section_line)
			report(reader, token->line, "%s: stands before the first [section]",
			       shown(token->name, text));
		return 0;
	default:
		report(reader, token->line, "%s", token->value);
		return 0;
	}
}

int conf_reader_run(struct conf_reader *reader, const char *text, size_t len)
{
	const struct conf_schema *schema = reader->schema;
	_cleanup_free_ char *copy = malloc(len + 1);
	struct lexer_token token;
	struct lexer lexer;
	int err = 0;

	if (!copy)
		return -ENOMEM;
	memcpy(copy, text, len);
	for (size_t i = 0; i < schema->section_count && !err; i++) {
		if (!schema->sections[i].open)
			err = conf_section_defaults(&schema->sections[i], reader->config);
	}
	lexer_init(&lexer, copy, len);
	while (!err && (token = lexer_next(&lexer)).kind != LEXER_END)
		err = take_token(reader, &token);
	if (!err)
		leave_section(reader);
	return err;
}

unsigned int conf_reader_line(const struct conf_reader *reader, const char *section,
			      const char *key)
{
	const struct conf_section *at = find_section(reader->schema, section);

	return reader->lines[section_index(reader, at)][find_key(at, key) - at->keys];
}

void conf_reader_report(struct conf_reader *reader, const char *section, const char *key,
			const char *format, ...)
{
	char what[256];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	report(reader, conf_reader_line(reader, section, key), "[%s] %s: %s", section, key, what);
}

int conf_reader_result(const struct conf_reader *reader)
{
	return reader->mistakes ? -EINVAL : 0;
}
