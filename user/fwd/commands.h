/* SPDX-License-Identifier: BSD-2-Clause */
/* The commands of detour-fwd, one file each, and what several of them share. */
#ifndef DETOUR_FWD_COMMANDS_H
#define DETOUR_FWD_COMMANDS_H

#include <stddef.h>

#include "user/base/cli.h"

struct json_object;
struct table_column;
struct tables;

int cmd_load(const struct cli_options *options, int argc, char **argv);
int cmd_unload(const struct cli_options *options, int argc, char **argv);
int cmd_status(const struct cli_options *options, int argc, char **argv);
int cmd_leases(const struct cli_options *options, int argc, char **argv);
int cmd_flows(const struct cli_options *options, int argc, char **argv);
int cmd_stats(const struct cli_options *options, int argc, char **argv);
int cmd_check_config(const struct cli_options *options, int argc, char **argv);

/* Opens the pinned maps, or says on stderr what is wrong. */
int commands_open_tables(const struct cli_options *options, struct tables **ret_tables);

/* Prints the rows as JSON or as a table, and releases them. */
void commands_print(const struct cli_options *options, const struct table_column *columns,
		    size_t count, struct json_object *rows);

#endif /* DETOUR_FWD_COMMANDS_H */
