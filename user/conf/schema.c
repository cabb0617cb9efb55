// SPDX-License-Identifier: BSD-2-Clause
/* Walks over a schema's rows: set, clear, defaults, print. */
#include "user/conf/schema.h"

#include <errno.h>
#include <string.h>

#include "user/conf/types.h"
#include "user/conf/value.h"

#define ITEM_LEN_MAX 320 /* a host name, its port and what stands around them */

bool conf_type_is_list(enum conf_type type)
{
	return conf_types[type].list;
}

int conf_word_parse(const char *const *words, const char *word)
{
	for (int i = 0; words[i]; i++) {
		if (strcmp(words[i], word) == 0)
			return i;
	}
	return -EINVAL;
}

static void copy_item(char *out, size_t out_len, const char *text, size_t len)
{
	snprintf(out, out_len, "%.*s", (int)len, text);
}

static int set_list(const struct conf_key *key, void *object, const char *text, char *ret_item,
		    size_t item_len)
{
	static const char separators[] = ", \t";

	for (text += strspn(text, separators); *text; text += strspn(text, separators)) {
		size_t len = strcspn(text, separators);
		char item[ITEM_LEN_MAX];
		int err = -EINVAL;

		copy_item(item, sizeof(item), text, len);
		if (len < sizeof(item))
			err = conf_types[key->type].add(key, object, item);
		if (err) {
			copy_item(ret_item, item_len, text, len);
			return err;
		}
		text += len;
	}
	return 0;
}

int conf_key_set(const struct conf_key *key, void *object, const char *text, char *ret_item,
		 size_t item_len)
{
	int err;

	if (conf_types[key->type].list)
		return set_list(key, object, text, ret_item, item_len);
	if (!*text && key->type == CONF_PATH && !key->standard) {
		conf_key_clear(key, object);
		return 0;
	}
	err = conf_types[key->type].add(key, object, text);
	if (err)
		copy_item(ret_item, item_len, text, strlen(text));
	return err;
}

size_t conf_key_count(const struct conf_key *key, const void *object)
{
	return conf_types[key->type].count(key, object);
}

void conf_key_clear(const struct conf_key *key, void *object)
{
	conf_types[key->type].clear(key, object);
}

static void words_allowed(const struct conf_key *key, char *out)
{
	size_t len = 0;

	for (size_t i = 0; key->words[i] && len < CONF_ALLOWED_LEN; i++)
		len += (size_t)snprintf(out + len, CONF_ALLOWED_LEN - len, "%s%s", i ? ", " : "",
					key->words[i]);
}

const char *conf_key_allowed(const struct conf_key *key, char *out)
{
	char min[VALUE_TEXT_LEN], max[VALUE_TEXT_LEN];
	const char *what = conf_types[key->type].allowed;

	switch (key->type) {
	case CONF_WORD:
		words_allowed(key, out);
		break;
	case CONF_UNSIGNED:
	case CONF_PORT_RANGE:
	case CONF_PORT_RANGES:
		snprintf(out, CONF_ALLOWED_LEN, "%s from %u to %u", what, key->min, key->max);
		break;
	case CONF_DURATION:
		snprintf(out, CONF_ALLOWED_LEN, "%s, from %s to %s", what,
			 value_duration_format(key->min, min),
			 value_duration_format(key->max, max));
		break;
	default:
		snprintf(out, CONF_ALLOWED_LEN, "%s", what);
	}
	return out;
}

int conf_section_defaults(const struct conf_section *section, void *object)
{
	for (size_t i = 0; i < section->key_count; i++) {
		const struct conf_key *key = &section->keys[i];
		char item[ITEM_LEN_MAX];
		int err = 0;

		conf_key_clear(key, object);
		if (key->standard)
			err = conf_key_set(key, object, key->standard, item, sizeof(item));
		if (err)
			return err;
	}
	return 0;
}

void conf_section_clear(const struct conf_section *section, void *object)
{
	for (size_t i = 0; i < section->key_count; i++)
		conf_key_clear(&section->keys[i], object);
}

void conf_section_print(const struct conf_section *section, const void *object, FILE *out)
{
	for (size_t i = 0; i < section->key_count; i++) {
		const struct conf_key *key = &section->keys[i];
		const struct conf_type_ops *ops = &conf_types[key->type];
		size_t count = ops->count(key, object);

		if (count == 0)
			fprintf(out, "%s=\n", key->name);
		for (size_t item = 0; item < count; item++) {
			fprintf(out, "%s=", key->name);
			ops->print(key, object, item, out);
			fputc('\n', out);
		}
	}
}
