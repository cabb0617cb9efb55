/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages of the channel between structs and bytes (RFC 8803 header and TLVs; docs/PROTOCOL.md;
 * layouts in include/detour/wire.h). Pure: no sockets, no memory.
 */
#ifndef DETOUR_CONTROL_WIRE_H
#define DETOUR_CONTROL_WIRE_H

#include <stdint.h>
#include <sys/types.h>

#include "user/base/addr.h"

#define WIRE_PROTOCOL_VERSION 1
#define WIRE_MESSAGE_MAX      1020 /* RFC 8803: 255 words of 4 bytes */
#define WIRE_TEXT_MAX	      128

enum wire_type {
	WIRE_HELLO = 1,	 /* relay -> agent, first: what the relay gives */
	WIRE_LEASE_GET,	 /* agent -> relay: RFC 8803 Connect; idempotent */
	WIRE_LEASE,	 /* relay -> agent: the lease */
	WIRE_LEASE_DROP, /* agent -> relay: not needed any longer; acknowledged by the same */
	WIRE_LEASE_LOST, /* relay -> agent, unasked: a lease has ended (is denied from now on) */
	WIRE_PING,	 /* either way */
	WIRE_PONG,	 /* the answer, same request id and stamp */
	WIRE_ERROR,	 /* relay -> agent: RFC 8803 Error */
};

/* RFC 8803, section 6.2.8; the names are the RFC's. */
enum wire_error {
	WIRE_ERR_UNSUPPORTED_VERSION = 0,
	WIRE_ERR_MALFORMED = 1,
	WIRE_ERR_UNSUPPORTED_MESSAGE = 2,
	WIRE_ERR_NOT_AUTHORIZED = 32,	 /* destination denied */
	WIRE_ERR_RESOURCE_EXCEEDED = 64, /* a limit of this identity or of the relay */
	WIRE_ERR_NETWORK_FAILURE = 65,	 /* the relay has no route */
	WIRE_ERR_DEST_UNREACHABLE = 97,
};

enum wire_hello_flag {
	WIRE_HELLO_IPV6 = 1 << 0, /* the relay forwards IPv6 */
};

struct wire_message {
	enum wire_type type;
	uint32_t request_id; /* chosen by who asks; 0 in what nobody asked for */
	union {
		struct {
			uint8_t version; /* WIRE_PROTOCOL_VERSION */
			uint8_t flags;	 /* enum wire_hello_flag */
			uint32_t max_leases, max_flows, new_flows_per_second; /* 0: no limit */
			uint32_t lease_grace_s; /* how long leases outlive the channel */
		} hello;
		struct {
			struct endpoint server;
		} lease_get, lease_drop, lease_lost;
		struct {
			struct endpoint server;
			/* where the client's SYN goes; its address is as the relay sees it: behind
			   a 1:1 NAT the agent uses the one that it dialled */
			struct endpoint detour;
			struct detour_addr client; /* the only address that the lease covers */
			uint32_t lifetime_s;	   /* after the channel's end */
		} lease;
		struct {
			uint64_t stamp; /* sender's own, returned as it came */
		} ping, pong;
		struct {
			enum wire_error code;
			char text[WIRE_TEXT_MAX]; /* for people; printable ASCII, zero-terminated */
		} error;
	};
};

/*
 * Writes `message`; returns the length, a multiple of 4. -EMSGSIZE: `size` is too small (a message
 * of any type fits WIRE_MESSAGE_MAX); -EINVAL: no such type, a port of 0, or text without an end.
 */
ssize_t wire_encode(const struct wire_message *message, uint8_t *out, size_t size);

/*
 * Reads one message off the front of `bytes`, of which `len` are there. Returns its length, also
 * in *ret_length; 0: not whole yet. -EPROTO: malformed (close the connection). -EOPNOTSUPP:
 * well-formed, but of a type not known here; *ret_length and ret_message->request_id are set
 * (answer WIRE_ERR_UNSUPPORTED_MESSAGE and go on behind it). -EPROTONOSUPPORT: another version.
 */
ssize_t wire_decode(const uint8_t *bytes, size_t len, struct wire_message *ret_message,
		    size_t *ret_length);

/* "LEASE_GET" and so on, for logs; "?" for what is no type. */
const char *wire_type_name(enum wire_type type);

#endif /* DETOUR_CONTROL_WIRE_H */
