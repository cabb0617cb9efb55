/* SPDX-License-Identifier: BSD-2-Clause */
/* The pure headers of bpf/lib, compiled natively: sums, tuples, options, cursor, parsing. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "bpf/lib/csum.h"
#include "bpf/lib/pkt.h"
#include "bpf/lib/tcpopt.h"
#include "bpf/lib/tuple.h"

/* The checksum of bytes, by the book (RFC 1071), independent of csum.h. */
static uint16_t checksum(const uint8_t *data, size_t len)
{
	uint32_t sum = 0;
	uint16_t check;

	for (size_t i = 0; i < len; i++)
		sum += i % 2 ? data[i] : data[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	check = ~sum;
	return check << 8 | check >> 8; /* as it lies in a packet, on a little-endian machine */
}

static uint32_t random32(void)
{
	static uint64_t state = 42;

	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return state >> 32;
}

static void folds(void **state)
{
	static const struct {
		uint32_t sum;
		uint16_t folded;
	} rows[] = {{0, 0},
		    {1, 1},
		    {0xffff, 0xffff},
		    {0x10000, 1},
		    {0x1ffff, 1},
		    {0x1fffe, 0xffff},
		    {0xffffffff, 0xffff},
		    {0xfffeffff, 0xfffe},
		    {0xffff0000, 0xffff}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(csum_fold(rows[i].sum), rows[i].folded);
	assert_int_equal(csum_fold_words(0), 0);
	assert_int_equal(csum_fold_words(4ull * 0xffffffff), 0xffff);
	assert_int_equal(csum_fold_words(0x100000000ull), 1);
}

/* RFC 1624's own example: 0xdd2f, a word 0x5555 becomes 0x3285, gives 0x0000 and not 0xffff. */
static void updates_as_rfc_1624(void **state)
{
	uint32_t delta = 0x3285 + (uint16_t)~0x5555;

	(void)state;
	assert_int_equal(csum_apply(0xdd2f, delta), 0x0000);
	assert_int_equal(csum_apply(csum_apply(0x1234, 0x4321), csum_negate(0x4321)), 0x1234);
	assert_int_equal(csum_apply(0x1234, 0), 0x1234);
}

/* A tuple in a packet changes: the updated checksum is that of the new packet. */
static void deltas_fit_any_tuples(void **state)
{
	(void)state;
	for (int i = 0; i < 100000; i++) {
		struct flow_key old, new;
		uint32_t words[sizeof(old) / 4];
		uint16_t check;

		for (size_t w = 0; w < sizeof(words) / 4; w++)
			words[w] = random32() % 8 ? random32() : random32() % 2 * 0xffffffff;
		memcpy(&old, words, sizeof(old));
		for (size_t w = 0; w < sizeof(words) / 4; w++)
			words[w] = random32() % 8 ? random32() : random32() % 2 * 0xffffffff;
		memcpy(&new, words, sizeof(new));
		check = csum_apply(checksum((uint8_t *)&old, sizeof(old)),
				   (uint32_t)csum_tuple_addr_delta(&old, &new) +
					   csum_tuple_port_delta(&old, &new));
		assert_int_equal(check, checksum((uint8_t *)&new, sizeof(new)));
	}
}

static void tuples_invert(void **state)
{
	struct in6_addr ipv6 = {.s6_addr = "0123456789abcde"};
	struct flow_key key, inverse, again;

	(void)state;
	memset(&key, 0, sizeof(key));
	addr_set_ipv4(&key.src, bpf_htonl(0xc6336407));
	addr_set_ipv6(&key.dst, &ipv6);
	key.src_port_be = 1;
	key.dst_port_be = 2;
	assert_memory_equal(key.src.bytes, "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc6\x33\x64\x07", 16);
	tuple_inverse(&key, &inverse);
	assert_true(addr_equal(&inverse.src, &key.dst) && addr_equal(&inverse.dst, &key.src));
	assert_false(tuple_equal(&key, &inverse));
	tuple_inverse(&inverse, &again);
	assert_true(tuple_equal(&key, &again));
	/* Every byte counts. */
	for (size_t i = 0; i < sizeof(key); i++) {
		again = key;
		((uint8_t *)&again)[i] ^= 0x80;
		assert_false(tuple_equal(&key, &again));
	}
}

/* As in a flow entry and on the stack of the program: tuples at multiples of 8. */
static void aligned_tuples_copy_and_compare(void **state)
{
	struct {
		struct flow_key key __attribute__((aligned(8)));
		uint32_t behind;
	} from = {.behind = 0x01020304}, to = {.behind = 0x05060708};

	(void)state;
	for (size_t i = 0; i < sizeof(from.key); i++)
		((uint8_t *)&from.key)[i] = i;
	tuple_copy_aligned(&from.key, &to.key);
	assert_memory_equal(&to.key, &from.key, sizeof(to.key));
	assert_int_equal(to.behind, 0x05060708);
	assert_true(tuple_equal_aligned(&from.key, &to.key));
	for (size_t i = 0; i < sizeof(to.key); i++) {
		((uint8_t *)&to.key)[i] ^= 0x80;
		assert_false(tuple_equal_aligned(&from.key, &to.key));
		((uint8_t *)&to.key)[i] ^= 0x80;
	}
}

static uint32_t walk(const uint8_t *options, size_t len)
{
	struct tcpopt_walk walk = {.len = len};

	memcpy(walk.bytes, options, len);
	for (int i = 0; i < TCPOPT_BYTES_MAX && !tcpopt_step(&walk); i++)
		assert_true(walk.off <= walk.len);
	return walk.subtypes;
}

static void walks_options(void **state)
{
	static const struct {
		const char *name;
		uint8_t options[40];
		size_t len;
		uint32_t subtypes;
	} rows[] = {
		{"none", {0}, 0, 0},
		{"join", {30, 12, 0x10, 1, 0, 0, 0, 1, 0, 0, 0, 1}, 12, 1 << 1},
		{"capable", {30, 4, 0x01, 0x81}, 4, 1 << 0},
		{"two", {30, 3, 0x20, 30, 3, 0xf0, 1, 1}, 8, 1 << 2 | 1 << 15},
		{"after others", {2, 4, 5, 180, 1, 1, 4, 2, 30, 3, 0x10, 0}, 12, 1 << 1},
		{"after the end", {0, 30, 3, 0x10}, 4, 0},
		{"no length", {30}, 1, 0},
		{"length 0", {30, 0, 0x10, 1}, 4, 0},
		{"length 1", {30, 1, 0x10, 1}, 4, 0},
		{"length 2", {30, 2, 0x10, 1}, 4, 0},
		{"length 255", {30, 255, 0x10, 1}, 4, 0},
		{"one too long", {30, 5, 0x10, 1}, 4, 0},
		{"inside another", {2, 6, 30, 4, 0x10, 0, 1, 1}, 8, 0},
		{"behind a broken one", {2, 0, 30, 4, 0x10, 0, 1, 1}, 8, 0},
		{"in the last bytes", {[36] = 1, 30, 3, 0x10}, 40, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (walk(rows[i].options, rows[i].len) != rows[i].subtypes)
			fail_msg("%s", rows[i].name);
	}
	for (int i = 0; i < 100000; i++) {
		uint8_t options[40];

		for (size_t o = 0; o < sizeof(options); o++)
			options[o] = random32() % 3 ? random32() % 8 : random32();
		walk(options, random32() % 41);
	}
}

static void a_cursor_stays_in_its_packet(void **state)
{
	uint8_t *packet = malloc(10);
	struct cursor cursor = {packet, packet + 10};

	(void)state;
	assert_ptr_equal(cursor_take(&cursor, 0), packet);
	assert_ptr_equal(cursor_take(&cursor, 4), packet);
	assert_null(cursor_take(&cursor, 7));
	assert_ptr_equal(cursor_take(&cursor, 6), packet + 4);
	assert_null(cursor_take(&cursor, 1));
	assert_ptr_equal(cursor_take(&cursor, 0), packet + 10);
	free(packet);
}

static int parse(const uint8_t *bytes, size_t len, struct pkt *ret_pkt)
{
	/* As long as it is, that ASan sees a byte too much; and the IP header is aligned. */
	uint8_t *memory = malloc(2 + len), *packet = memory + 2;
	struct cursor cursor = {packet, packet + len};
	int verdict;

	memcpy(packet, bytes, len);
	memset(ret_pkt, 0xa5, sizeof(*ret_pkt));
	verdict = pkt_parse(&cursor, len, 0, ret_pkt);
	free(memory);
	return verdict;
}

/* Bytes that look like packets more often than not: a verdict, or headers within the packet. */
static void parses_anything(void **state)
{
	static const uint8_t protos[] = {6, 1, 58, 44, 17};
	unsigned int parsed = 0;

	(void)state;
	for (int i = 0; i < 200000; i++) {
		uint8_t bytes[160];
		size_t len = random32() % sizeof(bytes), l3 = 14;
		bool v4 = random32() % 2;
		struct pkt pkt;

		for (size_t b = 0; b < sizeof(bytes); b++)
			bytes[b] = random32() % 4 ? 0 : random32();
		if (random32() % 4 == 0) {
			memcpy(bytes + 12, "\x81\x00\x00\x05", 4);
			l3 += 4;
		}
		memcpy(bytes + l3 - 2, v4 ? "\x08\x00" : "\x86\xdd", 2);
		bytes[l3] = v4 ? 0x45 + random32() % 2 : 0x60;
		bytes[l3 + (v4 ? 3 : 5)] = len > l3 + 40 ? len - l3 - (v4 ? 0 : 40) : 3;
		bytes[l3 + (v4 ? 2 : 4)] = 0;
		bytes[l3 + (v4 ? 9 : 6)] = protos[random32() % sizeof(protos)];
		if (v4)
			bytes[l3 + 20] = random32() % 2 ? 3 : 0x50;
		bytes[l3 + (v4 ? 32 : 52)] = 0x50 + random32() % 0x30;
		if (parse(bytes, len, &pkt) != DETOUR_UNDECIDED)
			continue;
		parsed++;
		assert_true(pkt.l3_off == l3 && pkt.l3_off + pkt.l3_len <= len);
		assert_true(pkt.l4_off + pkt.l4_header_len <= pkt.l3_off + pkt.l3_len);
	}
	assert_true(parsed > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(folds),
		cmocka_unit_test(updates_as_rfc_1624),
		cmocka_unit_test(deltas_fit_any_tuples),
		cmocka_unit_test(tuples_invert),
		cmocka_unit_test(aligned_tuples_copy_and_compare),
		cmocka_unit_test(walks_options),
		cmocka_unit_test(a_cursor_stays_in_its_packet),
		cmocka_unit_test(parses_anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
