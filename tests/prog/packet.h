/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Builds the packets that the data path's tests send, and judges what comes out. Checksums are
 * computed over the whole packet here, byte by byte, and share nothing with bpf/lib/csum.h.
 */
#ifndef DETOUR_TEST_PACKET_H
#define DETOUR_TEST_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <detour/flow.h>

/* Rows of test tables name what differs and leave the rest 0. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

#define PACKET_MAX 2048

struct packet {
	uint8_t data[PACKET_MAX];
	size_t len;
};

/* One end of a packet. Addresses are text; "1.2.3.4" makes it IPv4. */
struct end {
	const char *addr;
	uint16_t port;
};

enum {
	FIN = 1,
	SYN = 2,
	RST = 4,
	PSH = 8,
	ACK = 16,
	URG = 32,
};

struct packet_spec {
	struct end from, to;
	uint8_t tcp_flags;
	uint8_t hops;	       /* TTL or hop limit; 0: 64 */
	uint16_t tci;	       /* VLAN tag; 0: none */
	bool service_tag;      /* 802.1ad in place of 802.1Q */
	bool second_tag;       /* another tag inside */
	uint8_t proto;	       /* 0: TCP */
	uint8_t ip_option_len; /* IPv4: multiple of 4 */
	uint16_t fragment;     /* IPv4: the field; IPv6: a fragment header with it */
	const uint8_t *options;
	uint8_t option_len; /* of TCP, multiple of 4 */
	uint16_t payload_len;
	uint8_t payload_seed;
	bool zero_hops; /* hops are 0 indeed */
};

/* Parses an address, v4-mapped where it is IPv4. */
struct detour_addr packet_addr(const char *text);
struct flow_key packet_key(struct end from, struct end to);

void packet_build(struct packet *ret_packet, const struct packet_spec *spec);

/* An ICMP(v6) error from `from` to `to` that quotes `quote_len` bytes of the packet's IP. */
void packet_build_error(struct packet *ret_packet, const char *from, const char *to, uint8_t type,
			uint8_t code, const struct packet *quoted, size_t quote_len);

/* Offset of the IP header. */
size_t packet_l3(const struct packet *packet);

/* Whether all checksums are right: IPv4 header, TCP or ICMP with pseudo header. */
bool packet_is_valid(const struct packet *packet);

/* The one's complement sum of some bytes, an odd one padded with 0. */
uint32_t packet_sum(const uint8_t *data, size_t len, uint32_t sum);

#endif /* DETOUR_TEST_PACKET_H */
