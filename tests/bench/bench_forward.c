/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sends TCP packets through a forwarder as fast as it goes, and counts what arrives: frames of
 * BPF_PROG_TEST_RUN's live mode leave one interface, and a counter at another, by XDP or TC, takes those
 * with the tuple that they should have then. All that follows from a frame happens on the CPU that this
 * runs on, so that the time per packet is what the whole way takes of one core.
 *
 *   bench_forward --from NETNS/DEVICE --at NETNS/DEVICE --counter xdp|tc --mac MAC
 *                 --sent ADDR,ADDR:PORT --seen ADDR,ADDR:PORT [--flows N] [--size BYTES] [--open] PACKETS
 *
 * --open: a SYN of each flow goes ahead. Prints "SENT ARRIVED NANOSECONDS".
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <netinet/ether.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "tests/bench/forward.h"
#include <tests/bench/forward.skel.h>
#include "tests/prog/packet.h"

enum {
	FIRST_PORT = 20001, /* a relay may keep it */
	BATCH = 64,	    /* frames that the kernel makes before it sends them */
	LOOPBACK = 1,
};

/* As they stand on the command line. */
enum word {
	FROM,
	AT,
	COUNTER,
	MAC,
	SENT,
	SEEN,
	WORD_COUNT,
};

struct place {
	char netns[64], device[IF_NAMESIZE];
};

struct tuple {
	char from[INET_ADDRSTRLEN], to[INET_ADDRSTRLEN];
	unsigned short port;
};

struct job {
	struct place from, at;
	struct tuple sent, seen;
	struct ether_addr mac;
	bool by_xdp, open;
	unsigned int flows, size, packets;
	struct forward *skel;
	unsigned int counter_ifindex;
};

static void check(bool ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(1);
}

static void usage(void)
{
	fprintf(stderr,
		"usage: bench_forward --from NETNS/DEVICE --at NETNS/DEVICE --counter xdp|tc "
		"--mac MAC --sent ADDR,ADDR:PORT --seen ADDR,ADDR:PORT [--flows N] "
		"[--size BYTES] [--open] PACKETS\n");
	exit(2);
}

/* The interface's index; the process is in its network namespace then. */
static unsigned int enter(const struct place *place)
{
	char path[96];
	unsigned int ifindex;
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", place->netns);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	check(fd >= 0 && !setns(fd, CLONE_NEWNET), path);
	close(fd);
	ifindex = if_nametoindex(place->device);
	check(ifindex, place->device);
	return ifindex;
}

static void counter_attach(struct job *job)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts);

	job->counter_ifindex = enter(&job->at);
	if (job->by_xdp) {
		int prog = bpf_program__fd(job->skel->progs.forward_count_xdp);

		check(!bpf_xdp_attach(job->counter_ifindex, prog, 0, NULL), "XDP counter");
		return;
	}
	hook.ifindex = job->counter_ifindex;
	opts.prog_fd = bpf_program__fd(job->skel->progs.forward_count_tc);
	check(!bpf_tc_hook_create(&hook) && !bpf_tc_attach(&hook, &opts), "TC counter");
}

static void counter_detach(struct job *job)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);

	enter(&job->at);
	if (job->by_xdp) {
		bpf_xdp_detach(job->counter_ifindex, 0, NULL);
		return;
	}
	hook.ifindex = job->counter_ifindex;
	bpf_tc_hook_destroy(&hook);
}

/* The generator's packets: of source port 0, whose place in the checksum is taken later. */
static void packet_make(const struct job *job, uint8_t flags, struct packet *ret_packet)
{
	struct packet_spec spec = {
		.from = {job->sent.from, 0},
		.to = {job->sent.to, job->sent.port},
		.tcp_flags = flags,
		.payload_len = flags == SYN ? 0 : job->size - FORWARD_HEADERS_LEN,
	};

	packet_build(ret_packet, &spec);
	memcpy(ret_packet->data, &job->mac, sizeof(job->mac));
}

/* Sends `count` packets with these flags; gives the time, in ns. */
static uint64_t send_packets(const struct job *job, uint8_t flags, unsigned int count)
{
	struct packet packet;
	struct timespec begin, end;
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet.data, .repeat = count,
		    .flags = BPF_F_TEST_XDP_LIVE_FRAMES, .batch_size = BATCH);

	packet_make(job, flags, &packet);
	opts.data_size_in = packet.len;
	memcpy(job->skel->bss->headers, packet.data, FORWARD_HEADERS_LEN);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	check(!bpf_prog_test_run_opts(bpf_program__fd(job->skel->progs.forward_generate), &opts),
	      "live frames");
	clock_gettime(CLOCK_MONOTONIC, &end);
	return (end.tv_sec - begin.tv_sec) * 1000000000ull + end.tv_nsec - begin.tv_nsec;
}

/* How many have arrived, when no more do. */
static uint64_t arrivals(const struct job *job)
{
	const struct timespec pause = {.tv_nsec = 5000000};
	volatile __u64 *arrived = &job->skel->bss->arrived;
	uint64_t before;

	do {
		before = *arrived;
		nanosleep(&pause, NULL);
	} while (*arrived != before);
	return before;
}

/*
 * The counter is there, and the way is open, before the time counts. Loopback has the generator,
 * too: TEST_RUN would wait for RCU otherwise, to enter it into the kernel's XDP dispatcher.
 */
static void run(struct job *job)
{
	uint64_t before, duration;

	counter_attach(job);
	enter(&job->from);
	bpf_xdp_attach(LOOPBACK, bpf_program__fd(job->skel->progs.forward_generate),
		       XDP_FLAGS_SKB_MODE, NULL);
	if (job->open)
		send_packets(job, SYN, job->flows);
	send_packets(job, ACK, job->flows);
	before = arrivals(job);
	duration = send_packets(job, ACK, job->packets);
	printf("%u %llu %llu\n", job->packets, (unsigned long long)(arrivals(job) - before),
	       (unsigned long long)duration);
	bpf_xdp_detach(LOOPBACK, XDP_FLAGS_SKB_MODE, NULL);
	counter_detach(job);
}

static void load(struct job *job)
{
	struct forward_config config = {
		.ifindex = enter(&job->from),
		.flows = job->flows,
		.first_port = FIRST_PORT,
		.dport = htons(job->seen.port),
	};

	job->skel = forward__open();
	check(job->skel, "open");
	check(inet_pton(AF_INET, job->seen.from, &config.saddr) == 1 &&
		      inet_pton(AF_INET, job->seen.to, &config.daddr) == 1,
	      "address");
	memcpy((void *)&job->skel->rodata->config, &config, sizeof(config));
	check(!forward__load(job->skel), "load");
}

static void place_parse(const char *word, struct place *ret_place)
{
	if (!word || sscanf(word, "%63[^/]/%15s", ret_place->netns, ret_place->device) != 2)
		usage();
}

static void tuple_parse(const char *word, struct tuple *ret_tuple)
{
	if (!word || sscanf(word, "%15[^,],%15[^:]:%hu", ret_tuple->from, ret_tuple->to,
			    &ret_tuple->port) != 3)
		usage();
}

static void job_parse(int argc, char **argv, struct job *job)
{
	static const struct option names[] = {
		{"from", required_argument, NULL, FROM},
		{"at", required_argument, NULL, AT},
		{"counter", required_argument, NULL, COUNTER},
		{"mac", required_argument, NULL, MAC},
		{"sent", required_argument, NULL, SENT},
		{"seen", required_argument, NULL, SEEN},
		{"flows", required_argument, NULL, 'f'},
		{"size", required_argument, NULL, 's'},
		{"open", no_argument, NULL, 'o'},
		{0},
	};
	const char *words[WORD_COUNT] = {0};
	int option;

	while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (option < WORD_COUNT)
			words[option] = optarg;
		else if (option == 'f')
			job->flows = strtoul(optarg, NULL, 10);
		else if (option == 's')
			job->size = strtoul(optarg, NULL, 10);
		else if (option == 'o')
			job->open = true;
		else
			usage();
	}
	place_parse(words[FROM], &job->from);
	place_parse(words[AT], &job->at);
	tuple_parse(words[SENT], &job->sent);
	tuple_parse(words[SEEN], &job->seen);
	if (!words[COUNTER] || !words[MAC] || !ether_aton_r(words[MAC], &job->mac) ||
	    optind != argc - 1)
		usage();
	job->by_xdp = !strcmp(words[COUNTER], "xdp");
	job->packets = strtoul(argv[optind], NULL, 10);
	if (!job->packets || !job->flows || job->size < FORWARD_HEADERS_LEN ||
	    job->size > PACKET_MAX)
		usage();
}

int main(int argc, char **argv)
{
	struct job job = {.flows = 1024, .size = 64};

	job_parse(argc, argv, &job);
	load(&job);
	run(&job);
	forward__destroy(job.skel);
	return 0;
}
