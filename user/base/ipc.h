/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The local socket of a daemon: one line with a command word in, one JSON object out, closed. The
 * socket's file is readable by root alone.
 */
#ifndef DETOUR_BASE_IPC_H
#define DETOUR_BASE_IPC_H

#include <stdbool.h>
#include <stddef.h>

#include <uv.h>

struct json_object;
struct ipc_server;

/* Answers one command with a new object, which the server releases; NULL: unknown command. */
typedef struct json_object *(*ipc_handler)(void *owner, const char *command);

/* "RUN_DIR/PROGRAM.sock", or "RUN_DIR/PROGRAM-INSTANCE.sock"; -ENAMETOOLONG. `out` has 108 bytes. */
int ipc_socket_path(const char *run_dir, const char *program, const char *instance, char *out);

/*
 * Listens at `path`, whose folder it makes if need be; a stale socket is replaced. -EADDRINUSE if
 * another process answers there.
 */
int ipc_server_new(uv_loop_t *loop, const char *path, ipc_handler handler, void *owner,
		   struct ipc_server **ret_server);

/* Stops listening and removes the socket's file, if it is still this server's own. */
void ipc_server_free(struct ipc_server *server);

/*
 * Asks the daemon at `path` and waits for its answer, 5 s at most. -ENOENT or -ECONNREFUSED: no
 * daemon; -EACCES: not root; -ETIMEDOUT; -EPROTO: not JSON. The caller releases *ret_answer.
 */
int ipc_call(const char *path, const char *command, struct json_object **ret_answer);

#endif /* DETOUR_BASE_IPC_H */
