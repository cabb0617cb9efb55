// SPDX-License-Identifier: BSD-2-Clause
/*
 * Events of the path manager, several in a row as a socket gives them, into the decoder and from
 * there into the policy, with one connection: no event may break either.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>

#include <libmnl/libmnl.h>

#include "user/agent/policy.h"
#include "user/pm/event.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT_MAX   4096
#define TEXT_SERVER "10.5.0.5:443"
#define TEXT_CLIENT "10.9.0.1:5000"
#define TEXT_RELAY  "10.0.1.1:10000"

struct fuzz {
	struct policy_world world;
	struct policy_path path;
	struct policy_relay_addr relay;
	struct conn *conn;
	struct endpoint detour;
};

static void check(int holds)
{
	if (!holds)
		abort();
}

/* As the executor does, with a kernel that takes every SYN. */
static void carry_out(struct fuzz *fuzz, const struct policy_actions *actions)
{
	for (size_t i = 0; i < actions->count; i++) {
		struct subflow *subflow = actions->items[i].subflow;

		switch (actions->items[i].type) {
		case POLICY_OPEN:
			check(subflow->state == SUBFLOW_WANTED);
			subflow->state = SUBFLOW_CONNECTING;
			subflow->loc_id = conn_take_id(fuzz->conn);
			subflow->local.port_be = htons(6000);
			if (subflow->kind == SUBFLOW_DETOUR)
				subflow->remote = fuzz->detour;
			break;
		case POLICY_CLOSED:
			free(subflow);
			break;
		case POLICY_DESTROY:
			check(subflow->state == SUBFLOW_CLOSING);
			break;
		case POLICY_BACKUP:
		case POLICY_REMOVE_ID:
		case POLICY_OPENED:
			break;
		}
	}
}

static void run_event(struct fuzz *fuzz, const struct policy_event *event)
{
	struct policy_actions actions = {0};

	policy_run(fuzz->conn, &fuzz->world, event, &actions);
	check(actions.count <= POLICY_ACTIONS_MAX);
	carry_out(fuzz, &actions);
}

static void on_message(struct fuzz *fuzz, const struct nlmsghdr *nlh)
{
	struct policy_event tick = {.type = POLICY_TICK};
	struct policy_event policy_event = {.type = POLICY_PM};
	struct pm_event event;

	if (pm_event_decode(nlh, &event) < 0)
		return;
	check(pm_event_name(event.type)[0] != '\0');
	policy_event.pm = &event;
	run_event(fuzz, &policy_event);
	fuzz->world.now_us += (uint64_t)event.token % 3000000;
	run_event(fuzz, &tick);
}

static void fuzz_begin(struct fuzz *fuzz)
{
	struct endpoint local, server;

	check(endpoint_parse(TEXT_CLIENT, &local) == 0);
	check(endpoint_parse(TEXT_SERVER, &server) == 0);
	check(endpoint_parse(TEXT_RELAY, &fuzz->detour) == 0);
	fuzz->path = (struct policy_path){.up = true, .local = local.addr, .rtt_us = 9};
	fuzz->relay.addr = fuzz->detour.addr;
	fuzz->world = (struct policy_world){
		.now_us = 1000000,
		.paths = &fuzz->path,
		.path_count = 1,
		.relay_addrs = &fuzz->relay,
		.relay_addr_count = 1,
		.max_detours = 2,
		.limits = {.add_addr_accepted = 2, .subflows = 4},
	};
	check(servers_new(&fuzz->world.servers) == 0);
	check(conn_new(7, &local, &server, &fuzz->conn) == 0);
	conn_add_subflow(fuzz->conn, SUBFLOW_INITIAL, &local, &server)->state = SUBFLOW_ESTABLISHED;
}

/* Each message in memory of its own size, so that ASan sees its end. */
static size_t next_message(struct fuzz *fuzz, const uint8_t *data, size_t left)
{
	struct nlmsghdr header, *nlh;
	size_t step;

	if (left < sizeof(header))
		return left;
	memcpy(&header, data, sizeof(header));
	if (header.nlmsg_len < sizeof(header) || header.nlmsg_len > left)
		return left;
	nlh = malloc(header.nlmsg_len);
	check(nlh != NULL);
	memcpy(nlh, data, header.nlmsg_len);
	on_message(fuzz, nlh);
	free(nlh);
	step = MNL_ALIGN(header.nlmsg_len);
	return step < left ? step : left;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz fuzz = {0};

	if (size > INPUT_MAX)
		return 0;
	fuzz_begin(&fuzz);
	while (size > 0) {
		size_t step = next_message(&fuzz, data, size);

		data += step;
		size -= step;
	}
	conn_free(fuzz.conn);
	servers_free(fuzz.world.servers);
	return 0;
}
