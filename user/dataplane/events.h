/* SPDX-License-Identifier: BSD-2-Clause */
/* The data path's events (include/detour/event.h), read from the ring buffer. */
#ifndef DETOUR_DATAPLANE_EVENTS_H
#define DETOUR_DATAPLANE_EVENTS_H

#include <detour/event.h>

struct tables;
struct events;

typedef void (*events_callback)(void *owner, const struct detour_event *event);

int events_new(struct tables *tables, events_callback callback, void *owner,
	       struct events **ret_events);
void events_free(struct events *events);

/* Readable when there is something to read. */
int events_fd(const struct events *events);

/* Calls back for what has come, but not without end: the rest keeps events_fd() readable. 0 or -errno. */
int events_read(struct events *events);

#endif /* DETOUR_DATAPLANE_EVENTS_H */
