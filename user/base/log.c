// SPDX-License-Identifier: BSD-2-Clause
/* Log lines to the journal, syslog or stderr. The level and the target are the program's only globals. */
#include "user/base/log.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include <systemd/sd-journal.h>

#include "user/base/cleanup.h"

#define LOG_LINE_MAX   1024
#define LOG_FIELDS_MAX 24

static struct {
	const char *program;
	enum log_target target;
	int max_level;
} log_state = {.program = "detour", .target = LOG_TO_STDERR, .max_level = LOG_INFO};

void log_init(const char *program, enum log_target target, int max_level)
{
	if (target == LOG_TO_AUTO)
		target = getenv("JOURNAL_STREAM") ? LOG_TO_JOURNAL : LOG_TO_STDERR;
	if (target == LOG_TO_SYSLOG)
		openlog(program, LOG_PID, LOG_DAEMON);
	log_state.program = program;
	log_state.target = target;
	log_state.max_level = max_level;
}

void log_set_level(int max_level)
{
	log_state.max_level = max_level;
}

int log_target_parse(const char *word, enum log_target *ret_target)
{
	static const char *const words[] = {
		[LOG_TO_AUTO] = "auto",
		[LOG_TO_STDERR] = "stderr",
		[LOG_TO_SYSLOG] = "syslog",
		[LOG_TO_JOURNAL] = "journal",
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcmp(word, words[i]) == 0) {
			*ret_target = (enum log_target)i;
			return 0;
		}
	}
	return -EINVAL;
}

static const char *level_word(int level)
{
	switch (level) {
	case LOG_DEBUG:
		return "debug";
	case LOG_INFO:
	case LOG_NOTICE:
		return "info";
	case LOG_WARNING:
		return "warning";
	default:
		return "error";
	}
}

static void write_line(int level, const char *line)
{
	if (log_state.target == LOG_TO_SYSLOG)
		syslog(level, "%s", line);
	else
		fprintf(stderr, "%s: %s: %s\n", log_state.program, level_word(level), line);
}

static void write_journal(int level, const char *message, const struct log_field *fields,
			  size_t count)
{
	char text[LOG_FIELDS_MAX + 2][LOG_LINE_MAX / 4];
	char message_field[LOG_LINE_MAX + 16];
	struct iovec iov[LOG_FIELDS_MAX + 2];
	size_t n = 0;

	snprintf(message_field, sizeof(message_field), "MESSAGE=%s", message);
	iov[n++] = (struct iovec){message_field, strlen(message_field)};
	snprintf(text[0], sizeof(text[0]), "PRIORITY=%d", level);
	iov[n++] = (struct iovec){text[0], strlen(text[0])};
	for (size_t i = 0; i < count && i < LOG_FIELDS_MAX; i++) {
		char *out = text[i + 1];

		snprintf(out, sizeof(text[0]), "DETOUR_%s=%s", fields[i].name, fields[i].value);
		iov[n++] = (struct iovec){out, strlen(out)};
	}
	if (sd_journal_sendv(iov, (int)n) < 0)
		fprintf(stderr, "%s\n", message);
}

void log_write(int level, const char *format, ...)
{
	char line[LOG_LINE_MAX];
	va_list args;

	if (level > log_state.max_level)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (log_state.target == LOG_TO_JOURNAL)
		write_journal(level, line, NULL, 0);
	else
		write_line(level, line);
}

/* Appends " name=value", the name in lower case; quietly stops where the line is full. */
static size_t append_field(char *line, size_t used, const struct log_field *field)
{
	int n = snprintf(line + used, LOG_LINE_MAX - used, " %s=%s", field->name, field->value);

	if (n < 0 || used + (size_t)n >= LOG_LINE_MAX)
		return used;
	for (size_t i = used + 1; line[i] && line[i] != '='; i++)
		line[i] = (char)tolower((unsigned char)line[i]);
	return used + (size_t)n;
}

void log_fields(int level, const char *message, const struct log_field *fields, size_t count)
{
	char line[LOG_LINE_MAX];
	size_t used;

	if (level > log_state.max_level)
		return;
	snprintf(line, sizeof(line), "%s", message);
	used = strlen(line);
	for (size_t i = 0; i < count; i++)
		used = append_field(line, used, &fields[i]);
	line[used] = '\0';
	if (log_state.target == LOG_TO_JOURNAL)
		write_journal(level, line, fields, count);
	else
		write_line(level, line);
}
