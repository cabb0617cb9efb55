// SPDX-License-Identifier: BSD-2-Clause
/*
 * Messages to bytes and back. One table row a type: its TLV, the TLV's least length, how it is
 * written and how it is read. A longer TLV than known is fine (a later version appends fields).
 */
#include "user/control/wire.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <detour/wire.h>

#include "user/base/cleanup.h"

#define WORD 4

/* TLV types from here on may be skipped if unknown; others make the message an unknown one. */
#define TLV_SKIPPABLE 224

#define TLV_HEAD_LEN	 2
#define REQUEST_WORDS	 2
#define FIXED_HEADER_LEN WORD
#define ADDR_LEN	 16

/* Bytes to be written or read. Writing past the end is remembered, reading past it gives 0. */
struct writer {
	uint8_t *at, *end;
	bool full;
};

struct reader {
	const uint8_t *at, *end;
};

struct format {
	const char *name;
	enum detour_tlv tlv;
	uint8_t min_words;
	int (*put)(struct writer *w, const struct wire_message *message);
	int (*get)(struct reader *r, struct wire_message *message);
};

static void put_bytes(struct writer *w, const void *bytes, size_t len)
{
	if ((size_t)(w->end - w->at) < len) {
		w->full = true;
		return;
	}
	memcpy(w->at, bytes, len);
	w->at += len;
}

/* The low `len` bytes of `value`, highest first. */
static void put_number(struct writer *w, uint64_t value, size_t len)
{
	uint8_t bytes[8];

	for (size_t i = 0; i < len; i++)
		bytes[i] = value >> 8 * (len - 1 - i);
	put_bytes(w, bytes, len);
}

static void get_bytes(struct reader *r, void *ret_bytes, size_t len)
{
	if ((size_t)(r->end - r->at) < len) {
		memset(ret_bytes, 0, len);
		r->at = r->end;
		return;
	}
	memcpy(ret_bytes, r->at, len);
	r->at += len;
}

static uint64_t get_number(struct reader *r, size_t len)
{
	uint8_t bytes[8];
	uint64_t value = 0;

	get_bytes(r, bytes, len);
	for (size_t i = 0; i < len; i++)
		value = value << 8 | bytes[i];
	return value;
}

/* A port and an address, as in RFC 8803's Connect; port 0 is nobody's. */
static int put_endpoint(struct writer *w, const struct endpoint *endpoint)
{
	if (endpoint->port_be == 0)
		return -EINVAL;
	put_bytes(w, &endpoint->port_be, sizeof(endpoint->port_be));
	put_bytes(w, endpoint->addr.bytes, ADDR_LEN);
	return 0;
}

static int get_endpoint(struct reader *r, struct endpoint *ret_endpoint)
{
	get_bytes(r, &ret_endpoint->port_be, sizeof(ret_endpoint->port_be));
	get_bytes(r, ret_endpoint->addr.bytes, ADDR_LEN);
	return ret_endpoint->port_be == 0 ? -EPROTO : 0;
}

static int hello_put(struct writer *w, const struct wire_message *message)
{
	put_number(w, 0, 2);
	put_number(w, message->hello.version, 1);
	put_number(w, message->hello.flags, 1);
	put_number(w, 0, 2);
	put_number(w, message->hello.max_leases, 4);
	put_number(w, message->hello.max_flows, 4);
	put_number(w, message->hello.new_flows_per_second, 4);
	put_number(w, message->hello.lease_grace_s, 4);
	return 0;
}

static int hello_get(struct reader *r, struct wire_message *message)
{
	get_number(r, 2);
	message->hello.version = get_number(r, 1);
	message->hello.flags = get_number(r, 1);
	get_number(r, 2);
	message->hello.max_leases = get_number(r, 4);
	message->hello.max_flows = get_number(r, 4);
	message->hello.new_flows_per_second = get_number(r, 4);
	message->hello.lease_grace_s = get_number(r, 4);
	return 0;
}

/* LEASE_GET, LEASE_DROP and LEASE_LOST name a server, in the same member of the union. */
static int server_put(struct writer *w, const struct wire_message *message)
{
	return put_endpoint(w, &message->lease_get.server);
}

static int server_get(struct reader *r, struct wire_message *message)
{
	return get_endpoint(r, &message->lease_get.server);
}

static int lease_put(struct writer *w, const struct wire_message *message)
{
	int err = put_endpoint(w, &message->lease.server);

	if (err == 0 && message->lease.detour.port_be == 0)
		err = -EINVAL;
	if (err < 0)
		return err;
	put_bytes(w, &message->lease.detour.port_be, 2);
	put_number(w, 0, 2);
	put_bytes(w, message->lease.detour.addr.bytes, ADDR_LEN);
	put_bytes(w, message->lease.client.bytes, ADDR_LEN);
	put_number(w, message->lease.lifetime_s, 4);
	return 0;
}

static int lease_get(struct reader *r, struct wire_message *message)
{
	int err = get_endpoint(r, &message->lease.server);

	get_bytes(r, &message->lease.detour.port_be, 2);
	get_number(r, 2);
	get_bytes(r, message->lease.detour.addr.bytes, ADDR_LEN);
	get_bytes(r, message->lease.client.bytes, ADDR_LEN);
	message->lease.lifetime_s = get_number(r, 4);
	if (message->lease.detour.port_be == 0)
		err = -EPROTO;
	return err;
}

static int stamp_put(struct writer *w, const struct wire_message *message)
{
	put_number(w, 0, 2);
	put_number(w, message->ping.stamp, 8);
	return 0;
}

static int stamp_get(struct reader *r, struct wire_message *message)
{
	get_number(r, 2);
	message->ping.stamp = get_number(r, 8);
	return 0;
}

/* Text of the other side ends up in logs and on terminals. */
static char printable(uint8_t byte)
{
	return byte >= 0x20 && byte <= 0x7e ? (char)byte : '?';
}

static int error_put(struct writer *w, const struct wire_message *message)
{
	const char *text = message->error.text;
	size_t len = strnlen(text, WIRE_TEXT_MAX);

	if (len == WIRE_TEXT_MAX)
		return -EINVAL;
	put_number(w, message->error.code, 1);
	for (size_t i = 0; i < len; i++)
		put_number(w, (uint8_t)printable(text[i]), 1);
	return 0;
}

static int error_get(struct reader *r, struct wire_message *message)
{
	char *text = message->error.text;
	size_t len = 0;

	message->error.code = get_number(r, 1);
	while (r->at < r->end && *r->at != 0 && len < WIRE_TEXT_MAX - 1)
		text[len++] = printable(*r->at++);
	return 0;
}

static const struct format formats[] = {
	[WIRE_HELLO] = {"HELLO", DETOUR_TLV_HELLO, 6, hello_put, hello_get},
	[WIRE_LEASE_GET] = {"LEASE_GET", DETOUR_TLV_CONNECT, 5, server_put, server_get},
	[WIRE_LEASE] = {"LEASE", DETOUR_TLV_LEASE, 15, lease_put, lease_get},
	[WIRE_LEASE_DROP] = {"LEASE_DROP", DETOUR_TLV_LEASE_DROP, 5, server_put, server_get},
	[WIRE_LEASE_LOST] = {"LEASE_LOST", DETOUR_TLV_LEASE_LOST, 5, server_put, server_get},
	[WIRE_PING] = {"PING", DETOUR_TLV_PING, 3, stamp_put, stamp_get},
	[WIRE_PONG] = {"PONG", DETOUR_TLV_PONG, 3, stamp_put, stamp_get},
	[WIRE_ERROR] = {"ERROR", DETOUR_TLV_ERROR, 1, error_put, error_get},
};

/* NULL: no such type. */
static const struct format *format_of(enum wire_type type)
{
	if (type < WIRE_HELLO || type >= ARRAY_SIZE(formats))
		return NULL;
	return &formats[type];
}

const char *wire_type_name(enum wire_type type)
{
	const struct format *format = format_of(type);

	return format ? format->name : "?";
}

/* Writes zeroes up to the next word. */
static void put_padding(struct writer *w, const uint8_t *start)
{
	while ((w->at - start) % WORD != 0 && !w->full)
		put_number(w, 0, 1);
}

ssize_t wire_encode(const struct wire_message *message, uint8_t *out, size_t size)
{
	const struct format *format = format_of(message->type);
	struct writer w = {.at = out, .end = out + size};
	uint8_t *body;
	int err;

	if (!format)
		return -EINVAL;
	put_number(&w, DETOUR_CONVERT_VERSION, 1);
	put_number(&w, 0, 1);
	put_number(&w, DETOUR_CONVERT_MAGIC, 2);
	put_number(&w, DETOUR_TLV_REQUEST << 8 | REQUEST_WORDS, 2);
	put_number(&w, 0, 2);
	put_number(&w, message->request_id, 4);
	body = w.at;
	put_number(&w, format->tlv << 8, 2);
	err = format->put(&w, message);
	if (err < 0)
		return err;
	put_padding(&w, out);
	if (w.full)
		return -EMSGSIZE;
	body[1] = (w.at - body) / WORD;
	out[1] = (w.at - out) / WORD;
	return w.at - out;
}

/* Takes one TLV off the front of `r`; -EPROTO: its length is 0 or goes past the message. */
static int take_tlv(struct reader *r, uint8_t *ret_type, struct reader *ret_value)
{
	size_t len;

	if (r->end - r->at < WORD)
		return -EPROTO;
	len = (size_t)r->at[1] * WORD;
	if (len == 0 || len > (size_t)(r->end - r->at))
		return -EPROTO;
	*ret_type = r->at[0];
	*ret_value = (struct reader){r->at + TLV_HEAD_LEN, r->at + len};
	r->at += len;
	return 0;
}

/* What follows the body: nothing, or what may be skipped. */
static int check_rest(struct reader *r)
{
	bool unknown = false;

	while (r->at < r->end) {
		struct reader value;
		uint8_t type;

		if (take_tlv(r, &type, &value) < 0)
			return -EPROTO;
		unknown |= type < TLV_SKIPPABLE;
	}
	return unknown ? -EOPNOTSUPP : 0;
}

static int decode_body(uint8_t tlv, struct reader *value, struct wire_message *message)
{
	for (size_t i = WIRE_HELLO; i < ARRAY_SIZE(formats); i++) {
		if (formats[i].tlv != tlv)
			continue;
		if (value->end - value->at < formats[i].min_words * WORD - TLV_HEAD_LEN)
			return -EPROTO;
		message->type = i;
		return formats[i].get(value, message);
	}
	return -EOPNOTSUPP;
}

/* `r` holds what follows the fixed header. */
static int decode_tlvs(struct reader *r, struct wire_message *message)
{
	struct reader value;
	int body, rest;
	uint8_t type;

	if (take_tlv(r, &type, &value) < 0 || type != DETOUR_TLV_REQUEST ||
	    value.end - value.at < REQUEST_WORDS * WORD - TLV_HEAD_LEN)
		return -EPROTO;
	get_number(&value, 2);
	message->request_id = get_number(&value, 4);
	if (take_tlv(r, &type, &value) < 0)
		return -EPROTO;
	body = decode_body(type, &value, message);
	rest = check_rest(r);
	return body == -EPROTO || rest == -EPROTO ? -EPROTO : body < 0 ? body : rest;
}

ssize_t wire_decode(const uint8_t *bytes, size_t len, struct wire_message *ret_message,
		    size_t *ret_length)
{
	struct wire_message message;
	struct reader r;
	size_t length;
	int err;

	if (len > 0 && bytes[0] != DETOUR_CONVERT_VERSION)
		return -EPROTONOSUPPORT;
	if (len < FIXED_HEADER_LEN)
		return 0;
	if ((bytes[2] << 8 | bytes[3]) != DETOUR_CONVERT_MAGIC)
		return -EPROTO;
	length = (size_t)bytes[1] * WORD;
	if (length < FIXED_HEADER_LEN)
		return -EPROTO;
	if (len < length)
		return 0;
	memset(&message, 0, sizeof(message));
	r = (struct reader){bytes + FIXED_HEADER_LEN, bytes + length};
	err = decode_tlvs(&r, &message);
	if (err == -EOPNOTSUPP)
		ret_message->request_id = message.request_id;
	if (err == 0)
		*ret_message = message;
	if (err == 0 || err == -EOPNOTSUPP)
		*ret_length = length;
	return err < 0 ? err : (ssize_t)length;
}
