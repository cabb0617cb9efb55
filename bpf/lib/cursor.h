/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * A cursor over a packet. cursor_take() is the only place that compares with the packet's end.
 * Pure: it also compiles natively, for the unit tests.
 */
#ifndef DETOUR_BPF_CURSOR_H
#define DETOUR_BPF_CURSOR_H

#include <stddef.h>
#include <linux/types.h>
#include <bpf/lib/compiler.h>

struct cursor {
	void *pos;
	void *end;
};

/* The next `len` bytes, or NULL if the packet ends before; the cursor then stays where it is. */
static __always_inline void *cursor_take(struct cursor *cursor, __u32 len)
{
	void *taken = cursor->pos;

	if (taken + len > cursor->end)
		return NULL;
	cursor->pos = taken + len;
	return taken;
}

#endif /* DETOUR_BPF_CURSOR_H */
