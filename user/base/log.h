/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Logging: to the journal with fields where systemd's journal is, else to stderr. Library code does not
 * log: it returns errors; `main`, commands and loop callbacks log them, once.
 */
#ifndef DETOUR_BASE_LOG_H
#define DETOUR_BASE_LOG_H

#include <stddef.h>
#include <syslog.h> /* LOG_ERR .. LOG_DEBUG */

enum log_target {
	LOG_TO_AUTO, /* the journal if stderr is connected to it (JOURNAL_STREAM), else stderr */
	LOG_TO_STDERR,
	LOG_TO_SYSLOG,
	LOG_TO_JOURNAL,
};

/* One structured field. Both strings belong to the caller; names are [A-Z_]+. */
struct log_field {
	const char *name;
	const char *value;
};

/* Sets the program's name, the target and the least important level that is still written. */
void log_init(const char *program, enum log_target target, int max_level);

/* Raises or lowers the level: LOG_ERR .. LOG_DEBUG. */
void log_set_level(int max_level);

/* "auto", "stderr", "syslog", "journal" -> target; -EINVAL for another word. */
int log_target_parse(const char *word, enum log_target *ret_target);

/* Writes a line at a syslog level. */
void log_write(int level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * Writes a line with fields. On stderr and syslog they follow the message as `name=value`, names
 * in lower case; in the journal they are fields of their own, as DETOUR_<NAME>.
 */
void log_fields(int level, const char *message, const struct log_field *fields, size_t count);

#define log_error(...)	 log_write(LOG_ERR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_WARNING, __VA_ARGS__)
#define log_info(...)	 log_write(LOG_INFO, __VA_ARGS__)
#define log_debug(...)	 log_write(LOG_DEBUG, __VA_ARGS__)

#endif /* DETOUR_BASE_LOG_H */
