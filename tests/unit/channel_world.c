// SPDX-License-Identifier: BSD-2-Clause
#include "tests/unit/channel_world.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/pem.h>

#include "user/control/tls_internal.h"

static const char make_script[] =
	"set -e; cd '%s'; pki=%s/user/pki/detour-pki; "
	"$pki --dir ca ca; $pki --dir ca relay fra; $pki --dir ca relay ams; "
	"$pki --dir ca client anna; $pki --dir ca client bob; cp ca/crl.pem ca/empty.pem; "
	"cp ca/bob.crt ca/bob.key .; $pki --dir ca revoke bob; mv bob.crt bob.key ca/; "
	"$pki --dir ca/other ca; $pki --dir ca/other relay fra; $pki --dir ca/other client anna; "
	"cat ca/ca.crt ca/other/ca.crt >ca/both.crt";

static void shell(const char *command)
{
	char quiet[1100];

	snprintf(quiet, sizeof(quiet), "( %s ) >/dev/null", command);
	assert_int_equal(system(quiet), 0);
}

static X509 *read_certificate(const char *path)
{
	FILE *file = fopen(path, "re");
	X509 *cert;

	assert_non_null(file);
	cert = PEM_read_X509(file, NULL, NULL, NULL);
	assert_non_null(cert);
	fclose(file);
	return cert;
}

void pki_variant(const struct pki *pki, const char *name, long from, long to, bool usage)
{
	X509 *cert = read_certificate(pki_path(pki, "anna.crt"));
	FILE *key_file = fopen(pki_path(pki, "ca.key"), "re");
	EVP_PKEY *key;
	FILE *file;
	int at;

	assert_non_null(key_file);
	key = PEM_read_PrivateKey(key_file, NULL, NULL, NULL);
	assert_non_null(key);
	X509_gmtime_adj(X509_getm_notBefore(cert), from);
	X509_gmtime_adj(X509_getm_notAfter(cert), to);
	at = X509_get_ext_by_NID(cert, NID_ext_key_usage, -1);
	if (!usage)
		X509_EXTENSION_free(X509_delete_ext(cert, at));
	assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
	file = fopen(pki_path(pki, name), "we");
	assert_non_null(file);
	assert_int_equal(PEM_write_X509(file, cert), 1);
	fclose(file);
	fclose(key_file);
	EVP_PKEY_free(key);
	X509_free(cert);
}

void pki_make(struct pki *pki)
{
	char command[1024], here[256];

	strcpy(pki->dir, "/tmp/detour-test-pki.XXXXXX");
	assert_non_null(mkdtemp(pki->dir));
	assert_non_null(getcwd(here, sizeof(here)));
	snprintf(command, sizeof(command), make_script, pki->dir, here);
	shell(command);
	pki_variant(pki, "expired.crt", -7200, -3600, true);
	pki_variant(pki, "future.crt", 3600, 7200, true);
	pki_variant(pki, "nousage.crt", -3600, 3600, false);
}

void pki_remove(struct pki *pki)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", pki->dir);
	shell(command);
}

const char *pki_path(const struct pki *pki, const char *file)
{
	static char paths[4][160];
	static unsigned int next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/ca/%s", pki->dir, file);
	return path;
}

struct tls_context *pki_context(const struct pki *pki, bool server, const char *name,
				const char *crl)
{
	struct tls_context *context;
	char cert[32], key[32];
	struct tls_files files;

	snprintf(cert, sizeof(cert), "%s.crt", name);
	snprintf(key, sizeof(key), "%s.key", name);
	files.ca = pki_path(pki, strchr(name, '/') ? "both.crt" : "ca.crt");
	files.cert = pki_path(pki, cert);
	files.key = pki_path(pki, key);
	files.crl = crl ? pki_path(pki, crl) : NULL;
	assert_int_equal(tls_context_new(server, &files, stderr, &context), 0);
	return context;
}

void context_show(struct tls_context *context, const struct pki *pki, const char *file)
{
	X509 *cert = read_certificate(pki_path(pki, file));

	assert_int_equal(SSL_CTX_use_certificate(context->ssl, cert), 1);
	X509_free(cert);
}

static struct side *side_of(struct world *world, struct peer *peer)
{
	return world->agent.peer == peer ? &world->agent : &world->relay;
}

static void greet(struct world *world, struct peer *peer)
{
	struct wire_message message = {.type = WIRE_HELLO};

	if (world->relay_is_full) {
		message.type = WIRE_ERROR;
		message.error.code = WIRE_ERR_RESOURCE_EXCEEDED;
		strcpy(message.error.text, "the relay is full");
	} else {
		message.hello.version = world->hello_version;
		message.hello.max_leases = 7;
	}
	assert_int_equal(peer_send(peer, &message), 0);
}

static void close_side(struct side *side)
{
	peer_close(side->peer);
	side->peer = NULL;
}

static void on_ready(void *owner, struct peer *peer)
{
	struct world *world = owner;
	struct side *side = side_of(world, peer);
	bool relay = side == &world->relay;

	side->ready++;
	side->peer = peer;
	if (relay)
		greet(world, peer);
	if ((relay ? world->relay_closes : world->agent_closes) == CLOSE_IN_READY ||
	    (relay && world->relay_is_full))
		close_side(side);
}

/* The relay answers each LEASE_GET with a lease on port 10000. */
static void answer(struct peer *peer, const struct wire_message *message)
{
	struct wire_message lease = {.type = WIRE_LEASE, .request_id = message->request_id};

	lease.lease.server = message->lease_get.server;
	lease.lease.detour = *peer_local(peer);
	lease.lease.detour.port_be = htons(10000);
	lease.lease.client = peer_remote(peer)->addr;
	peer_send(peer, &lease);
}

static void on_message(void *owner, struct peer *peer, const struct wire_message *message)
{
	struct world *world = owner;
	struct side *side = side_of(world, peer);
	bool relay = side == &world->relay;

	side->messages++;
	side->last = *message;
	if ((relay ? world->relay_closes : world->agent_closes) == CLOSE_IN_MESSAGE) {
		close_side(side);
		return;
	}
	if (message->type == WIRE_LEASE_GET)
		answer(peer, message);
}

static void on_closed(void *owner, struct peer *peer, int err, const char *reason)
{
	struct world *world = owner;
	struct side *side = side_of(world, peer);

	side->closed++;
	side->err = err;
	snprintf(side->reason, sizeof(side->reason), "%s", reason);
	side->peer = NULL;
	peer_close(peer); /* may be called, and does nothing */
}

static void on_refused(void *owner, const struct endpoint *remote, int err, const char *reason)
{
	struct world *world = owner;

	assert_true(addr_is_v4(&remote->addr));
	world->refused++;
	world->refused_err = err;
	snprintf(world->refused_reason, sizeof(world->refused_reason), "%s", reason);
}

static const struct peer_callbacks callbacks = {
	.ready = on_ready,
	.message = on_message,
	.closed = on_closed,
	.refused = on_refused,
};

void world_init(struct world *world, const struct pki *pki)
{
	(void)pki;
	memset(world, 0, sizeof(*world));
	world->hello_version = WIRE_PROTOCOL_VERSION;
	assert_int_equal(uv_loop_init(&world->loop), 0);
	uv_timer_init(&world->loop, &world->guard);
}

void world_listen(struct world *world, struct tls_context *context, const char *address)
{
	struct endpoint listen;

	assert_int_equal(endpoint_parse(address, &listen), 0);
	world->relay_context = context;
	assert_int_equal(peer_listener_new(&world->loop, context, &listen, &callbacks, world,
					   &world->listener),
			 0);
	assert_int_equal(endpoint_parse("127.0.0.1:1", &world->endpoint), 0);
	world->endpoint.port_be = peer_listener_endpoint(world->listener)->port_be;
}

void world_connect(struct world *world, struct tls_context *context, const char *name)
{
	tls_context_free(world->agent_context);
	world->agent_context = context;
	assert_int_equal(peer_connect(&world->loop, context, world->from, &world->endpoint, name,
				      &callbacks, world, &world->agent.peer),
			 0);
}

static void on_guard(uv_timer_t *timer)
{
	struct world *world = timer->data;

	world->guard_fired = true;
}

bool world_run(struct world *world, const unsigned int *counter, unsigned int value,
	       unsigned int ms)
{
	world->guard_fired = false;
	world->guard.data = world;
	uv_update_time(&world->loop);
	uv_timer_start(&world->guard, on_guard, ms, 0);
	while (!world->guard_fired && (!counter || *counter < value))
		uv_run(&world->loop, UV_RUN_ONCE);
	uv_timer_stop(&world->guard);
	return counter && *counter >= value;
}

void world_wait(struct world *world, unsigned int ms)
{
	world_run(world, NULL, 0, ms);
}

void world_up(struct world *world, const struct pki *pki)
{
	world_init(world, pki);
	world_listen(world, pki_context(pki, true, "fra", "crl.pem"), "127.0.0.1:0");
	world_connect(world, pki_context(pki, false, "anna", NULL), "fra");
	assert_true(world_run(world, &world->agent.messages, 1, 2000));
	assert_int_equal(world->agent.ready, 1);
	assert_int_equal(world->relay.ready, 1);
	assert_int_equal(world->agent.last.type, WIRE_HELLO);
}

void world_done(struct world *world)
{
	peer_close(world->agent.peer);
	peer_close(world->relay.peer);
	peer_listener_free(world->listener);
	tls_context_free(world->agent_context);
	tls_context_free(world->relay_context);
	uv_close((uv_handle_t *)&world->guard, NULL);
	uv_run(&world->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&world->loop), 0);
}
