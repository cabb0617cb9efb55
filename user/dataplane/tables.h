/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The pinned maps as typed tables (include/detour/flow.h says what each holds). The arrays are
 * memory that BPF shares, so that userspace writes single fields beside BPF's atomic adds.
 */
#ifndef DETOUR_DATAPLANE_TABLES_H
#define DETOUR_DATAPLANE_TABLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <detour/flow.h>
#include <detour/verdict.h>

struct pins;
struct tables;

/*
 * Opens the maps of an instance. -ENOENT: nothing is loaded; -EPROTONOSUPPORT: maps of another
 * layout; both and other errors are explained on `errors`.
 */
int tables_open(const struct pins *pins, FILE *errors, struct tables **ret_tables);
void tables_close(struct tables *tables);

/* Writes the layout version: the last step of a first load. */
int tables_mark_loaded(struct tables *tables, uint64_t now_ns);
uint64_t tables_loaded_ns(const struct tables *tables);

uint32_t tables_max_flows(const struct tables *tables); /* two entries make a flow */
uint32_t tables_max_leases(const struct tables *tables);
uint32_t tables_max_identities(const struct tables *tables); /* number 0 included */

/* Leases. put: -E2BIG when the map is full. delete: -ENOENT. */
int tables_lease_put(struct tables *tables, const struct lease_key *key,
		     const struct lease_entry *entry);
int tables_lease_delete(struct tables *tables, const struct lease_key *key);
int tables_leases_each(struct tables *tables,
		       int (*visit)(void *data, const struct lease_key *key,
				    const struct lease_entry *entry),
		       void *data);

/* Flows, one direction each. read: -ENOENT. */
int tables_flow_read(struct tables *tables, const struct flow_key *key,
		     struct flow_entry *ret_entry);
int tables_flow_delete(struct tables *tables, const struct flow_key *key);

/* The key of the other direction. */
struct flow_key flow_key_reverse(const struct flow_entry *entry);

/* A walk over all flow entries, in batches, that may rest between two calls. */
struct flow_scan {
	uint32_t position;
	bool begun;
};

/* Up to `max` (256 or more) entries. 0; -ENOENT: these were the last; -errno. */
int tables_flow_scan(struct tables *tables, struct flow_scan *scan, struct flow_entry *out,
		     size_t max, size_t *ret_count);

/* Identities: BPF counts in flows and next_ns, the rest is userspace's. */
const struct identity_entry *tables_identity(const struct tables *tables, uint32_t number);
void tables_identity_set(struct tables *tables, uint32_t number, const char *name,
			 uint32_t max_flows, uint64_t new_flow_ns, uint64_t burst_ns);
void tables_identity_clear(struct tables *tables, uint32_t number);
/* Atomic, against BPF's own adds; never below 0. */
void tables_identity_add_flows(struct tables *tables, uint32_t number, int32_t delta);

/* Next hops: BPF sees the slot invalid while it is written. */
const struct nexthop_entry *tables_nexthop(const struct tables *tables, uint32_t slot);
void tables_nexthop_set(struct tables *tables, uint32_t slot, const struct nexthop_entry *entry);

/* Local addresses: makes the map hold these and no others. */
int tables_local_addrs_set(struct tables *tables, const struct detour_addr *addrs,
			   const uint32_t *ifindexes, size_t count);

void tables_ports_busy_set(struct tables *tables, const uint64_t words[DETOUR_PORT_WORDS]);

/* Sums over all CPUs. */
int tables_verdicts_read(struct tables *tables,
			 struct verdict_count ret_counts[DETOUR_VERDICT_COUNT]);
const char *verdict_name(enum detour_verdict verdict); /* "DROP_NO_LEASE" */
const char *verdict_text(enum detour_verdict verdict); /* "no lease covers this SYN" */

/* Memory that the maps take, bytes, as the kernel accounts it; 0: not known. */
uint64_t tables_memory(const struct tables *tables);

/* For user/dataplane alone. */
uint32_t tables_flows_id(const struct tables *tables); /* the map's id; 0: not known */
int tables_events_fd(const struct tables *tables);

#endif /* DETOUR_DATAPLANE_TABLES_H */
