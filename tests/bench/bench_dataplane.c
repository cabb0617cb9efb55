/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Nanoseconds per packet of the XDP and the TC program by BPF_PROG_TEST_RUN, beside a program that
 * does nothing and one bare lookup in the same map; of a SYN that makes a flow, beside two bare
 * insertions; and the memory of the maps at a million flows.
 *
 * TEST_RUN repeats on one packet, and each run finds another flow, as cold as the table is large, for
 * the relay and for the bare lookup alike (ring.h). What is not usual is left out: the mean of
 * the middle half of the packets counts. The programs take turns, round by round.
 *
 *   bench_dataplane [--packets N] [--rounds N] [--hook xdp|tc] [--family 4|6] flows ENTRIES...
 *   bench_dataplane [--packets N] [--rounds N] [--hook xdp|tc] [--family 4|6] syn
 *   bench_dataplane memory                                                (all as root)
 *
 * Prints lines of "HOOK,FAMILY,FRAME,ENTRIES,ROUND,PROGRAM,NANOSECONDS".
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <getopt.h>
#include <linux/if_link.h>
#include <linux/pkt_cls.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tests/bench/floor.skel.h>
#include "tests/bench/ring.h"

enum {
	FLOWS = 1000000, /* of the memory figure */
	BARE_LEN = 256,	 /* a key and an entry */
	LOOPBACK = 1,
};

struct options {
	unsigned int packets, rounds;
	int hook, family; /* -1, 0: both */
};

/* A program, and the packets that it gets. */
struct subject {
	const char *name;
	int prog;
	void (*packet)(const struct ring *ring, uint32_t index, size_t len,
		       struct packet *ret_packet);
	size_t len;
	uint32_t expected;   /* what its last run must return */
	struct relay *opens; /* each run makes a flow, whose events are to be taken */
};

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static double middle_mean(uint32_t *values, unsigned int count)
{
	unsigned int first = count / 4, last = count - 1 - count / 4;
	double sum = 0;

	qsort(values, count, sizeof(*values), compare);
	for (unsigned int i = first; i <= last; i++)
		sum += values[i];
	return sum / (last - first + 1);
}

/* Mean ns of RING_RUNS runs, the first of them with the index-th flow's packet. */
static uint32_t run(const struct subject *subject, const struct ring *ring, uint32_t index)
{
	struct packet packet;
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet.data, .repeat = RING_RUNS);

	subject->packet(ring, index, subject->len, &packet);
	opts.data_size_in = packet.len;
	check(!bpf_prog_test_run_opts(subject->prog, &opts), "test run");
	if (opts.retval != subject->expected) {
		fprintf(stderr, "%s returned %u, not %u\n", subject->name, opts.retval,
			subject->expected);
		exit(1);
	}
	return opts.duration;
}

/*
 * At each call of TEST_RUN the kernel enters an XDP program into its dispatcher and waits for RCU,
 * unless the program is there because a device has it: so loopback has it meanwhile.
 */
static double measure(const struct subject *subject, const struct ring *ring, unsigned int packets)
{
	uint32_t *durations = calloc(packets, sizeof(*durations));
	bool attached = !bpf_xdp_attach(LOOPBACK, subject->prog, XDP_FLAGS_SKB_MODE, NULL);
	double mean;

	check(durations, "memory");
	for (unsigned int i = 0; i < packets; i++) {
		uint32_t index = subject->opens ? i * RING_RUNS : random_next() % ring->count;

		durations[i] = run(subject, ring, index);
		if (subject->opens)
			relay_take_events(subject->opens);
	}
	if (attached)
		bpf_xdp_detach(LOOPBACK, XDP_FLAGS_SKB_MODE, NULL);
	mean = middle_mean(durations, packets);
	free(durations);
	return mean;
}

static void print(enum hook hook, const struct ring *ring, size_t len, unsigned int round,
		  const struct subject *subject, double ns)
{
	printf("%s,%d,%zu,%u,%u,%s,%.1f\n", relay_hook_name(hook), ring->is_ipv6 ? 6 : 4, len,
	       ring->count, round, subject->name, ns);
	fflush(stdout);
}

/* The floor over the relay's own map. */
static struct floor *floor_over(const struct relay *relay)
{
	struct floor *floor_skel = floor__open();

	check(floor_skel, "floor");
	check(!bpf_map__reuse_fd(floor_skel->maps.flows, relay->flows), "reuse");
	check(!floor__load(floor_skel), "load floor");
	return floor_skel;
}

static int floor_prog(const struct bpf_program *xdp, const struct bpf_program *tc, enum hook hook)
{
	return bpf_program__fd(hook == HOOK_XDP ? xdp : tc);
}

static void bench_flows(enum hook hook, const struct ring *ring, const struct options *options)
{
	static const size_t lengths[] = {64, 1400};
	bool xdp = hook == HOOK_XDP;
	struct relay relay;
	struct floor *fl;

	relay_load(&relay, hook, &relay_config, ring->count < 1024 ? 1024 : ring->count);
	ring_fill_flows(ring, relay.flows);
	fl = floor_over(&relay);
	struct subject subjects[] = {
		{"pass", floor_prog(fl->progs.xdp_pass, fl->progs.tc_pass, hook), ring_packet,
		 .expected = xdp ? (uint32_t)XDP_PASS : TC_ACT_OK},
		{"lookup", floor_prog(fl->progs.xdp_lookup, fl->progs.tc_lookup, hook), ring_bare,
		 .expected = xdp ? (uint32_t)XDP_TX : TC_ACT_OK},
		{"relay", relay.prog, ring_packet,
		 .expected = xdp ? (uint32_t)XDP_REDIRECT : TC_ACT_REDIRECT},
	};
	for (unsigned int round = 1; round <= options->rounds; round++) {
		for (size_t i = 0; i < 2 * 3; i++) {
			struct subject *subject = &subjects[i % 3];
			struct packet packet;

			subject->len = lengths[i / 3];
			ring_packet(ring, 0, subject->len, &packet);
			print(hook, ring, packet.len, round, subject,
			      measure(subject, ring, options->packets));
		}
	}
	floor__destroy(fl);
	relay_unload(&relay);
}

static void packet_syn(const struct ring *ring, uint32_t index, size_t len,
		       struct packet *ret_packet)
{
	(void)len;
	ring_syn(ring, index, ret_packet);
}

static void bench_syn(enum hook hook, bool is_ipv6, const struct options *options)
{
	struct ring ring = ring_new(options->packets * RING_RUNS, is_ipv6);
	bool xdp = hook == HOOK_XDP;
	struct relay relay;
	struct floor *fl;

	relay_load(&relay, hook, &relay_config, 4 * ring.count);
	ring_fill_leases(&ring, relay.leases);
	fl = floor_over(&relay);
	struct subject subjects[] = {
		{"insertions", floor_prog(fl->progs.xdp_insert, fl->progs.tc_insert, hook),
		 ring_bare, BARE_LEN, xdp ? (uint32_t)XDP_TX : TC_ACT_OK, &relay},
		{"relay", relay.prog, packet_syn, 0, xdp ? (uint32_t)XDP_REDIRECT : TC_ACT_REDIRECT,
		 &relay},
	};
	for (unsigned int round = 1; round <= options->rounds; round++) {
		for (int i = 0; i < 2; i++) {
			struct packet packet;

			relay_set_identity(&relay, 1000000, 0, 0);
			ring_syn(&ring, 0, &packet);
			print(hook, &ring, packet.len, round, &subjects[i],
			      measure(&subjects[i], &ring, options->packets));
			ring_clear(relay.flows);
		}
	}
	floor__destroy(fl);
	relay_unload(&relay);
	ring_free(&ring);
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

static void print_memory(void)
{
	struct relay relay;

	relay_load(&relay, HOOK_XDP, &relay_config, 2 * FLOWS);
	printf("memory,%llu\n", map_memory(relay.flows) + map_memory(relay.leases) +
					map_memory(relay.nexthops) + map_memory(relay.identities) +
					map_memory(relay.local_addrs) +
					map_memory(relay.ports_busy) + map_memory(relay.verdicts));
	relay_unload(&relay);
}

/* `entries` is NULL for the cost of making flows. */
static void bench(const struct options *options, char **entries)
{
	for (int is_ipv6 = 0; is_ipv6 < 2; is_ipv6++) {
		if (options->family && options->family != (is_ipv6 ? 6 : 4))
			continue;
		for (int hook = 0; hook < HOOK_COUNT; hook++) {
			if (options->hook >= 0 && options->hook != hook)
				continue;
			if (!entries)
				bench_syn(hook, is_ipv6, options);
			for (char **count = entries; count && *count; count++) {
				struct ring ring = ring_new(strtoul(*count, NULL, 10), is_ipv6);

				bench_flows(hook, &ring, options);
				ring_free(&ring);
			}
		}
	}
}

static int usage(void)
{
	fprintf(stderr, "usage: bench_dataplane [--packets N] [--rounds N] [--hook xdp|tc] "
			"[--family 4|6] flows ENTRIES... | syn | memory\n");
	return 2;
}

int main(int argc, char **argv)
{
	static const struct option names[] = {
		{"packets", required_argument, NULL, 'p'},
		{"rounds", required_argument, NULL, 'r'},
		{"hook", required_argument, NULL, 'h'},
		{"family", required_argument, NULL, 'f'},
		{0},
	};
	struct options options = {.packets = 60, .rounds = 3, .hook = -1};
	int option;

	while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (option == 'p')
			options.packets = strtoul(optarg, NULL, 10);
		else if (option == 'r')
			options.rounds = strtoul(optarg, NULL, 10);
		else if (option == 'h')
			options.hook = strcmp(optarg, "tc") ? HOOK_XDP : HOOK_TC;
		else if (option == 'f')
			options.family = strtoul(optarg, NULL, 10);
		else
			return usage();
	}
	if (!options.packets || optind == argc)
		return usage();
	check(!unshare(CLONE_NEWNET), "a network namespace of its own");
	if (!strcmp(argv[optind], "memory"))
		print_memory();
	else if (!strcmp(argv[optind], "syn"))
		bench(&options, NULL);
	else if (!strcmp(argv[optind], "flows"))
		bench(&options, argv + optind + 1);
	else
		return usage();
	return 0;
}
