// SPDX-License-Identifier: BSD-2-Clause
/* Flattens connections and subflows into rows of one table. */
#include "user/agent/connections_table.h"

#include <string.h>

#include <json-c/json.h>

#include "user/base/cleanup.h"
#include "user/base/table.h"

static const struct table_column columns[] = {
	{"server", "SERVER", TABLE_TEXT},
	{"path", "PATH", TABLE_TEXT},
	{"state", "STATE", TABLE_TEXT},
	{"local", "LOCAL", TABLE_TEXT},
	{"remote", "REMOTE", TABLE_TEXT},
	{"rtt_us", "RTT ms", TABLE_MILLI},
	{"rate_bps", "BIT/S", TABLE_BITRATE},
	{"bytes_sent", "SENT", TABLE_BYTES},
	{"bytes_received", "RECEIVED", TABLE_BYTES},
	{"loss", "LOSS %", TABLE_NUMBER},
	{"note", "NOTE", TABLE_TEXT},
};

static void set_text(struct json_object *row, const char *key, const char *text)
{
	json_object_object_add(row, key, json_object_new_string(text));
}

static const char *text_of(struct json_object *object, const char *key)
{
	return json_object_get_string(json_object_object_get(object, key));
}

/* "direct", "via fra" */
static void set_path(struct json_object *row, struct json_object *subflow)
{
	const char *relay = text_of(subflow, "relay");
	char path[96];

	if (!relay) {
		set_text(row, "path", text_of(subflow, "kind"));
		return;
	}
	snprintf(path, sizeof(path), "via %s", relay);
	set_text(row, "path", path);
}

static struct json_object *subflow_row(struct json_object *conn, struct json_object *subflow,
				       bool first)
{
	struct json_object *row = json_object_new_object();
	struct json_object *loss = json_object_object_get(subflow, "loss_percent");
	const char *left_alone = text_of(conn, "left_alone");
	char text[32];

	json_object_object_foreach (subflow, key, value) {
		json_object_object_add(row, key, json_object_get(value));
	}
	set_text(row, "server", first ? text_of(conn, "server") : "");
	set_path(row, subflow);
	if (loss) {
		snprintf(text, sizeof(text), "%.2f", json_object_get_double(loss));
		set_text(row, "loss", text);
	}
	if (first && left_alone)
		set_text(row, "note", left_alone);
	else if (json_object_get_boolean(json_object_object_get(subflow, "backup")))
		set_text(row, "note", "backup");
	else
		set_text(row, "note", "");
	return row;
}

static void add_rows(struct json_object *rows, struct json_object *conn)
{
	struct json_object *subflows = json_object_object_get(conn, "subflows");
	size_t count = json_object_array_length(subflows);

	for (size_t i = 0; i < count; i++)
		json_object_array_add(rows,
				      subflow_row(conn, json_object_array_get_idx(subflows, i),
						  i == 0));
}

void connections_table_print(FILE *out, struct json_object *answer)
{
	struct json_object *conns = json_object_object_get(answer, "connections");
	struct json_object *rows = json_object_new_array();
	size_t count = json_object_array_length(conns);

	for (size_t i = 0; i < count; i++)
		add_rows(rows, json_object_array_get_idx(conns, i));
	table_print(out, columns, ARRAY_SIZE(columns), rows);
	json_object_put(rows);
}
