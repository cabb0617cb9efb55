// SPDX-License-Identifier: BSD-2-Clause
/* Capabilities by libcap-ng. The user stays root: the bpffs folder and the keys are root's. */
#include "user/fwd/privileges.h"

#include <errno.h>
#include <sys/prctl.h>

#include <cap-ng.h>

/* -1 ends the list. */
static int keep_only(const int *capabilities)
{
	capng_clear(CAPNG_SELECT_BOTH);
	for (; *capabilities >= 0; capabilities++) {
		if (capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED,
				 (unsigned int)*capabilities))
			return -EINVAL;
	}
	/*
	 * Without CAP_SETPCAP (a container) the bounding set stays; no_new_privs makes up for it.
	 */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	if (capng_apply(CAPNG_SELECT_BOTH) && capng_apply(CAPNG_SELECT_CAPS))
		return -EPERM;
	return 0;
}

int privileges_drop(void)
{
	static const int kept[] = {CAP_NET_ADMIN, CAP_BPF, -1};

	return keep_only(kept);
}

int privileges_confine_loader(void)
{
	static const int kept[] = {CAP_NET_ADMIN, CAP_BPF, CAP_PERFMON, -1};

	return keep_only(kept);
}
