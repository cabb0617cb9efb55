/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Flows and leases in a ring of random order: every one turns a packet into the next one's, so that
 * TEST_RUN, which repeats on the packet as the last run left it, finds another at each run.
 */
#ifndef DETOUR_BENCH_RING_H
#define DETOUR_BENCH_RING_H

#include "tests/prog/relay.h"

enum {
	RING_RUNS = 250, /* of one packet: a hop limit of 255 and a reserve */
};

struct ring {
	uint32_t count;
	uint32_t *next; /* a permutation of one cycle */
	bool is_ipv6;
};

/* Ends the program with the errno's text if `ok` is false. */
void check(bool ok, const char *what);

uint64_t random_next(void);
struct ring ring_new(uint32_t count, bool is_ipv6);
void ring_free(struct ring *ring);

/* The tuple of the index-th flow's packets. */
struct flow_key ring_key(const struct ring *ring, uint32_t index);

/* A flow entry for each of the ring. */
void ring_fill_flows(const struct ring *ring, int map);

/* A lease for each of the ring, in the order of their numbers: a SYN makes the flow of one after
 * the other. */
void ring_fill_leases(const struct ring *ring, int map);

/* The index-th flow's packet of `len` bytes, or of its own length if that is 0. */
void ring_packet(const struct ring *ring, uint32_t index, size_t len, struct packet *ret_packet);

/* The same as a SYN with MP_JOIN. */
void ring_syn(const struct ring *ring, uint32_t index, struct packet *ret_packet);

/* What a bare lookup or insertion takes for a packet: the tuple, and zeros. */
void ring_bare(const struct ring *ring, uint32_t index, size_t len, struct packet *ret_packet);

/* Empties a map of flows. */
void ring_clear(int map);

#endif /* DETOUR_BENCH_RING_H */
