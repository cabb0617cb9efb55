/* SPDX-License-Identifier: BSD-2-Clause */
/* Giving up rights once the data path is loaded. */
#ifndef DETOUR_FWD_PRIVILEGES_H
#define DETOUR_FWD_PRIVILEGES_H

/* For the process that loads programs: keeps CAP_NET_ADMIN, CAP_BPF and CAP_PERFMON. -EPERM. */
int privileges_confine_loader(void);

/* Keeps CAP_NET_ADMIN and CAP_BPF, for this process and whatever it could start. -EPERM. */
int privileges_drop(void);

#endif /* DETOUR_FWD_PRIVILEGES_H */
