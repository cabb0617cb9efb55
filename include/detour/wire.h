/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * The channel's messages on the wire: RFC 8803's fixed header and TLVs, and private types for what
 * the RFC has no words for. docs/PROTOCOL.md specifies them. All numbers are in network order;
 * lengths count words of 4 bytes, the header included; IPv4 addresses are v4-mapped.
 *
 *   fixed header     | version 1 | words | magic 0x2263 |
 *   REQUEST          | 192 | 2  | reserved 16 | request id 32 |                  always the first TLV
 *   CONNECT          |  10 | 5  | port 16 | address 128 |
 *   ERROR            |  30 | n  | code 8 | text, zero-padded |
 *   HELLO            | 193 | 6  | reserved 16 | version 8 | flags 8 | reserved 16 |
 *                    | max leases 32 | max flows 32 | new flows per second 32 | lease grace 32 |
 *   LEASE            | 194 | 15 | server port 16 | server address 128 |
 *                    | detour port 16 | reserved 16 | detour address 128 | client address 128 |
 *                    | lifetime 32 |
 *   LEASE_DROP, LOST | 195, 196 | 5 | port 16 | address 128 |
 *   PING, PONG       | 197, 198 | 3 | reserved 16 | stamp 64 |
 */
#ifndef DETOUR_WIRE_H
#define DETOUR_WIRE_H

#define DETOUR_CONVERT_VERSION 1
#define DETOUR_CONVERT_MAGIC   0x2263

/* RFC 8803, section 6.2; private use is 192 to 255. */
enum detour_tlv {
	DETOUR_TLV_CONNECT = 10,
	DETOUR_TLV_ERROR = 30,
	DETOUR_TLV_REQUEST = 192,
	DETOUR_TLV_HELLO = 193,
	DETOUR_TLV_LEASE = 194,
	DETOUR_TLV_LEASE_DROP = 195,
	DETOUR_TLV_LEASE_LOST = 196,
	DETOUR_TLV_PING = 197,
	DETOUR_TLV_PONG = 198,
};

#endif /* DETOUR_WIRE_H */
