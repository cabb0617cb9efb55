// SPDX-License-Identifier: BSD-2-Clause
/* The daemon's loop: signals, timers, the data path's events, changes of routes and addresses. */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <signal.h>
#include <string.h>

#include "user/base/cleanup.h"
#include "user/base/log.h"
#include "user/dataplane/dataplane.h"
#include "user/dataplane/events.h"
#include "user/fwd/errlog.h"
#include "user/fwd/flowlog.h"
#include "user/fwd/gc.h"
#include "user/fwd/grants.h"
#include "user/fwd/nexthops.h"
#include "user/fwd/relay.h"
#include "user/net/route.h"

/* Changes come in bursts: they are dealt with together, this long after the first. */
#define CHANGES_SETTLE_MS 20

/* Every so many seconds neighbours are confirmed, listeners are read. */
#define CONFIRM_EACH_S	 5
#define LISTENERS_EACH_S 2

static void on_event(void *owner, const struct detour_event *event)
{
	const struct relay *relay = owner;

	flowlog_event(relay->identities, event);
}

static void on_events(uv_poll_t *poll, int status, int flags)
{
	struct relay *relay = poll->data;

	(void)status;
	(void)flags;
	events_read(relay->events);
}

static void on_gc(uv_timer_t *timer)
{
	struct relay *relay = timer->data;
	int err = gc_step(relay->gc);

	if (err)
		log_warning("cannot walk the flows: %s", strerror(-err));
	uv_timer_start(timer, on_gc, gc_pause_ms(relay->gc), 0);
}

static void on_second(uv_timer_t *timer)
{
	struct relay *relay = timer->data;

	relay->seconds++;
	grants_expire(relay->grants);
	if (relay->seconds % LISTENERS_EACH_S == 0)
		grants_read_listeners(relay->grants);
	if (relay->seconds % CONFIRM_EACH_S == 0)
		nexthops_confirm(relay->nexthops);
	/* A wake-up that was lost would leave events unread. */
	events_read(relay->events);
}

/* An interface that went and came back under its name has lost its program. */
static void attach_returned(struct relay *relay)
{
	for (size_t i = 0; i < dataplane_interface_count(relay->dataplane); i++) {
		struct dataplane_interface interface = *dataplane_interface(relay->dataplane, i);
		uint32_t ifindex = if_nametoindex(interface.ifname);
		struct errlog errlog;

		if (ifindex == 0 || ifindex == interface.ifindex)
			continue;
		errlog_open(&errlog);
		if (dataplane_attach(relay->dataplane, interface.ifname, interface.hook,
				     errlog.stream) == 0)
			log_info("%s is back: attached in mode %s", interface.ifname,
				 hook_word(interface.hook));
		errlog_close(&errlog);
	}
}

static void on_work(uv_timer_t *timer)
{
	struct relay *relay = timer->data;

	if (relay->links_changed)
		attach_returned(relay);
	if (relay->addresses_changed && grants_read_addresses(relay->grants))
		log_warning("cannot read the host's addresses");
	relay->links_changed = false;
	relay->addresses_changed = false;
	if (nexthops_work(relay->nexthops))
		uv_timer_start(timer, on_work, 1, 0);
	else
		grants_follow_routes(relay->grants);
}

static void work_soon(struct relay *relay)
{
	if (!uv_is_active((uv_handle_t *)&relay->work_timer))
		uv_timer_start(&relay->work_timer, on_work, CHANGES_SETTLE_MS, 0);
}

static bool is_route_change(const struct nlmsghdr *nlh)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);

	/* A cached exception (a path's MTU) is no new route. */
	return !(rtm->rtm_flags & RTM_F_CLONED);
}

static int on_change(const struct nlmsghdr *nlh, void *data)
{
	struct neighbour_info info;
	struct relay *relay = data;

	switch (nlh->nlmsg_type) {
	case RTM_NEWNEIGH:
	case RTM_DELNEIGH:
		if (neighbour_parse(nlh, &info) == 0)
			nexthops_neighbour_changed(relay->nexthops, &info);
		return MNL_CB_OK;
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		if (!is_route_change(nlh))
			return MNL_CB_OK;
		break;
	case RTM_NEWADDR:
	case RTM_DELADDR:
		relay->addresses_changed = true;
		break;
	case RTM_NEWLINK:
	case RTM_DELLINK:
		relay->links_changed = true;
		break;
	}
	nexthops_routes_changed(relay->nexthops);
	work_soon(relay);
	return MNL_CB_OK;
}

static void on_netlink(uv_poll_t *poll, int status, int flags)
{
	struct relay *relay = poll->data;
	int err = nl_receive(relay->watch, on_change, relay);

	(void)flags;
	if (status < 0) /* an overrun is an error of the socket, for which libuv stops watching */
		uv_poll_start(poll, UV_READABLE, on_netlink);
	if (err != -ENOBUFS)
		return;
	/* Changes were lost: everything is looked up again. */
	relay->netlink_overruns++;
	relay->addresses_changed = true;
	relay->links_changed = true;
	nexthops_routes_changed(relay->nexthops);
	nexthops_confirm(relay->nexthops);
	work_soon(relay);
}

static void on_signal(uv_signal_t *handle, int number)
{
	struct relay *relay = handle->data;

	if (number == SIGHUP)
		relay_reload(relay);
	else
		relay_stop(relay);
}

static int start_polls(struct relay *relay)
{
	int err = events_new(relay->tables, on_event, relay, &relay->events);

	if (!err)
		err = nl_open(NETLINK_ROUTE, &relay->watch);
	if (!err)
		err = route_subscribe(relay->watch);
	if (err)
		return err;
	uv_poll_init(&relay->loop, &relay->events_poll, events_fd(relay->events));
	uv_poll_init(&relay->loop, &relay->watch_poll, nl_fd(relay->watch));
	relay->events_poll.data = relay;
	relay->watch_poll.data = relay;
	uv_poll_start(&relay->events_poll, UV_READABLE, on_events);
	uv_poll_start(&relay->watch_poll, UV_READABLE, on_netlink);
	return 0;
}

static void start_timers(struct relay *relay)
{
	uv_timer_t *const timers[] = {&relay->second_timer, &relay->gc_timer, &relay->work_timer,
				      &relay->stop_timer};

	for (size_t i = 0; i < ARRAY_SIZE(timers); i++) {
		uv_timer_init(&relay->loop, timers[i]);
		timers[i]->data = relay;
	}
	uv_timer_start(&relay->second_timer, on_second, 1000, 1000);
	uv_timer_start(&relay->gc_timer, on_gc, 0, 0);
	/* What changed between reading the state and subscribing. */
	relay->addresses_changed = true;
	uv_timer_start(&relay->work_timer, on_work, 0, 0);
}

int relay_watch_start(struct relay *relay)
{
	static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
	int err = start_polls(relay);

	if (err)
		return err;
	start_timers(relay);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		uv_signal_init(&relay->loop, &relay->signals[i]);
		relay->signals[i].data = relay;
		uv_signal_start(&relay->signals[i], on_signal, numbers[i]);
	}
	return 0;
}
