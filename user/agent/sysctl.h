/* SPDX-License-Identifier: BSD-2-Clause */
/* Which path manager new connections of this network namespace get. */
#ifndef DETOUR_AGENT_SYSCTL_H
#define DETOUR_AGENT_SYSCTL_H

#include <stdbool.h>

/*
 * Chooses the userspace path manager and notes in the file `state` what it found, so that also the
 * successor of an agent that was killed can put that back. -ENOENT: this kernel has no MPTCP.
 */
int sysctl_take_path_manager(const char *state);

/* Puts back what was found, and removes the file. */
int sysctl_restore_path_manager(const char *state);

/* net.mptcp.enabled; false also where there is no MPTCP. */
bool sysctl_mptcp_enabled(void);

#endif /* DETOUR_AGENT_SYSCTL_H */
