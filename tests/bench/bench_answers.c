// SPDX-License-Identifier: BSD-2-Clause
/*
 * A relay's channel alone: shakes hands and answers every LEASE_GET with a lease that it makes up.
 * What the daemon adds to this is its own. Runs until a signal ends it.
 */
#include <errno.h>
#include <stdio.h>

#include "tests/bench/figures.h"
#include "user/control/peer.h"

static void on_ready(void *owner, struct peer *peer)
{
	struct wire_message hello = {.type = WIRE_HELLO, .hello.version = WIRE_PROTOCOL_VERSION};

	(void)owner;
	peer_send(peer, &hello);
}

static void on_message(void *owner, struct peer *peer, const struct wire_message *message)
{
	struct wire_message lease = {.type = WIRE_LEASE, .request_id = message->request_id};

	(void)owner;
	lease.lease.server = message->lease_get.server;
	lease.lease.detour = *peer_local(peer);
	lease.lease.client = peer_remote(peer)->addr;
	peer_send(peer, &lease);
}

static void on_closed(void *owner, struct peer *peer, int err, const char *reason)
{
	(void)owner;
	(void)peer;
	(void)err;
	(void)reason;
}

int main(int argc, char **argv)
{
	static const struct peer_callbacks callbacks = {on_ready, on_message, on_closed, NULL};
	struct peer_listener *listener;
	struct tls_context *context;
	struct tls_files files;
	struct endpoint listen;
	uv_loop_t loop;

	if (argc != 5 || endpoint_parse(argv[1], &listen)) {
		fprintf(stderr, "usage: bench_answers ADDRESS:PORT CA CERT KEY\n");
		return 2;
	}
	files = (struct tls_files){argv[2], argv[3], argv[4], NULL};
	errno = -tls_context_new(true, &files, stderr, &context);
	if (errno)
		give_up(argv[3]);
	uv_loop_init(&loop);
	errno = -peer_listener_new(&loop, context, &listen, &callbacks, NULL, &listener);
	if (errno)
		give_up(argv[1]);
	return uv_run(&loop, UV_RUN_DEFAULT);
}
