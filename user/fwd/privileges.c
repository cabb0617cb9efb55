// SPDX-License-Identifier: BSD-2-Clause
/* Capabilities by libcap-ng. The user stays root: the bpffs folder and the keys are root's. */
#include "user/fwd/privileges.h"

#include <errno.h>
#include <sys/prctl.h>

#include <cap-ng.h>

int privileges_drop(void)
{
	capng_clear(CAPNG_SELECT_BOTH);
	if (capng_updatev(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_NET_ADMIN, CAP_BPF, -1))
		return -EINVAL;
	/* Without CAP_SETPCAP (a container) the bounding set stays; no_new_privs makes up for it. */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	if (capng_apply(CAPNG_SELECT_BOTH) && capng_apply(CAPNG_SELECT_CAPS))
		return -EPERM;
	return 0;
}
