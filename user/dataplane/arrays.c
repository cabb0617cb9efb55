// SPDX-License-Identifier: BSD-2-Clause
/* The array maps: identities, next hops, busy ports (shared memory), verdict counters. */
#include "user/dataplane/tables_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "user/base/cleanup.h"

static struct identity_entry *identity_at(const struct tables *tables, uint32_t number)
{
	const struct table *table = &tables->table[TABLE_IDENTITIES];

	return number < table->max_entries ? (struct identity_entry *)table->memory + number : NULL;
}

const struct identity_entry *tables_identity(const struct tables *tables, uint32_t number)
{
	return identity_at(tables, number);
}

void tables_identity_set(struct tables *tables, uint32_t number, const char *name,
			 uint32_t max_flows, uint64_t new_flow_ns, uint64_t burst_ns)
{
	struct identity_entry *entry = identity_at(tables, number);

	if (!entry)
		return;
	strncpy(entry->name, name, sizeof(entry->name) - 1);
	__atomic_store_n(&entry->max_flows, max_flows, __ATOMIC_RELAXED);
	__atomic_store_n(&entry->new_flow_ns, new_flow_ns, __ATOMIC_RELAXED);
	__atomic_store_n(&entry->burst_ns, burst_ns, __ATOMIC_RELAXED);
}

void tables_identity_clear(struct tables *tables, uint32_t number)
{
	struct identity_entry *entry = identity_at(tables, number);

	if (entry)
		memset(entry, 0, sizeof(*entry));
}

void tables_identity_add_flows(struct tables *tables, uint32_t number, int32_t delta)
{
	struct identity_entry *entry = identity_at(tables, number);
	uint32_t flows, changed;

	if (!entry)
		return;
	flows = __atomic_load_n(&entry->flows, __ATOMIC_RELAXED);
	do {
		changed = delta < 0 && flows < (uint32_t)-delta ? 0 : flows + (uint32_t)delta;
	} while (!__atomic_compare_exchange_n(&entry->flows, &flows, changed, true,
					      __ATOMIC_RELAXED, __ATOMIC_RELAXED));
}

static struct nexthop_entry *nexthop_at(const struct tables *tables, uint32_t slot)
{
	const struct table *table = &tables->table[TABLE_NEXTHOPS];

	return slot < table->max_entries ? (struct nexthop_entry *)table->memory + slot : NULL;
}

const struct nexthop_entry *tables_nexthop(const struct tables *tables, uint32_t slot)
{
	return nexthop_at(tables, slot);
}

void tables_nexthop_set(struct tables *tables, uint32_t slot, const struct nexthop_entry *entry)
{
	struct nexthop_entry *at = nexthop_at(tables, slot);
	struct nexthop_entry fresh = *entry;

	if (!at || slot == DETOUR_NEXTHOP_NONE || memcmp(at, entry, sizeof(*at)) == 0)
		return;
	__atomic_store_n(&at->flags, 0, __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	fresh.flags = 0;
	memcpy(at, &fresh, sizeof(*at));
	__atomic_store_n(&at->flags, entry->flags, __ATOMIC_RELEASE);
}

void tables_ports_busy_set(struct tables *tables, const uint64_t words[DETOUR_PORT_WORDS])
{
	uint64_t *at = tables->table[TABLE_PORTS_BUSY].memory;

	for (size_t i = 0; i < DETOUR_PORT_WORDS; i++) {
		if (at[i] != words[i])
			__atomic_store_n(&at[i], words[i], __ATOMIC_RELAXED);
	}
}

int tables_verdicts_read(struct tables *tables,
			 struct verdict_count ret_counts[DETOUR_VERDICT_COUNT])
{
	int cpus = libbpf_num_possible_cpus();
	_cleanup_free_ struct verdict_count *each = NULL;

	if (cpus < 0)
		return cpus;
	each = calloc((size_t)cpus, sizeof(*each));
	if (!each)
		return -ENOMEM;
	for (uint32_t v = 0; v < DETOUR_VERDICT_COUNT; v++) {
		struct verdict_count sum = {0};

		if (bpf_map_lookup_elem(tables->table[TABLE_VERDICTS].fd, &v, each) < 0)
			return -errno;
		for (int cpu = 0; cpu < cpus; cpu++) {
			sum.packets += each[cpu].packets;
			sum.bytes += each[cpu].bytes;
		}
		ret_counts[v] = sum;
	}
	return 0;
}

#define VERDICT_NAME(name, text) #name,
#define VERDICT_TEXT(name, text) text,

const char *verdict_name(enum detour_verdict verdict)
{
	static const char *const names[] = {DETOUR_VERDICTS(VERDICT_NAME)};

	return verdict < DETOUR_VERDICT_COUNT ? names[verdict] : "?";
}

const char *verdict_text(enum detour_verdict verdict)
{
	static const char *const texts[] = {DETOUR_VERDICTS(VERDICT_TEXT)};

	return verdict < DETOUR_VERDICT_COUNT ? texts[verdict] : "?";
}

/* The kernel's own account of one map: "memlock:" in its fdinfo. */
static uint64_t map_memory(int fd)
{
	char path[64], line[128];
	_cleanup_fclose_ FILE *info = NULL;
	unsigned long long bytes = 0;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = fopen(path, "re");
	if (!info)
		return 0;
	while (fgets(line, sizeof(line), info)) {
		if (sscanf(line, "memlock: %llu", &bytes) == 1)
			break;
	}
	return bytes;
}

uint64_t tables_memory(const struct tables *tables)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < TABLE_COUNT; i++)
		sum += map_memory(tables->table[i].fd);
	return sum;
}
