/* SPDX-License-Identifier: BSD-2-Clause */
/* A configuration file as a whole, in memory. */
#ifndef DETOUR_CONF_FILE_H
#define DETOUR_CONF_FILE_H

#include <stddef.h>
#include <stdio.h>

/*
 * Reads `path`; NULL: `standard`, which need not exist (the text is then empty). An error is
 * printed to `errors` and returned: -errno of open or read, -EFBIG above 1 MiB, -ENOMEM. The caller
 * frees *ret_text.
 */
int conf_file_read(const char *path, const char *standard, FILE *errors, char **ret_text,
		   size_t *ret_len);

#endif /* DETOUR_CONF_FILE_H */
