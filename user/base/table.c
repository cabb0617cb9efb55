// SPDX-License-Identifier: BSD-2-Clause
/* Tables out of JSON arrays: every cell is formatted once to learn the widths, then printed. */
#include "user/base/table.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "user/base/cleanup.h"

#define CELL_LEN 64

static void format_scaled(double value, double step, char *out)
{
	static const char *const suffixes[] = {"", "k", "M", "G", "T", "P"};
	size_t i = 0;

	while (value >= step && i + 1 < ARRAY_SIZE(suffixes)) {
		value /= step;
		i++;
	}
	snprintf(out, CELL_LEN, i == 0 ? "%.0f%s" : "%.1f%s", value, suffixes[i]);
}

static void format_seconds(int64_t seconds, char *out)
{
	long long s = seconds < 0 ? 0 : seconds;

	if (s >= 86400)
		snprintf(out, CELL_LEN, "%lldd%02lldh", s / 86400, s % 86400 / 3600);
	else if (s >= 3600)
		snprintf(out, CELL_LEN, "%lldh%02lldm", s / 3600, s % 3600 / 60);
	else if (s >= 60)
		snprintf(out, CELL_LEN, "%lldm%02llds", s / 60, s % 60);
	else
		snprintf(out, CELL_LEN, "%llds", s);
}

static void format_cell(const struct table_column *column, struct json_object *row, char *out)
{
	struct json_object *value = json_object_object_get(row, column->key);

	if (!value) {
		snprintf(out, CELL_LEN, "-");
		return;
	}
	switch (column->format) {
	case TABLE_BYTES:
		format_scaled(json_object_get_double(value), 1024, out);
		break;
	case TABLE_BITRATE:
		format_scaled(json_object_get_double(value), 1000, out);
		break;
	case TABLE_SECONDS:
		format_seconds(json_object_get_int64(value), out);
		break;
	case TABLE_MILLI:
		snprintf(out, CELL_LEN, "%.1f", json_object_get_double(value) / 1000);
		break;
	case TABLE_TEXT:
	case TABLE_NUMBER:
		snprintf(out, CELL_LEN, "%s", json_object_get_string(value));
		break;
	}
}

static void print_cell(FILE *out, const struct table_column *column, const char *text, size_t width,
		       bool last)
{
	if (column->format != TABLE_TEXT)
		fprintf(out, "%*s", (int)width, text);
	else if (last)
		fprintf(out, "%s", text);
	else
		fprintf(out, "%-*s", (int)width, text);
	fputs(last ? "\n" : "  ", out);
}

void table_print(FILE *out, const struct table_column *columns, size_t count,
		 struct json_object *rows)
{
	size_t row_count = json_object_array_length(rows);
	_cleanup_free_ size_t *widths = calloc(count, sizeof(*widths));
	_cleanup_free_ char(*cells)[CELL_LEN] = calloc(row_count * count + 1, CELL_LEN);

	if (!widths || !cells)
		return;
	for (size_t c = 0; c < count; c++)
		widths[c] = strlen(columns[c].title);
	for (size_t i = 0; i < row_count * count; i++) {
		size_t c = i % count, len;

		format_cell(&columns[c], json_object_array_get_idx(rows, i / count), cells[i]);
		len = strlen(cells[i]);
		if (len > widths[c])
			widths[c] = len;
	}
	for (size_t c = 0; c < count; c++)
		print_cell(out, &columns[c], columns[c].title, widths[c], c + 1 == count);
	for (size_t i = 0; i < row_count * count; i++) {
		size_t c = i % count;

		print_cell(out, &columns[c], cells[i], widths[c], c + 1 == count);
	}
}

void json_print(FILE *out, struct json_object *value)
{
	fprintf(out, "%s\n",
		json_object_to_json_string_ext(value, JSON_C_TO_STRING_PRETTY |
							      JSON_C_TO_STRING_NOSLASHESCAPE));
}
