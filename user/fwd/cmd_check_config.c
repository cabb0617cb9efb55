// SPDX-License-Identifier: BSD-2-Clause
/* detour-fwd check-config: mistakes, or the configuration in force with every key. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/base/table.h"
#include "user/conf/fwd_config.h"
#include "user/fwd/commands.h"
#include "user/fwd/json.h"

/* A list is printed as one key a value: here the values stand together. */
static void add_value(struct json_object *section, const char *key, const char *value)
{
	struct json_object *before = json_object_object_get(section, key);
	_cleanup_free_ char *joined = NULL;

	if (before && asprintf(&joined, "%s,%s", json_object_get_string(before), value) < 0)
		joined = NULL;
	json_add_text(section, key, joined ? joined : value);
}

/* The file's own form as JSON: sections are objects, values are strings. */
static struct json_object *config_json(const struct fwd_config *config)
{
	struct json_object *object = json_object_new_object(), *section = object;
	_cleanup_free_ char *text = NULL;
	size_t len;
	FILE *stream = open_memstream(&text, &len);
	char *rest, *line;

	if (!stream)
		return object;
	fwd_config_print(config, stream);
	fclose(stream);
	rest = text;
	while (rest && (line = strsep(&rest, "\n"))) {
		char *equals = strchr(line, '=');

		if (line[0] == '[') {
			line[strcspn(line, "]")] = '\0';
			section = json_object_new_object();
			json_object_object_add(object, line + 1, section);
		} else if (equals && line[0] != '#') {
			*equals = '\0';
			add_value(section, line, equals + 1);
		}
	}
	return object;
}

int cmd_check_config(const struct cli_options *options, int argc, char **argv)
{
	struct fwd_config *config;
	struct json_object *object;

	(void)argc;
	(void)argv;
	if (fwd_config_load(options->config, stderr, &config))
		return 1;
	if (options->json) {
		object = config_json(config);
		json_print(stdout, object);
		json_object_put(object);
	} else {
		fwd_config_print(config, stdout);
	}
	fwd_config_free(config);
	return 0;
}
