/* SPDX-License-Identifier: BSD-2-Clause */
#include "packet.h"

#include <arpa/inet.h>
#include <assert.h>
#include <string.h>

enum {
	ETH_LEN = 14,
	TAG_LEN = 4,
	IP4_LEN = 20,
	IP6_LEN = 40,
	TCP_LEN = 20,
	ICMP_LEN = 8,
	PROTO_ICMP = 1,
	PROTO_TCP = 6,
	PROTO_FRAGMENT = 44,
	PROTO_ICMP6 = 58,
};

static void put16(uint8_t *at, uint16_t value)
{
	at[0] = value >> 8;
	at[1] = value & 0xff;
}

static uint16_t get16(const uint8_t *at)
{
	return at[0] << 8 | at[1];
}

uint32_t packet_sum(const uint8_t *data, size_t len, uint32_t sum)
{
	for (size_t i = 0; i < len; i++)
		sum += i % 2 ? data[i] : data[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

struct detour_addr packet_addr(const char *text)
{
	struct detour_addr addr = {.bytes = {[10] = 0xff, [11] = 0xff}};

	if (inet_pton(AF_INET, text, addr.bytes + 12) == 1)
		return addr;
	assert(inet_pton(AF_INET6, text, addr.bytes) == 1);
	return addr;
}

struct flow_key packet_key(struct end from, struct end to)
{
	return (struct flow_key){
		.src = packet_addr(from.addr),
		.dst = packet_addr(to.addr),
		.src_port_be = htons(from.port),
		.dst_port_be = htons(to.port),
	};
}

static bool is_ipv6(const char *addr)
{
	return strchr(addr, ':');
}

/* Ethernet and tags; gives the length. */
static size_t put_link(uint8_t *at, const struct packet_spec *spec)
{
	static const uint8_t macs[12] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2};
	uint16_t proto = is_ipv6(spec->from.addr) ? 0x86dd : 0x0800;
	size_t len = ETH_LEN;

	memcpy(at, macs, sizeof(macs));
	if (spec->tci) {
		put16(at + 12, spec->service_tag ? 0x88a8 : 0x8100);
		put16(at + 14, spec->tci);
		len += TAG_LEN;
	}
	if (spec->second_tag) {
		put16(at + len - 2, 0x8100);
		put16(at + len, 77);
		len += TAG_LEN;
	}
	put16(at + len - 2, proto);
	return len;
}

static size_t put_ipv4(uint8_t *at, const struct packet_spec *spec, uint8_t proto, size_t payload)
{
	size_t len = IP4_LEN + spec->ip_option_len;
	struct detour_addr src = packet_addr(spec->from.addr), dst = packet_addr(spec->to.addr);

	memset(at, 0, len);
	at[0] = 0x40 | len / 4;
	put16(at + 2, len + payload);
	put16(at + 4, 0x1234);
	put16(at + 6, spec->fragment);
	at[8] = spec->hops || spec->zero_hops ? spec->hops : 64;
	at[9] = proto;
	memcpy(at + 12, src.bytes + 12, 4);
	memcpy(at + 16, dst.bytes + 12, 4);
	memset(at + IP4_LEN, 1, spec->ip_option_len);
	put16(at + 10, ~packet_sum(at, len, 0));
	return len;
}

static size_t put_ipv6(uint8_t *at, const struct packet_spec *spec, uint8_t proto, size_t payload)
{
	struct detour_addr src = packet_addr(spec->from.addr), dst = packet_addr(spec->to.addr);
	size_t extra = spec->fragment ? 8 : 0;

	memset(at, 0, IP6_LEN + extra);
	at[0] = 0x60;
	put16(at + 4, payload + extra);
	at[6] = proto;
	at[7] = spec->hops || spec->zero_hops ? spec->hops : 64;
	memcpy(at + 8, src.bytes, 16);
	memcpy(at + 24, dst.bytes, 16);
	if (extra) {
		at[6] = PROTO_FRAGMENT;
		at[IP6_LEN] = proto;
		put16(at + IP6_LEN + 2, spec->fragment);
	}
	return IP6_LEN + extra;
}

static size_t put_ip(uint8_t *at, const struct packet_spec *spec, uint8_t proto, size_t payload)
{
	return is_ipv6(spec->from.addr) ? put_ipv6(at, spec, proto, payload)
					: put_ipv4(at, spec, proto, payload);
}

/* Sum of the pseudo header of the IP header at `ip`, for `len` bytes of `proto`. */
static uint32_t pseudo_sum(const uint8_t *ip, uint8_t proto, size_t len)
{
	uint32_t sum = proto + len;

	return ip[0] >> 4 == 4 ? packet_sum(ip + 12, 8, sum) : packet_sum(ip + 8, 32, sum);
}

static size_t put_tcp(uint8_t *at, const struct packet_spec *spec, const uint8_t *ip)
{
	size_t header = TCP_LEN + spec->option_len, len = header + spec->payload_len;

	memset(at, 0, header);
	put16(at, spec->from.port);
	put16(at + 2, spec->to.port);
	put16(at + 6, 0x1001);
	put16(at + 10, 0x2002);
	at[12] = header / 4 << 4;
	at[13] = spec->tcp_flags;
	put16(at + 14, 0xfaf0);
	if (spec->option_len)
		memcpy(at + TCP_LEN, spec->options, spec->option_len);
	for (size_t i = header; i < len; i++)
		at[i] = spec->payload_seed + i * 7;
	put16(at + 16, ~packet_sum(at, len, pseudo_sum(ip, PROTO_TCP, len)));
	return len;
}

void packet_build(struct packet *ret_packet, const struct packet_spec *spec)
{
	uint8_t *data = ret_packet->data, proto = spec->proto ? spec->proto : PROTO_TCP;
	size_t payload = TCP_LEN + spec->option_len + spec->payload_len;
	size_t l3 = put_link(data, spec);
	size_t l4 = l3 + put_ip(data + l3, spec, proto, payload);

	ret_packet->len = l4 + put_tcp(data + l4, spec, data + l3);
	assert(ret_packet->len <= PACKET_MAX);
}

size_t packet_l3(const struct packet *packet)
{
	size_t off = ETH_LEN;
	uint16_t proto = get16(packet->data + 12);

	while (proto == 0x8100 || proto == 0x88a8) {
		proto = get16(packet->data + off + 2);
		off += TAG_LEN;
	}
	return off;
}

void packet_build_error(struct packet *ret_packet, const char *from, const char *to, uint8_t type,
			uint8_t code, const struct packet *quoted, size_t quote_len)
{
	struct packet_spec spec = {.from = {.addr = from}, .to = {.addr = to}};
	uint8_t proto = is_ipv6(from) ? PROTO_ICMP6 : PROTO_ICMP, *data = ret_packet->data;
	size_t l3 = put_link(data, &spec), len = ICMP_LEN + quote_len;
	size_t l4 = l3 + put_ip(data + l3, &spec, proto, len);
	uint32_t sum = proto == PROTO_ICMP6 ? pseudo_sum(data + l3, proto, len) : 0;

	memset(data + l4, 0, ICMP_LEN);
	data[l4] = type;
	data[l4 + 1] = code;
	put16(data + l4 + 6, 1400);
	memcpy(data + l4 + ICMP_LEN, quoted->data + packet_l3(quoted), quote_len);
	put16(data + l4 + 2, ~packet_sum(data + l4, len, sum));
	ret_packet->len = l4 + len;
}

bool packet_is_valid(const struct packet *packet)
{
	const uint8_t *ip = packet->data + packet_l3(packet);
	bool v4 = ip[0] >> 4 == 4;
	size_t header = v4 ? (ip[0] & 15) * 4 : IP6_LEN;
	size_t len = v4 ? get16(ip + 2) - header : get16(ip + 4);
	uint8_t proto = v4 ? ip[9] : ip[6];
	uint32_t seed = v4 && proto == PROTO_ICMP ? 0 : pseudo_sum(ip, proto, len);

	if (ip + header + len > packet->data + packet->len)
		return false;
	if (v4 && packet_sum(ip, header, 0) != 0xffff)
		return false;
	return packet_sum(ip + header, len, seed) == 0xffff;
}
