// SPDX-License-Identifier: BSD-2-Clause
/* Runs the steps of a scenario against the policy. */
#include "tests/unit/policy_world.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <utlist.h>

#define TEXT_LEN 512

static const char *const relay_names[RELAYS] = {"fra", "ams", "nyc"};
static const uint32_t relay_rtts_us[RELAYS] = {10000, 20000, 0};

struct run {
	struct policy_world world;
	struct policy_path paths[RELAYS];
	struct policy_uplink uplinks[2];
	struct conn *conn;
	unsigned int local; /* 10.9.0.N */
	uint16_t next_port;
	char text[TEXT_LEN];
};

static struct detour_addr addr4(unsigned int a, unsigned int b, unsigned int c, unsigned int d)
{
	struct in_addr v4 = {.s_addr = htonl(a << 24 | b << 16 | c << 8 | d)};

	return addr_from_v4(v4);
}

static struct endpoint server(void)
{
	return (struct endpoint){addr4(10, 5, 0, 5), htons(443)};
}

static const char *subflow_name(const struct subflow *subflow)
{
	switch (subflow->kind) {
	case SUBFLOW_DETOUR:
		return relay_names[subflow->relay];
	case SUBFLOW_INITIAL:
		return "first";
	case SUBFLOW_DIRECT:
		return subflow->backup ? "direct backup" : "direct";
	case SUBFLOW_ANNOUNCED:
		return "announced";
	case SUBFLOW_OTHER:
		break;
	}
	return "other";
}

static bool is_who(const struct subflow *subflow, unsigned int who)
{
	switch (who) {
	case FIRST:
		return subflow->kind == SUBFLOW_INITIAL;
	case DIRECT:
		return subflow->kind == SUBFLOW_DIRECT;
	case ANNOUNCED:
		return subflow->kind == SUBFLOW_ANNOUNCED;
	default:
		return subflow->kind == SUBFLOW_DETOUR && subflow->relay == who;
	}
}

/* Of two the one that is on its way out comes first: events about it do too. */
static struct subflow *find(const struct run *run, unsigned int who)
{
	struct subflow *subflow, *found = NULL;

	DL_FOREACH (run->conn->subflows, subflow) {
		if (is_who(subflow, who) && (!found || subflow->state == SUBFLOW_CLOSING))
			found = subflow;
	}
	assert_non_null(found);
	return found;
}

/* As the executor and the kernel do: the SYN leaves, from an address if it had none. */
static void send_syn(struct run *run, struct subflow *subflow)
{
	subflow->state = SUBFLOW_CONNECTING;
	if (subflow->kind == SUBFLOW_DETOUR)
		subflow->remote = (struct endpoint){addr4(10, 0, subflow->relay, 1), htons(10000)};
	if (addr_is_unspecified(&subflow->local.addr))
		subflow->local.addr = addr4(10, 9, 0, run->local);
	subflow->loc_id = conn_take_id(run->conn);
	subflow->local.port_be = htons(run->next_port++);
}

static void append(struct run *run, const char *verb, const char *name)
{
	size_t used = strlen(run->text);

	snprintf(run->text + used, TEXT_LEN - used, "%s%s %s", used ? ", " : "", verb, name);
}

static void carry_out(struct run *run, const struct policy_actions *actions)
{
	for (size_t i = 0; i < actions->count; i++) {
		struct subflow *subflow = actions->items[i].subflow;

		switch (actions->items[i].type) {
		case POLICY_OPEN:
			append(run, "open", subflow_name(subflow));
			send_syn(run, subflow);
			break;
		case POLICY_DESTROY:
			append(run, "destroy", subflow_name(subflow));
			break;
		case POLICY_BACKUP:
			append(run, "set", subflow_name(subflow));
			/* As the kernel does: the first time is too early. */
			if (subflow->backup_tries < 4)
				subflow->backup_tries = 0;
			break;
		case POLICY_REMOVE_ID:
			append(run, "remove", "0");
			break;
		case POLICY_OPENED:
			append(run, "opened", subflow_name(subflow));
			break;
		case POLICY_CLOSED:
			append(run, "closed", subflow_name(subflow));
			free(subflow);
			break;
		}
	}
}

static void apply(struct run *run, const struct policy_event *event)
{
	struct policy_actions actions = {0};

	policy_run(run->conn, &run->world, event, &actions);
	carry_out(run, &actions);
}

static void new_conn(struct run *run)
{
	struct endpoint local = {addr4(10, 9, 0, run->local), htons(run->next_port++)};
	struct endpoint remote = server();
	struct policy_event event = {.type = POLICY_ESTABLISHED};
	struct subflow *first;

	conn_free(run->conn);
	assert_int_equal(conn_new(7, &local, &remote, &run->conn), 0);
	first = conn_add_subflow(run->conn, SUBFLOW_INITIAL, &local, &remote);
	assert_non_null(first);
	first->state = SUBFLOW_ESTABLISHED;
	first->since_us = run->world.now_us;
	run->conn->hands_off = policy_hands_off(run->conn, &run->world);
	apply(run, &event);
}

static void pm_event(struct run *run, const struct step *step, enum pm_event_type type)
{
	struct subflow *subflow = find(run, step->who);
	struct pm_event pm = {
		.type = type,
		.local = subflow->local,
		.remote = subflow->remote,
		.loc_id = subflow->loc_id,
		.rem_id = subflow->rem_id,
		.error = (uint8_t)step->error,
	};
	struct policy_event event = {.type = POLICY_PM, .pm = &pm};

	if (step->what == CLOSE_SYN)
		pm.remote.port_be = 0;
	apply(run, &event);
}

static void server_event(struct run *run, const struct step *step)
{
	struct pm_event pm = {
		.type = step->what == ANNOUNCE ? PM_ANNOUNCED : PM_REMOVED,
		.rem_id = (uint8_t)step->who,
		.remote = {.addr = addr4(10, 5, 1, step->who)},
	};
	struct policy_event event = {.type = POLICY_PM, .pm = &pm};

	apply(run, &event);
}

static void open_failed(struct run *run, const struct step *step)
{
	struct policy_event event = {
		.type = POLICY_OPEN_FAILED,
		.subflow = find(run, step->who),
		.error = -step->error,
	};

	apply(run, &event);
}

static void world_changed(struct run *run)
{
	struct policy_event event = {.type = POLICY_WORLD};

	if (run->conn)
		apply(run, &event);
}

static void set_relay(struct run *run, unsigned int relay, enum step_what what)
{
	struct policy_path *path = &run->paths[relay];

	path->up = what == UP;
	path->silent = what == SILENT;
	path->down_us = run->world.now_us;
	path->local = addr4(10, 9, 0, run->local);
	world_changed(run);
}

static void sample(struct run *run, unsigned int who, bool progress)
{
	struct subflow *subflow = find(run, who);

	subflow->sampled = true;
	subflow->sampled_us = run->world.now_us;
	subflow->info.unacked = progress ? 0 : 3;
	if (progress)
		subflow->progress_us = run->world.now_us;
}

static void tick(struct run *run)
{
	struct policy_event event = {.type = POLICY_TICK};
	struct subflow *subflow;

	DL_FOREACH (run->conn->subflows, subflow) {
		subflow->sampled = true;
		subflow->sampled_us = run->world.now_us;
	}
	apply(run, &event);
}

static void address_gone(struct run *run)
{
	struct detour_addr gone = addr4(10, 9, 0, run->local);
	struct policy_event event = {.type = POLICY_ADDR_GONE, .addr = &gone};

	run->local++;
	apply(run, &event);
}

static void take_step(struct run *run, const struct step *step)
{
	switch (step->what) {
	case CONN:
		new_conn(run);
		break;
	case ACK:
		pm_event(run, step, PM_SUB_ESTABLISHED);
		break;
	case CLOSE:
	case CLOSE_SYN:
		pm_event(run, step, PM_SUB_CLOSED);
		break;
	case FAIL:
		open_failed(run, step);
		break;
	case TICK:
		tick(run);
		break;
	case UP:
	case AWAY:
	case SILENT:
		set_relay(run, step->who, step->what);
		break;
	case PROGRESS:
	case STUCK:
		sample(run, step->who, step->what == PROGRESS);
		break;
	case GONE:
		address_gone(run);
		break;
	case ANNOUNCE:
	case REMOVE:
		server_event(run, step);
		break;
	case UPLINK_DOWN:
	case UPLINK_UP:
		run->uplinks[step->who].usable = step->what == UPLINK_UP;
		world_changed(run);
		break;
	case STEP_END:
		break;
	}
}

static void run_begin(struct run *run, const struct scenario *scenario)
{
	*run = (struct run){.local = 1, .next_port = 40000};
	run->world = (struct policy_world){
		.now_us = 1000 * 1000000ULL,
		.paths = run->paths,
		.path_count = RELAYS,
		.uplinks = run->uplinks,
		.uplink_count = scenario->uplinks ? 2 : 0,
		.max_detours = scenario->detours,
		.limits = scenario->limits,
	};
	assert_int_equal(servers_new(&run->world.servers), 0);
	for (uint32_t i = 0; i < RELAYS; i++)
		run->paths[i] = (struct policy_path){
			.relay = i,
			.role = scenario->role1,
			.ifindex = scenario->uplinks ? 1 : 0,
			.local = addr4(10, 9, 0, 1),
			.up = i < scenario->relays,
			.rtt_us = relay_rtts_us[i],
		};
	run->uplinks[0] = (struct policy_uplink){addr4(10, 9, 0, 1), 1, scenario->role1, true};
	run->uplinks[1] = (struct policy_uplink){addr4(10, 8, 0, 1), 2, scenario->role2, true};
}

void scenario_run(const struct scenario *scenario)
{
	struct run run;

	run_begin(&run, scenario);
	for (size_t i = 0; i < STEPS_MAX && scenario->steps[i].what != STEP_END; i++) {
		const struct step *step = &scenario->steps[i];
		const char *expect = step->expect ? step->expect : "";

		run.world.now_us += step->ms * 1000ULL;
		run.text[0] = '\0';
		take_step(&run, step);
		if (strcmp(run.text, expect) != 0)
			fail_msg("%s, step %zu: \"%s\" instead of \"%s\"", scenario->name, i + 1,
				 run.text, expect);
	}
	conn_free(run.conn);
	servers_free(run.world.servers);
}
