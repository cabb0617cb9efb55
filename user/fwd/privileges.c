// SPDX-License-Identifier: BSD-2-Clause
/* Which rights the relay keeps. The user stays root: the bpffs folder and the keys are root's. */
#include "user/fwd/privileges.h"

#include <linux/capability.h>

#include "user/base/privileges.h"

int privileges_drop(void)
{
	static const int kept[] = {CAP_NET_ADMIN, CAP_BPF, -1};

	return privileges_keep(kept);
}

int privileges_confine_loader(void)
{
	static const int kept[] = {CAP_NET_ADMIN, CAP_BPF, CAP_PERFMON, -1};

	return privileges_keep(kept);
}
