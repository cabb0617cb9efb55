// SPDX-License-Identifier: BSD-2-Clause
/* Capabilities by libcap-ng. The user stays who it is: root's files are still its own. */
#include "user/base/privileges.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/prctl.h>

#include <cap-ng.h>

/* The list is chosen from what the process has: a capability cannot be gained. */
static int choose(const int *capabilities)
{
	bool has[CAP_LAST_CAP + 1];

	for (const int *capability = capabilities; *capability >= 0; capability++)
		has[*capability] = capng_have_capability(CAPNG_PERMITTED,
							 (unsigned int)*capability);
	capng_clear(CAPNG_SELECT_BOTH);
	for (const int *capability = capabilities; *capability >= 0; capability++) {
		if (has[*capability] && capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED,
						     (unsigned int)*capability))
			return -EINVAL;
	}
	return 0;
}

int privileges_keep(const int *capabilities)
{
	int err = choose(capabilities);

	if (err)
		return err;
	/* Without CAP_SETPCAP (a container) the bounding set stays; no_new_privs makes up for it. */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	if (capng_apply(CAPNG_SELECT_BOTH) && capng_apply(CAPNG_SELECT_CAPS))
		return -EPERM;
	return 0;
}
