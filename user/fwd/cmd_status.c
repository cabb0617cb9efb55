// SPDX-License-Identifier: BSD-2-Clause
/* detour-fwd status: what the daemon says, and what the pinned maps say without it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/base/ipc.h"
#include "user/base/table.h"
#include "user/dataplane/dataplane.h"
#include "user/dataplane/tables.h"
#include "user/fwd/commands.h"
#include "user/fwd/json.h"
#include "user/fwd/relay.h"

#define INTERFACES_MAX 64

static const struct table_column interface_columns[] = {
	{"interface", "INTERFACE", TABLE_TEXT},
	{"mode", "MODE", TABLE_TEXT},
};

static const struct table_column client_columns[] = {
	{"identity", "CLIENT", TABLE_TEXT}, {"address", "ADDRESS", TABLE_TEXT},
	{"relay", "RELAY", TABLE_TEXT},	    {"since_s", "SINCE", TABLE_SECONDS},
	{"rtt_us", "RTT MS", TABLE_MILLI},  {"leases", "LEASES", TABLE_NUMBER},
};

/* The interfaces as the pins tell, which is true also when a daemon was killed. */
static struct json_object *interfaces_json(const struct cli_options *options)
{
	struct dataplane_interface interfaces[INTERFACES_MAX];
	struct json_object *array = json_object_new_array();
	size_t count = 0;

	dataplane_pinned_interfaces(options->bpffs, options->instance, interfaces, INTERFACES_MAX,
				    &count);
	for (size_t i = 0; i < count; i++) {
		struct json_object *row = json_object_new_object();

		json_add_text(row, "interface", interfaces[i].ifname);
		json_add_text(row, "mode", hook_word(interfaces[i].hook));
		json_object_array_add(array, row);
	}
	return array;
}

static uint64_t count_flows(const struct tables *tables)
{
	uint64_t flows = 0;

	for (uint32_t i = 0; i < tables_max_identities(tables); i++)
		flows += tables_identity(tables, i)->flows;
	return flows;
}

static int count_lease(void *data, const struct lease_key *key, const struct lease_entry *entry)
{
	uint64_t *count = data;

	(void)key;
	(void)entry;
	(*count)++;
	return 0;
}

static void add_tables(struct json_object *status, struct tables *tables)
{
	uint64_t leases = 0;

	tables_leases_each(tables, count_lease, &leases);
	json_add_int(status, "flows", (int64_t)count_flows(tables));
	json_add_int(status, "max_flows", tables_max_flows(tables));
	json_add_int(status, "leases", (int64_t)leases);
	json_add_int(status, "max_leases", tables_max_leases(tables));
	json_add_int(status, "map_bytes", (int64_t)tables_memory(tables));
}

static struct json_object *ask_daemon(const struct cli_options *options)
{
	struct json_object *status;
	char path[108];
	int err = relay_socket_path(options, path);

	if (!err)
		err = ipc_call(path, "status", &status);
	if (!err) {
		json_object_object_add(status, "daemon", json_object_new_boolean(true));
		return status;
	}
	if (err != -ENOENT && err != -ECONNREFUSED)
		fprintf(stderr, "the daemon at %s does not answer: %s\n", path, strerror(-err));
	status = json_object_new_object();
	json_add_text(status, "instance", options->instance);
	json_object_object_add(status, "daemon", json_object_new_boolean(false));
	return status;
}

static const char *text_of(struct json_object *object, const char *key)
{
	struct json_object *value = json_object_object_get(object, key);

	return value ? json_object_get_string(value) : "-";
}

static void print_status(struct json_object *status)
{
	struct json_object *clients = json_object_object_get(status, "clients");

	if (json_object_get_boolean(json_object_object_get(status, "daemon")))
		printf("detour-fwd %s, instance '%s', pid %s, up %s s\n",
		       text_of(status, "version"), text_of(status, "instance"),
		       text_of(status, "pid"), text_of(status, "uptime_s"));
	else
		printf("instance '%s': the daemon does not run; the data path forwards without "
		       "it\n",
		       text_of(status, "instance"));
	printf("flows %s of %s, leases %s of %s, maps %s bytes\n\n", text_of(status, "flows"),
	       text_of(status, "max_flows"), text_of(status, "leases"),
	       text_of(status, "max_leases"), text_of(status, "map_bytes"));
	table_print(stdout, interface_columns, ARRAY_SIZE(interface_columns),
		    json_object_object_get(status, "interfaces"));
	if (clients) {
		printf("\n");
		table_print(stdout, client_columns, ARRAY_SIZE(client_columns), clients);
	}
}

int cmd_status(const struct cli_options *options, int argc, char **argv)
{
	struct json_object *status;
	struct tables *tables;

	(void)argc;
	(void)argv;
	if (commands_open_tables(options, &tables))
		return 1;
	status = ask_daemon(options);
	add_tables(status, tables);
	json_object_object_add(status, "interfaces", interfaces_json(options));
	if (options->json)
		json_print(stdout, status);
	else
		print_status(status);
	json_object_put(status);
	tables_close(tables);
	return 0;
}
