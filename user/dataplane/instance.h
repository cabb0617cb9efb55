/* SPDX-License-Identifier: BSD-2-Clause */
/* An instance by its pins alone. For user/dataplane alone. */
#ifndef DETOUR_DATAPLANE_INSTANCE_H
#define DETOUR_DATAPLANE_INSTANCE_H

#include <stdbool.h>
#include <stdio.h>

#include "user/dataplane/pins.h"

/* Takes the instance off all interfaces but those in `keep` (NULL-terminated; NULL: none stays). */
int instance_detach(const struct pins *pins, char *const *keep, FILE *errors);
bool instance_keeps(char *const *keep, const char *ifname);

#endif /* DETOUR_DATAPLANE_INSTANCE_H */
