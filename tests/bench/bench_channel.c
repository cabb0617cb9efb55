// SPDX-License-Identifier: BSD-2-Clause
/*
 * How many LEASE_GETs one core of a relay answers: a relay process and a process of agents, each
 * on a core of its own if there are two, over loopback with real TLS. The answer is made up at
 * once, so this is the channel's share of a lease alone.
 *
 * usage: bench_channel [CONNECTIONS [SECONDS [IN-FLIGHT]]]
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/control/peer.h"

struct bench {
	uv_loop_t loop;
	uv_timer_t timer;
	char dir[32];
	unsigned int connections, seconds, in_flight;
	uint64_t answered, began_ns, began_cpu_us;
};

static void die(const char *what, int err)
{
	fprintf(stderr, "bench_channel: %s: %s\n", what, strerror(-err));
	exit(1);
}

static void use_core(int core)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(core, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static uint64_t cpu_us(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000ULL +
	       usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

static struct tls_context *make_context(const struct bench *bench, bool server, const char *name)
{
	char ca[64], cert[64], key[64];
	struct tls_files files = {ca, cert, key, NULL};
	struct tls_context *context;
	int err;

	snprintf(ca, sizeof(ca), "%s/ca.crt", bench->dir);
	snprintf(cert, sizeof(cert), "%s/%s.crt", bench->dir, name);
	snprintf(key, sizeof(key), "%s/%s.key", bench->dir, name);
	err = tls_context_new(server, &files, stderr, &context);
	if (err < 0)
		die(name, err);
	return context;
}

static void make_pki(struct bench *bench)
{
	char command[256];

	strcpy(bench->dir, "/tmp/detour-bench.XXXXXX");
	if (!mkdtemp(bench->dir))
		die(bench->dir, -errno);
	snprintf(command, sizeof(command),
		 "p='user/pki/detour-pki --dir %s'; { $p ca && $p relay fra && $p client anna; } "
		 ">/dev/null",
		 bench->dir);
	if (system(command) != 0)
		die("detour-pki", -EIO);
}

static void remove_pki(const struct bench *bench)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -r %s", bench->dir);
	if (system(command) != 0)
		die(bench->dir, -EIO);
}

static void relay_ready(void *owner, struct peer *peer)
{
	struct wire_message hello = {.type = WIRE_HELLO, .hello.version = WIRE_PROTOCOL_VERSION};

	(void)owner;
	peer_send(peer, &hello);
}

static void relay_message(void *owner, struct peer *peer, const struct wire_message *message)
{
	struct wire_message lease = {.type = WIRE_LEASE, .request_id = message->request_id};
	struct bench *bench = owner;

	lease.lease.server = message->lease_get.server;
	lease.lease.detour = *peer_local(peer);
	lease.lease.client = peer_remote(peer)->addr;
	if (peer_send(peer, &lease) < 0)
		die("relay", -EPIPE);
	bench->answered++;
}

static void any_closed(void *owner, struct peer *peer, int err, const char *reason)
{
	(void)owner;
	(void)peer;
	fprintf(stderr, "bench_channel: closed: %s (%s)\n", reason, strerror(-err));
	exit(1);
}

static void ask(struct peer *peer)
{
	struct wire_message message = {.type = WIRE_LEASE_GET, .request_id = 1};

	message.lease_get.server.addr = peer_remote(peer)->addr;
	message.lease_get.server.port_be = 443;
	if (peer_send(peer, &message) < 0)
		die("agent", -EPIPE);
}

static void agent_ready(void *owner, struct peer *peer)
{
	struct bench *bench = owner;

	for (unsigned int i = 0; i < bench->in_flight; i++)
		ask(peer);
}

static void agent_message(void *owner, struct peer *peer, const struct wire_message *message)
{
	(void)owner;
	if (message->type == WIRE_LEASE)
		ask(peer);
}

/* The relay takes 8 handshakes of one address at a time: so not all at once. */
static void give_time(uv_loop_t *loop)
{
	for (int i = 0; i < 20; i++) {
		uv_run(loop, UV_RUN_NOWAIT);
		usleep(500);
	}
}

static void run_agents(struct bench *bench, const struct endpoint *relay)
{
	static const struct peer_callbacks callbacks = {agent_ready, agent_message, any_closed,
							NULL};
	struct tls_context *context;
	uv_loop_t loop;

	use_core(1);
	uv_loop_init(&loop);
	context = make_context(bench, false, "anna");
	for (unsigned int i = 0; i < bench->connections; i++) {
		struct peer *peer;
		int err = peer_connect(&loop, context, NULL, relay, "fra", &callbacks, bench,
				       &peer);

		if (err < 0)
			die("connect", err);
		give_time(&loop);
	}
	uv_run(&loop, UV_RUN_DEFAULT);
}

static void on_end(uv_timer_t *timer)
{
	struct bench *bench = timer->data;
	double seconds = (uv_hrtime() - bench->began_ns) / 1e9;
	double cpu = (cpu_us() - bench->began_cpu_us) / 1e6;

	printf("%u connections, %u in flight each: %.0f leases/s; %.0f per second of CPU (%.2f us)\n",
	       bench->connections, bench->in_flight, bench->answered / seconds,
	       bench->answered / cpu, 1e6 * cpu / bench->answered);
	uv_stop(timer->loop);
}

/* When all are connected and warm. */
static void on_begin(uv_timer_t *timer)
{
	struct bench *bench = timer->data;

	bench->answered = 0;
	bench->began_ns = uv_hrtime();
	bench->began_cpu_us = cpu_us();
	uv_timer_start(timer, on_end, bench->seconds * 1000, 0);
}

static unsigned int argument(int argc, char **argv, int at, unsigned int otherwise)
{
	return argc > at ? strtoul(argv[at], NULL, 10) : otherwise;
}

int main(int argc, char **argv)
{
	static const struct peer_callbacks callbacks = {relay_ready, relay_message, any_closed,
							NULL};
	struct bench bench = {
		.connections = argument(argc, argv, 1, 16),
		.seconds = argument(argc, argv, 2, 3),
		.in_flight = argument(argc, argv, 3, 8),
	};
	struct peer_listener *listener;
	struct endpoint any;
	pid_t agents;
	int err;

	make_pki(&bench);
	uv_loop_init(&bench.loop);
	endpoint_parse("127.0.0.1:0", &any);
	err = peer_listener_new(&bench.loop, make_context(&bench, true, "fra"), &any, &callbacks,
				&bench, &listener);
	if (err < 0)
		die("listen", err);
	agents = fork();
	if (agents < 0)
		die("fork", -errno);
	if (agents == 0)
		run_agents(&bench, peer_listener_endpoint(listener));
	use_core(0);
	uv_timer_init(&bench.loop, &bench.timer);
	bench.timer.data = &bench;
	uv_timer_start(&bench.timer, on_begin, 500 + 20 * bench.connections, 0);
	uv_run(&bench.loop, UV_RUN_DEFAULT);
	kill(agents, SIGKILL);
	waitpid(agents, NULL, 0);
	remove_pki(&bench);
	return 0;
}
