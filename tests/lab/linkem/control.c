// SPDX-License-Identifier: BSD-2-Clause
/* Commands to a running emulator, and the socket that they come by. */
#include "tests/lab/linkem/control.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "user/base/cleanup.h"

#define LINE_MAX_LEN   512
#define CALL_TRIES     100
#define ANSWER_MAX_LEN 32768

/* What a command names: one link, and of it both directions or one. */
struct target {
	struct link *link;
	int first, last;
};

static int target_parse(char *word, struct link *links, size_t count, struct target *ret_target)
{
	static const struct {
		const char *name;
		int first, last;
	} directions[] = {{"ab", 0, 0}, {"ba", 1, 1}, {"", 0, 1}};
	char *colon = word ? strchr(word, ':') : NULL;
	const char *wanted = colon ? colon + 1 : "";

	if (!word)
		return -EINVAL;
	if (colon)
		*colon = '\0';
	for (size_t i = 0; i < count; i++) {
		if (strcmp(links[i].name, word))
			continue;
		for (size_t d = 0; d < ARRAY_SIZE(directions); d++) {
			if (strcmp(directions[d].name, wanted))
				continue;
			*ret_target = (struct target){&links[i], directions[d].first,
						      directions[d].last};
			return 0;
		}
	}
	return -ENODEV;
}

static int target_apply(const struct target *target, const char *assignment)
{
	for (int side = target->first; side <= target->last; side++) {
		int err = settings_apply(&target->link->directions[side].shaper.settings,
					 assignment);

		if (err)
			return err;
	}
	return 0;
}

static int run_set(const struct target *target, char **save)
{
	char *word = strtok_r(NULL, " \n", save);
	int err = word ? 0 : -EINVAL;

	for (; word && !err; word = strtok_r(NULL, " \n", save))
		err = target_apply(target, word);
	return err;
}

static int run_cut(const struct target *target, char **save)
{
	(void)save;
	return target_apply(target, "cut=1");
}

static int run_restore(const struct target *target, char **save)
{
	(void)save;
	return target_apply(target, "cut=0");
}

static const struct {
	const char *word;
	int (*run)(const struct target *target, char **save);
} target_commands[] = {
	{"set", run_set},
	{"cut", run_cut},
	{"restore", run_restore},
};

static int control_run_on_target(const char *word, char **save, struct link *links, size_t count)
{
	struct target target;
	int err;

	for (size_t i = 0; i < ARRAY_SIZE(target_commands); i++) {
		if (strcmp(target_commands[i].word, word))
			continue;
		err = target_parse(strtok_r(NULL, " \n", save), links, count, &target);
		return err ? err : target_commands[i].run(&target, save);
	}
	return -EOPNOTSUPP;
}

void control_run(char *line, struct link *links, size_t count, FILE *out)
{
	char *save = NULL, *word = strtok_r(line, " \n", &save);
	int err = -EINVAL;

	if (word && !strcmp(word, "stats")) {
		for (size_t i = 0; i < count; i++)
			link_print(out, &links[i]);
		return;
	}
	if (word)
		err = control_run_on_target(word, &save, links, count);
	if (err)
		fprintf(out, "error: %s\n", strerror(-err));
	else
		fprintf(out, "ok\n");
}

static int control_address(const char *path, struct sockaddr_un *ret_address)
{
	if (strlen(path) >= sizeof(ret_address->sun_path))
		return -ENAMETOOLONG;
	*ret_address = (struct sockaddr_un){.sun_family = AF_UNIX};
	memcpy(ret_address->sun_path, path, strlen(path) + 1);
	return 0;
}

int control_listen(const char *path, int *ret_fd)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct sockaddr_un address;
	int err = control_address(path, &address);

	if (fd < 0)
		return -errno;
	if (err)
		return err;
	unlink(path);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 8) < 0)
		return -errno;
	*ret_fd = take_fd(&fd);
	return 0;
}

/*
 * The emulator must not wait for a caller: one that has not sent its line yet (it connects and
 * sends at once) gets a millisecond.
 */
void control_serve(int fd, struct link *links, size_t count)
{
	_cleanup_close_ int conn = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	struct timeval patience = {.tv_usec = 1000};
	_cleanup_free_ char *answer = NULL;
	char line[LINE_MAX_LEN];
	size_t answer_len = 0;
	ssize_t len;
	FILE *out;

	if (conn < 0)
		return;
	setsockopt(conn, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	len = recv(conn, line, sizeof(line) - 1, 0);
	if (len <= 0)
		return;
	line[len] = '\0';
	out = open_memstream(&answer, &answer_len);
	if (!out)
		return;
	control_run(line, links, count, out);
	if (!fclose(out))
		send(conn, answer, answer_len, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static int control_try(const char *path, const char *line, FILE *out)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct timeval patience = {.tv_sec = 5};
	_cleanup_free_ char *answer = malloc(ANSWER_MAX_LEN);
	struct sockaddr_un address;
	int err = control_address(path, &address);
	ssize_t len;

	if (fd < 0)
		return -errno;
	if (err || !answer)
		return err ? err : -ENOMEM;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    send(fd, line, strlen(line), MSG_NOSIGNAL) < 0)
		return -errno;
	len = recv(fd, answer, ANSWER_MAX_LEN - 1, 0);
	if (len <= 0)
		return len < 0 ? -errno : -EPROTO;
	answer[len] = '\0';
	fputs(answer, out);
	return strncmp(answer, "error: ", 7) ? 0 : -EINVAL;
}

/* On a busy machine the emulator's patience ends before this process gets to send: again, then. */
int control_call(const char *path, const char *line, FILE *out)
{
	int err = -EPIPE;

	for (int i = 0; i < CALL_TRIES && (err == -EPIPE || err == -ECONNRESET); i++)
		err = control_try(path, line, out);
	return err;
}
