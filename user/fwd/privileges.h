/* SPDX-License-Identifier: BSD-2-Clause */
/* Giving up rights once the data path is loaded. */
#ifndef DETOUR_FWD_PRIVILEGES_H
#define DETOUR_FWD_PRIVILEGES_H

/* Keeps CAP_NET_ADMIN and CAP_BPF, for this process and whatever it could start. -EPERM. */
int privileges_drop(void);

#endif /* DETOUR_FWD_PRIVILEGES_H */
