// SPDX-License-Identifier: BSD-2-Clause
/*
 * Leases per second of a relay that runs, over its channel, and how long a client waits for one.
 * Each client asks for one lease after the other, each of another server address or port; then for
 * the same ones again. Prints a JSON object for each of the two rounds.
 *
 * `hold` keeps the channels, and so the leases, until a signal comes. `watch` asks for one lease
 * again and again, every few milliseconds, until a signal comes: how long that takes tells whether
 * the daemon is held up by something else.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/channels.h"
#include "tests/bench/figures.h"

#define FIRST_SERVER "11.0.0.1"
#define FIRST_PORT   1024
#define WATCH_MS     2

struct client {
	struct asks *asks;
	struct peer *peer;
	unsigned int index, done; /* requests answered in this round */
	uint64_t sent_ns;
};

struct asks {
	struct channels channels;
	struct detour_addr first_server;
	unsigned int requests, servers; /* of each client; different addresses among all of them */
	unsigned int client_count, ready, finished, round;
	struct client *clients;
	struct figures figures;
	uint64_t begun_ns, begun_cpu_ns;
	bool hold, watch;
	uv_timer_t timer;
	uv_signal_t signals[2];
};

static void ask(struct client *client)
{
	const struct asks *asks = client->asks;
	unsigned int number = client->index * asks->requests + client->done;
	struct wire_message message = {.type = WIRE_LEASE_GET, .request_id = 1 + client->done};
	struct endpoint *server = &message.lease_get.server;

	server->addr = addr_after(&asks->first_server, number % asks->servers);
	server->port_be = htons((uint16_t)(FIRST_PORT + number / asks->servers));
	client->sent_ns = now_ns();
	errno = -peer_send(client->peer, &message);
	if (errno)
		give_up("ask");
}

static void round_begin(struct asks *asks)
{
	figures_clear(&asks->figures);
	asks->finished = 0;
	asks->begun_ns = now_ns();
	asks->begun_cpu_ns = process_cpu_ns(asks->channels.pid);
	for (unsigned int i = 0; i < asks->client_count; i++) {
		asks->clients[i].done = 0;
		ask(&asks->clients[i]);
	}
}

static void print_figures(struct asks *asks, const char *round)
{
	double seconds = (double)(now_ns() - asks->begun_ns) / 1e9;
	double cpu_us = (double)(process_cpu_ns(asks->channels.pid) - asks->begun_cpu_ns) / 1e3;
	size_t count = asks->figures.count;

	printf("{\"round\": \"%s\", \"leases\": %zu, \"seconds\": %.4f, \"per_second\": %.0f, "
	       "\"relay_cpu_us\": %.2f, ",
	       round, count, seconds, (double)count / seconds, count ? cpu_us / (double)count : 0);
	figures_print(&asks->figures);
	printf("}\n");
	fflush(stdout);
}

static void round_end(struct asks *asks)
{
	print_figures(asks, asks->round++ ? "again" : "new");
	if (asks->round < 2)
		round_begin(asks);
	else if (!asks->hold)
		uv_stop(&asks->channels.loop);
}

static void on_watch(uv_timer_t *timer)
{
	struct asks *asks = timer->data;

	ask(&asks->clients[0]);
}

static void on_ready(void *owner, struct peer *peer);
static void on_message(void *owner, struct peer *peer, const struct wire_message *message);

static void on_closed(void *owner, struct peer *peer, int err, const char *reason)
{
	(void)owner;
	(void)peer;
	fprintf(stderr, "bench_asks: closed: %s (%s)\n", reason, strerror(-err));
	exit(1);
}

static const struct peer_callbacks callbacks = {on_ready, on_message, on_closed, NULL};

static void connect_next(struct asks *asks)
{
	struct client *client = &asks->clients[asks->ready];

	client->asks = asks;
	client->index = asks->ready;
	client->peer = channels_connect(&asks->channels, client->index, &callbacks, client);
}

static void on_ready(void *owner, struct peer *peer)
{
	struct asks *asks = ((struct client *)owner)->asks;

	(void)peer;
	if (++asks->ready < asks->client_count)
		connect_next(asks);
	else if (asks->watch)
		uv_timer_start(&asks->timer, on_watch, 0, 0);
	else
		round_begin(asks);
}

static void on_lease(struct client *client)
{
	struct asks *asks = client->asks;

	figures_add(&asks->figures, now_ns() - client->sent_ns);
	if (asks->watch)
		uv_timer_start(&asks->timer, on_watch, WATCH_MS, 0);
	else if (++client->done < asks->requests)
		ask(client);
	else if (++asks->finished == asks->client_count)
		round_end(asks);
}

static void on_message(void *owner, struct peer *peer, const struct wire_message *message)
{
	(void)peer;
	errno = 0;
	if (message->type == WIRE_ERROR)
		give_up(message->error.text);
	if (message->type == WIRE_LEASE)
		on_lease(owner);
}

static void on_signal(uv_signal_t *handle, int number)
{
	struct asks *asks = handle->data;

	(void)number;
	if (asks->watch)
		print_figures(asks, "watch");
	uv_stop(&asks->channels.loop);
}

static void watch_signals(struct asks *asks)
{
	static const int numbers[] = {SIGTERM, SIGINT};

	for (size_t i = 0; i < 2; i++) {
		uv_signal_init(&asks->channels.loop, &asks->signals[i]);
		asks->signals[i].data = asks;
		uv_signal_start(&asks->signals[i], on_signal, numbers[i]);
	}
}

int main(int argc, char **argv)
{
	struct asks asks = {0};
	char **rest = argv + 1 + CHANNELS_ARGS;

	if (argc < 1 + CHANNELS_ARGS + 3) {
		fprintf(stderr, "usage: bench_asks " CHANNELS_USAGE
				" CLIENTS REQUESTS SERVERS [hold|watch]\n");
		return 2;
	}
	channels_init(&asks.channels, argv);
	asks.client_count = (unsigned int)atoi(rest[0]);
	asks.requests = (unsigned int)atoi(rest[1]);
	asks.servers = (unsigned int)atoi(rest[2]);
	asks.hold = rest[3] && strcmp(rest[3], "hold") == 0;
	asks.watch = rest[3] && strcmp(rest[3], "watch") == 0;
	asks.clients = calloc(asks.client_count, sizeof(*asks.clients));
	if (!asks.clients || !asks.requests || !asks.servers)
		give_up("arguments");
	addr_parse(FIRST_SERVER, &asks.first_server);
	uv_timer_init(&asks.channels.loop, &asks.timer);
	asks.timer.data = &asks;
	watch_signals(&asks);
	asks.begun_ns = now_ns();
	asks.begun_cpu_ns = process_cpu_ns(asks.channels.pid);
	connect_next(&asks);
	uv_run(&asks.channels.loop, UV_RUN_DEFAULT);
	return 0;
}
