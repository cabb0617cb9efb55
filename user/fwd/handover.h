/* SPDX-License-Identifier: BSD-2-Clause */
/* A daemon of this instance that runs already makes room for the next. */
#ifndef DETOUR_FWD_HANDOVER_H
#define DETOUR_FWD_HANDOVER_H

#include <stdio.h>

#include "user/base/cli.h"

/* Asks it to go, data path untouched, and waits until it is gone. No daemon is fine. -ETIMEDOUT. */
int handover_ask(const struct cli_options *options, FILE *errors);

#endif /* DETOUR_FWD_HANDOVER_H */
