/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets of flows that are there: what each hook makes of them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "relay.h"

/* DSS, then ADD_ADDR: MPTCP options that a relay must leave alone. */
static const uint8_t mptcp_options[] = {30, 20, 0x20, 5, 1,  2, 3,    4, 5,  6, 7, 8, 9, 1, 2, 3,
					4,  5,	6,    7, 30, 8, 0x30, 1, 10, 0, 0, 1, 1, 1, 1, 1};
/* MSS, SACK permitted, timestamps, NOP, window scale, end. */
static const uint8_t tcp_options[] = {2, 4, 5, 180, 4, 2, 8, 10, 1, 2, 3, 4,
				      5, 6, 7, 8,   1, 3, 3, 7,	 0, 0, 0, 0};
static const uint8_t mptcp_join[] = {30, 12, 0x10, 1, 1, 2, 3, 4, 5, 6, 7, 8};
static const uint8_t all_nops[40] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
				     1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
static const uint8_t broken_options[] = {30, 0, 255, 255};

struct forward_case {
	const char *name;
	struct packet_spec in;
	int verdict;
	struct end from, to; /* of what comes out, if it is forwarded */
};

static const struct forward_case cases[] = {
	{"v4 to server", {CLIENT4, DETOUR4, ACK}, DETOUR_FORWARD, SOURCE4, SERVER4},
	{"v4 to client", {SERVER4, SOURCE4, ACK}, DETOUR_FORWARD, DETOUR4, CLIENT4},
	{"v6 to server", {CLIENT6, DETOUR6, ACK}, DETOUR_FORWARD, SOURCE6, SERVER6},
	{"v6 to client", {SERVER6, SOURCE6, ACK}, DETOUR_FORWARD, DETOUR6, CLIENT6},
	{"payload",
	 {CLIENT4, DETOUR4, PSH | ACK, .payload_len = 1001},
	 DETOUR_FORWARD,
	 SOURCE4,
	 SERVER4},
	{"v6 payload",
	 {CLIENT6, DETOUR6, PSH | ACK, .payload_len = 777},
	 DETOUR_FORWARD,
	 SOURCE6,
	 SERVER6},
	{"MPTCP options",
	 {CLIENT4, DETOUR4, ACK, .options = mptcp_options, .option_len = 32},
	 DETOUR_FORWARD,
	 SOURCE4,
	 SERVER4},
	{"TCP options",
	 {SERVER4, SOURCE4, SYN | ACK, .options = tcp_options, .option_len = 24},
	 DETOUR_FORWARD,
	 DETOUR4,
	 CLIENT4},
	{"40 bytes of options",
	 {SERVER6, SOURCE6, ACK, .options = all_nops, .option_len = 40},
	 DETOUR_FORWARD,
	 DETOUR6,
	 CLIENT6},
	{"broken options are the ends' business",
	 {CLIENT4, DETOUR4, ACK, .options = broken_options, .option_len = 4},
	 DETOUR_FORWARD,
	 SOURCE4,
	 SERVER4},
	{"SYN again",
	 {CLIENT4, DETOUR4, SYN, .options = mptcp_join, .option_len = 12},
	 DETOUR_FORWARD,
	 SOURCE4,
	 SERVER4},
	{"SYN again, without MPTCP", {CLIENT4, DETOUR4, SYN}, DETOUR_DROP_NOT_ACCEPTED},
	{"URG", {CLIENT4, DETOUR4, URG | ACK}, DETOUR_FORWARD, SOURCE4, SERVER4},
	{"VLAN comes off", {CLIENT4, DETOUR4, ACK, .tci = 5}, DETOUR_FORWARD, SOURCE4, SERVER4},
	{"v6 VLAN comes off",
	 {SERVER6, SOURCE6, ACK, .tci = 0xe005},
	 DETOUR_FORWARD,
	 DETOUR6,
	 CLIENT6},
	{"802.1ad comes off",
	 {CLIENT4, DETOUR4, ACK, .tci = 5, .service_tag = true},
	 DETOUR_FORWARD,
	 SOURCE4,
	 SERVER4},
	{"two tags", {CLIENT4, DETOUR4, ACK, .tci = 5, .second_tag = true}, DETOUR_PASS_NOT_IP},
	{"TTL 2", {CLIENT4, DETOUR4, ACK, .hops = 2}, DETOUR_FORWARD, SOURCE4, SERVER4},
	{"TTL 1", {CLIENT4, DETOUR4, ACK, .hops = 1}, DETOUR_DROP_TTL},
	{"TTL 0", {CLIENT4, DETOUR4, ACK, .zero_hops = true}, DETOUR_DROP_TTL},
	{"hop limit 1", {CLIENT6, DETOUR6, ACK, .hops = 1}, DETOUR_DROP_TTL},
	{"hop limit 0", {CLIENT6, DETOUR6, ACK, .zero_hops = true}, DETOUR_DROP_TTL},
	{"TTL 255", {SERVER4, SOURCE4, ACK, .hops = 255}, DETOUR_FORWARD, DETOUR4, CLIENT4},
	{"IPv4 options", {CLIENT4, DETOUR4, ACK, .ip_option_len = 4}, DETOUR_DROP_IP_OPTIONS},
	{"40 bytes of IPv4 options",
	 {CLIENT4, DETOUR4, ACK, .ip_option_len = 40},
	 DETOUR_DROP_IP_OPTIONS},
	{"IPv4 options, not ours",
	 {SERVER4, DETOUR4, ACK, .ip_option_len = 8},
	 DETOUR_PASS_NOT_OURS},
	{"first fragment", {CLIENT4, DETOUR4, ACK, .fragment = 0x2000}, DETOUR_DROP_FRAGMENT},
	{"later fragment", {CLIENT4, DETOUR4, ACK, .fragment = 0x2010}, DETOUR_PASS_LATER_FRAGMENT},
	{"last fragment", {CLIENT4, DETOUR4, ACK, .fragment = 0x0010}, DETOUR_PASS_LATER_FRAGMENT},
	{"don't fragment",
	 {CLIENT4, DETOUR4, ACK, .fragment = 0x4000},
	 DETOUR_FORWARD,
	 SOURCE4,
	 SERVER4},
	{"v6 first fragment", {CLIENT6, DETOUR6, ACK, .fragment = 0x0001}, DETOUR_DROP_FRAGMENT},
	{"v6 later fragment",
	 {CLIENT6, DETOUR6, ACK, .fragment = 0x0101},
	 DETOUR_PASS_LATER_FRAGMENT},
	{"first fragment, not ours",
	 {SERVER4, DETOUR4, ACK, .fragment = 0x2000},
	 DETOUR_PASS_NOT_OURS},
	{"UDP", {CLIENT4, DETOUR4, 0, .proto = 17}, DETOUR_PASS_NOT_TCP},
	{"v6 UDP", {CLIENT6, DETOUR6, 0, .proto = 17}, DETOUR_PASS_NOT_TCP},
	{"v6 hop-by-hop", {CLIENT6, DETOUR6, 0, .proto = 0x3c}, DETOUR_PASS_NOT_TCP},
	{"wrong client", {{"198.51.100.8", 40000}, DETOUR4, ACK}, DETOUR_PASS_NOT_OURS},
	{"wrong client's port", {{"198.51.100.7", 40001}, DETOUR4, ACK}, DETOUR_PASS_NOT_OURS},
	{"wrong detour port", {CLIENT4, {"192.0.2.1", 10006}, ACK}, DETOUR_PASS_NOT_OURS},
	{"wrong server", {{"203.0.113.10", 443}, SOURCE4, ACK}, DETOUR_PASS_NOT_OURS},
	{"v6 not ours", {CLIENT6, {"2001:db8:2::1", 10006}, ACK}, DETOUR_PASS_NOT_OURS},
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

/* What the relay should make of it: built anew, with one hop less, and the next hop's addresses. */
static void expect_forwarded(struct packet *ret_packet, const struct packet_spec *in,
			     struct end from, struct end to)
{
	static const uint8_t macs[12] = {2, 0, 0, 0, 1, 2, 2, 0, 0, 0, 1, 1};
	struct packet_spec spec = *in;

	spec.from = from;
	spec.to = to;
	spec.hops = (in->hops ? in->hops : 64) - 1;
	spec.tci = 0;
	packet_build(ret_packet, &spec);
	memcpy(ret_packet->data, macs, sizeof(macs));
}

static void check_same(const char *name, const struct packet *want, const struct packet *got)
{
	if (want->len == got->len && !memcmp(want->data, got->data, want->len))
		return;
	for (size_t i = 0; i < want->len && i < got->len; i++) {
		if (want->data[i] != got->data[i])
			print_message("%s: byte %zu is %02x, not %02x\n", name, i, got->data[i],
				      want->data[i]);
	}
	fail_msg("%s: %zu bytes came out, %zu expected", name, got->len, want->len);
}

static void run_case(struct relay *relay, const struct forward_case *row)
{
	struct packet in, out, want;
	int verdict;

	packet_build(&in, &row->in);
	verdict = relay_run(relay, &in, &out);
	if (verdict != row->verdict)
		fail_msg("%s: %s: %s, not %s", relay_hook_name(relay->hook), row->name,
			 relay_verdict_name(verdict), relay_verdict_name(row->verdict));
	want = in;
	if (verdict == DETOUR_FORWARD) {
		expect_forwarded(&want, &row->in, row->from, row->to);
		assert_true(packet_is_valid(&out));
	}
	check_same(row->name, &want, &out);
}

static void forwards_by_the_table(void **state)
{
	(void)state;
	for (int hook = 0; hook < HOOK_COUNT; hook++) {
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
			run_case(&relays[hook], &cases[i]);
	}
}

/* Cut anywhere, a packet passes untouched: as malformed, or as not even IP. */
static void truncation_passes(struct relay *relay, const struct packet_spec *spec)
{
	struct packet whole, cut, out;

	packet_build(&whole, spec);
	cut = whole;
	for (cut.len--; cut.len >= 14; cut.len--) {
		if (!relay_takes(relay, &cut)) {
			assert_true(relay->hook == HOOK_TC && cut.len < packet_l3(&whole) + 40);
			break;
		}
		assert_int_equal(relay_run(relay, &cut, &out), DETOUR_PASS_MALFORMED);
		check_same("truncated", &cut, &out);
	}
}

static void truncation_at_every_byte(void **state)
{
	static const struct packet_spec specs[] = {
		{CLIENT4, DETOUR4, ACK, .payload_len = 3},
		{CLIENT6, DETOUR6, ACK, .payload_len = 3},
		{CLIENT4, DETOUR4, SYN, .tci = 5, .options = tcp_options, .option_len = 24},
		{CLIENT6, DETOUR6, ACK, .fragment = 1, .payload_len = 3},
		{CLIENT4, DETOUR4, ACK, .ip_option_len = 12, .payload_len = 3},
	};

	(void)state;
	for (int hook = 0; hook < HOOK_COUNT; hook++) {
		for (size_t i = 0; i < sizeof(specs) / sizeof(specs[0]); i++)
			truncation_passes(&relays[hook], &specs[i]);
	}
}

/* Header fields that lie about lengths; the frame is whole. Offsets from the IP header. */
static void lying_lengths_pass(void **state)
{
	static const struct {
		size_t offset;
		uint8_t value;
	} lies[] = {
		{0, 0x55},  /* version 5 */
		{0, 0x44},  /* header of 16 bytes */
		{3, 39},    /* no room for TCP */
		{3, 200},   /* longer than the frame */
		{32, 0x40}, /* TCP header of 16 bytes */
		{32, 0xf0}, /* TCP header beyond the packet */
	};
	struct packet_spec spec = {CLIENT4, DETOUR4, ACK, .payload_len = 4};
	struct packet in, out;

	(void)state;
	for (int hook = 0; hook < HOOK_COUNT; hook++) {
		for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
			packet_build(&in, &spec);
			in.data[14 + lies[i].offset] = lies[i].value;
			assert_int_equal(relay_run(&relays[hook], &in, &out),
					 DETOUR_PASS_MALFORMED);
			check_same("lie", &in, &out);
		}
	}
}

/* Every value that a TCP checksum can have: the payload's last two bytes make it. */
static void checksum_corner_values(void **state)
{
	static const uint16_t checks[] = {0x0000, 0x0001, 0x7fff, 0x8000, 0xfffe, 0xff00, 0x00ff};
	struct packet_spec spec = {CLIENT4, DETOUR4, ACK, .payload_len = 2};
	struct packet in, out;

	(void)state;
	for (int hook = 0; hook < HOOK_COUNT; hook++) {
		for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
			uint8_t *tcp = in.data + 34;
			uint32_t sum;

			packet_build(&in, &spec);
			/* The new payload takes up the difference of the checksums. */
			sum = (tcp[16] << 8 | tcp[17]) + (tcp[20] << 8 | tcp[21]) +
			      (uint16_t)~checks[i];
			sum = (sum & 0xffff) + (sum >> 16);
			sum = (sum & 0xffff) + (sum >> 16);
			tcp[20] = sum >> 8;
			tcp[21] = sum & 0xff;
			tcp[16] = checks[i] >> 8;
			tcp[17] = checks[i] & 0xff;
			assert_true(packet_is_valid(&in));
			assert_int_equal(relay_run(&relays[hook], &in, &out), DETOUR_FORWARD);
			assert_true(packet_is_valid(&out));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forwards_by_the_table),
		cmocka_unit_test(truncation_at_every_byte),
		cmocka_unit_test(lying_lengths_pass),
		cmocka_unit_test(checksum_corner_values),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
