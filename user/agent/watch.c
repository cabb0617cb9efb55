// SPDX-License-Identifier: BSD-2-Clause
/*
 * The screen is written over, line by line, and not cleared before: it does not flicker. What is
 * longer than the window is cut.
 */
#include "user/agent/watch.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <time.h>

#include "user/base/cleanup.h"

#define INTERVAL_MS 1000

#define SCREEN_ENTER "\033[?1049h\033[?25l" /* the other screen, no cursor */
#define SCREEN_LEAVE "\033[?25h\033[?1049l"
#define CURSOR_HOME  "\033[H"
#define CLEAR_LINE   "\033[K"
#define CLEAR_BELOW  "\033[J"

struct watch {
	bool screen; /* stdout is a terminal */
	bool keys;   /* stdin is one */
	struct termios before;
	int signals;
};

/* A line of the window: cut at its width. Table cells are ASCII. */
static void draw_line(const char *line, size_t len, size_t width)
{
	fwrite(line, 1, len < width ? len : width, stdout);
	fputs(CLEAR_LINE, stdout);
}

static void draw(const char *text)
{
	struct winsize size = {.ws_row = 24, .ws_col = 80};
	unsigned int rows = 1;

	ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	fputs(CURSOR_HOME, stdout);
	while (*text && rows < size.ws_row) {
		size_t len = strcspn(text, "\n");

		draw_line(text, len, size.ws_col);
		fputs("\r\n", stdout);
		text += len + (text[len] == '\n');
		rows++;
	}
	fputs(CLEAR_BELOW, stdout);
	fflush(stdout);
}

static int print_screen(watch_print print, void *data)
{
	_cleanup_free_ char *text = NULL;
	time_t now = time(NULL);
	char clock[32];
	size_t len;
	FILE *out = open_memstream(&text, &len);
	int err;

	if (!out)
		return -errno;
	strftime(clock, sizeof(clock), "%H:%M:%S", localtime(&now));
	fprintf(out, "%s   q: quit\n\n", clock);
	err = print(data, out);
	fclose(out);
	if (!err)
		draw(text);
	return err;
}

static int print_plain(watch_print print, void *data)
{
	int err = print(data, stdout);

	putchar('\n');
	return fflush(stdout) == 0 ? err : -errno;
}

/* False: the user wants to quit. */
static bool wait_for_next(const struct watch *watch)
{
	struct pollfd fds[2] = {
		{.fd = watch->signals, .events = POLLIN},
		{.fd = watch->keys ? STDIN_FILENO : -1, .events = POLLIN},
	};
	char key;

	if (poll(fds, 2, INTERVAL_MS) <= 0)
		return true;
	if (fds[0].revents)
		return false;
	return read(STDIN_FILENO, &key, 1) == 1 && key != 'q' && key != 'Q';
}

static int watch_begin(struct watch *watch)
{
	struct termios raw;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	watch->signals = signalfd(-1, &set, SFD_CLOEXEC);
	if (watch->signals < 0)
		return -errno;
	watch->screen = isatty(STDOUT_FILENO);
	watch->keys = watch->screen && tcgetattr(STDIN_FILENO, &watch->before) == 0;
	if (watch->keys) {
		raw = watch->before;
		raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
		tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	}
	if (watch->screen)
		fputs(SCREEN_ENTER, stdout);
	return 0;
}

static void watch_end(struct watch *watch)
{
	if (watch->screen)
		fputs(SCREEN_LEAVE, stdout);
	fflush(stdout);
	if (watch->keys)
		tcsetattr(STDIN_FILENO, TCSANOW, &watch->before);
	close(watch->signals);
}

int watch_run(watch_print print, void *data)
{
	struct watch watch = {0};
	int err = watch_begin(&watch);

	if (err)
		return err;
	do {
		err = watch.screen ? print_screen(print, data) : print_plain(print, data);
	} while (!err && wait_for_next(&watch));
	watch_end(&watch);
	return err;
}
