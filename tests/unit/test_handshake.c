// SPDX-License-Identifier: BSD-2-Clause
/* Who gets in: certificates of every kind, strangers, and the limits on handshakes. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/channel_world.h"
#include "user/base/cleanup.h"
#include "user/control/admit.h"
#include "user/control/tls_internal.h"

static struct pki pki;

/*
 * One connection. Certificates are files of the folder; `shown` is put in place of the one that
 * its owner was checked with, as an attacker would. Reasons: part of the text; NULL: not refused.
 */
struct attempt {
	const char *name;
	const char *relay, *relay_shown, *crl;
	const char *agent, *agent_shown;
	const char *expected_name;
	const char *agent_reason, *relay_reason;
};

static const struct attempt attempts[] = {
	{"good", "fra", NULL, "crl.pem", "anna", NULL, "fra", NULL, NULL},
	{"good, no CRL", "fra", NULL, NULL, "anna", NULL, "fra", NULL, NULL},
	{"client of another CA", "fra", NULL, "crl.pem", "other/anna", NULL, "fra",
	 "refused: it is of another CA", "is of another CA"},
	{"relay of another CA", "other/fra", NULL, NULL, "anna", NULL, "fra", "is of another CA",
	 "refused: it is of another CA"},
	{"client expired", "fra", NULL, "crl.pem", "anna", "expired.crt", "fra",
	 "refused: it, or their CRL, has expired", "the certificate has expired"},
	{"client not yet valid", "fra", NULL, "crl.pem", "anna", "future.crt", "fra",
	 "refused: not yet valid there", "not yet valid"},
	{"client revoked", "fra", NULL, "crl.pem", "bob", NULL, "fra",
	 "refused: it has been revoked", "has been revoked"},
	{"client revoked, relay without CRL", "fra", NULL, NULL, "bob", NULL, "fra", NULL, NULL},
	{"client without extended key usage", "fra", NULL, NULL, "anna", "nousage.crt", "fra",
	 "not for this side", "not for this side"},
	{"client acts as relay", "fra", "anna.crt", NULL, "bob", NULL, "anna", "not for this side",
	 "not for this side"},
	{"relay acts as client", "fra", NULL, NULL, "anna", "ams.crt", "fra", "not for this side",
	 "not for this side"},
	{"another relay's name", "ams", NULL, NULL, "anna", NULL, "fra", "bears another name",
	 "our certificate was refused"},
};

/* The key goes with the certificate: that of who is shown. */
static void show(struct tls_context *context, const char *file)
{
	char key[32];

	if (!file)
		return;
	snprintf(key, sizeof(key), "%.*s.key", (int)strcspn(file, "."), file);
	if (access(pki_path(&pki, key), R_OK) < 0)
		strcpy(key, "anna.key");
	context_show(context, &pki, file);
	assert_int_equal(SSL_CTX_use_PrivateKey_file(context->ssl, pki_path(&pki, key),
						     SSL_FILETYPE_PEM),
			 1);
}

static void expect(const char *name, const char *expected, const char *reason)
{
	if (!strstr(reason, expected))
		fail_msg("%s: expected \"%s\", got \"%s\"", name, expected, reason);
}

static void run_attempt(const struct attempt *attempt)
{
	struct tls_context *relay = pki_context(&pki, true, attempt->relay, attempt->crl);
	struct tls_context *agent = pki_context(&pki, false, attempt->agent, NULL);
	struct world world;

	show(relay, attempt->relay_shown);
	show(agent, attempt->agent_shown);
	world_init(&world, &pki);
	world_listen(&world, relay, "127.0.0.1:0");
	world_connect(&world, agent, attempt->expected_name);
	if (!attempt->agent_reason) {
		if (!world_run(&world, &world.agent.messages, 1, 2000))
			fail_msg("%s: not let in: %s", attempt->name, world.agent.reason);
		assert_int_equal(world.refused, 0);
	} else {
		assert_true(world_run(&world, &world.agent.closed, 1, 2000));
		assert_true(world_run(&world, &world.refused, 1, 2000));
		expect(attempt->name, attempt->agent_reason, world.agent.reason);
		expect(attempt->name, attempt->relay_reason, world.refused_reason);
		assert_int_equal(world.agent.err, -EKEYREJECTED);
		assert_int_equal(world.refused_err, -EKEYREJECTED);
		assert_int_equal(world.agent.ready + world.relay.ready, 0);
		assert_int_equal(peer_listener_counters(world.listener)->handshake_failed, 1);
	}
	world_done(&world);
}

static void test_attempts(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(attempts); i++)
		run_attempt(&attempts[i]);
}

/* A client of TLS 1.3 that is nobody: no certificate, and with or without our ALPN name. */
static struct tls_context *stranger(bool alpn)
{
	struct tls_context *context = pki_context(&pki, false, "anna", NULL);

	SSL_CTX_free(context->ssl);
	context->ssl = SSL_CTX_new(TLS_client_method());
	if (alpn)
		SSL_CTX_set_alpn_protos(context->ssl, (const unsigned char *)TLS_ALPN,
					TLS_ALPN_LEN);
	return context;
}

static void test_no_certificate(void **state)
{
	struct world world;

	(void)state;
	world_init(&world, &pki);
	world_listen(&world, pki_context(&pki, true, "fra", "crl.pem"), "127.0.0.1:0");
	world_connect(&world, stranger(true), "fra");
	assert_true(world_run(&world, &world.agent.closed, 1, 2000));
	assert_true(world_run(&world, &world.refused, 1, 2000));
	assert_string_equal(world.agent.reason, "we have shown no certificate");
	assert_string_equal(world.refused_reason, "no certificate was shown");
	assert_int_equal(world.agent.messages + world.relay.ready, 0);
	world_done(&world);
}

static void test_no_alpn(void **state)
{
	struct world world;

	(void)state;
	world_init(&world, &pki);
	world_listen(&world, pki_context(&pki, true, "fra", "crl.pem"), "127.0.0.1:0");
	world_connect(&world, stranger(false), "fra");
	assert_true(world_run(&world, &world.agent.closed, 1, 2000));
	assert_int_equal(world.agent.err, -EPROTO);
	assert_non_null(strstr(world.agent.reason, "no application protocol"));
	world_done(&world);
}

/* From 127.0.0.`host`. */
static int raw_connect(const struct world *world, uint8_t host)
{
	struct sockaddr_in from = {AF_INET, 0, {htonl(0x7f000000 | host)}, {0}};
	struct sockaddr_storage sa;
	socklen_t len = endpoint_to_sockaddr(&world->endpoint, &sa);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&from, sizeof(from)), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&sa, len), 0);
	return fd;
}

/* Bytes that are no TLS get an alert at most: 5 bytes of record header and 2. */
static void test_garbage(void **state)
{
	static const char garbage[] = "GET / HTTP/1.1\r\nHost: relay\r\n\r\n";
	struct world world;
	char answer[64];
	int fd;

	(void)state;
	world_init(&world, &pki);
	world_listen(&world, pki_context(&pki, true, "fra", NULL), "127.0.0.1:0");
	fd = raw_connect(&world, 1);
	assert_int_equal(write(fd, garbage, sizeof(garbage)), sizeof(garbage));
	assert_true(world_run(&world, &world.refused, 1, 2000));
	assert_int_equal(world.refused_err, -EPROTO);
	assert_true(recv(fd, answer, sizeof(answer), 0) <= 7);
	close(fd);
	world_done(&world);
}

/* Who connects and says nothing holds 8 places for 5 s and no more, and blocks nobody else. */
static void test_silent_strangers(void **state)
{
	const struct peer_listener_counters *counters;
	struct world world;
	int fds[10];
	char byte;

	(void)state;
	world_init(&world, &pki);
	world_listen(&world, pki_context(&pki, true, "fra", NULL), "127.0.0.1:0");
	counters = peer_listener_counters(world.listener);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		fds[i] = raw_connect(&world, 1);
	world_wait(&world, 200);
	assert_int_equal(counters->accepted, 10);
	assert_int_equal(counters->refused_limit, 2);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		ssize_t got = recv(fds[i], &byte, 1, MSG_DONTWAIT);

		assert_int_equal(got, i < ADMIT_PER_ADDRESS ? -1 : 0);
	}
	assert_true(world_run(&world, &world.refused, 8, PEER_HANDSHAKE_MS + 1000));
	assert_int_equal(counters->handshake_timeout, 8);
	world_connect(&world, pki_context(&pki, false, "anna", NULL), "fra");
	assert_true(world_run(&world, &world.agent.messages, 1, 2000));
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		close(fds[i]);
	world_done(&world);
}

/* Strangers at all places do not keep an agent out: the one that has been silent longest goes. */
static void test_all_places_taken(void **state)
{
	const struct peer_listener_counters *counters;
	struct world world;
	int fds[ADMIT_IN_ALL];
	char byte;

	(void)state;
	world_init(&world, &pki);
	world_listen(&world, pki_context(&pki, true, "fra", NULL), "127.0.0.1:0");
	counters = peer_listener_counters(world.listener);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		fds[i] = raw_connect(&world, 10 + i / ADMIT_PER_ADDRESS);
		while (counters->accepted < i + 1)
			uv_run(&world.loop, UV_RUN_ONCE);
	}
	assert_int_equal(counters->refused_limit, 0);
	assert_int_equal(recv(fds[0], &byte, 1, MSG_DONTWAIT), -1);
	world_connect(&world, pki_context(&pki, false, "anna", NULL), "fra");
	assert_true(world_run(&world, &world.agent.messages, 1, 2000));
	assert_int_equal(counters->refused_limit, 1);
	assert_int_equal(recv(fds[0], &byte, 1, MSG_DONTWAIT), 0);
	assert_int_equal(recv(fds[1], &byte, 1, MSG_DONTWAIT), -1);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		close(fds[i]);
	world_done(&world);
}

/* An agent does not deal with a relay whose HELLO names another version. */
static void test_other_version(void **state)
{
	struct world world;

	(void)state;
	world_init(&world, &pki);
	world_listen(&world, pki_context(&pki, true, "fra", NULL), "127.0.0.1:0");
	world.hello_version = 2;
	world_connect(&world, pki_context(&pki, false, "anna", NULL), "fra");
	assert_true(world_run(&world, &world.agent.closed, 1, 2000));
	assert_int_equal(world.agent.err, -EPROTONOSUPPORT);
	assert_int_equal(world.agent.ready, 0);
	world_done(&world);
}

/* A new CRL ends what stands, and keeps out who comes again. */
static void test_crl_reload(void **state)
{
	struct tls_context *reloaded;
	struct world world;

	(void)state;
	world_init(&world, &pki);
	world_listen(&world, pki_context(&pki, true, "fra", "empty.pem"), "127.0.0.1:0");
	world_connect(&world, pki_context(&pki, false, "bob", NULL), "fra");
	assert_true(world_run(&world, &world.agent.messages, 1, 2000));
	assert_string_equal(peer_identity(world.relay.peer), "bob");
	assert_string_equal(peer_identity(world.agent.peer), "fra");
	reloaded = pki_context(&pki, true, "fra", "crl.pem");
	peer_listener_set_context(world.listener, reloaded);
	tls_context_free(reloaded);
	assert_true(world_run(&world, &world.relay.closed, 1, 2000));
	assert_int_equal(world.relay.err, -EKEYREJECTED);
	assert_string_equal(world.relay.reason, "the certificate has been revoked");
	assert_true(world_run(&world, &world.agent.closed, 1, 2000));
	world_connect(&world, pki_context(&pki, false, "bob", NULL), "fra");
	assert_true(world_run(&world, &world.agent.closed, 2, 2000));
	expect("again", "it has been revoked", world.agent.reason);
	world_connect(&world, pki_context(&pki, false, "anna", NULL), "fra");
	assert_true(world_run(&world, &world.agent.ready, 2, 2000));
	world_done(&world);
}

/* Whoever is in the middle of a handshake at a reload does not slip through under the old CRL. */
static void test_crl_reload_in_handshake(void **state)
{
	struct tls_context *reloaded;
	struct world world;

	(void)state;
	world_init(&world, &pki);
	world_listen(&world, pki_context(&pki, true, "fra", "empty.pem"), "127.0.0.1:0");
	world_connect(&world, pki_context(&pki, false, "bob", NULL), "fra");
	while (peer_listener_counters(world.listener)->accepted == 0)
		uv_run(&world.loop, UV_RUN_ONCE);
	assert_int_equal(peer_listener_counters(world.listener)->ready, 0);
	reloaded = pki_context(&pki, true, "fra", "crl.pem");
	peer_listener_set_context(world.listener, reloaded);
	tls_context_free(reloaded);
	assert_true(world_run(&world, &world.agent.closed, 1, 2000));
	assert_int_equal(world.relay.ready, 0);
	assert_int_equal(world.refused_err, -EAGAIN);
	world_done(&world);
}

/* A channel does not outlive the certificate that opened it. */
static void test_expires_meanwhile(void **state)
{
	struct tls_context *agent;
	struct world world;

	(void)state;
	pki_variant(&pki, "short.crt", -60, 2, true);
	agent = pki_context(&pki, false, "anna", NULL);
	show(agent, "short.crt");
	world_init(&world, &pki);
	world_listen(&world, pki_context(&pki, true, "fra", NULL), "127.0.0.1:0");
	world_connect(&world, agent, "fra");
	assert_true(world_run(&world, &world.agent.messages, 1, 1500));
	assert_true(world_run(&world, &world.relay.closed, 1, 5000));
	assert_int_equal(world.relay.err, -EKEYREJECTED);
	assert_string_equal(world.relay.reason, "the certificate has expired");
	world_done(&world);
}

/* Files that do not fit together; the reason is what is printed. */
static void test_bad_files(void **state)
{
	static const struct {
		const char *ca, *cert, *key, *crl;
		bool server;
		int err;
		const char *reason;
	} rows[] = {
		{"ca.crt", "none.crt", "anna.key", NULL, false, -ENOENT, "none.crt: No such file"},
		{"ca.crt", "anna.key", "anna.key", NULL, false, -EKEYREJECTED, "anna.key: "},
		{"ca.crt", "anna.crt", "bob.key", NULL, false, -EKEYREJECTED,
		 "bob.key: key values"},
		{"ca.crt", "anna.crt", "anna.key", NULL, true, -EKEYREJECTED, "not for this side"},
		{"ca.crt", "fra.crt", "fra.key", NULL, false, -EKEYREJECTED, "not for this side"},
		{"ca.crt", "expired.crt", "anna.key", NULL, false, -EKEYREJECTED, "has expired"},
		{"ca.crt", "future.crt", "anna.key", NULL, false, -EKEYREJECTED, "not yet valid"},
		{"ca.crt", "bob.crt", "bob.key", "crl.pem", false, -EKEYREJECTED, "been revoked"},
		{"ca.crt", "anna.crt", "anna.key", "other/crl.pem", false, -EKEYREJECTED, "CRL"},
		{"ca.crt", "anna.crt", "anna.key", "ca.crt", false, -EKEYREJECTED, "ca.crt: "},
		{"other/ca.crt", "anna.crt", "anna.key", NULL, false, -EKEYREJECTED, "another CA"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char paths[4][128], said[256] = "";
		const char *names[] = {rows[i].ca, rows[i].cert, rows[i].key, rows[i].crl};
		struct tls_context *context = NULL;
		struct tls_files files = {paths[0], paths[1], paths[2], names[3] ? paths[3] : NULL};
		FILE *errors = fmemopen(said, sizeof(said), "w");

		for (size_t j = 0; j < 4 && names[j]; j++)
			snprintf(paths[j], sizeof(paths[j]), "%s", pki_path(&pki, names[j]));
		assert_int_equal(tls_context_new(rows[i].server, &files, errors, &context),
				 rows[i].err);
		assert_null(context);
		fclose(errors);
		expect(rows[i].cert, rows[i].reason, said);
	}
}

static int make_pki(void **state)
{
	(void)state;
	pki_make(&pki);
	return 0;
}

static int remove_pki(void **state)
{
	(void)state;
	pki_remove(&pki);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_attempts),
		cmocka_unit_test(test_no_certificate),
		cmocka_unit_test(test_no_alpn),
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_silent_strangers),
		cmocka_unit_test(test_other_version),
		cmocka_unit_test(test_all_places_taken),
		cmocka_unit_test(test_crl_reload),
		cmocka_unit_test(test_crl_reload_in_handshake),
		cmocka_unit_test(test_bad_files),
		cmocka_unit_test(test_expires_meanwhile),
	};

	return cmocka_run_group_tests(tests, make_pki, remove_pki);
}
