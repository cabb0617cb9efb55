/* SPDX-License-Identifier: BSD-2-Clause */
#include "relay.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/pkt_cls.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/relay_tc.skel.h>
#include <bpf/relay_xdp.skel.h>
#include "bpf/lib/csum.h"
#include "bpf/lib/tuple.h"

const struct detour_config relay_config = {
	.accept = DETOUR_ACCEPT_JOIN,
	.source_port_count = 10000,
	.detour_ports = {10000, 10999},
	.source_ports = {{20000, 29999}, {1, 0}, {1, 0}, {1, 0}},
};

static void check(bool ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	abort();
}

const char *relay_hook_name(enum hook hook)
{
	return hook == HOOK_XDP ? "xdp" : "tc";
}

static int on_event(void *relay_pointer, void *data, size_t size)
{
	struct relay *relay = relay_pointer;

	check(size == sizeof(relay->last_event), "event's size");
	memcpy(&relay->last_event, data, size);
	relay->events++;
	return 0;
}

/* The two skeletons have the same members, but not the same type. */
#define LOAD(relay, kind, program, config_value, flows_max)                                       \
	do {                                                                                      \
		struct kind *skel = kind##__open();                                               \
		check(skel, "open");                                                              \
		skel->rodata->config = *(config_value);                                           \
		bpf_map__set_max_entries(skel->maps.flows, flows_max);                            \
		check(!kind##__load(skel), "load");                                               \
		(relay)->skeleton = skel;                                                         \
		(relay)->prog = bpf_program__fd(skel->progs.program);                             \
		(relay)->flows = bpf_map__fd(skel->maps.flows);                                   \
		(relay)->leases = bpf_map__fd(skel->maps.leases);                                 \
		(relay)->nexthops = bpf_map__fd(skel->maps.nexthops);                             \
		(relay)->identities = bpf_map__fd(skel->maps.identities);                         \
		(relay)->local_addrs = bpf_map__fd(skel->maps.local_addrs);                       \
		(relay)->ports_busy = bpf_map__fd(skel->maps.ports_busy);                         \
		(relay)->verdicts = bpf_map__fd(skel->maps.verdicts);                             \
		(relay)->ring = ring_buffer__new(bpf_map__fd(skel->maps.events), on_event, relay, \
						 NULL);                                           \
		check((relay)->ring, "ring");                                                     \
	} while (0)

void relay_load(struct relay *ret_relay, enum hook hook, const struct detour_config *config,
		unsigned int flows_max)
{
	struct nexthop_entry hop = {
		.ifindex = 7,
		.mtu = 1500,
		.src_mac = {2, 0, 0, 0, 1, 1},
		.dst_mac = {2, 0, 0, 0, 1, 2},
		.flags = NEXTHOP_VALID,
	};

	memset(ret_relay, 0, sizeof(*ret_relay));
	ret_relay->hook = hook;
	if (!flows_max)
		flows_max = 1024;
	if (hook == HOOK_XDP)
		LOAD(ret_relay, relay_xdp, detour_relay_xdp, config, flows_max);
	else
		LOAD(ret_relay, relay_tc, detour_relay_tc, config, flows_max);
	relay_set_nexthop(ret_relay, 1, &hop);
	relay_set_nexthop(ret_relay, 2, &hop);
	relay_set_identity(ret_relay, 1000000, 0, 0);
}

void relay_unload(struct relay *relay)
{
	ring_buffer__free(relay->ring);
	if (relay->hook == HOOK_XDP)
		relay_xdp__destroy(relay->skeleton);
	else
		relay_tc__destroy(relay->skeleton);
}

bool relay_passed(enum hook hook, uint32_t value)
{
	return value == (hook == HOOK_XDP ? XDP_PASS : (uint32_t)TC_ACT_UNSPEC);
}

bool relay_dropped(enum hook hook, uint32_t value)
{
	return value == (hook == HOOK_XDP ? XDP_DROP : TC_ACT_SHOT);
}

bool relay_takes(struct relay *relay, const struct packet *in)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = in->data, .data_size_in = in->len);

	return bpf_prog_test_run_opts(relay->prog, &opts) != -EINVAL;
}

uint32_t relay_run_fast(struct relay *relay, const struct packet *in, struct packet *ret_out)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = in->data, .data_size_in = in->len,
		    .data_out = ret_out->data, .data_size_out = sizeof(ret_out->data));

	check(!bpf_prog_test_run_opts(relay->prog, &opts), "test run");
	ret_out->len = opts.data_size_out;
	return opts.retval;
}

uint64_t relay_verdict_count(struct relay *relay, int verdict)
{
	struct verdict_count counts[libbpf_num_possible_cpus()];
	uint64_t sum = 0;

	check(!bpf_map_lookup_elem(relay->verdicts, &verdict, counts), "verdicts");
	for (int i = 0; i < libbpf_num_possible_cpus(); i++)
		sum += counts[i].packets;
	return sum;
}

/* The return value must say what the verdict says. */
static bool value_fits(enum hook hook, int verdict, uint32_t value)
{
	if (verdict >= DETOUR_DROP_FRAGMENT)
		return relay_dropped(hook, value);
	if (verdict >= DETOUR_PASS_NOT_IP)
		return relay_passed(hook, value);
	return hook == HOOK_XDP ? value == XDP_TX || value == XDP_REDIRECT
				: value == TC_ACT_REDIRECT;
}

int relay_run(struct relay *relay, const struct packet *in, struct packet *ret_out)
{
	uint64_t before[DETOUR_LOST_EVENT];
	int verdict = -1, counted = 0;
	uint32_t value;

	for (int i = 0; i < DETOUR_LOST_EVENT; i++)
		before[i] = relay_verdict_count(relay, i);
	value = relay_run_fast(relay, in, ret_out);
	for (int i = 0; i < DETOUR_LOST_EVENT; i++) {
		uint64_t more = relay_verdict_count(relay, i) - before[i];

		counted += more;
		if (more)
			verdict = i;
	}
	if (counted != 1 || !value_fits(relay->hook, verdict, value)) {
		fprintf(stderr, "%s: %d verdicts counted, last %s, program returned %d\n",
			relay_hook_name(relay->hook), counted, relay_verdict_name(verdict),
			(int)value);
		return -1;
	}
	return verdict;
}

const char *relay_verdict_name(int verdict)
{
	static const char *const names[] = {
#define NAME(name, text) #name,
		DETOUR_VERDICTS(NAME)
#undef NAME
	};

	return verdict >= 0 && verdict < DETOUR_VERDICT_COUNT ? names[verdict] : "none";
}
