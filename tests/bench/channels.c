// SPDX-License-Identifier: BSD-2-Clause
#include "tests/bench/channels.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/figures.h"

#define RELAY_NAME "relay"

static struct tls_context *context_of(const char *pki, const char *name)
{
	char ca[256], cert[256], key[256];
	struct tls_files files = {ca, cert, key, NULL};
	struct tls_context *context;

	snprintf(ca, sizeof(ca), "%s/ca.crt", pki);
	snprintf(cert, sizeof(cert), "%s/%s.crt", pki, name);
	snprintf(key, sizeof(key), "%s/%s.key", pki, name);
	errno = -tls_context_new(false, &files, stderr, &context);
	if (errno)
		give_up(name);
	return context;
}

static void read_identities(struct channels *channels, const char *pki, char *names)
{
	char *rest = names, *name;

	while ((name = strsep(&rest, ",")) && channels->identities < CHANNELS_IDENTITIES_MAX)
		channels->contexts[channels->identities++] = context_of(pki, name);
}

void channels_init(struct channels *channels, char **argv)
{
	*channels = (struct channels){0};
	errno = 0;
	if (endpoint_parse(argv[1], &channels->relay) || addr_parse(argv[5], &channels->local))
		give_up("arguments: " CHANNELS_USAGE);
	channels->pid = (pid_t)atoi(argv[2]);
	channels->locals = (unsigned int)atoi(argv[6]);
	read_identities(channels, argv[3], argv[4]);
	if (channels->locals == 0 || channels->identities == 0)
		give_up("arguments: " CHANNELS_USAGE);
	uv_loop_init(&channels->loop);
}

struct detour_addr addr_after(const struct detour_addr *first, unsigned int index)
{
	struct detour_addr addr = *first;

	addr.words[3] = htonl(ntohl(first->words[3]) + index);
	return addr;
}

struct peer *channels_connect(struct channels *channels, unsigned int index,
			      const struct peer_callbacks *callbacks, void *owner)
{
	struct endpoint local = {addr_after(&channels->local, index % channels->locals), 0};
	struct peer *peer;

	errno = -peer_connect(&channels->loop, channels->contexts[index % channels->identities],
			      &local, &channels->relay, RELAY_NAME, callbacks, owner, &peer);
	if (errno)
		give_up("connect");
	return peer;
}
