/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A relay's listener and one agent's peer in one loop, on 127.0.0.1 (or [::]), with certificates
 * that detour-pki made: what the tests of the channel play in.
 */
#ifndef TESTS_CHANNEL_WORLD_H
#define TESTS_CHANNEL_WORLD_H

#include <stdbool.h>

#include "user/control/peer.h"

/* Makes a folder of certificates once; the test's main() asks for it and removes it. */
struct pki {
	char dir[48];
};

/*
 * In `dir`: the CA's ca.crt, crl.pem (bob is revoked in it), empty.pem (a CRL with nobody), relays
 * fra and ams, clients anna and bob, and of anna's key: expired.crt, future.crt, nousage.crt; in
 * other/ another CA with relay fra and client anna; both.crt: both CAs.
 */
void pki_make(struct pki *pki);
void pki_remove(struct pki *pki);

/* anna's certificate with another validity (seconds from now), signed by the CA, as file `name`. */
void pki_variant(const struct pki *pki, const char *name, long from, long to, bool usage);

/* What the callbacks of one side have heard. */
struct side {
	struct peer *peer; /* NULL when closed */
	unsigned int ready, closed, messages;
	int err;
	char reason[128];
	struct wire_message last;
};

enum close_in {
	CLOSE_NOWHERE,
	CLOSE_IN_READY,
	CLOSE_IN_MESSAGE,
};

struct world {
	uv_loop_t loop;
	uv_timer_t guard;
	bool guard_fired;
	struct tls_context *relay_context, *agent_context;
	struct peer_listener *listener;
	struct endpoint endpoint;    /* where to connect */
	const struct endpoint *from; /* and from where; NULL: any */
	struct side relay, agent;
	unsigned int refused;
	int refused_err;
	char refused_reason[128];
	uint8_t hello_version;
	bool relay_is_full; /* sends ERROR instead of HELLO, and closes */
	enum close_in relay_closes, agent_closes;
};

/* `file` in the folder; static buffers, four at a time. */
const char *pki_path(const struct pki *pki, const char *file);

/* A context of "<name>.crt" and "<name>.key" in the folder; crl may be NULL. */
struct tls_context *pki_context(const struct pki *pki, bool server, const char *name,
				const char *crl);

/* Shows another certificate than the one that the context was checked with. */
void context_show(struct tls_context *context, const struct pki *pki, const char *file);

void world_init(struct world *world, const struct pki *pki);
/* Listens with `context`, which the world owns from now on. `address`: "127.0.0.1:0". */
void world_listen(struct world *world, struct tls_context *context, const char *address);
/* Connects with `context`, which the world owns from now on. */
void world_connect(struct world *world, struct tls_context *context, const char *name);
/* Runs the loop until *counter reaches `value`, `ms` at most; says whether it did. */
bool world_run(struct world *world, const unsigned int *counter, unsigned int value,
	       unsigned int ms);
/* Runs the loop for so long. */
void world_wait(struct world *world, unsigned int ms);
/* Both sides ready, or the test fails. */
void world_up(struct world *world, const struct pki *pki);
/* Closes all; fails the test if the loop does not end empty. */
void world_done(struct world *world);

#endif /* TESTS_CHANNEL_WORLD_H */
