/* SPDX-License-Identifier: BSD-2-Clause */
/* What xfer can do. Each returns 0 or -errno. */
#ifndef DETOUR_XFER_COMMANDS_H
#define DETOUR_XFER_COMMANDS_H

#include "tests/lab/xfer/common.h"

/*
 * A file from the client to the server. The sender begins with the length (8 bytes, big endian); the
 * receiver answers with the length that it has written, so that the sender's clock stops when all has
 * arrived.
 */
int send_file(const struct arguments *args, const struct endpoint *server, const char *path);
int receive_files(const struct arguments *args, const struct endpoint *endpoint, const char *path);

/*
 * A file from the server to the client, which asks for its first bytes by their number (8 bytes, big
 * endian).
 */
int fetch_file(const struct arguments *args, const struct endpoint *server, const char *path);
int serve_file(const struct arguments *args, const struct endpoint *endpoint, const char *path);

#endif /* DETOUR_XFER_COMMANDS_H */
