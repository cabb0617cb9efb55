// SPDX-License-Identifier: BSD-2-Clause
/*
 * The channel's messages and MProxy's against the test vectors in docs/PROTOCOL.md, both ways; and
 * each cut at every byte, and every field at its bounds.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/vectors.h"
#include "user/base/cleanup.h"
#include "user/control/mproxy.h"
#include "user/control/wire.h"

#define PROTOCOL "docs/PROTOCOL.md"

static const struct {
	const char *word;
	int err;
} results[] = {
	{"incomplete", 0},
	{"malformed", -EPROTO},
	{"version", -EPROTONOSUPPORT},
	{"unsupported", -EOPNOTSUPP},
};

static int result_of(const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(results); i++) {
		if (strcmp(results[i].word, word) == 0)
			return results[i].err;
	}
	fail_msg("no such result: %s", word);
	return 0;
}

static enum wire_type type_of(const char *name)
{
	for (enum wire_type type = WIRE_HELLO; type <= WIRE_ERROR; type++) {
		if (strcmp(wire_type_name(type), name) == 0)
			return type;
	}
	fail_msg("no such type: %s", name);
	return 0;
}

static const char *need(const struct vector *vector, const char *key)
{
	const char *value = vector_field(vector, key);

	if (!value)
		fail_msg("%s: no field %s", vector_field(vector, "name"), key);
	return value;
}

static uint64_t number(const struct vector *vector, const char *key)
{
	return strtoull(need(vector, key), NULL, 10);
}

/* Member by member: the structs are compared as bytes, padding included, which stays 0. */
static void endpoint(const struct vector *vector, const char *key, struct endpoint *ret_endpoint)
{
	struct endpoint parsed;

	assert_int_equal(endpoint_parse(need(vector, key), &parsed), 0);
	ret_endpoint->addr = parsed.addr;
	ret_endpoint->port_be = parsed.port_be;
}

/* The message that the vector's fields describe. */
static void build(const struct vector *vector, struct wire_message *message)
{
	memset(message, 0, sizeof(*message));
	message->type = type_of(need(vector, "type"));
	message->request_id = number(vector, "request");
	switch (message->type) {
	case WIRE_HELLO:
		message->hello.version = number(vector, "version");
		message->hello.flags = number(vector, "flags");
		message->hello.max_leases = number(vector, "max_leases");
		message->hello.max_flows = number(vector, "max_flows");
		message->hello.new_flows_per_second = number(vector, "new_flows_per_second");
		message->hello.lease_grace_s = number(vector, "lease_grace_s");
		break;
	case WIRE_LEASE:
		endpoint(vector, "server", &message->lease.server);
		endpoint(vector, "detour", &message->lease.detour);
		assert_int_equal(addr_parse(need(vector, "client"), &message->lease.client), 0);
		message->lease.lifetime_s = number(vector, "lifetime_s");
		break;
	case WIRE_LEASE_GET:
		endpoint(vector, "server", &message->lease_get.server);
		break;
	case WIRE_LEASE_DROP:
		endpoint(vector, "server", &message->lease_drop.server);
		break;
	case WIRE_LEASE_LOST:
		endpoint(vector, "server", &message->lease_lost.server);
		break;
	case WIRE_PING:
		message->ping.stamp = number(vector, "stamp");
		break;
	case WIRE_PONG:
		message->pong.stamp = number(vector, "stamp");
		break;
	case WIRE_ERROR:
		message->error.code = number(vector, "code");
		snprintf(message->error.text, sizeof(message->error.text), "%s",
			 need(vector, "text"));
		break;
	}
}

static void check_refused(const struct vector *vector)
{
	struct wire_message message, untouched;
	size_t length = 0;
	int err = result_of(need(vector, "result"));

	memset(&message, 0x5a, sizeof(message));
	untouched = message;
	assert_int_equal(wire_decode(vector->bytes, vector->len, &message, &length), err);
	if (err == -EOPNOTSUPP) {
		assert_int_equal(length, vector->len);
		assert_int_equal(message.request_id, 9);
		message.request_id = untouched.request_id;
	}
	assert_memory_equal(&message, &untouched, sizeof(message));
}

static void check_wire(const struct vector *vector)
{
	uint8_t bytes[WIRE_MESSAGE_MAX];
	struct wire_message built, decoded;
	size_t length = 0;

	if (vector_field(vector, "result")) {
		check_refused(vector);
		return;
	}
	build(vector, &built);
	assert_int_equal(wire_decode(vector->bytes, vector->len, &decoded, &length), vector->len);
	assert_int_equal(length, vector->len);
	assert_memory_equal(&decoded, &built, sizeof(built));
	if (vector_field(vector, "only"))
		return;
	assert_int_equal(wire_encode(&built, bytes, sizeof(bytes)), vector->len);
	assert_memory_equal(bytes, vector->bytes, vector->len);
}

static void test_vectors(void **state)
{
	(void)state;
	assert_int_equal(vectors_each(PROTOCOL, "vector", check_wire), 30);
}

/* Cut anywhere, it is not whole yet; with a byte too much, that byte is left. */
static void check_cut(const struct vector *vector)
{
	uint8_t longer[sizeof(vector->bytes) + 1];
	struct wire_message message;
	size_t length;

	if (vector_field(vector, "result"))
		return;
	for (size_t len = 0; len < vector->len; len++) {
		_cleanup_free_ uint8_t *cut = malloc(len); /* ASan sees a byte read too far */

		memcpy(cut, vector->bytes, len);
		assert_int_equal(wire_decode(cut, len, &message, &length), 0);
	}
	memcpy(longer, vector->bytes, vector->len);
	longer[vector->len] = 0xff;
	assert_int_equal(wire_decode(longer, vector->len + 1, &message, &length), vector->len);
}

static void test_cut_anywhere(void **state)
{
	(void)state;
	vectors_each(PROTOCOL, "vector", check_cut);
}

/* A body shorter than its layout is malformed, by whatever it is too short. */
static void check_short_body(const struct vector *vector)
{
	uint8_t bytes[1024];
	struct wire_message message;
	size_t length;

	if (vector_field(vector, "result") || vector_field(vector, "only") ||
	    vector->bytes[12] == 30)
		return;
	for (unsigned int words = 1; words < vector->bytes[13]; words++) {
		size_t len = 12 + 4 * words;

		memcpy(bytes, vector->bytes, len);
		bytes[1] = len / 4;
		bytes[13] = words;
		assert_int_equal(wire_decode(bytes, len, &message, &length), -EPROTO);
	}
}

static void test_short_bodies(void **state)
{
	(void)state;
	vectors_each(PROTOCOL, "vector", check_short_body);
}

/* Each byte of each vector changed to some other values: never a length past the end. */
static void check_mutations(const struct vector *vector)
{
	static const uint8_t values[] = {0, 1, 0x7f, 0x80, 0xff};

	for (size_t at = 0; at < vector->len; at++) {
		for (size_t v = 0; v < ARRAY_SIZE(values); v++) {
			_cleanup_free_ uint8_t *bytes = malloc(vector->len);
			struct wire_message message;
			size_t length = 0;

			memcpy(bytes, vector->bytes, vector->len);
			bytes[at] = values[v];
			assert_true(wire_decode(bytes, vector->len, &message, &length) <=
				    (ssize_t)vector->len);
			assert_true(length <= vector->len);
		}
	}
}

static void test_mutations(void **state)
{
	(void)state;
	vectors_each(PROTOCOL, "vector", check_mutations);
}

static void check_round_trip(const struct wire_message *message)
{
	uint8_t bytes[WIRE_MESSAGE_MAX];
	struct wire_message decoded;
	ssize_t len = wire_encode(message, bytes, sizeof(bytes));
	size_t length;

	assert_true(len > 0 && len % 4 == 0);
	assert_int_equal(wire_decode(bytes, len, &decoded, &length), len);
	assert_memory_equal(&decoded, message, sizeof(decoded));
	for (ssize_t size = 0; size < len; size++)
		assert_int_equal(wire_encode(message, bytes, size), -EMSGSIZE);
}

static void fill(struct endpoint *endpoint)
{
	memset(&endpoint->addr, 0xff, sizeof(endpoint->addr));
	endpoint->port_be = 0xffff;
}

/* All numbers as large as they go, and text of every length. */
static void test_bounds(void **state)
{
	struct wire_message message;

	(void)state;
	for (enum wire_type type = WIRE_HELLO; type < WIRE_ERROR; type++) {
		memset(&message, 0, sizeof(message));
		message.type = type;
		message.request_id = UINT32_MAX;
		if (type == WIRE_HELLO) {
			memset(&message.hello.version, 0xff, 2);
			memset(&message.hello.max_leases, 0xff, 16);
		} else if (type == WIRE_LEASE) {
			fill(&message.lease.server);
			fill(&message.lease.detour);
			memset(&message.lease.client, 0xff, 16);
			message.lease.lifetime_s = UINT32_MAX;
		} else if (type == WIRE_PING || type == WIRE_PONG) {
			message.ping.stamp = UINT64_MAX;
		} else {
			fill(&message.lease_get.server);
		}
		check_round_trip(&message);
	}
	for (size_t len = 0; len < WIRE_TEXT_MAX; len++) {
		memset(&message, 0, sizeof(message));
		message.type = WIRE_ERROR;
		message.error.code = 255;
		memset(message.error.text, '~', len);
		check_round_trip(&message);
	}
}

static void test_not_encodable(void **state)
{
	struct wire_message message = {.type = WIRE_LEASE_GET};
	uint8_t bytes[WIRE_MESSAGE_MAX];

	(void)state;
	assert_int_equal(wire_encode(&message, bytes, sizeof(bytes)), -EINVAL); /* port 0 */
	message.type = WIRE_LEASE;
	message.lease.server.port_be = 1;
	assert_int_equal(wire_encode(&message, bytes, sizeof(bytes)), -EINVAL);
	message.type = 0;
	assert_int_equal(wire_encode(&message, bytes, sizeof(bytes)), -EINVAL);
	message.type = WIRE_ERROR + 1;
	assert_int_equal(wire_encode(&message, bytes, sizeof(bytes)), -EINVAL);
	message.type = WIRE_ERROR;
	memset(message.error.text, 'x', sizeof(message.error.text));
	assert_int_equal(wire_encode(&message, bytes, sizeof(bytes)), -EINVAL);
}

static void check_mproxy(const struct vector *vector)
{
	struct mproxy_message built, decoded;
	uint8_t bytes[MPROXY_MESSAGE_LEN];

	memset(&decoded, 0, sizeof(decoded));
	if (vector_field(vector, "result")) {
		assert_int_equal(mproxy_decode(vector->bytes, vector->len, &decoded),
				 result_of(need(vector, "result")));
		return;
	}
	built.op = number(vector, "op");
	built.detour_port = number(vector, "detour_port");
	endpoint(vector, "server", &built.server);
	assert_int_equal(mproxy_decode(vector->bytes, vector->len, &decoded), 0);
	assert_int_equal(decoded.op, built.op);
	assert_int_equal(decoded.detour_port, built.detour_port);
	assert_true(endpoint_equal(&decoded.server, &built.server));
	mproxy_encode(&built, bytes);
	assert_int_equal(vector->len, sizeof(bytes));
	assert_memory_equal(bytes, vector->bytes, sizeof(bytes));
	for (size_t len = 0; len < sizeof(bytes); len++)
		assert_int_equal(mproxy_decode(bytes, len, &decoded), -EPROTO);
	bytes[2] = bytes[3] = 0xff; /* reserved: ignored */
	assert_int_equal(mproxy_decode(bytes, sizeof(bytes), &decoded), 0);
}

static void test_mproxy(void **state)
{
	(void)state;
	assert_int_equal(vectors_each(PROTOCOL, "mproxy", check_mproxy), 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),	     cmocka_unit_test(test_cut_anywhere),
		cmocka_unit_test(test_short_bodies), cmocka_unit_test(test_mutations),
		cmocka_unit_test(test_bounds),	     cmocka_unit_test(test_not_encodable),
		cmocka_unit_test(test_mproxy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
