/* SPDX-License-Identifier: BSD-2-Clause */
/* Fills and reads the maps of a relay under test. */
#include "relay.h"

#include <arpa/inet.h>
#include <assert.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <string.h>
#include "bpf/lib/csum.h"
#include "bpf/lib/tuple.h"

static void update(int map, const void *key, const void *value)
{
	int error = bpf_map_update_elem(map, key, value, BPF_ANY);

	if (error)
		fprintf(stderr, "map update: %s\n", strerror(-error));
	assert(!error);
}

static void add_entry(struct relay *relay, const struct flow_key *key, const struct flow_key *to,
		      uint32_t nexthop, uint8_t flags)
{
	struct flow_entry entry = {
		.key = *key,
		.to = *to,
		.addr_delta = csum_tuple_addr_delta(key, to),
		.port_delta = csum_tuple_port_delta(key, to),
		.nexthop = nexthop,
		.identity = 1,
		.flags = flags,
		.created_ns = 1,
	};

	update(relay->flows, key, &entry);
}

void relay_add_flow(struct relay *relay, struct end client, struct end detour, struct end source,
		    struct end server)
{
	struct flow_key in = packet_key(client, detour), out = packet_key(source, server);
	struct flow_key back_in = packet_key(server, source), back_out = packet_key(detour, client);

	add_entry(relay, &in, &out, 1, FLOW_TO_SERVER);
	add_entry(relay, &back_in, &back_out, 2, 0);
}

void relay_add_usual_flows(struct relay *relay)
{
	relay_add_flow(relay, (struct end)CLIENT4, (struct end)DETOUR4, (struct end)SOURCE4,
		       (struct end)SERVER4);
	relay_add_flow(relay, (struct end)CLIENT6, (struct end)DETOUR6, (struct end)SOURCE6,
		       (struct end)SERVER6);
}

void relay_add_lease(struct relay *relay, const char *client, struct end detour, const char *source,
		     struct end server, uint64_t expires_ns)
{
	struct lease_key key = {
		.client = packet_addr(client),
		.relay = packet_addr(detour.addr),
		.port_be = htons(detour.port),
	};
	struct lease_entry lease = {
		.server = packet_addr(server.addr),
		.relay_src = packet_addr(source),
		.server_port_be = htons(server.port),
		.identity = 1,
		.nexthop_server = 1,
		.nexthop_client = 2,
		.expires_ns = expires_ns,
	};

	update(relay->leases, &key, &lease);
}

void relay_set_nexthop(struct relay *relay, uint32_t slot, const struct nexthop_entry *hop)
{
	update(relay->nexthops, &slot, hop);
}

void relay_set_identity(struct relay *relay, uint32_t max_flows, uint64_t new_flow_ns,
			uint64_t burst_ns)
{
	struct identity_entry identity = {
		.name = "test",
		.max_flows = max_flows,
		.new_flow_ns = new_flow_ns,
		.burst_ns = burst_ns,
	};
	uint32_t one = 1;

	update(relay->identities, &one, &identity);
}

uint32_t relay_flows_of_identity(struct relay *relay)
{
	struct identity_entry identity;
	uint32_t one = 1;

	assert(!bpf_map_lookup_elem(relay->identities, &one, &identity));
	return identity.flows;
}

void relay_add_local(struct relay *relay, const char *addr)
{
	struct detour_addr key = packet_addr(addr);
	uint32_t ifindex = 1;

	update(relay->local_addrs, &key, &ifindex);
}

void relay_delete_lease(struct relay *relay, const char *client, struct end detour)
{
	struct lease_key key = {
		.client = packet_addr(client),
		.relay = packet_addr(detour.addr),
		.port_be = htons(detour.port),
	};

	assert(!bpf_map_delete_elem(relay->leases, &key));
}

void relay_clear_flows(struct relay *relay)
{
	struct flow_key key;

	while (!bpf_map_get_next_key(relay->flows, NULL, &key))
		bpf_map_delete_elem(relay->flows, &key);
}

void relay_set_port_busy(struct relay *relay, uint16_t port, bool busy)
{
	uint32_t word = port / 64;
	uint64_t bits, bit = 1ull << port % 64;

	assert(!bpf_map_lookup_elem(relay->ports_busy, &word, &bits));
	bits = busy ? bits | bit : bits & ~bit;
	update(relay->ports_busy, &word, &bits);
}

bool relay_get_flow(struct relay *relay, const struct flow_key *key, struct flow_entry *ret_entry)
{
	return !bpf_map_lookup_elem(relay->flows, key, ret_entry);
}

unsigned int relay_count_flows(struct relay *relay)
{
	struct flow_key key, next;
	unsigned int count = 0;

	for (int error = bpf_map_get_next_key(relay->flows, NULL, &next); !error;
	     error = bpf_map_get_next_key(relay->flows, &key, &next)) {
		key = next;
		count++;
	}
	return count;
}

unsigned int relay_take_events(struct relay *relay)
{
	unsigned int before = relay->events;

	ring_buffer__consume(relay->ring);
	return relay->events - before;
}
