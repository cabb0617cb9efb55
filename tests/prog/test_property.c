/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Over random packets: to the server and back is the identity but for two hops and the link header,
 * and every packet on the way has right checksums by a computation that shares nothing with the
 * relay's. PROPERTY_PACKETS= sets their number, PROPERTY_SEED= the seed.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "relay.h"

enum {
	FLOWS = 200,
	ADDR_LEN = 48,
};

/* A flow between random ends. */
struct flow {
	char addr[4][ADDR_LEN];
	struct end client, detour, source, server;
};

static struct flow flows[FLOWS];
static struct relay relays[HOOK_COUNT];
static uint64_t state64 = 0x9e3779b97f4a7c15ull;

static uint32_t random32(void)
{
	state64 ^= state64 << 13;
	state64 ^= state64 >> 7;
	state64 ^= state64 << 17;
	return state64 >> 16;
}

static unsigned long number_from(const char *variable, unsigned long fallback)
{
	const char *text = getenv(variable);

	return text ? strtoul(text, NULL, 0) : fallback;
}

static struct end random_end(char addr[ADDR_LEN], bool v6)
{
	uint32_t r = random32(), s = random32();

	if (v6)
		snprintf(addr, ADDR_LEN, "2001:%x:%x:%x::%x:%x", r >> 16, r & 0xffff, s >> 16,
			 s & 0xffff, random32() & 0xffff);
	else
		snprintf(addr, ADDR_LEN, "%u.%u.%u.%u", r >> 24, r >> 16 & 255, r >> 8 & 255,
			 r & 255);
	return (struct end){addr, random32() & 0xffff};
}

static int load(void **state)
{
	(void)state;
	state64 = number_from("PROPERTY_SEED", state64);
	for (int i = 0; i < FLOWS; i++) {
		bool v6 = i % 2;

		flows[i].client = random_end(flows[i].addr[0], v6);
		flows[i].detour = random_end(flows[i].addr[1], v6);
		flows[i].source = random_end(flows[i].addr[2], v6);
		flows[i].server = random_end(flows[i].addr[3], v6);
	}
	for (int hook = 0; hook < HOOK_COUNT; hook++) {
		relay_load(&relays[hook], hook, &relay_config, 0);
		for (int i = 0; i < FLOWS; i++)
			relay_add_flow(&relays[hook], flows[i].client, flows[i].detour,
				       flows[i].source, flows[i].server);
	}
	return 0;
}

static int unload(void **state)
{
	(void)state;
	for (int hook = 0; hook < HOOK_COUNT; hook++)
		relay_unload(&relays[hook]);
	return 0;
}

static void random_packet(struct packet *ret_packet, const struct flow *flow)
{
	static uint8_t options[40];
	struct packet_spec spec = {
		.from = flow->client,
		.to = flow->detour,
		.tcp_flags = ACK | (random32() & (PSH | URG | FIN)),
		.hops = 4 + random32() % 252,
		.options = options,
		.option_len = random32() % 11 * 4,
		.payload_len = random32() % 4 ? random32() % 64 : random32() % 1400,
		.payload_seed = random32(),
	};

	for (size_t i = 0; i < sizeof(options); i++)
		options[i] = random32();
	packet_build(ret_packet, &spec);
}

static void put_addr(struct packet *packet, size_t v4_off, size_t v6_off, const char *text)
{
	struct detour_addr addr = packet_addr(text);

	if (strchr(text, ':'))
		memcpy(packet->data + 14 + v6_off, addr.bytes, 16);
	else
		memcpy(packet->data + 14 + v4_off, addr.bytes + 12, 4);
}

/* Turns a packet to the server into one from it: only the tuple is exchanged, so sums stay. */
static void turn_round(struct packet *packet, const struct flow *flow)
{
	uint8_t *tcp = packet->data + 14 + (strchr(flow->server.addr, ':') ? 40 : 20), port[2];

	put_addr(packet, 12, 8, flow->server.addr);
	put_addr(packet, 16, 24, flow->source.addr);
	memcpy(port, tcp, 2);
	memcpy(tcp, tcp + 2, 2);
	memcpy(tcp + 2, port, 2);
}

/* And back, for the comparison; and the two hops and the link header that are gone. */
static void undo(struct packet *packet, const struct packet *original, const struct flow *flow)
{
	uint8_t *ip = packet->data + 14, *tcp = ip + (ip[0] >> 4 == 4 ? 20 : 40), port[2];
	uint16_t check;

	put_addr(packet, 12, 8, flow->client.addr);
	put_addr(packet, 16, 24, flow->detour.addr);
	memcpy(port, tcp, 2);
	memcpy(tcp, tcp + 2, 2);
	memcpy(tcp + 2, port, 2);
	memcpy(packet->data, original->data, 14);
	if (ip[0] >> 4 == 6) {
		ip[7] += 2;
		return;
	}
	ip[8] += 2;
	ip[10] = ip[11] = 0;
	check = ~packet_sum(ip, 20, 0);
	ip[10] = check >> 8;
	ip[11] = check & 0xff;
}

static void there_and_back(struct relay *relay, unsigned long number)
{
	const struct flow *flow = &flows[random32() % FLOWS];
	struct packet packet, there, back;
	uint32_t value;

	random_packet(&packet, flow);
	assert_true(packet_is_valid(&packet));
	value = relay_run_fast(relay, &packet, &there);
	assert_false(relay_passed(relay->hook, value) || relay_dropped(relay->hook, value));
	assert_true(packet_is_valid(&there));
	turn_round(&there, flow);
	assert_true(packet_is_valid(&there));
	value = relay_run_fast(relay, &there, &back);
	assert_false(relay_passed(relay->hook, value) || relay_dropped(relay->hook, value));
	assert_true(packet_is_valid(&back));
	undo(&back, &packet, flow);
	if (back.len != packet.len || memcmp(back.data, packet.data, packet.len))
		fail_msg("%s: packet %lu is not itself again", relay_hook_name(relay->hook),
			 number);
}

static void there_and_back_is_the_identity(void **state)
{
	unsigned long packets = number_from("PROPERTY_PACKETS", 100000);

	(void)state;
	for (int hook = 0; hook < HOOK_COUNT; hook++) {
		struct relay *relay = &relays[hook];

		for (unsigned long i = 0; i < packets; i++)
			there_and_back(relay, i);
		assert_int_equal(relay_verdict_count(relay, DETOUR_FORWARD), 2 * packets);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back_is_the_identity),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
