// SPDX-License-Identifier: BSD-2-Clause
/* Puts the parts together: the kernel's events, relays, uplinks and the clock meet the policy here. */
#include "user/agent/agent.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "user/agent/clock.h"
#include "user/base/log.h"
#include "user/pm/command.h"
#include "user/pm/event.h"

#define TICK_MS		1000
#define LEASE_USE_TICKS 30 /* leases in use are marked so this often */
#define MICROSECONDS	1000000ULL

struct policy_world agent_world(const struct agent *agent)
{
	struct policy_world world = {
		.now_us = clock_now_us(),
		.round_us = agent->round.begun_us,
		.exclude = agent->config->exclude,
		.exclude_count = agent->config->exclude_count,
		.max_detours = agent->config->subflows,
		.adapts = agent->congestion,
		.limits = agent->limits,
		.servers = agent->servers,
	};

	world.uplinks = uplinks_list(agent->uplinks, &world.uplink_count);
	if (agent->relays)
		relays_describe(agent->relays, &world);
	return world;
}

static struct conn *find_conn(const struct agent *agent, uint32_t token)
{
	struct conn *conn;

	HASH_FIND_INT(agent->conns, &token, conn);
	return conn;
}

static void drop_conn(struct agent *agent, struct conn *conn)
{
	round_leave_out(agent, conn);
	HASH_DEL(agent->conns, conn);
	conn_free(conn);
}

static void on_established(struct agent *agent, const struct pm_event *event)
{
	struct policy_event established = {.type = POLICY_ESTABLISHED};
	struct policy_world world = agent_world(agent);
	struct conn *conn = find_conn(agent, event->token);
	struct subflow *initial;

	if (event->server_side || conn) /* found by a resync already */
		return;
	if (conn_new(event->token, &event->local, &event->remote, &conn) < 0)
		return;
	initial = conn_add_subflow(conn, SUBFLOW_INITIAL, &event->local, &event->remote);
	if (!initial) {
		conn_free(conn);
		return;
	}
	conn->established_us = world.now_us;
	initial->state = SUBFLOW_ESTABLISHED;
	initial->since_us = initial->progress_us = world.now_us;
	conn->hands_off = policy_hands_off(conn, &world);
	agent->counters.connections++;
	if (conn->hands_off)
		agent->counters.connections_left_alone++;
	HASH_ADD_INT(agent->conns, token, conn);
	agent_apply(agent, conn, &established);
}

static int on_event(const struct nlmsghdr *nlh, void *data)
{
	struct agent *agent = data;
	struct pm_event event;
	struct policy_event policy_event = {.type = POLICY_PM, .pm = &event};
	struct conn *conn;
	int err = pm_event_decode(nlh, &event);

	agent->counters.events++;
	if (err == -EBADMSG)
		agent->counters.events_bad++;
	if (err)
		return MNL_CB_OK;
	log_debug("event %s %08x", pm_event_name(event.type), event.token);
	if (event.type == PM_ESTABLISHED) {
		on_established(agent, &event);
		return MNL_CB_OK;
	}
	conn = find_conn(agent, event.token);
	if (conn && event.type == PM_CLOSED)
		drop_conn(agent, conn);
	else if (conn)
		agent_apply(agent, conn, &policy_event);
	return MNL_CB_OK;
}

/* What is still queued is older than the dump, and its sequels may be among the dropped. */
static void recover(struct agent *agent)
{
	int err;

	agent->counters.overruns++;
	log_warning("the kernel dropped path manager events: reading the state anew");
	pm_discard(agent->pm);
	err = agent_resync(agent);
	if (err)
		log_error("cannot read the kernel's connections: %s", strerror(-err));
}

static void events_readable(uv_poll_t *poll, int status, int events)
{
	struct agent *agent = poll->data;

	(void)events;
	if (pm_receive(agent->pm, on_event, agent) == -ENOBUFS)
		recover(agent);
	/* libuv takes the pending ENOBUFS for a broken descriptor, and stops watching it. */
	if (status < 0)
		uv_poll_start(poll, UV_READABLE, events_readable);
}

static void apply_to_all(struct agent *agent, const struct policy_event *event)
{
	struct conn *conn, *next;

	HASH_ITER (hh, agent->conns, conn, next) {
		agent_apply(agent, conn, event);
	}
}

static void world_has_changed(uv_timer_t *timer)
{
	struct policy_event changed = {.type = POLICY_WORLD};

	apply_to_all(timer->data, &changed);
}

static void relays_changed(void *owner)
{
	struct agent *agent = owner;

	uv_timer_start(&agent->world_changed, world_has_changed, 0, 0);
}

static void lease_answered(void *owner, const struct channel_answer *answer)
{
	agent_lease_answer(owner, answer);
}

static const struct channel_callbacks channel_callbacks = {
	.changed = relays_changed,
	.lease = lease_answered,
};

static void address_gone(void *owner, const struct detour_addr *addr)
{
	struct policy_event gone = {.type = POLICY_ADDR_GONE, .addr = addr};
	struct agent *agent = owner;

	relays_addr_gone(agent->relays, addr);
	apply_to_all(agent, &gone);
}

static void addresses_changed(void *owner)
{
	struct agent *agent = owner;

	relays_hurry(agent->relays);
	relays_changed(agent);
}

static const struct uplinks_callbacks uplinks_callbacks = {
	.gone = address_gone,
	.changed = addresses_changed,
};

static void mark_leases_used(struct agent *agent, uint64_t now_us)
{
	struct conn *conn, *next;
	struct subflow *subflow;

	HASH_ITER (hh, agent->conns, conn, next) {
		for (subflow = conn->subflows; subflow; subflow = subflow->next) {
			if (subflow->path != PATH_NONE)
				relays_lease_used(agent->relays, subflow->path, &conn->remote,
						  now_us);
		}
	}
}

static void tick(uv_timer_t *timer)
{
	struct agent *agent = timer->data;
	uint64_t now_us = clock_now_us();

	if (agent->ticks++ % LEASE_USE_TICKS == 0)
		mark_leases_used(agent, now_us);
	relays_tick(agent->relays, now_us);
	round_begin(agent);
}

static int open_kernel(struct agent *agent)
{
	int err = round_init(agent);

	if (!err)
		err = pm_open(&agent->pm);
	if (!err)
		err = diag_open(&agent->diag);
	if (!err)
		err = pm_get_limits(agent->pm, &agent->limits);
	return err;
}

static int open_relays(struct agent *agent, struct tls_context *tls)
{
	struct relays_setup setup = {
		.loop = agent->loop,
		.tls = tls,
		.config = agent->config,
		.callbacks = &channel_callbacks,
		.owner = agent,
	};

	setup.uplinks = uplinks_list(agent->uplinks, &setup.uplink_count);
	return relays_new(&setup, &agent->relays);
}

static int begin(struct agent *agent)
{
	int err = agent_resync(agent);

	if (err)
		return err;
	relays_start(agent->relays);
	err = uv_poll_start(&agent->events, UV_READABLE, events_readable);
	if (!err)
		err = uv_timer_start(&agent->tick, tick, TICK_MS, TICK_MS);
	return err;
}

int agent_new(uv_loop_t *loop, const struct agent_config *config, struct tls_context *tls,
	      const struct congestion *congestion, struct agent **ret_agent)
{
	struct agent *agent = calloc(1, sizeof(*agent));
	int err;

	if (!agent)
		return -ENOMEM;
	agent->loop = loop;
	agent->config = config;
	agent->congestion = congestion;
	agent->started_us = clock_now_us();
	uv_timer_init(loop, &agent->tick);
	uv_timer_init(loop, &agent->world_changed);
	agent->tick.data = agent->world_changed.data = agent;
	err = open_kernel(agent);
	if (!err)
		err = servers_new(&agent->servers);
	if (!err)
		err = uplinks_new(loop, config, &uplinks_callbacks, agent, &agent->uplinks);
	if (!err)
		err = open_relays(agent, tls);
	if (!err)
		err = uv_poll_init(loop, &agent->events, pm_events_fd(agent->pm));
	if (!err) {
		agent->events.data = agent;
		err = begin(agent);
	}
	*ret_agent = agent; /* also on an error: its handles must be closed by the loop */
	return err;
}

void agent_stop(struct agent *agent)
{
	round_stop(agent);
	uv_close((uv_handle_t *)&agent->tick, NULL);
	uv_close((uv_handle_t *)&agent->world_changed, NULL);
	if (agent->events.data)
		uv_close((uv_handle_t *)&agent->events, NULL);
	relays_free(agent->relays);
	uplinks_free(agent->uplinks);
	while (agent->conns)
		drop_conn(agent, agent->conns);
	servers_free(agent->servers);
	nl_close(agent->diag);
	pm_close(agent->pm);
}
