/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/bench/ring.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bpf/lib/csum.h"
#include "bpf/lib/tuple.h"

enum {
	BATCH = 4096,	    /* entries per update */
	SRC4_OFF = 26,	    /* of the source address in a frame */
	SRC6_OFF = 22 + 12, /* of its last four bytes */
	CLIENTS = 0x0a000000,
	CLIENT_PORT = 20001, /* may be the relay's source port, too: it is taken */
	CLIENT_PORTS = 4096, /* that flows have in turn */
	SPORT4_OFF = 34,
	SPORT6_OFF = 54,
};

void check(bool ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(1);
}

uint64_t random_next(void)
{
	static uint64_t state = 88172645463325252ull;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

/* Sattolo's shuffle: its result is a single cycle. */
struct ring ring_new(uint32_t count, bool is_ipv6)
{
	struct ring ring = {.count = count,
			    .next = calloc(count, sizeof(uint32_t)),
			    .is_ipv6 = is_ipv6};

	check(ring.next, "memory");
	for (uint32_t i = 0; i < count; i++)
		ring.next[i] = i;
	for (uint32_t i = count - 1; i > 0; i--) {
		uint32_t other = random_next() % i, kept = ring.next[i];

		ring.next[i] = ring.next[other];
		ring.next[other] = kept;
	}
	return ring;
}

void ring_free(struct ring *ring)
{
	free(ring->next);
	ring->next = NULL;
}

static struct end ring_client(const struct ring *ring)
{
	return (struct end){ring->is_ipv6 ? "2001:db8:1::" : "10.0.0.0", CLIENT_PORT};
}

static struct end ring_detour(const struct ring *ring)
{
	return ring->is_ipv6 ? (struct end)DETOUR6 : (struct end)DETOUR4;
}

struct flow_key ring_key(const struct ring *ring, uint32_t index)
{
	struct flow_key key = packet_key(ring_client(ring), ring_detour(ring));

	key.src.words[3] = htonl(CLIENTS + index);
	key.src_port_be = htons(CLIENT_PORT + index % CLIENT_PORTS);
	return key;
}

static struct flow_entry ring_entry(const struct ring *ring, uint32_t index)
{
	struct flow_entry entry = {
		.key = ring_key(ring, index),
		.to = ring_key(ring, ring->next[index]),
		.nexthop = 1,
		.identity = 1,
		.flags = FLOW_TO_SERVER,
		.seen = FLOW_SEEN_SYN | FLOW_SEEN_ACK,
	};

	entry.addr_delta = csum_tuple_addr_delta(&entry.key, &entry.to);
	entry.port_delta = csum_tuple_port_delta(&entry.key, &entry.to);
	return entry;
}

void ring_fill_flows(const struct ring *ring, int map)
{
	struct flow_key *keys = calloc(BATCH, sizeof(*keys));
	struct flow_entry *entries = calloc(BATCH, sizeof(*entries));

	check(keys && entries, "memory");
	for (uint32_t first = 0; first < ring->count; first += BATCH) {
		uint32_t count = ring->count - first < BATCH ? ring->count - first : BATCH;

		for (uint32_t i = 0; i < count; i++) {
			entries[i] = ring_entry(ring, first + i);
			keys[i] = entries[i].key;
		}
		check(!bpf_map_update_batch(map, keys, entries, &count, NULL), "fill");
	}
	free(keys);
	free(entries);
}

/* The relay's address towards the server is the next client's, and the server is the relay. */
void ring_fill_leases(const struct ring *ring, int map)
{
	for (uint32_t i = 0; i < ring->count; i++) {
		struct flow_key from = ring_key(ring, i), to = ring_key(ring, i + 1);
		struct lease_key key = {
			.client = from.src,
			.relay = from.dst,
			.port_be = from.dst_port_be,
		};
		struct lease_entry lease = {
			.server = to.dst,
			.relay_src = to.src,
			.server_port_be = to.dst_port_be,
			.identity = 1,
			.nexthop_server = 1,
			.nexthop_client = 2,
			.expires_ns = FOR_EVER,
		};

		check(!bpf_map_update_elem(map, &key, &lease, BPF_ANY), "leases");
	}
}

static void build(const struct ring *ring, uint32_t index, struct packet_spec *spec,
		  struct packet *ret_packet)
{
	struct flow_key key = ring_key(ring, index);

	spec->from = ring_client(ring);
	spec->to = ring_detour(ring);
	spec->hops = 255;
	packet_build(ret_packet, spec);
	memcpy(ret_packet->data + (ring->is_ipv6 ? SRC6_OFF : SRC4_OFF), &key.src.words[3], 4);
}

void ring_packet(const struct ring *ring, uint32_t index, size_t len, struct packet *ret_packet)
{
	size_t headers = ring->is_ipv6 ? 74 : 54;
	struct packet_spec spec = {.tcp_flags = ACK,
				   .payload_len = len > headers ? len - headers : 0};

	struct flow_key key = ring_key(ring, index);

	build(ring, index, &spec, ret_packet);
	memcpy(ret_packet->data + (ring->is_ipv6 ? SPORT6_OFF : SPORT4_OFF), &key.src_port_be, 2);
}

void ring_syn(const struct ring *ring, uint32_t index, struct packet *ret_packet)
{
	static const uint8_t join[12] = {30, 12, 0x10};
	struct packet_spec spec = {.tcp_flags = SYN, .options = join, .option_len = sizeof(join)};

	build(ring, index, &spec, ret_packet);
}

void ring_bare(const struct ring *ring, uint32_t index, size_t len, struct packet *ret_packet)
{
	struct flow_key key = ring_key(ring, index);

	memset(ret_packet->data, 0, sizeof(ret_packet->data));
	memcpy(ret_packet->data, &key, sizeof(key));
	ret_packet->len = len;
}

void ring_clear(int map)
{
	struct flow_key key, next;
	int error = bpf_map_get_next_key(map, NULL, &next);

	while (!error) {
		key = next;
		error = bpf_map_get_next_key(map, &key, &next);
		check(!bpf_map_delete_elem(map, &key), "clear");
	}
}
