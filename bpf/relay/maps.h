/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * The relay's maps, the same in every program of an instance. The sizes of flows, leases,
 * identities and local_addrs are defaults; user/dataplane sets them before it loads.
 */
#ifndef DETOUR_BPF_MAPS_H
#define DETOUR_BPF_MAPS_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <detour/config.h>
#include <detour/event.h>
#include <detour/flow.h>
#include <detour/verdict.h>

const volatile struct detour_config config;

/* Preallocated: an insertion never waits for memory, and a full table refuses. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 131072);
	__type(key, struct flow_key);
	__type(value, struct flow_entry);
} flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, struct lease_key);
	__type(value, struct lease_entry);
} leases SEC(".maps");

/* Mapped into the daemon's memory, here and below: it writes single fields beside BPF's own. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, DETOUR_NEXTHOPS_MAX);
	__type(key, __u32);
	__type(value, struct nexthop_entry);
} nexthops SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, struct identity_entry);
} identities SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct detour_addr);
	__type(value, __u32);
} local_addrs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, DETOUR_PORT_WORDS);
	__type(key, __u32);
	__type(value, __u64);
} ports_busy SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, DETOUR_VERDICT_COUNT);
	__type(key, __u32);
	__type(value, struct verdict_count);
} verdicts SEC(".maps");

/* Where claim.h makes a new flow's entries: they are too large for the stack. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct flow_entry);
} claim_scratch SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct clock_entry);
} clock SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, DETOUR_EVENTS_BYTES);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct meta_entry);
} meta SEC(".maps");

#endif /* DETOUR_BPF_MAPS_H */
