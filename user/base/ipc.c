// SPDX-License-Identifier: BSD-2-Clause
/* The daemon's local socket on libuv, and the blocking call that the commands make. */
#include "user/base/ipc.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>

#include <json-c/json.h>

#include "user/base/cleanup.h"

#define IPC_COMMAND_MAX	    64
#define IPC_CONNECTIONS_MAX 32
#define IPC_TIMEOUT_MS	    5000
#define IPC_ANSWER_MAX	    (64 << 20)

struct ipc_server {
	uv_pipe_t pipe;
	ipc_handler handler;
	void *owner;
	unsigned int connections;
	bool closing;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	struct stat made; /* the socket's file, to know it again */
};

struct ipc_connection {
	uv_pipe_t pipe;
	struct ipc_server *server;
	uv_write_t write;
	char command[IPC_COMMAND_MAX];
	size_t used;
	struct json_object *answer;
};

int ipc_socket_path(const char *run_dir, const char *program, const char *instance, char *out)
{
	const size_t size = sizeof(((struct sockaddr_un *)0)->sun_path);
	bool plain = strcmp(instance, "default") == 0;
	int n = snprintf(out, size, "%s/%s%s%s.sock", run_dir, program, plain ? "" : "-",
			 plain ? "" : instance);

	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

/* The server goes when its own handle and the last connection's are closed. */
static void server_release(struct ipc_server *server)
{
	if (server->closing && server->connections == 0)
		free(server);
}

static void server_closed(uv_handle_t *handle)
{
	struct ipc_server *server = handle->data;

	server->closing = true;
	server_release(server);
}

static void connection_closed(uv_handle_t *handle)
{
	struct ipc_connection *connection = handle->data;
	struct ipc_server *server = connection->server;

	json_object_put(connection->answer);
	free(connection);
	server->connections--;
	server_release(server);
}

static void connection_close(struct ipc_connection *connection)
{
	if (!uv_is_closing((uv_handle_t *)&connection->pipe))
		uv_close((uv_handle_t *)&connection->pipe, connection_closed);
}

static void answer_written(uv_write_t *write, int status)
{
	(void)status;
	connection_close(write->data);
}

static void answer_command(struct ipc_connection *connection)
{
	struct ipc_server *server = connection->server;
	const char *text;
	uv_buf_t buf;

	connection->answer = server->handler(server->owner, connection->command);
	if (!connection->answer) {
		connection_close(connection);
		return;
	}
	text = json_object_to_json_string_ext(connection->answer, JSON_C_TO_STRING_PLAIN);
	buf = uv_buf_init((char *)text, (unsigned int)strlen(text));
	connection->write.data = connection;
	if (uv_write(&connection->write, (uv_stream_t *)&connection->pipe, &buf, 1,
		     answer_written) < 0)
		connection_close(connection);
}

static void command_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct ipc_connection *connection = handle->data;

	(void)suggested;
	*buf = uv_buf_init(connection->command + connection->used,
			   (unsigned int)(sizeof(connection->command) - 1 - connection->used));
}

static void command_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct ipc_connection *connection = stream->data;
	char *end;

	(void)buf;
	if (n < 0) {
		connection_close(connection);
		return;
	}
	connection->used += (size_t)n;
	connection->command[connection->used] = '\0';
	end = strchr(connection->command, '\n');
	if (end) {
		*end = '\0';
		uv_read_stop(stream);
		answer_command(connection);
	}
}

static void connection_accept(uv_stream_t *listener, int status)
{
	struct ipc_server *server = listener->data;
	struct ipc_connection *connection;

	if (status < 0)
		return;
	connection = calloc(1, sizeof(*connection));
	if (!connection)
		return;
	connection->server = server;
	connection->pipe.data = connection;
	uv_pipe_init(listener->loop, &connection->pipe, 0);
	server->connections++;
	if (uv_accept(listener, (uv_stream_t *)&connection->pipe) < 0 ||
	    server->connections > IPC_CONNECTIONS_MAX ||
	    uv_read_start((uv_stream_t *)&connection->pipe, command_buffer, command_read) < 0)
		connection_close(connection);
}

static int connect_to(const char *path, int *ret_fd)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un sun = {.sun_family = AF_UNIX};

	if (fd < 0)
		return -errno;
	if (strlen(path) >= sizeof(sun.sun_path))
		return -ENAMETOOLONG;
	memcpy(sun.sun_path, path, strlen(path));
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0)
		return -errno;
	*ret_fd = take_fd(&fd);
	return 0;
}

/* Makes room for a new socket file: the folder, and no stale file of a daemon that is gone. */
static int prepare_path(const char *path)
{
	_cleanup_free_ char *dir = strdup(path);
	_cleanup_close_ int fd = -1;
	char *slash;

	if (!dir)
		return -ENOMEM;
	slash = strrchr(dir, '/');
	if (slash && slash != dir) {
		*slash = '\0';
		if (mkdir(dir, 0755) < 0 && errno != EEXIST)
			return -errno;
	}
	if (connect_to(path, &fd) == 0)
		return -EADDRINUSE;
	if (unlink(path) < 0 && errno != ENOENT)
		return -errno;
	return 0;
}

int ipc_server_new(uv_loop_t *loop, const char *path, ipc_handler handler, void *owner,
		   struct ipc_server **ret_server)
{
	struct ipc_server *server;
	mode_t mask;
	int err;

	err = prepare_path(path);
	if (err)
		return err;
	server = calloc(1, sizeof(*server));
	if (!server)
		return -ENOMEM;
	server->handler = handler;
	server->owner = owner;
	snprintf(server->path, sizeof(server->path), "%s", path);
	uv_pipe_init(loop, &server->pipe, 0);
	server->pipe.data = server;
	mask = umask(0177);
	err = uv_pipe_bind(&server->pipe, path);
	umask(mask);
	if (!err)
		err = uv_listen((uv_stream_t *)&server->pipe, 16, connection_accept);
	if (!err && stat(path, &server->made) < 0)
		err = -errno;
	if (err) {
		uv_close((uv_handle_t *)&server->pipe, server_closed);
		return err;
	}
	*ret_server = server;
	return 0;
}

void ipc_server_free(struct ipc_server *server)
{
	struct stat now;

	if (!server)
		return;
	/*
	 * libuv unlinks the path it bound when the handle closes. After a handover the path names
	 * the next daemon's socket: it is put aside for that moment.
	 */
	if (stat(server->path, &now) == 0 && now.st_ino != server->made.st_ino) {
		char aside[sizeof(server->path) + 8];

		snprintf(aside, sizeof(aside), "%s.next", server->path);
		if (rename(server->path, aside) == 0) {
			uv_close((uv_handle_t *)&server->pipe, server_closed);
			rename(aside, server->path);
			return;
		}
	}
	uv_close((uv_handle_t *)&server->pipe, server_closed);
}

static int wait_for(int fd, short events)
{
	struct pollfd pollfd = {.fd = fd, .events = events};
	int n = poll(&pollfd, 1, IPC_TIMEOUT_MS);

	return n > 0 ? 0 : n == 0 ? -ETIMEDOUT : -errno;
}

/* Reads until the daemon closes; the text grows as it needs. */
static int read_answer(int fd, char **ret_text)
{
	_cleanup_free_ char *text = NULL;
	size_t used = 0, size = 0;

	for (;;) {
		ssize_t n;
		int err;

		if (used + 1 >= size) {
			char *grown;

			size = size ? size * 2 : 65536;
			grown = size > IPC_ANSWER_MAX ? NULL : realloc(text, size);
			if (!grown)
				return -ENOMEM;
			text = grown;
		}
		err = wait_for(fd, POLLIN);
		if (err)
			return err;
		n = read(fd, text + used, size - used - 1);
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		used += (size_t)n;
	}
	text[used] = '\0';
	*ret_text = take_ptr(&text);
	return 0;
}

int ipc_call(const char *path, const char *command, struct json_object **ret_answer)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_close_ int fd = -1;
	struct json_object *answer;
	char line[IPC_COMMAND_MAX];
	int err, n;

	n = snprintf(line, sizeof(line), "%s\n", command);
	if (n < 0 || (size_t)n >= sizeof(line))
		return -ENAMETOOLONG;
	err = connect_to(path, &fd);
	if (err)
		return err;
	if (send(fd, line, (size_t)n, MSG_NOSIGNAL) != n)
		return -EIO;
	err = read_answer(fd, &text);
	if (err)
		return err;
	answer = json_tokener_parse(text);
	if (!answer)
		return -EPROTO;
	*ret_answer = answer;
	return 0;
}
