/* SPDX-License-Identifier: BSD-2-Clause */
/* A channel's leases: asked for, granted, refused, refreshed, given back. Used by channel.c. */
#ifndef DETOUR_AGENT_CHANNEL_LEASE_H
#define DETOUR_AGENT_CHANNEL_LEASE_H

#include "user/agent/channel.h"

/* A message from the relay other than its hello. */
void channel_lease_message(struct channel *channel, const struct wire_message *message);

/* The channel is up again: asks for all leases that are of use, for they end with their channel. */
void channel_leases_refresh(struct channel *channel);

/* The channel is down: who waits is told; what is granted stays for the relay's grace. */
void channel_leases_lost(struct channel *channel);

#endif /* DETOUR_AGENT_CHANNEL_LEASE_H */
