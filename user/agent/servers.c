// SPDX-License-Identifier: BSD-2-Clause
/* Notes by server address and port in a hash table; uthash keeps the order of insertion. */
#include "user/agent/servers.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#include <uthash.h>

#include "user/agent/backoff.h"

/* Address and port, without the padding behind them. */
#define ENDPOINT_KEY_LEN (offsetof(struct endpoint, port_be) + sizeof(in_port_t))

struct server_note {
	UT_hash_handle hh;
	struct endpoint server;
	uint32_t limit;
	uint64_t limit_until_us;
	struct backoff_list relays;
};

struct servers {
	struct server_note *notes;
};

int servers_new(struct servers **ret_servers)
{
	struct servers *servers = calloc(1, sizeof(*servers));

	if (!servers)
		return -ENOMEM;
	*ret_servers = servers;
	return 0;
}

static void note_forget(struct servers *servers, struct server_note *note)
{
	HASH_DEL(servers->notes, note);
	backoff_done(&note->relays);
	free(note);
}

void servers_free(struct servers *servers)
{
	if (!servers)
		return;
	while (servers->notes)
		note_forget(servers, servers->notes);
	free(servers);
}

static struct server_note *find(const struct servers *servers, const struct endpoint *server)
{
	struct server_note *note;

	HASH_FIND(hh, servers->notes, &server->addr, ENDPOINT_KEY_LEN, note);
	return note;
}

static struct server_note *find_or_add(struct servers *servers, const struct endpoint *server)
{
	struct server_note *note = find(servers, server);

	if (note)
		return note;
	note = calloc(1, sizeof(*note));
	if (!note)
		return NULL;
	if (HASH_COUNT(servers->notes) >= SERVERS_MAX)
		note_forget(servers, servers->notes);
	note->server = *server;
	note->limit = SERVER_LIMIT_NONE;
	HASH_ADD(hh, servers->notes, server.addr, ENDPOINT_KEY_LEN, note);
	return note;
}

uint32_t servers_limit(const struct servers *servers, const struct endpoint *server,
		       uint64_t now_us)
{
	const struct server_note *note = find(servers, server);

	return note && now_us < note->limit_until_us ? note->limit : SERVER_LIMIT_NONE;
}

void servers_set_limit(struct servers *servers, const struct endpoint *server, uint32_t limit,
		       uint64_t now_us)
{
	struct server_note *note = find_or_add(servers, server);

	if (!note)
		return;
	note->limit = limit;
	note->limit_until_us = now_us + SERVER_LIMIT_US;
}

bool servers_blocked(const struct servers *servers, const struct endpoint *server, uint32_t relay,
		     uint64_t now_us)
{
	const struct server_note *note = find(servers, server);

	return note && backoff_blocked(&note->relays, relay, now_us);
}

void servers_fail(struct servers *servers, const struct endpoint *server, uint32_t relay,
		  uint64_t now_us)
{
	struct server_note *note = find_or_add(servers, server);

	if (note)
		backoff_fail(&note->relays, relay, now_us);
}

void servers_hold(struct servers *servers, const struct endpoint *server, uint32_t relay,
		  uint64_t now_us, uint64_t wait_us)
{
	struct server_note *note = find_or_add(servers, server);

	if (note)
		backoff_hold(&note->relays, relay, now_us, wait_us);
}

void servers_clear(struct servers *servers, const struct endpoint *server, uint32_t relay)
{
	struct server_note *note = find(servers, server);

	if (note)
		backoff_clear(&note->relays, relay);
}
