// SPDX-License-Identifier: BSD-2-Clause
/* Opening the pinned maps, and the hash maps among them: leases, flows, local addresses. */
#include "user/dataplane/tables_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <bpf/bpf.h>

#include "user/base/cleanup.h"
#include "user/dataplane/pins.h"

struct table_def {
	const char *name;
	uint32_t key_size, value_size;
	bool shared; /* an array that is mapped into memory */
};

static const struct table_def table_defs[TABLE_COUNT] = {
	[TABLE_FLOWS] = {"flows", sizeof(struct flow_key), sizeof(struct flow_entry), false},
	[TABLE_LEASES] = {"leases", sizeof(struct lease_key), sizeof(struct lease_entry), false},
	[TABLE_NEXTHOPS] = {"nexthops", 4, sizeof(struct nexthop_entry), true},
	[TABLE_IDENTITIES] = {"identities", 4, sizeof(struct identity_entry), true},
	[TABLE_LOCAL_ADDRS] = {"local_addrs", sizeof(struct detour_addr), 4, false},
	[TABLE_PORTS_BUSY] = {"ports_busy", 4, 8, true},
	[TABLE_VERDICTS] = {"verdicts", 4, sizeof(struct verdict_count), false},
	[TABLE_EVENTS] = {"events", 0, 0, false},
	[TABLE_META] = {"meta", 4, sizeof(struct meta_entry), false},
};

static size_t shared_len(const struct table *table)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t len = (size_t)table->max_entries * ((table->value_size + 7) & ~7U);

	return (len + page - 1) & ~(page - 1);
}

static int table_map_memory(struct table *table)
{
	void *memory = mmap(NULL, shared_len(table), PROT_READ | PROT_WRITE, MAP_SHARED, table->fd,
			    0);

	if (memory == MAP_FAILED)
		return -errno;
	table->memory = memory;
	return 0;
}

static int table_open(const struct pins *pins, const struct table_def *def, FILE *errors,
		      struct table *table)
{
	struct bpf_map_info info = {0};
	__u32 len = sizeof(info);
	char path[PINS_PATH_LEN];
	int err;

	table->fd = bpf_obj_get(pins_path(pins, "", def->name, path));
	if (table->fd < 0 || bpf_obj_get_info_by_fd(table->fd, &info, &len) < 0) {
		err = -errno;
		fprintf(errors, "cannot open %s: %s\n", path, strerror(-err));
		return err;
	}
	if (info.key_size != def->key_size || info.value_size != def->value_size) {
		fprintf(errors,
			"%s has another layout (key %u, value %u bytes; this version: %u, %u)\n",
			path, info.key_size, info.value_size, def->key_size, def->value_size);
		return -EPROTONOSUPPORT;
	}
	table->max_entries = info.max_entries;
	table->value_size = def->value_size;
	if (!def->shared)
		return 0;
	err = table_map_memory(table);
	if (err)
		fprintf(errors, "cannot map %s into memory: %s\n", path, strerror(-err));
	return err;
}

static int check_layout(const struct tables *tables, FILE *errors)
{
	struct meta_entry meta;
	uint32_t zero = 0;

	if (bpf_map_lookup_elem(tables->table[TABLE_META].fd, &zero, &meta) < 0)
		return -errno;
	/* 0: a first load was killed before its end; there is nothing in the maps yet. */
	if (meta.layout_version == 0 || meta.layout_version == DETOUR_LAYOUT_VERSION)
		return 0;
	fprintf(errors, "the pinned maps have layout %u, this version has %u\n",
		meta.layout_version, DETOUR_LAYOUT_VERSION);
	return -EPROTONOSUPPORT;
}

int tables_open(const struct pins *pins, FILE *errors, struct tables **ret_tables)
{
	struct tables *tables;
	int err = 0;

	if (!pins_exist(pins)) {
		fprintf(errors, "nothing is loaded (no %s)\n", pins->dir);
		return -ENOENT;
	}
	tables = calloc(1, sizeof(*tables));
	if (!tables)
		return -ENOMEM;
	for (size_t i = 0; i < TABLE_COUNT; i++)
		tables->table[i].fd = -1;
	/* The version first: maps of another one may have any shape. */
	err = table_open(pins, &table_defs[TABLE_META], errors, &tables->table[TABLE_META]);
	if (!err)
		err = check_layout(tables, errors);
	for (size_t i = 0; i < TABLE_COUNT && !err; i++) {
		if (i != TABLE_META)
			err = table_open(pins, &table_defs[i], errors, &tables->table[i]);
	}
	if (err) {
		tables_close(tables);
		return err;
	}
	*ret_tables = tables;
	return 0;
}

void tables_close(struct tables *tables)
{
	if (!tables)
		return;
	for (size_t i = 0; i < TABLE_COUNT; i++) {
		struct table *table = &tables->table[i];

		if (table->memory)
			munmap(table->memory, shared_len(table));
		if (table->fd >= 0)
			close(table->fd);
	}
	free(tables);
}

int tables_mark_loaded(struct tables *tables, uint64_t now_ns)
{
	struct meta_entry meta;
	uint32_t zero = 0;
	int fd = tables->table[TABLE_META].fd;

	if (bpf_map_lookup_elem(fd, &zero, &meta) < 0)
		return -errno;
	if (meta.layout_version == DETOUR_LAYOUT_VERSION)
		return 0;
	meta = (struct meta_entry){.layout_version = DETOUR_LAYOUT_VERSION, .loaded_ns = now_ns};
	return bpf_map_update_elem(fd, &zero, &meta, BPF_ANY) < 0 ? -errno : 0;
}

uint64_t tables_loaded_ns(const struct tables *tables)
{
	struct meta_entry meta = {0};
	uint32_t zero = 0;

	bpf_map_lookup_elem(tables->table[TABLE_META].fd, &zero, &meta);
	return meta.loaded_ns;
}

uint32_t tables_max_flows(const struct tables *tables)
{
	return tables->table[TABLE_FLOWS].max_entries / 2;
}

uint32_t tables_max_leases(const struct tables *tables)
{
	return tables->table[TABLE_LEASES].max_entries;
}

uint32_t tables_max_identities(const struct tables *tables)
{
	return tables->table[TABLE_IDENTITIES].max_entries;
}

int tables_lease_put(struct tables *tables, const struct lease_key *key,
		     const struct lease_entry *entry)
{
	int fd = tables->table[TABLE_LEASES].fd;

	return bpf_map_update_elem(fd, key, entry, BPF_ANY) < 0 ? -errno : 0;
}

int tables_lease_delete(struct tables *tables, const struct lease_key *key)
{
	return bpf_map_delete_elem(tables->table[TABLE_LEASES].fd, key) < 0 ? -errno : 0;
}

int tables_leases_each(struct tables *tables,
		       int (*visit)(void *data, const struct lease_key *key,
				    const struct lease_entry *entry),
		       void *data)
{
	int fd = tables->table[TABLE_LEASES].fd, err;
	struct lease_key key, *previous = NULL, next;
	struct lease_entry entry;

	while (bpf_map_get_next_key(fd, previous, &next) == 0) {
		key = next;
		previous = &key;
		if (bpf_map_lookup_elem(fd, &key, &entry) < 0)
			continue;
		err = visit(data, &key, &entry);
		if (err)
			return err;
	}
	return errno == ENOENT ? 0 : -errno;
}

int tables_flow_read(struct tables *tables, const struct flow_key *key,
		     struct flow_entry *ret_entry)
{
	struct flow_entry entry;

	if (bpf_map_lookup_elem(tables->table[TABLE_FLOWS].fd, key, &entry) < 0)
		return -errno;
	*ret_entry = entry;
	return 0;
}

int tables_flow_delete(struct tables *tables, const struct flow_key *key)
{
	return bpf_map_delete_elem(tables->table[TABLE_FLOWS].fd, key) < 0 ? -errno : 0;
}

struct flow_key flow_key_reverse(const struct flow_entry *entry)
{
	return (struct flow_key){
		.src = entry->to.dst,
		.dst = entry->to.src,
		.src_port_be = entry->to.dst_port_be,
		.dst_port_be = entry->to.src_port_be,
	};
}

int tables_flow_scan(struct tables *tables, struct flow_scan *scan, struct flow_entry *out,
		     size_t max, size_t *ret_count)
{
	_cleanup_free_ struct flow_key *keys = calloc(max, sizeof(*keys));
	__u32 count = (__u32)max, position = scan->position;
	int err = 0;

	if (!keys)
		return -ENOMEM;
	if (bpf_map_lookup_batch(tables->table[TABLE_FLOWS].fd, scan->begun ? &position : NULL,
				 &scan->position, keys, out, &count, NULL) < 0)
		err = -errno;
	if (err && err != -ENOENT)
		return err;
	scan->begun = true;
	*ret_count = count;
	return err;
}

/* Removes what `keep` does not have. A key is removed only after its successor is known. */
static int local_addrs_trim(int fd, const struct detour_addr *keep, size_t count)
{
	struct detour_addr key, next;
	int more = bpf_map_get_next_key(fd, NULL, &next);

	while (more == 0) {
		bool found = false;

		key = next;
		more = bpf_map_get_next_key(fd, &key, &next);
		for (size_t i = 0; i < count && !found; i++)
			found = memcmp(&keep[i], &key, sizeof(key)) == 0;
		if (!found && bpf_map_delete_elem(fd, &key) < 0 && errno != ENOENT)
			return -errno;
	}
	return 0;
}

int tables_local_addrs_set(struct tables *tables, const struct detour_addr *addrs,
			   const uint32_t *ifindexes, size_t count)
{
	int fd = tables->table[TABLE_LOCAL_ADDRS].fd;

	for (size_t i = 0; i < count; i++) {
		if (bpf_map_update_elem(fd, &addrs[i], &ifindexes[i], BPF_ANY) < 0)
			return -errno;
	}
	return local_addrs_trim(fd, addrs, count);
}

int tables_events_fd(const struct tables *tables)
{
	return tables->table[TABLE_EVENTS].fd;
}

uint32_t tables_flows_id(const struct tables *tables)
{
	struct bpf_map_info info = {0};
	__u32 len = sizeof(info);

	if (bpf_obj_get_info_by_fd(tables->table[TABLE_FLOWS].fd, &info, &len) < 0)
		return 0;
	return info.id;
}
