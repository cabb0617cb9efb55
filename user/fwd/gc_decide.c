// SPDX-License-Identifier: BSD-2-Clause
/* When a flow is over. */
#include "user/fwd/gc_decide.h"

static uint64_t idle_ns(uint64_t last_seen_ns, uint64_t now_ns)
{
	return now_ns > last_seen_ns ? now_ns - last_seen_ns : 0;
}

static uint64_t min_ns(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

bool gc_needs_look(const struct flow_entry *entry, uint64_t now_ns,
		   const struct gc_timeouts *timeouts, bool halves)
{
	uint64_t idle = idle_ns(entry->last_seen_ns, now_ns);

	if (entry->flags & FLOW_TO_SERVER)
		return idle >= timeouts->transitory_ns;
	return halves && idle >= min_ns(timeouts->transitory_ns, GC_HALF_NS);
}

static bool is_closed(const struct flow_entry *a, const struct flow_entry *b)
{
	return ((a->seen | b->seen) & FLOW_SEEN_RST) || (a->seen & b->seen & FLOW_SEEN_FIN);
}

static bool is_established(const struct flow_entry *a, const struct flow_entry *b)
{
	return (a->seen & b->seen & FLOW_SEEN_ACK) && !((a->seen | b->seen) & FLOW_SEEN_FIN);
}

enum gc_verdict gc_decide(const struct flow_entry *entry, const struct flow_entry *other,
			  uint64_t now_ns, const struct gc_timeouts *timeouts)
{
	uint64_t last_seen = entry->last_seen_ns, idle;

	if (other && other->last_seen_ns > last_seen)
		last_seen = other->last_seen_ns;
	idle = idle_ns(last_seen, now_ns);
	if (!other)
		return idle >= GC_HALF_NS ? GC_HALF : GC_KEEP;
	/* RFC 5382, REQ-5: the closing phase is transitory, too. And the RST may have been forged. */
	if (is_closed(entry, other))
		return idle >= timeouts->transitory_ns ? GC_CLOSED : GC_KEEP;
	if (is_established(entry, other))
		return idle >= timeouts->established_ns ? GC_TIMEOUT : GC_KEEP;
	return idle >= timeouts->transitory_ns ? GC_TIMEOUT : GC_KEEP;
}
