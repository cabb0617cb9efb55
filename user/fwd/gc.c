// SPDX-License-Identifier: BSD-2-Clause
/* Walking the flows in batches. */
#include "user/fwd/gc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/dataplane/tables.h"
#include "user/fwd/clock.h"
#include "user/fwd/flowlog.h"
#include "user/fwd/nexthops.h"

/* A whole walk takes this long at least; a large table is spread over it. */
#define SCAN_PERIOD_NS (10 * SECOND_NS)
/* Short steps: what comes by the channel meanwhile waits for one of them. */
#define STEP_MS	       20
#define REST_MS	       500
#define STEPS_PER_SCAN (10 * 1000 / STEP_MS)
#define HALVES_EACH    16 /* walks: halves are looked for in one of so many, and after a start */
#define BATCH_MIN      1024
#define BATCH_MAX      16384

struct gc {
	struct tables *tables;
	struct nexthops *nexthops;
	const struct identities *identities;
	struct gc_timeouts timeouts;
	struct gc_counters counters;
	struct flow_scan scan;
	struct flow_entry *batch;
	size_t batch_size;
	uint64_t scan_begun_ns, entries, busy_ns, longest_step_ns;
	bool scanning;
	/* The first walk counts flows: by identity, as told and as found. */
	uint32_t *told, *found;
	uint64_t counting_since_ns;
	bool counting;
};

int gc_new(struct tables *tables, struct nexthops *nexthops, const struct identities *identities,
	   const struct gc_timeouts *timeouts, struct gc **ret_gc)
{
	uint32_t count = tables_max_identities(tables);
	struct gc *gc = calloc(1, sizeof(*gc));

	if (!gc)
		return -ENOMEM;
	gc->tables = tables;
	gc->nexthops = nexthops;
	gc->identities = identities;
	gc->timeouts = *timeouts;
	gc->batch_size = BATCH_MIN;
	gc->batch = calloc(gc->batch_size, sizeof(*gc->batch));
	gc->told = calloc(count, sizeof(*gc->told));
	gc->found = calloc(count, sizeof(*gc->found));
	gc->counting = true;
	if (!gc->batch || !gc->told || !gc->found) {
		gc_free(gc);
		return -ENOMEM;
	}
	*ret_gc = gc;
	return 0;
}

void gc_free(struct gc *gc)
{
	if (!gc)
		return;
	free(gc->batch);
	free(gc->told);
	free(gc->found);
	free(gc);
}

void gc_set_timeouts(struct gc *gc, const struct gc_timeouts *timeouts)
{
	gc->timeouts = *timeouts;
}

/* Flows that begin from now on are counted by BPF alone: the correction leaves them out. */
static void counting_begin(struct gc *gc, uint64_t now_ns)
{
	gc->counting_since_ns = now_ns;
	memset(gc->found, 0, tables_max_identities(gc->tables) * sizeof(*gc->found));
	for (uint32_t i = 0; i < tables_max_identities(gc->tables); i++)
		gc->told[i] = tables_identity(gc->tables, i)->flows;
}

static void counting_end(struct gc *gc)
{
	for (uint32_t i = 0; i < tables_max_identities(gc->tables); i++) {
		int32_t error = (int32_t)(gc->found[i] - gc->told[i]);

		if (error)
			tables_identity_add_flows(gc->tables, i, error);
	}
	gc->counting = false;
}

static void count_flow(struct gc *gc, const struct flow_entry *entry)
{
	if (!(entry->flags & FLOW_TO_SERVER) || entry->created_ns >= gc->counting_since_ns ||
	    entry->identity >= tables_max_identities(gc->tables))
		return;
	gc->found[entry->identity]++;
}

/*
 * The client's side goes first, and with it the identity's count: a daemon that is killed between
 * the two leaves half a flow, which no count includes.
 */
static void remove_flow(struct gc *gc, const struct flow_entry *to_server,
			const struct flow_entry *to_client)
{
	if (to_server && tables_flow_delete(gc->tables, &to_server->key) == 0)
		tables_identity_add_flows(gc->tables, to_server->identity, -1);
	if (to_client)
		tables_flow_delete(gc->tables, &to_client->key);
}

static void count_removed(struct gc *gc, enum gc_verdict verdict)
{
	switch (verdict) {
	case GC_TIMEOUT:
		gc->counters.removed_timeout++;
		break;
	case GC_CLOSED:
		gc->counters.removed_closed++;
		break;
	case GC_HALF:
		gc->counters.removed_half++;
		break;
	case GC_KEEP:
		break;
	}
}

static const char *reason_word(enum gc_verdict verdict)
{
	return verdict == GC_TIMEOUT ? "timeout" : verdict == GC_CLOSED ? "closed" : "half";
}

/* Of the flow's other direction; false: there is none. */
static bool read_other(struct gc *gc, const struct flow_entry *entry, struct flow_entry *ret_other)
{
	struct flow_key reverse = flow_key_reverse(entry);

	return tables_flow_read(gc->tables, &reverse, ret_other) == 0;
}

/*
 * The batch is a moment old: before anything is removed, both directions are read again. They may
 * be gone by then.
 */
static void look_at(struct gc *gc, const struct flow_entry *found, uint64_t now_ns)
{
	const struct flow_entry *to_server, *to_client;
	struct flow_entry entry, other;
	enum gc_verdict verdict;
	bool paired = read_other(gc, found, &other);

	if (gc_decide(found, paired ? &other : NULL, now_ns, &gc->timeouts) == GC_KEEP ||
	    tables_flow_read(gc->tables, &found->key, &entry))
		return;
	paired = read_other(gc, &entry, &other);
	verdict = gc_decide(&entry, paired ? &other : NULL, now_ns, &gc->timeouts);
	if (verdict == GC_KEEP)
		return;
	to_server = entry.flags & FLOW_TO_SERVER ? &entry : paired ? &other : NULL;
	to_client = !(entry.flags & FLOW_TO_SERVER) ? &entry : paired ? &other : NULL;
	remove_flow(gc, to_server, to_client);
	count_removed(gc, verdict);
	if (to_server && !(to_server->seen & FLOW_SEEN_END) &&
	    !(to_client && (to_client->seen & FLOW_SEEN_END)))
		flowlog_removed(gc->identities, to_server, to_client, reason_word(verdict));
}

static void visit(struct gc *gc, const struct flow_entry *entry, uint64_t now_ns)
{
	nexthops_mark(gc->nexthops, entry->nexthop);
	if (gc->counting)
		count_flow(gc, entry);
	/* The counting walk removes nothing: what it found stays true to its end. */
	else if (gc_needs_look(entry, now_ns, &gc->timeouts, gc->counters.scans % HALVES_EACH == 1))
		look_at(gc, entry, now_ns);
}

static void scan_begin(struct gc *gc, uint64_t now_ns)
{
	gc->scan = (struct flow_scan){0};
	gc->scan_begun_ns = now_ns;
	gc->scanning = true;
	gc->entries = gc->busy_ns = gc->longest_step_ns = 0;
	nexthops_scan_begin(gc->nexthops);
	if (gc->counting)
		counting_begin(gc, now_ns);
}

static void batch_resize(struct gc *gc, size_t size)
{
	struct flow_entry *batch;

	size = size < BATCH_MIN ? BATCH_MIN : size > BATCH_MAX ? BATCH_MAX : size;
	batch = size == gc->batch_size ? NULL : realloc(gc->batch, size * sizeof(*batch));
	if (batch) {
		gc->batch = batch;
		gc->batch_size = size;
	}
}

static void scan_end(struct gc *gc)
{
	gc->scanning = false;
	gc->counters.scans++;
	gc->counters.entries = gc->entries;
	nexthops_scan_end(gc->nexthops);
	if (gc->counting)
		counting_end(gc);
	/* The next walk's parts are as large as its length asks for. */
	batch_resize(gc, gc->entries / STEPS_PER_SCAN * 2);
}

static int scan_step(struct gc *gc, uint64_t now)
{
	size_t count = 0;
	int err;

	/* Flows that were not there at the last walk: or the daemon is new, and they are not. */
	if (now - gc->scan_begun_ns > SCAN_PERIOD_NS)
		batch_resize(gc, gc->batch_size * 2);
	err = tables_flow_scan(gc->tables, &gc->scan, gc->batch, gc->batch_size, &count);
	if (err && err != -ENOENT) {
		gc->scanning = false;
		return err;
	}
	for (size_t i = 0; i < count; i++)
		visit(gc, &gc->batch[i], now);
	gc->entries += count;
	return err;
}

static void count_time(struct gc *gc, uint64_t took_ns)
{
	gc->busy_ns += took_ns;
	if (took_ns > gc->longest_step_ns)
		gc->longest_step_ns = took_ns;
}

int gc_step(struct gc *gc)
{
	uint64_t now = clock_now_ns();
	int err;

	if (!gc->scanning) {
		if (gc->scan_begun_ns && now - gc->scan_begun_ns < SCAN_PERIOD_NS)
			return 0;
		scan_begin(gc, now);
	}
	err = scan_step(gc, now);
	if (err == -ENOENT)
		scan_end(gc);
	count_time(gc, clock_now_ns() - now);
	if (err != -ENOENT)
		return err;
	gc->counters.busy_ns = gc->busy_ns;
	gc->counters.longest_step_ns = gc->longest_step_ns;
	return 0;
}

unsigned int gc_pause_ms(const struct gc *gc)
{
	return gc->scanning ? STEP_MS : REST_MS;
}

const struct gc_counters *gc_counters(const struct gc *gc)
{
	return &gc->counters;
}
