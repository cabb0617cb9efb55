// SPDX-License-Identifier: BSD-2-Clause
/*
 * Channels per second that a relay takes: TCP, TLS with both certificates, HELLO. Some are under
 * way at a time, each from an address of its own; one that stands is closed, and the next one
 * begins. Prints a JSON object.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/channels.h"
#include "tests/bench/figures.h"

struct handshakes {
	struct channels channels;
	unsigned int wanted, begun;
	struct figures figures;
};

struct place {
	struct handshakes *handshakes;
	unsigned int index;
	uint64_t begun_ns;
};

static void on_ready(void *owner, struct peer *peer);

static void on_message(void *owner, struct peer *peer, const struct wire_message *message)
{
	(void)owner;
	(void)peer;
	(void)message;
}

static void on_closed(void *owner, struct peer *peer, int err, const char *reason)
{
	(void)owner;
	(void)peer;
	fprintf(stderr, "bench_handshakes: closed: %s (%s)\n", reason, strerror(-err));
	exit(1);
}

static const struct peer_callbacks callbacks = {on_ready, on_message, on_closed, NULL};

static void begin(struct place *place)
{
	struct handshakes *handshakes = place->handshakes;

	if (handshakes->begun == handshakes->wanted)
		return;
	handshakes->begun++;
	place->begun_ns = now_ns();
	channels_connect(&handshakes->channels, place->index, &callbacks, place);
}

static void on_ready(void *owner, struct peer *peer)
{
	struct place *place = owner;
	struct handshakes *handshakes = place->handshakes;

	figures_add(&handshakes->figures, now_ns() - place->begun_ns);
	peer_close(peer);
	if (handshakes->figures.count == handshakes->wanted)
		uv_stop(&handshakes->channels.loop);
	begin(place);
}

int main(int argc, char **argv)
{
	struct handshakes handshakes = {0};
	unsigned int in_flight;
	struct place *places;
	uint64_t begun_ns, begun_cpu_ns;
	double seconds, cpu_us;

	if (argc != 1 + CHANNELS_ARGS + 2) {
		fprintf(stderr, "usage: bench_handshakes " CHANNELS_USAGE " IN-FLIGHT COUNT\n");
		return 2;
	}
	channels_init(&handshakes.channels, argv);
	in_flight = (unsigned int)atoi(argv[1 + CHANNELS_ARGS]);
	handshakes.wanted = (unsigned int)atoi(argv[2 + CHANNELS_ARGS]);
	places = calloc(in_flight, sizeof(*places));
	if (!places)
		give_up("memory");
	begun_ns = now_ns();
	begun_cpu_ns = process_cpu_ns(handshakes.channels.pid);
	for (unsigned int i = 0; i < in_flight; i++) {
		places[i] = (struct place){.handshakes = &handshakes, .index = i};
		begin(&places[i]);
	}
	uv_run(&handshakes.channels.loop, UV_RUN_DEFAULT);
	seconds = (double)(now_ns() - begun_ns) / 1e9;
	cpu_us = (double)(process_cpu_ns(handshakes.channels.pid) - begun_cpu_ns) / 1e3;
	printf("{\"handshakes\": %u, \"per_second\": %.0f, \"relay_cpu_us\": %.1f, ",
	       handshakes.wanted, handshakes.wanted / seconds, cpu_us / handshakes.wanted);
	figures_print(&handshakes.figures);
	printf("}\n");
	return 0;
}
