// SPDX-License-Identifier: BSD-2-Clause
/* The ring buffer through libbpf. */
#include "user/dataplane/events.h"

#include <errno.h>
#include <stdlib.h>

#include <bpf/libbpf.h>

#include "user/dataplane/tables.h"

struct events {
	struct ring_buffer *ring;
	events_callback callback;
	void *owner;
};

static int on_sample(void *context, void *data, size_t size)
{
	const struct events *events = context;

	if (size >= sizeof(struct detour_event))
		events->callback(events->owner, data);
	return 0;
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
	return ring_buffer__consume(events->ring);
}
