// SPDX-License-Identifier: BSD-2-Clause
/* What status tells of clients and the listener. */
#include <utlist.h>

#include "user/fwd/clients_impl.h"
#include "user/fwd/clock.h"
#include "user/fwd/grants.h"
#include "user/fwd/json.h"

struct json_object *clients_json(const struct clients *clients)
{
	struct json_object *array = json_object_new_array();
	const struct client *client;
	uint64_t now = clock_now_ns();

	DL_FOREACH (clients->list, client) {
		struct json_object *row = json_object_new_object();
		uint32_t leases = leases_count_of(grants_leases(clients->grants),
						  client->holder.identity);
		char text[ADDR_TEXT_LEN];

		json_add_text(row, "identity", peer_identity(client->peer));
		json_add_text(row, "address", endpoint_format(peer_remote(client->peer), text));
		json_add_text(row, "relay", endpoint_format(peer_local(client->peer), text));
		json_add_int(row, "since_s", (int64_t)((now - client->since_ns) / SECOND_NS));
		json_add_int(row, "rtt_us", peer_rtt_us(client->peer));
		json_add_int(row, "leases", leases);
		json_object_array_add(array, row);
	}
	return array;
}

struct json_object *clients_listener_json(const struct clients *clients)
{
	const struct peer_listener_counters *counters = peer_listener_counters(clients->listener);
	struct json_object *object = json_object_new_object();
	char text[ADDR_TEXT_LEN];

	json_add_text(object, "address",
		      endpoint_format(peer_listener_endpoint(clients->listener), text));
	json_add_int(object, "accepted", (int64_t)counters->accepted);
	json_add_int(object, "ready", (int64_t)counters->ready);
	json_add_int(object, "refused_limit", (int64_t)counters->refused_limit);
	json_add_int(object, "handshake_failed", (int64_t)counters->handshake_failed);
	json_add_int(object, "handshake_timeout", (int64_t)counters->handshake_timeout);
	return object;
}
