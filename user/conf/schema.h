/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A configuration as a table: one row a key, with its type, its limits, its default and its place
 * in the struct that the program works with. Reading, checking, printing and freeing walk the rows.
 */
#ifndef DETOUR_CONF_SCHEMA_H
#define DETOUR_CONF_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Types and what they are stored as. Items of lists are separated by commas or blanks. */
enum conf_type {
	CONF_WORD,	 /* int: index in `words` */
	CONF_UNSIGNED,	 /* uint32_t */
	CONF_DURATION,	 /* uint32_t, seconds */
	CONF_PATH,	 /* char *; absolute; NULL: not set */
	CONF_ENDPOINT,	 /* struct endpoint */
	CONF_PORT_RANGE, /* struct detour_port_range */
	CONF_PORT_RANGES, /* struct detour_port_range[DETOUR_PORT_RANGES_MAX]; unused: first > last */
	CONF_INTERFACES, /* char **, NULL-terminated */
	CONF_HOST_PORTS, /* char **, NULL-terminated: "name:port", "192.0.2.1:port", "[v6]:port" */
	CONF_PREFIXES,	 /* struct prefix *, and size_t at count_offset */
	CONF_DESTINATIONS, /* struct fwd_destination *, and size_t at count_offset */
	CONF_TYPE_COUNT,
};

struct conf_key {
	const char *name;
	enum conf_type type;
	size_t offset; /* in the section's object */
	size_t count_offset;
	uint32_t min, max;	  /* of numbers, durations (seconds) and ports, both included */
	const char *const *words; /* CONF_WORD: NULL-terminated */
	const char *standard;	  /* the default, as a file would have it; NULL: empty */
	bool required;		  /* no default: the file must give it, and not empty */
};

/* "[name]", or "[name NAME]" if `open` is there. */
struct conf_section {
	const char *name;
	const struct conf_key *keys;
	size_t key_count;
	/*
	 * Adds an object called NAME. -EINVAL: no such name can be (`name_allowed` says what can);
	 * -EEXIST: it is there already; -ENOMEM.
	 */
	int (*open)(void *config, const char *name, void **ret_object);
	const char *name_allowed;
};

#define CONF_KEYS_MAX	  32 /* in one section */
#define CONF_SECTIONS_MAX 4

/* Room for what conf_key_allowed() writes. */
#define CONF_ALLOWED_LEN 256

bool conf_type_is_list(enum conf_type type);

/*
 * Sets a key of `object` from text; a list gets the items added. -EINVAL: not of the type's form;
 * -ERANGE: outside the limits; -E2BIG: too many items; -ENOMEM. *ret_item (for messages) is the
 * text of the item at fault, cut to `item_len`; earlier items of the same value stay.
 */
int conf_key_set(const struct conf_key *key, void *object, const char *text, char *ret_item,
		 size_t item_len);

/* How many items a list has; 1 for what is no list. */
size_t conf_key_count(const struct conf_key *key, const void *object);

/* Empties a key and frees what it owns. */
void conf_key_clear(const struct conf_key *key, void *object);

/* What the key allows, for people. `out` has CONF_ALLOWED_LEN bytes and is returned. */
const char *conf_key_allowed(const struct conf_key *key, char *out);

/* Sets each key of a section's object to its default; -errno as above. */
int conf_section_defaults(const struct conf_section *section, void *object);
void conf_section_clear(const struct conf_section *section, void *object);

/* Prints the keys in the file's form, a list with one line an item, so that it can be read back. */
void conf_section_print(const struct conf_section *section, const void *object, FILE *out);

/* A word's place in a NULL-terminated list; -EINVAL. */
int conf_word_parse(const char *const *words, const char *word);

#endif /* DETOUR_CONF_SCHEMA_H */
