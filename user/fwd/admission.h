/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which servers clients may reach through this relay. Denied unless Allow= opens them: everything
 * that is not public unicast (RFC 6890 and its registries), cloud metadata services, TCP port 25;
 * and the relay's own addresses always. An IPv6 address that carries an IPv4 address (NAT64, 6to4,
 * Teredo, ISATAP) is held to what it carries as well. Pure.
 */
#ifndef DETOUR_FWD_ADMISSION_H
#define DETOUR_FWD_ADMISSION_H

#include <stddef.h>

#include "user/base/addr.h"
#include "user/conf/fwd_config.h"

struct admission_rules {
	/* Of Allow= and Deny= the longer prefix wins, then a rule with a port, then Deny=. */
	const struct fwd_destination *allow, *deny;
	size_t allow_count, deny_count;
	const struct detour_addr *own;
	size_t own_count;
};

/* NULL: admitted. Else why not, a static text for people. */
const char *admission_check(const struct admission_rules *rules, const struct endpoint *server);

#endif /* DETOUR_FWD_ADMISSION_H */
