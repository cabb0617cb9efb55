// SPDX-License-Identifier: BSD-2-Clause
/* The agent's state as JSON, for the commands. */
#include <string.h>

#include <json-c/json.h>

#include "user/agent/agent.h"
#include "user/agent/clock.h"
#include "user/base/cleanup.h"

static void add_text(struct json_object *object, const char *key, const char *value)
{
	json_object_object_add(object, key, value ? json_object_new_string(value) : NULL);
}

static void add_number(struct json_object *object, const char *key, uint64_t value)
{
	json_object_object_add(object, key, json_object_new_uint64(value));
}

static void add_bool(struct json_object *object, const char *key, bool value)
{
	json_object_object_add(object, key, json_object_new_boolean(value));
}

static void add_endpoint(struct json_object *object, const char *key,
			 const struct endpoint *endpoint)
{
	char text[ADDR_TEXT_LEN];

	add_text(object, key,
		 endpoint->port_be ? endpoint_format(endpoint, text)
				   : addr_format(&endpoint->addr, text));
}

static void add_info(struct json_object *object, const struct subflow *subflow)
{
	const struct diag_info *info = &subflow->info;

	if (!subflow->sampled)
		return;
	add_number(object, "rtt_us", info->rtt_us);
	add_number(object, "rate_bps", subflow->rate * 8);
	add_number(object, "delivery_rate_bps", info->delivery_rate * 8);
	add_number(object, "bytes_sent", info->bytes_sent);
	add_number(object, "bytes_acked", info->bytes_acked);
	add_number(object, "bytes_received", info->bytes_received);
	add_number(object, "retransmits", info->retransmits);
	json_object_object_add(object, "loss_percent",
			       json_object_new_double(info->segs_out ? 100.0 * info->retransmits /
									       info->segs_out
								     : 0));
}

static struct json_object *report_subflow(const struct agent *agent, const struct subflow *subflow)
{
	struct json_object *object = json_object_new_object();

	add_text(object, "kind", subflow_kind_word(subflow->kind));
	add_text(object, "relay", relays_name(agent->relays, subflow->relay));
	add_text(object, "state", subflow_state_word(subflow->state));
	add_endpoint(object, "local", &subflow->local);
	add_endpoint(object, "remote", &subflow->remote);
	add_number(object, "local_id", subflow->loc_id);
	add_number(object, "remote_id", subflow->rem_id);
	add_bool(object, "backup", subflow->backup);
	add_bool(object, "initial", subflow->kind == SUBFLOW_INITIAL);
	if (subflow->setup_us) {
		add_number(object, "setup_us", subflow->setup_us);
		if (subflow->kind == SUBFLOW_DETOUR)
			add_text(object, "lease", subflow->lease_fresh ? "fresh" : "cached");
	}
	add_info(object, subflow);
	return object;
}

static struct json_object *report_conn(const struct agent *agent, const struct conn *conn)
{
	struct json_object *object = json_object_new_object();
	struct json_object *subflows = json_object_new_array();
	char token[16];

	snprintf(token, sizeof(token), "%08x", conn->token);
	add_text(object, "token", token);
	add_endpoint(object, "local", &conn->local);
	add_endpoint(object, "server", &conn->remote);
	add_number(object, "age_s", (clock_now_us() - conn->established_us) / 1000000);
	add_text(object, "left_alone", conn->hands_off);
	if (clock_now_us() < conn->limit_until_us)
		add_number(object, "server_limit", conn->limit);
	for (const struct subflow *subflow = conn->subflows; subflow; subflow = subflow->next)
		json_object_array_add(subflows, report_subflow(agent, subflow));
	json_object_object_add(object, "subflows", subflows);
	return object;
}

static struct json_object *report_connections(const struct agent *agent)
{
	struct json_object *object = json_object_new_object();
	struct json_object *list = json_object_new_array();
	struct conn *conn, *next;

	HASH_ITER (hh, agent->conns, conn, next) {
		json_object_array_add(list, report_conn(agent, conn));
	}
	json_object_object_add(object, "connections", list);
	return object;
}

static uint64_t count_subflows(const struct agent *agent, uint32_t path)
{
	struct conn *conn, *next;
	uint64_t count = 0;

	HASH_ITER (hh, agent->conns, conn, next) {
		for (const struct subflow *subflow = conn->subflows; subflow;
		     subflow = subflow->next) {
			if (subflow->path == path && subflow->state == SUBFLOW_ESTABLISHED)
				count++;
		}
	}
	return count;
}

static struct json_object *report_channel(const struct agent *agent, const struct channel *channel)
{
	const struct policy_path *path = channel->setup.path;
	struct json_object *object = json_object_new_object();
	char text[ADDR_TEXT_LEN];

	add_text(object, "relay", channel->setup.relay->name);
	add_text(object, "state", channel_state_word(channel->state));
	add_text(object, "family", channel->setup.family == AF_INET ? "ipv4" : "ipv6");
	add_text(object, "role", uplink_role_word(path->role));
	if (channel->target_count)
		add_endpoint(object, "address",
			     &channel->targets[channel->next_target % channel->target_count]);
	if (path->up)
		add_text(object, "local", addr_format(&path->local, text));
	if (path->up && path->rtt_us)
		add_number(object, "rtt_us", path->rtt_us);
	add_number(object, "since_s", (clock_now_us() - channel->since_us) / 1000000);
	add_number(object, "leases", lease_cache_count(&channel->leases));
	add_number(object, "subflows", count_subflows(agent, channel->setup.index));
	add_text(object, "last_error", channel->error[0] ? channel->error : NULL);
	return object;
}

static struct json_object *report_relays(const struct agent *agent)
{
	struct json_object *object = json_object_new_object();
	struct json_object *list = json_object_new_array();
	size_t count;
	struct channel *const *channels = relays_channels(agent->relays, &count);

	for (size_t i = 0; i < count; i++)
		json_object_array_add(list, report_channel(agent, channels[i]));
	json_object_object_add(object, "relays", list);
	return object;
}

static struct json_object *report_counters(const struct agent *agent)
{
	const struct agent_counters *counters = &agent->counters;
	struct json_object *object = json_object_new_object();
	const struct {
		const char *key;
		uint64_t value;
	} rows[] = {
		{"connections", counters->connections},
		{"connections_left_alone", counters->connections_left_alone},
		{"events", counters->events},
		{"events_bad", counters->events_bad},
		{"overruns", counters->overruns},
		{"resyncs", counters->resyncs},
		{"leases_asked", counters->leases_asked},
		{"leases_cached", counters->leases_cached},
		{"leases_failed", counters->leases_failed},
		{"subflows_asked", counters->subflows_asked},
		{"subflows_established", counters->subflows_established},
		{"subflows_failed", counters->subflows_failed},
		{"subflows_closed", counters->subflows_closed},
		{"subflows_destroyed", counters->subflows_destroyed},
		{"congestion_changed", congestion_count(agent->congestion, CONGESTION_CHANGED)},
		{"congestion_refused", congestion_count(agent->congestion, CONGESTION_REFUSED)},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		add_number(object, rows[i].key, rows[i].value);
	return object;
}

static const char *congestion_word(const struct agent *agent)
{
	if (agent->config->congestion == AGENT_CONGESTION_KEEP)
		return "keep";
	return agent->congestion ? "adapt" : "unavailable";
}

static struct json_object *report_status(const struct agent *agent)
{
	struct json_object *object = json_object_new_object();
	uint64_t up = 0;
	size_t count;
	struct channel *const *channels = relays_channels(agent->relays, &count);

	for (size_t i = 0; i < count; i++)
		up += channels[i]->state == CHANNEL_UP;
	add_number(object, "pid", (uint64_t)getpid());
	add_text(object, "version", DETOUR_VERSION);
	add_number(object, "uptime_s", (clock_now_us() - agent->started_us) / 1000000);
	add_number(object, "connections", HASH_COUNT(agent->conns));
	add_number(object, "channels", count);
	add_number(object, "channels_up", up);
	add_number(object, "detours_per_connection", agent->config->subflows);
	add_text(object, "congestion", congestion_word(agent));
	json_object_object_add(object, "counters", report_counters(agent));
	return object;
}

struct json_object *agent_report(const struct agent *agent, const char *command)
{
	static const struct {
		const char *command;
		struct json_object *(*report)(const struct agent *agent);
	} reports[] = {
		{"status", report_status},
		{"connections", report_connections},
		{"relays", report_relays},
	};

	for (size_t i = 0; i < ARRAY_SIZE(reports); i++) {
		if (strcmp(command, reports[i].command) == 0)
			return reports[i].report(agent);
	}
	return NULL;
}
