// SPDX-License-Identifier: BSD-2-Clause
/* Flows in the log. The fields' names are a contract: detour-fwd(8) lists them. */
#include "user/fwd/flowlog.h"

#include <inttypes.h>
#include <stdio.h>

#include "user/base/addr.h"
#include "user/base/cleanup.h"
#include "user/base/log.h"
#include "user/fwd/clock.h"
#include "user/fwd/identities.h"

#define NUMBER_LEN 24

/* The texts that the fields point to. */
struct flow_texts {
	char client[ADDR_TEXT_LEN], detour[ADDR_TEXT_LEN];
	char source[ADDR_TEXT_LEN], server[ADDR_TEXT_LEN];
	char duration[NUMBER_LEN], bytes_up[NUMBER_LEN], bytes_down[NUMBER_LEN];
	char packets_up[NUMBER_LEN], packets_down[NUMBER_LEN];
};

static void format_flow(const struct detour_event *event, struct flow_texts *texts)
{
	struct endpoint client = {event->client.src, event->client.src_port_be};
	struct endpoint detour = {event->client.dst, event->client.dst_port_be};
	struct endpoint source = {event->server.src, event->server.src_port_be};
	struct endpoint server = {event->server.dst, event->server.dst_port_be};
	uint64_t end = event->time_ns > event->created_ns ? event->time_ns : event->created_ns;

	endpoint_format(&client, texts->client);
	endpoint_format(&detour, texts->detour);
	endpoint_format(&source, texts->source);
	endpoint_format(&server, texts->server);
	snprintf(texts->duration, NUMBER_LEN, "%llu.%03u",
		 (unsigned long long)((end - event->created_ns) / SECOND_NS),
		 (unsigned int)((end - event->created_ns) % SECOND_NS / 1000000));
	snprintf(texts->bytes_up, NUMBER_LEN, "%" PRIu64, (uint64_t)event->bytes_to_server);
	snprintf(texts->bytes_down, NUMBER_LEN, "%" PRIu64, (uint64_t)event->bytes_to_client);
	snprintf(texts->packets_up, NUMBER_LEN, "%" PRIu64, (uint64_t)event->packets_to_server);
	snprintf(texts->packets_down, NUMBER_LEN, "%" PRIu64, (uint64_t)event->packets_to_client);
}

/* The first five fields say which flow; the rest is known at its end only. */
#define START_FIELDS 5

static void write_flow(const struct identities *identities, const struct detour_event *event,
		       const char *reason)
{
	struct flow_texts texts;
	const struct log_field fields[] = {
		{"IDENTITY", identities_name(identities, event->identity)},
		{"CLIENT", texts.client},
		{"DETOUR", texts.detour},
		{"SOURCE", texts.source},
		{"SERVER", texts.server},
		{"DURATION_S", texts.duration},
		{"BYTES_TO_SERVER", texts.bytes_up},
		{"BYTES_TO_CLIENT", texts.bytes_down},
		{"PACKETS_TO_SERVER", texts.packets_up},
		{"PACKETS_TO_CLIENT", texts.packets_down},
		{"REASON", reason},
	};

	format_flow(event, &texts);
	log_fields(LOG_INFO, reason ? "flow end" : "flow start", fields,
		   reason ? ARRAY_SIZE(fields) : START_FIELDS);
}

void flowlog_event(const struct identities *identities, const struct detour_event *event)
{
	unsigned int seen = event->seen_to_server | event->seen_to_client;

	if (event->type == DETOUR_EVENT_FLOW_START)
		write_flow(identities, event, NULL);
	else if (event->type == DETOUR_EVENT_FLOW_END)
		write_flow(identities, event, seen & FLOW_SEEN_RST ? "reset" : "closed");
}

void flowlog_removed(const struct identities *identities, const struct flow_entry *to_server,
		     const struct flow_entry *to_client, const char *reason)
{
	struct detour_event event = {
		.identity = to_server->identity,
		.time_ns = to_server->last_seen_ns,
		.created_ns = to_server->created_ns,
		.client = to_server->key,
		.server = to_server->to,
		.packets_to_server = to_server->packets,
		.bytes_to_server = to_server->bytes,
	};

	if (to_client) {
		event.packets_to_client = to_client->packets;
		event.bytes_to_client = to_client->bytes;
		if (to_client->last_seen_ns > event.time_ns)
			event.time_ns = to_client->last_seen_ns;
	}
	write_flow(identities, &event, reason);
}
