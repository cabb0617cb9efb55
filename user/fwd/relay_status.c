// SPDX-License-Identifier: BSD-2-Clause
/* The local socket's commands: status, handover, ping. */
#include <string.h>
#include <unistd.h>

#include "user/dataplane/dataplane.h"
#include "user/fwd/clients.h"
#include "user/fwd/clock.h"
#include "user/fwd/gc.h"
#include "user/fwd/grants.h"
#include "user/fwd/json.h"
#include "user/fwd/mproxy_server.h"
#include "user/fwd/nexthops.h"
#include "user/fwd/relay.h"

/* The answer must be out before the daemon goes. */
#define HANDOVER_DELAY_MS 20

static struct json_object *interfaces_json(const struct relay *relay)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < dataplane_interface_count(relay->dataplane); i++) {
		const struct dataplane_interface *interface = dataplane_interface(relay->dataplane,
										  i);
		struct json_object *row = json_object_new_object();

		json_add_text(row, "interface", interface->ifname);
		json_add_text(row, "mode", hook_word(interface->hook));
		json_object_array_add(array, row);
	}
	return array;
}

static struct json_object *nexthops_json(const struct relay *relay)
{
	struct json_object *object = json_object_new_object();
	struct nexthops_counters counters;

	nexthops_count(relay->nexthops, &counters);
	json_add_int(object, "slots", counters.slots);
	json_add_int(object, "valid", counters.valid);
	json_add_int(object, "neighbours", counters.neighbours);
	json_add_int(object, "lookups", counters.lookups);
	return object;
}

static struct json_object *gc_json(const struct relay *relay)
{
	const struct gc_counters *counters = gc_counters(relay->gc);
	struct json_object *object = json_object_new_object();

	json_add_int(object, "scans", counters->scans);
	json_add_int(object, "entries", counters->entries);
	json_add_int(object, "busy_us", (int64_t)(counters->busy_ns / 1000));
	json_add_int(object, "longest_step_us", (int64_t)(counters->longest_step_ns / 1000));
	json_add_int(object, "removed_timeout", counters->removed_timeout);
	json_add_int(object, "removed_closed", counters->removed_closed);
	json_add_int(object, "removed_half", counters->removed_half);
	return object;
}

static struct json_object *mproxy_json(const struct relay *relay)
{
	const struct mproxy_counters *counters;
	struct json_object *object;

	if (!relay->mproxy)
		return NULL;
	counters = mproxy_server_counters(relay->mproxy);
	object = json_object_new_object();
	json_add_int(object, "requests", counters->requests);
	json_add_int(object, "answered", counters->answered);
	json_add_int(object, "refused", counters->refused);
	json_add_int(object, "ignored", counters->ignored);
	return object;
}

static struct json_object *status_json(const struct relay *relay)
{
	struct json_object *object = json_object_new_object();

	json_add_text(object, "version", DETOUR_VERSION);
	json_add_text(object, "instance", relay->options->instance);
	json_add_int(object, "pid", (uint64_t)getpid());
	json_add_int(object, "uptime_s",
		     (int64_t)((clock_now_ns() - relay->started_ns) / SECOND_NS));
	json_add_text(object, "accept", fwd_accept_word(relay->config->accept));
	json_object_object_add(object, "interfaces", interfaces_json(relay));
	json_object_object_add(object, "listener", clients_listener_json(relay->clients));
	json_object_object_add(object, "clients", clients_json(relay->clients));
	json_add_int(object, "leases", leases_count(grants_leases(relay->grants)));
	json_object_object_add(object, "nexthops", nexthops_json(relay));
	json_object_object_add(object, "gc", gc_json(relay));
	json_object_object_add(object, "mproxy", mproxy_json(relay));
	json_add_int(object, "netlink_overruns", relay->netlink_overruns);
	return object;
}

static void on_handover(uv_timer_t *timer)
{
	relay_stop(timer->data);
}

struct json_object *relay_command(void *owner, const char *command)
{
	struct relay *relay = owner;

	if (strcmp(command, "status") == 0)
		return status_json(relay);
	if (strcmp(command, "ping") == 0)
		return json_object_new_object();
	if (strcmp(command, "handover") == 0) {
		uv_timer_start(&relay->stop_timer, on_handover, HANDOVER_DELAY_MS, 0);
		return json_object_new_object();
	}
	return NULL;
}
