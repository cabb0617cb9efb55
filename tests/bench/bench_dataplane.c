/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Nanoseconds per packet of the XDP and the TC program by BPF_PROG_TEST_RUN, beside a program that
 * does nothing and one bare lookup in the same map, and the memory of the maps at a million flows.
 *
 * The flows form one ring in random order: every entry turns a packet into the next entry's.
 * TEST_RUN repeats on the same packet, so that each run finds another flow, as cold as the table is large,
 * for the relay and for the bare lookup alike. A packet lives for 250 runs (its TTL); the median
 * over some packets keeps other work on the machine out. (The kernel waits for RCU at every call of
 * TEST_RUN for XDP, so that more packets take long.)
 *
 *   bench_dataplane [--json] [--packets N] [ENTRIES...]     (as root)
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <getopt.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tests/bench/floor.skel.h>
#include "bpf/lib/csum.h"
#include "bpf/lib/tuple.h"
#include "tests/prog/relay.h"

enum {
	RUNS = 250,	 /* per packet: TTL 255 and a reserve */
	BATCH = 4096,	 /* entries per update */
	FLOWS = 1000000, /* of the memory figure */
};

struct ring {
	uint32_t count;
	uint32_t *next; /* a permutation of one cycle */
};

/* One row of the result, ns per packet. */
struct figures {
	double pass, lookup, relay;
};

static void check(bool ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(1);
}

static uint64_t random_next(void)
{
	static uint64_t state = 88172645463325252ull;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

/* Sattolo's shuffle: its result is a single cycle. */
static struct ring ring_new(uint32_t count)
{
	struct ring ring = {.count = count, .next = calloc(count, sizeof(uint32_t))};

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

static struct flow_key ring_key(uint32_t index)
{
	struct flow_key key = packet_key((struct end){"10.0.0.0", 40000}, (struct end)DETOUR4);

	key.src.words[3] = htonl(0x0a000000 + index);
	return key;
}

static struct flow_entry ring_entry(const struct ring *ring, uint32_t index)
{
	struct flow_entry entry = {
		.key = ring_key(index),
		.to = ring_key(ring->next[index]),
		.nexthop = 1,
		.identity = 1,
		.flags = FLOW_TO_SERVER,
		.seen = FLOW_SEEN_SYN | FLOW_SEEN_ACK,
	};

	entry.addr_delta = csum_tuple_addr_delta(&entry.key, &entry.to);
	entry.port_delta = csum_tuple_port_delta(&entry.key, &entry.to);
	return entry;
}

static void fill(int map, const struct ring *ring)
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

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* Where a packet's runs begin: spread over the ring, so that 250 runs find cold flows. */
static void packet_at(struct packet *ret_packet, uint32_t index, bool bare)
{
	struct packet_spec spec = {.from = {"10.0.0.0", 40000},
				   .to = DETOUR4,
				   .tcp_flags = ACK,
				   .hops = 255};
	struct flow_key key = ring_key(index);

	packet_build(ret_packet, &spec);
	memcpy(ret_packet->data + 26, &key.src.words[3], 4);
	ret_packet->len = 64;
	if (bare)
		memcpy(ret_packet->data, &key, sizeof(key));
}

/* The median of a program's ns per run; `expected` is what the last run must return. */
static double measure(int prog, const struct ring *ring, bool bare, unsigned int packets,
		      uint32_t expected)
{
	uint32_t *durations = calloc(packets, sizeof(*durations)), median;

	check(durations, "memory");
	for (unsigned int i = 0; i < packets; i++) {
		struct packet packet;
		LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet.data, .repeat = RUNS);

		packet_at(&packet, random_next() % ring->count, bare);
		opts.data_size_in = packet.len;
		check(!bpf_prog_test_run_opts(prog, &opts), "test run");
		if (opts.retval != expected) {
			fprintf(stderr, "program returned %u, not %u\n", opts.retval, expected);
			exit(1);
		}
		durations[i] = opts.duration;
	}
	qsort(durations, packets, sizeof(*durations), compare);
	median = durations[packets / 2];
	free(durations);
	return median;
}

/* Measures in turns, so that a change of the machine's speed hits all alike. */
static struct figures measure_hook(enum hook hook, const struct ring *ring, unsigned int packets)
{
	bool xdp = hook == HOOK_XDP;
	struct floor *floor_skel = floor__open();
	struct figures sum = {0};
	struct relay relay;
	enum { ROUNDS = 3 };

	check(floor_skel, "floor");
	relay_load(&relay, hook, &relay_config, ring->count < 1024 ? 1024 : ring->count);
	fill(relay.flows, ring);
	check(!bpf_map__reuse_fd(floor_skel->maps.flows, relay.flows), "reuse");
	check(!floor__load(floor_skel), "load floor");
	for (int i = 0; i < ROUNDS; i++) {
		struct bpf_program *pass = xdp ? floor_skel->progs.xdp_pass
					       : floor_skel->progs.tc_pass;
		struct bpf_program *lookup = xdp ? floor_skel->progs.xdp_lookup
						 : floor_skel->progs.tc_lookup;

		sum.pass += measure(bpf_program__fd(pass), ring, false, packets, xdp ? 2 : 0);
		sum.lookup += measure(bpf_program__fd(lookup), ring, true, packets, xdp ? 3 : 0);
		sum.relay += measure(relay.prog, ring, false, packets, xdp ? 4 : 7);
	}
	relay_unload(&relay);
	floor__destroy(floor_skel);
	return (struct figures){sum.pass / ROUNDS, sum.lookup / ROUNDS, sum.relay / ROUNDS};
}

/* What /proc says the kernel holds for a map, bytes. */
static unsigned long long map_memory(int map)
{
	char path[64], line[128];
	unsigned long long bytes = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", map);
	file = fopen(path, "r");
	check(file, path);
	while (fgets(line, sizeof(line), file))
		sscanf(line, "memlock: %llu", &bytes);
	fclose(file);
	return bytes;
}

static unsigned long long measure_memory(void)
{
	struct relay relay;
	unsigned long long bytes;

	relay_load(&relay, HOOK_XDP, &relay_config, 2 * FLOWS);
	bytes = map_memory(relay.flows) + map_memory(relay.leases) + map_memory(relay.nexthops) +
		map_memory(relay.identities) + map_memory(relay.local_addrs) +
		map_memory(relay.ports_busy) + map_memory(relay.verdicts);
	relay_unload(&relay);
	return bytes;
}

static json_object *figures_json(const char *hook, uint32_t entries, const struct figures *figures)
{
	json_object *row = json_object_new_object();

	json_object_object_add(row, "hook", json_object_new_string(hook));
	json_object_object_add(row, "entries", json_object_new_int64(entries));
	json_object_object_add(row, "pass_ns", json_object_new_double(figures->pass));
	json_object_object_add(row, "lookup_ns", json_object_new_double(figures->lookup));
	json_object_object_add(row, "relay_ns", json_object_new_double(figures->relay));
	json_object_object_add(row, "ratio",
			       json_object_new_double(figures->relay / figures->lookup));
	return row;
}

static json_object *bench_entries(uint32_t entries, unsigned int packets, bool json)
{
	struct ring ring = ring_new(entries);
	json_object *rows = json_object_new_array();

	for (int hook = 0; hook < HOOK_COUNT; hook++) {
		const char *name = relay_hook_name(hook);
		struct figures figures = measure_hook(hook, &ring, packets);

		json_object_array_add(rows, figures_json(name, entries, &figures));
		if (!json)
			printf("%-4s %9u %6.1f %8.1f %7.1f %6.2f\n", name, entries, figures.pass,
			       figures.lookup, figures.relay, figures.relay / figures.lookup);
		fflush(stdout);
	}
	free(ring.next);
	return rows;
}

static void bench(char **entries, unsigned int packets, bool json)
{
	json_object *result = json_object_new_object(), *rows = json_object_new_array();
	unsigned long long memory;

	if (!json)
		printf("hook   entries   pass   lookup   relay  ratio   (ns per packet)\n");
	for (; *entries; entries++)
		json_object_array_add(rows,
				      bench_entries(strtoul(*entries, NULL, 10), packets, json));
	memory = measure_memory();
	json_object_object_add(result, "runs", rows);
	json_object_object_add(result, "memory_bytes_at_1m_flows", json_object_new_int64(memory));
	if (json)
		puts(json_object_to_json_string_ext(result, JSON_C_TO_STRING_PRETTY));
	else
		printf("maps at %u flows: %.1f MiB (fdinfo's memlock)\n", FLOWS,
		       memory / 1048576.0);
	json_object_put(result);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"json", no_argument, NULL, 'j'},
		{"packets", required_argument, NULL, 'p'},
		{0},
	};
	static char *defaults[] = {"1", "20000", "2000000", NULL};
	unsigned int packets = 60;
	bool json = false;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'j')
			json = true;
		else if (option == 'p')
			packets = strtoul(optarg, NULL, 10);
		else
			return 2;
	}
	bench(optind < argc ? argv + optind : defaults, packets ? packets : 1, json);
	return 0;
}
