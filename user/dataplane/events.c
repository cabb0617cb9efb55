// SPDX-License-Identifier: BSD-2-Clause
/* The ring buffer through libbpf. */
#include "user/dataplane/events.h"

#include <errno.h>
#include <stdlib.h>

#include <bpf/libbpf.h>

#include "user/dataplane/tables.h"

/* The ring may be filled as fast as it is read: the loop has other work too. */
#define EVENTS_AT_ONCE 1024

struct events {
	struct ring_buffer *ring;
	events_callback callback;
	void *owner;
	unsigned int left; /* that may still be read in this call */
};

/* A negative result ends the walk behind this event; libbpf remembers how far it came. */
static int on_sample(void *context, void *data, size_t size)
{
	struct events *events = context;

	if (size >= sizeof(struct detour_event))
		events->callback(events->owner, data);
	return --events->left ? 0 : -EAGAIN;
}

int events_new(struct tables *tables, events_callback callback, void *owner,
	       struct events **ret_events)
{
	struct events *events = calloc(1, sizeof(*events));
	int err;

	if (!events)
		return -ENOMEM;
	events->callback = callback;
	events->owner = owner;
	events->ring = ring_buffer__new(tables_events_fd(tables), on_sample, events, NULL);
	if (!events->ring) {
		err = -errno;
		free(events);
		return err;
	}
	*ret_events = events;
	return 0;
}

void events_free(struct events *events)
{
	if (!events)
		return;
	ring_buffer__free(events->ring);
	free(events);
}

int events_fd(const struct events *events)
{
	return ring_buffer__epoll_fd(events->ring);
}

int events_read(struct events *events)
{
	int err;

	events->left = EVENTS_AT_ONCE;
	err = ring_buffer__consume(events->ring);
	return err < 0 && err != -EAGAIN ? err : 0;
}
