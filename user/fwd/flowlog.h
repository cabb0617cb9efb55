/* SPDX-License-Identifier: BSD-2-Clause */
/* One structured log line for each flow's start and end: who, when, to where, how much. */
#ifndef DETOUR_FWD_FLOWLOG_H
#define DETOUR_FWD_FLOWLOG_H

#include <detour/event.h>

struct identities;

/* What the data path told. */
void flowlog_event(const struct identities *identities, const struct detour_event *event);

/*
 * A flow that userspace removes without the data path having seen its end; `to_client` may be NULL
 * (half a flow). `reason` is a word.
 */
void flowlog_removed(const struct identities *identities, const struct flow_entry *to_server,
		     const struct flow_entry *to_client, const char *reason);

#endif /* DETOUR_FWD_FLOWLOG_H */
