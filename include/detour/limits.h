/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Sizes that BPF programs, userspace and the wire agree on. Contracts only: a number here changes
 * the map layout or the protocol, so bump DETOUR_LAYOUT_VERSION (maps) or the protocol's version.
 */
#ifndef DETOUR_LIMITS_H
#define DETOUR_LIMITS_H

/* Version of the pinned maps' layout. A daemon refuses to adopt maps of another version. */
#define DETOUR_LAYOUT_VERSION 2

/* Longest identity (the certificate's common name), with its terminating zero. */
#define DETOUR_IDENTITY_LEN 64

/* Identity number 0 is nobody; a client's number is its index in the `identities` map. */
#define DETOUR_IDENTITY_NONE 0

/* Next hop number 0 is never filled: a flow that names it asks the kernel's FIB per packet. */
#define DETOUR_NEXTHOP_NONE 0
#define DETOUR_NEXTHOPS_MAX 65536

/* Ranges in SourcePorts= that the BPF program walks. */
#define DETOUR_PORT_RANGES_MAX 4

/* Source ports that one SYN tries before it is refused (the client's own port is the first). */
#define DETOUR_PORT_TRIES 16

/* Words of the bitmap of ports that local listeners hold. */
#define DETOUR_PORT_WORDS (65536 / 64)

#define DETOUR_EVENTS_BYTES (1 << 20)

#endif /* DETOUR_LIMITS_H */
