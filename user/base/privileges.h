/* SPDX-License-Identifier: BSD-2-Clause */
/* Giving up rights. */
#ifndef DETOUR_BASE_PRIVILEGES_H
#define DETOUR_BASE_PRIVILEGES_H

/*
 * Keeps these capabilities (CAP_...; -1 ends the list) of those that there are, for this process and whatever it could
 * start. -EPERM and so on.
 */
int privileges_keep(const int *capabilities);

#endif /* DETOUR_BASE_PRIVILEGES_H */
