// SPDX-License-Identifier: BSD-2-Clause
/*
 * Leases per second of one core, through all that a request meets behind the channel: admission,
 * limits, route, neighbour, port, and the write into the data path's map in the kernel. In a
 * network and mount namespace of its own, as root.
 *
 * usage: bench_leases [LEASES]
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "user/dataplane/dataplane.h"
#include "user/dataplane/tables.h"
#include "user/fwd/clock.h"
#include "user/fwd/grants.h"
#include "user/fwd/nexthops.h"

#define BPFFS		   "/mnt"
#define CLIENTS		   64 /* holders, one client address each */
#define DEFAULT_LEASES	   60000
#define TARGET_PER_S	   20000
#define SERVERS_WELL_KNOWN 16

struct bench {
	struct dataplane *dataplane;
	struct nexthops *nexthops;
	struct grants *grants;
	struct fwd_config *config;
};

static void die(const char *what, int err)
{
	fprintf(stderr, "bench_leases: %s: %s\n", what, strerror(-err));
	exit(1);
}

static void run(const char *command)
{
	if (system(command) != 0)
		die(command, -EIO);
}

/* A host with one interface, a router behind it that answers, and a bpffs. */
static void make_world(void)
{
	if (unshare(CLONE_NEWNET | CLONE_NEWNS) < 0)
		die("unshare (root?)", -errno);
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("bpf", BPFFS, "bpf", 0, NULL) < 0)
		die("mount " BPFFS, -errno);
	run("ip link set lo up && ip link add bench0 type veth peer name bench1 && "
	    "ip link set bench1 up && ip link set bench0 up && "
	    "ip addr add 192.0.2.1/24 dev bench0 && ip route add default via 192.0.2.254 && "
	    "ip neigh replace 192.0.2.254 lladdr 02:00:00:00:00:01 dev bench0 nud permanent");
}

static void bench_open(struct bench *bench, unsigned int leases)
{
	struct dataplane_options options = {.bpffs = BPFFS,
					    .instance = "bench",
					    .max_flows = 1024,
					    .max_leases = leases * 3,
					    .max_clients = CLIENTS};
	char text[128];
	int len = snprintf(text, sizeof(text),
			   "[relay]\nMaxLeases=%u\n[limits]\nLeasesPerClient=0\n", leases * 3);
	int err = fwd_config_parse(text, (size_t)len, "bench", stderr, &bench->config);

	if (!err)
		err = dataplane_open(&options, stderr, &bench->dataplane);
	if (!err)
		err = nexthops_new(dataplane_tables(bench->dataplane), &bench->nexthops);
	if (!err)
		err = grants_new(dataplane_tables(bench->dataplane), bench->nexthops, bench->config,
				 &bench->grants);
	if (err)
		die("open", err);
}

static void bench_close(struct bench *bench)
{
	grants_free(bench->grants);
	nexthops_free(bench->nexthops);
	dataplane_close(bench->dataplane);
	fwd_config_free(bench->config);
	dataplane_unload(BPFFS, "bench", stderr);
}

static struct lease_holder_key holder_of(unsigned int i)
{
	struct in_addr client = {htonl(0x08000000 + i % CLIENTS)}, relay = {htonl(0xc0000201)};

	return (struct lease_holder_key){.client = addr_from_v4(client),
					 .relay = addr_from_v4(relay),
					 .identity = 1 + i % CLIENTS};
}

/* One of `servers`, at port after port; 0: each lease has a server, and so a route, of its own. */
static struct endpoint server_of(unsigned int i, unsigned int servers)
{
	unsigned int n = servers ? i / CLIENTS % servers : i;
	unsigned int port = servers ? i / CLIENTS / servers : 0;
	struct in_addr addr = {htonl((servers ? 0x09000000 : 0x0b000000) + n)};

	return (struct endpoint){addr_from_v4(addr), htons((uint16_t)(1024 + port))};
}

static double measure(struct bench *bench, const char *name, unsigned int leases,
		      unsigned int servers)
{
	uint64_t began = clock_now_ns(), took;
	double per_s;

	for (unsigned int i = 0; i < leases; i++) {
		struct lease_holder_key holder = holder_of(i);
		struct endpoint server = server_of(i, servers);
		const struct lease *lease;
		const char *reason;
		int err = grants_get(bench->grants, &holder, &server, 0, &lease, &reason);

		if (err)
			die(reason, err);
	}
	took = clock_now_ns() - began;
	per_s = (double)leases * 1e9 / (double)took;
	printf("%-36s %8u %10.0f %8.1f\n", name, leases, per_s, per_s / TARGET_PER_S);
	return per_s;
}

int main(int argc, char **argv)
{
	unsigned int leases = argc > 1 ? (unsigned int)atoi(argv[1]) : DEFAULT_LEASES;
	struct bench bench = {0};
	double slowest, per_s;

	make_world();
	bench_open(&bench, leases);
	printf("%-36s %8s %10s %8s\n", "what", "leases", "per s", "x 20k");
	slowest = measure(&bench, "new, to 16 servers", leases, SERVERS_WELL_KNOWN);
	per_s = measure(&bench, "the same again", leases, SERVERS_WELL_KNOWN);
	slowest = per_s < slowest ? per_s : slowest;
	per_s = measure(&bench, "new, each server has its own route", leases, 0);
	slowest = per_s < slowest ? per_s : slowest;
	bench_close(&bench);
	return slowest >= TARGET_PER_S ? 0 : 1;
}
