// SPDX-License-Identifier: BSD-2-Clause
/* The loading process: one request, one answer, over a socket pair. */
#include "user/dataplane/loader.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "user/base/cleanup.h"
#include "user/dataplane/programs.h"

#define LOADER_TIMEOUT_MS (60 * 1000)
#define LOADER_TEXT_LEN	  1000

struct loader {
	int fd;
	pid_t pid;
};

struct loader_request {
	struct detour_config config;
	enum dataplane_hook hook;
};

struct loader_answer {
	int err;
	char text[LOADER_TEXT_LEN]; /* what went to `errors` */
};

static void answer_request(const struct pins *pins, struct dataplane_options *options,
			   const struct loader_request *request, struct loader_answer *answer)
{
	FILE *errors = fmemopen(answer->text, sizeof(answer->text), "w");

	if (!errors) {
		answer->err = -ENOMEM;
		return;
	}
	options->config = request->config;
	answer->err = program_load(pins, options, request->hook, errors, NULL);
	fclose(errors);
	answer->text[sizeof(answer->text) - 1] = '\0';
}

/* Signals are the daemon's; this process ends when its end of the socket does. */
static void process_main(int fd, const struct pins *pins, struct dataplane_options options,
			 int (*confine)(void))
{
	static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};
	struct loader_request request;

	for (size_t i = 0; i < ARRAY_SIZE(ignored); i++)
		signal(ignored[i], SIG_IGN);
	prctl(PR_SET_NAME, "detour-load", 0, 0, 0);
	if (confine())
		_exit(1);
	while (recv(fd, &request, sizeof(request), 0) == sizeof(request)) {
		struct loader_answer answer = {0};

		answer_request(pins, &options, &request, &answer);
		if (send(fd, &answer, sizeof(answer), 0) != sizeof(answer))
			break;
	}
	_exit(0);
}

/* Nothing of the daemon's stays open but the log. */
static void close_others(int keep)
{
	if (keep > STDERR_FILENO + 1)
		close_range(STDERR_FILENO + 1, (unsigned int)keep - 1, 0);
	close_range((unsigned int)keep + 1, ~0U, 0);
}

int loader_start(const struct pins *pins, const struct dataplane_options *options,
		 int (*confine)(void), struct loader **ret_loader)
{
	struct loader *loader = calloc(1, sizeof(*loader));
	int fds[2], err;

	if (!loader)
		return -ENOMEM;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0) {
		err = -errno;
		free(loader);
		return err;
	}
	loader->pid = fork();
	if (loader->pid == 0) {
		close_others(fds[1]);
		process_main(fds[1], pins, *options, confine);
	}
	err = loader->pid < 0 ? -errno : 0;
	close(fds[1]);
	loader->fd = fds[0];
	if (err) {
		close(loader->fd);
		free(loader);
		return err;
	}
	*ret_loader = loader;
	return 0;
}

void loader_free(struct loader *loader)
{
	if (!loader)
		return;
	close(loader->fd);
	waitpid(loader->pid, NULL, 0);
	free(loader);
}

int loader_load(struct loader *loader, const struct detour_config *config, enum dataplane_hook hook,
		FILE *errors)
{
	struct loader_request request = {.config = *config, .hook = hook};
	struct pollfd pollfd = {.fd = loader->fd, .events = POLLIN};
	struct loader_answer answer;

	/* One that came too late for its request is not this one's. */
	while (recv(loader->fd, &answer, sizeof(answer), MSG_DONTWAIT) > 0)
		;
	if (send(loader->fd, &request, sizeof(request), MSG_NOSIGNAL) != sizeof(request))
		return -EPIPE;
	if (poll(&pollfd, 1, LOADER_TIMEOUT_MS) != 1)
		return -ETIMEDOUT;
	if (recv(loader->fd, &answer, sizeof(answer), 0) != sizeof(answer))
		return -EPIPE;
	fputs(answer.text, errors);
	return answer.err;
}
