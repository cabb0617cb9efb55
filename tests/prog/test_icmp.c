/* SPDX-License-Identifier: BSD-2-Clause */
/* ICMP errors about flows, translated; and the relay's own answer to packets that are too big. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "relay.h"

#define ROUTER4 "10.9.9.9"
#define ROUTER6 "2001:db8:99::9"

struct icmp_case {
	const char *name;
	const char *router;
	struct end from, to; /* of the packet that the relay sent, and the error is about */
	uint8_t type, code;
	uint8_t quote_len; /* of the packet's IP */
	int verdict;
	struct end out_from, out_to; /* of the packet as its sender sent it to the relay */
};

#define TO_SERVER4 SOURCE4, SERVER4
#define TO_CLIENT4 DETOUR4, CLIENT4
#define TO_SERVER6 SOURCE6, SERVER6
#define TO_CLIENT6 DETOUR6, CLIENT6

static const struct icmp_case cases[] = {
	{"too big, to server", ROUTER4, TO_SERVER4, 3, 4, 40, DETOUR_FORWARD_ICMP, CLIENT4,
	 DETOUR4},
	{"too big, to client", ROUTER4, TO_CLIENT4, 3, 4, 40, DETOUR_FORWARD_ICMP, SERVER4,
	 SOURCE4},
	{"8 bytes of TCP", ROUTER4, TO_SERVER4, 3, 1, 28, DETOUR_FORWARD_ICMP, CLIENT4, DETOUR4},
	{"16 bytes of TCP", ROUTER4, TO_SERVER4, 3, 1, 36, DETOUR_FORWARD_ICMP, CLIENT4, DETOUR4},
	{"18 bytes of TCP", ROUTER4, TO_SERVER4, 3, 1, 38, DETOUR_FORWARD_ICMP, CLIENT4, DETOUR4},
	{"an odd quote", ROUTER4, TO_CLIENT4, 3, 1, 45, DETOUR_FORWARD_ICMP, SERVER4, SOURCE4},
	{"time exceeded", ROUTER4, TO_SERVER4, 11, 0, 40, DETOUR_FORWARD_ICMP, CLIENT4, DETOUR4},
	{"parameter problem", ROUTER4, TO_SERVER4, 12, 0, 40, DETOUR_FORWARD_ICMP, CLIENT4,
	 DETOUR4},
	{"from the server itself", "203.0.113.9", TO_SERVER4, 3, 3, 40, DETOUR_FORWARD_ICMP,
	 CLIENT4, DETOUR4},
	{"7 bytes of TCP", ROUTER4, TO_SERVER4, 3, 1, 27, DETOUR_PASS_MALFORMED},
	{"echo", ROUTER4, TO_SERVER4, 8, 0, 40, DETOUR_PASS_NOT_TCP},
	{"redirect", ROUTER4, TO_SERVER4, 5, 0, 40, DETOUR_PASS_NOT_TCP},
	{"about no flow", ROUTER4, {"192.0.2.2", 20002}, SERVER4, 3, 1, 40, DETOUR_PASS_NOT_OURS},
	{"v6 too big, to server", ROUTER6, TO_SERVER6, 2, 0, 60, DETOUR_FORWARD_ICMP, CLIENT6,
	 DETOUR6},
	{"v6 too big, to client", ROUTER6, TO_CLIENT6, 2, 0, 60, DETOUR_FORWARD_ICMP, SERVER6,
	 SOURCE6},
	{"v6 unreachable", ROUTER6, TO_SERVER6, 1, 0, 80, DETOUR_FORWARD_ICMP, CLIENT6, DETOUR6},
	{"v6 time exceeded", ROUTER6, TO_SERVER6, 3, 0, 61, DETOUR_FORWARD_ICMP, CLIENT6, DETOUR6},
	{"v6 parameter problem", ROUTER6, TO_SERVER6, 4, 0, 60, DETOUR_FORWARD_ICMP, CLIENT6,
	 DETOUR6},
	{"v6 8 bytes of TCP", ROUTER6, TO_CLIENT6, 1, 0, 48, DETOUR_FORWARD_ICMP, SERVER6, SOURCE6},
	{"v6 18 bytes of TCP", ROUTER6, TO_CLIENT6, 1, 0, 58, DETOUR_FORWARD_ICMP, SERVER6,
	 SOURCE6},
	{"v6 7 bytes of TCP", ROUTER6, TO_CLIENT6, 1, 0, 47, DETOUR_PASS_MALFORMED},
	{"v6 echo", ROUTER6, TO_SERVER6, 128, 0, 60, DETOUR_PASS_NOT_TCP},
	{"v6 neighbour", ROUTER6, TO_SERVER6, 135, 0, 60, DETOUR_PASS_NOT_TCP},
	{"v6 about no flow",
	 ROUTER6,
	 SOURCE6,
	 {"2001:db8:3::9", 444},
	 1,
	 0,
	 60,
	 DETOUR_PASS_NOT_OURS},
};

static struct relay relays[HOOK_COUNT];

static int load(void **state)
{
	(void)state;
	for (int hook = 0; hook < HOOK_COUNT; hook++) {
		relay_load(&relays[hook], hook, &relay_config, 0);
		relay_add_usual_flows(&relays[hook]);
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

/* A packet that is long enough for every quote. */
static void build_quoted(struct packet *ret_packet, struct end from, struct end to)
{
	struct packet_spec spec = {from, to, ACK, .hops = 63, .payload_len = 60, .payload_seed = 9};

	packet_build(ret_packet, &spec);
}

/*
 * What should come out, made from scratch: the error about the packet as its sender sent it, from
 * where that packet was sent to. Only the outer hop limit is one lower, and the IPv4 header's sum.
 */
static void expect_translated(struct packet *ret_packet, const struct icmp_case *row)
{
	static const uint8_t macs[12] = {2, 0, 0, 0, 1, 2, 2, 0, 0, 0, 1, 1};
	struct packet quoted;
	uint8_t *ip = ret_packet->data + 14;

	build_quoted(&quoted, row->out_from, row->out_to);
	packet_build_error(ret_packet, row->out_to.addr, row->out_from.addr, row->type, row->code,
			   &quoted, row->quote_len);
	memcpy(ret_packet->data, macs, sizeof(macs));
	if (ip[0] >> 4 == 6) {
		ip[7]--;
		return;
	}
	ip[8]--;
	ip[10] = ip[11] = 0;
	uint16_t check = ~packet_sum(ip, 20, 0);
	ip[10] = check >> 8;
	ip[11] = check & 0xff;
}

static void run_case(struct relay *relay, const struct icmp_case *row)
{
	struct packet quoted, in, out, want;
	int verdict;

	build_quoted(&quoted, row->from, row->to);
	packet_build_error(&in, row->router, row->from.addr, row->type, row->code, &quoted,
			   row->quote_len);
	verdict = relay_run(relay, &in, &out);
	if (verdict != row->verdict)
		fail_msg("%s: %s: %s, not %s", relay_hook_name(relay->hook), row->name,
			 relay_verdict_name(verdict), relay_verdict_name(row->verdict));
	want = in;
	if (verdict == DETOUR_FORWARD_ICMP) {
		expect_translated(&want, row);
		assert_true(packet_is_valid(&out));
	}
	if (want.len != out.len || memcmp(want.data, out.data, want.len)) {
		for (size_t i = 0; i < want.len; i++) {
			if (want.data[i] != out.data[i])
				print_message("byte %zu is %02x, not %02x\n", i, out.data[i],
					      want.data[i]);
		}
		fail_msg("%s: %s: another packet", relay_hook_name(relay->hook), row->name);
	}
}

static void translates_by_the_table(void **state)
{
	(void)state;
	for (int hook = 0; hook < HOOK_COUNT; hook++) {
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
			run_case(&relays[hook], &cases[i]);
	}
}

/* Half a TCP checksum cannot be corrected: it stays, and the ICMP checksum is right with it. */
static void half_a_checksum_stays(void **state)
{
	struct packet quoted, in, out;

	(void)state;
	for (int hook = 0; hook < HOOK_COUNT; hook++) {
		build_quoted(&quoted, (struct end)SOURCE4, (struct end)SERVER4);
		packet_build_error(&in, ROUTER4, "192.0.2.2", 3, 1, &quoted, 37);
		assert_int_equal(relay_run(&relays[hook], &in, &out), DETOUR_FORWARD_ICMP);
		assert_true(packet_is_valid(&out));
		assert_int_equal(out.data[out.len - 1], in.data[in.len - 1]);
	}
}

/* Errors whose outer destination did not send the quoted packet, and cut ones, are left alone. */
static void forged_and_cut_errors_pass(void **state)
{
	struct packet quoted, in, out;

	(void)state;
	for (int hook = 0; hook < HOOK_COUNT; hook++) {
		struct relay *relay = &relays[hook];

		build_quoted(&quoted, (struct end)SOURCE4, (struct end)SERVER4);
		packet_build_error(&in, ROUTER4, "192.0.2.1", 3, 1, &quoted, 40);
		assert_int_equal(relay_run(relay, &in, &out), DETOUR_PASS_NOT_OURS);
		packet_build_error(&in, ROUTER4, "192.0.2.2", 3, 1, &quoted, 40);
		for (in.len--; in.len >= 54; in.len--) {
			assert_int_equal(relay_run(relay, &in, &out), DETOUR_PASS_MALFORMED);
			assert_memory_equal(in.data, out.data, in.len);
		}
	}
}

static void set_mtu(struct relay *relay, uint16_t mtu)
{
	struct nexthop_entry hop = {
		.ifindex = 7,
		.mtu = mtu,
		.src_mac = {2, 0, 0, 0, 1, 1},
		.dst_mac = {2, 0, 0, 0, 1, 2},
		.flags = NEXTHOP_VALID,
	};

	relay_set_nexthop(relay, 1, &hop);
}

/* The answer, made from scratch: an error from the packet's target that quotes 100 bytes. */
static void check_reply(const struct packet *in, const struct packet *out, const char *from,
			const char *to, uint16_t mtu)
{
	bool v4 = !strchr(from, ':');
	size_t l3 = packet_l3(in), header = v4 ? 20 : 40;
	const uint8_t *ip = out->data + l3, *icmp = ip + header;
	struct detour_addr src = packet_addr(from), dst = packet_addr(to);

	assert_true(packet_is_valid(out));
	assert_true(out->len <= in->len);
	assert_int_equal(out->len, l3 + header + 8 + 100);
	assert_memory_equal(out->data, in->data + 6, 6);
	assert_memory_equal(out->data + 6, in->data, 6);
	assert_memory_equal(out->data + 12, in->data + 12, l3 - 12);
	assert_memory_equal(v4 ? ip + 12 : ip + 8, src.bytes + (v4 ? 12 : 0), v4 ? 4 : 16);
	assert_memory_equal(v4 ? ip + 16 : ip + 24, dst.bytes + (v4 ? 12 : 0), v4 ? 4 : 16);
	assert_int_equal(icmp[0], v4 ? 3 : 2);
	assert_int_equal(icmp[1], v4 ? 4 : 0);
	assert_int_equal(icmp[6] << 8 | icmp[7], mtu);
	assert_memory_equal(icmp + 8, in->data + l3, 100);
}

static void too_big_is_answered(void **state)
{
	static const struct {
		struct packet_spec in;
		uint16_t mtu;
		int verdict;
	} rows[] = {
		{{CLIENT4, DETOUR4, ACK, .payload_len = 1361}, 1400, DETOUR_REPLY_TOO_BIG},
		{{CLIENT4, DETOUR4, ACK, .payload_len = 1360}, 1400, DETOUR_FORWARD},
		{{CLIENT4, DETOUR4, ACK, .fragment = 0x4000, .payload_len = 1361},
		 1400,
		 DETOUR_REPLY_TOO_BIG},
		{{CLIENT6, DETOUR6, ACK, .payload_len = 1221}, 1280, DETOUR_REPLY_TOO_BIG},
		{{CLIENT6, DETOUR6, ACK, .payload_len = 1220}, 1280, DETOUR_FORWARD},
		{{CLIENT4, DETOUR4, ACK, .tci = 5, .payload_len = 1361},
		 1400,
		 DETOUR_REPLY_TOO_BIG},
		{{CLIENT4, DETOUR4, ACK, .payload_len = 88}, 127, DETOUR_REPLY_TOO_BIG},
		{{CLIENT4, DETOUR4, ACK, .payload_len = 87}, 126, DETOUR_DROP_TOO_BIG},
		{{CLIENT4, DETOUR4, ACK, .payload_len = 1361}, 0, DETOUR_FORWARD},
	};
	struct packet in, out;

	(void)state;
	for (int hook = 0; hook < HOOK_COUNT; hook++) {
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			set_mtu(&relays[hook], rows[i].mtu);
			packet_build(&in, &rows[i].in);
			if (relay_run(&relays[hook], &in, &out) != rows[i].verdict)
				fail_msg("%s: row %zu", relay_hook_name(hook), i);
			if (rows[i].verdict == DETOUR_REPLY_TOO_BIG)
				check_reply(&in, &out, rows[i].in.to.addr, rows[i].in.from.addr,
					    rows[i].mtu);
		}
		set_mtu(&relays[hook], 1500);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(translates_by_the_table),
		cmocka_unit_test(half_a_checksum_stays),
		cmocka_unit_test(forged_and_cut_errors_pass),
		cmocka_unit_test(too_big_is_answered),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
