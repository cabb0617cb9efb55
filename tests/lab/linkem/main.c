// SPDX-License-Identifier: BSD-2-Clause
/*
 * linkem: a link emulator for network namespaces, for kernels without netem. Each link is a pair of TAP
 * interfaces; frames go from one to the other with a rate, a queue, a delay and a random loss. One
 * process carries any number of links. It runs SCHED_FIFO where it may, because what counts is to
 * be on time.
 */
#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

#include "tests/lab/linkem/control.h"
#include "tests/lab/linkem/link.h"
#include "user/base/cleanup.h"

#define LINKS_MAX    64
#define EVENTS_BATCH 32

/* What an epoll event is about: 2 * link + side for an interface, or one of these. */
enum { EVENT_TIMER = 2 * LINKS_MAX, EVENT_CONTROL, EVENT_SIGNAL };

struct emulator {
	struct link links[LINKS_MAX];
	size_t count;
	int epoll, timer, control, signals;
};

struct arguments {
	struct shaper_settings defaults;
	const char *control;
	uint64_t seed;
};

static const char usage_text[] =
	"usage: linkem [OPTION...] LINK...        carry frames until SIGTERM\n"
	"       linkem --control PATH --call LINE talk to a running one: set, cut, restore, stats\n"
	"LINK is NAME,NETNS/IFACE,NETNS/IFACE[,KEY=VALUE...]; keys are the first four options:\n"
	"  --rate 10mbit   --delay 5ms   --loss 1%   --queue 100kB      for all links\n"
	"  --seed N        of the random losses\n"
	"  --control PATH  Unix socket for commands\n"
	"Prints \"ready\" when all interfaces are there.\n";

static int watch(struct emulator *em, int fd, uint32_t what)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u32 = what};

	return epoll_ctl(em->epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

static int emulator_init(struct emulator *em, const char *control)
{
	sigset_t ends;
	int err = 0;

	*em = (struct emulator){.epoll = epoll_create1(EPOLL_CLOEXEC), .control = -1};
	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	em->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	em->signals = signalfd(-1, &ends, SFD_NONBLOCK | SFD_CLOEXEC);
	if (em->epoll < 0 || em->timer < 0 || em->signals < 0)
		return -errno;
	if (control)
		err = control_listen(control, &em->control);
	if (!err)
		err = watch(em, em->timer, EVENT_TIMER);
	if (!err)
		err = watch(em, em->signals, EVENT_SIGNAL);
	if (!err && control)
		err = watch(em, em->control, EVENT_CONTROL);
	return err;
}

static void emulator_done(struct emulator *em)
{
	for (size_t i = 0; i < em->count; i++)
		link_close(&em->links[i]);
	cleanup_close(&em->epoll);
	cleanup_close(&em->timer);
	cleanup_close(&em->signals);
	cleanup_close(&em->control);
}

static int emulator_add(struct emulator *em, const char *text, const struct arguments *args)
{
	struct link *link = &em->links[em->count];
	struct link_spec spec;
	int err;

	if (em->count == LINKS_MAX)
		return -E2BIG;
	err = link_spec_parse(text, &args->defaults, &spec);
	if (err)
		return err;
	err = link_open(link, &spec, args->seed + 2 * em->count);
	if (err)
		return err;
	for (uint32_t side = 0; side < 2 && !err; side++)
		err = watch(em, link->taps[side], 2 * (uint32_t)em->count + side);
	em->count++;
	return err;
}

static void arm(struct emulator *em, uint64_t when_ns)
{
	struct itimerspec next = {.it_value = {0}};

	if (when_ns != UINT64_MAX) {
		next.it_value.tv_sec = (time_t)(when_ns / NS_PER_S);
		next.it_value.tv_nsec = (long)(when_ns % NS_PER_S);
	}
	timerfd_settime(em->timer, TFD_TIMER_ABSTIME, &next, NULL);
}

static void deliver_all(struct emulator *em)
{
	uint64_t next_ns = UINT64_MAX;

	for (size_t i = 0; i < em->count; i++) {
		uint64_t due_ns = link_deliver(&em->links[i]);

		if (due_ns < next_ns)
			next_ns = due_ns;
	}
	arm(em, next_ns);
}

/* Returns true if the emulator is to end. */
static bool handle(struct emulator *em, uint32_t what)
{
	uint64_t expirations;

	switch (what) {
	case EVENT_SIGNAL:
		return true;
	case EVENT_CONTROL:
		control_serve(em->control, em->links, em->count);
		return false;
	case EVENT_TIMER:
		/* Only to make it quiet again: deliver_all() looks at the clock itself. */
		(void)!read(em->timer, &expirations, sizeof(expirations));
		return false;
	default:
		/* An interface that is gone went with its namespace: the lab is being taken down. */
		return link_receive(&em->links[what / 2], (int)(what % 2)) != 0;
	}
}

static void emulator_run(struct emulator *em)
{
	struct epoll_event events[EVENTS_BATCH];
	bool ended = false;

	while (!ended) {
		int count = epoll_wait(em->epoll, events, EVENTS_BATCH, -1);

		for (int i = 0; i < count; i++)
			ended |= handle(em, events[i].data.u32);
		deliver_all(em);
	}
}

/* Both are wishes: without them the emulator works, only less on time. */
static void be_on_time(void)
{
	struct sched_param param = {.sched_priority = 10};

	if (sched_setscheduler(0, SCHED_FIFO, &param) < 0)
		fprintf(stderr, "linkem: no real-time priority (%s): frames may be late\n",
			strerror(errno));
	mlockall(MCL_CURRENT | MCL_FUTURE);
}

static int emulate(const struct arguments *args, char **links)
{
	struct emulator em;
	int err = emulator_init(&em, args->control);

	if (err)
		fprintf(stderr, "linkem: cannot start: %s\n", strerror(-err));
	for (; *links && !err; links++) {
		err = emulator_add(&em, *links, args);
		if (err)
			fprintf(stderr, "linkem: link '%s': %s\n", *links, strerror(-err));
	}
	if (!err) {
		be_on_time();
		puts("ready");
		fflush(stdout);
		emulator_run(&em);
	}
	emulator_done(&em);
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* "--rate 10mbit" is "rate=10mbit" for all links. */
static int default_apply(struct arguments *args, const char *key, const char *value)
{
	char assignment[64];
	int len = snprintf(assignment, sizeof(assignment), "%s=%s", key, value);

	return len < (int)sizeof(assignment) ? settings_apply(&args->defaults, assignment)
					     : -EINVAL;
}

static int call(const struct arguments *args, const char *line)
{
	int err = args->control ? control_call(args->control, line, stdout) : -EDESTADDRREQ;

	if (err)
		fprintf(stderr, "linkem: %s: %s\n", line, strerror(-err));
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"rate", required_argument, NULL, 'k'},
		{"delay", required_argument, NULL, 'k'},
		{"loss", required_argument, NULL, 'k'},
		{"queue", required_argument, NULL, 'k'},
		{"seed", required_argument, NULL, 's'},
		{"control", required_argument, NULL, 'c'},
		{"call", required_argument, NULL, 'C'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	struct arguments args = {.defaults = {.queue_bytes = 100000}};
	const char *line = NULL;
	int option, index;

	while ((option = getopt_long(argc, argv, "h", options, &index)) != -1) {
		if (option == 'c') {
			args.control = optarg;
		} else if (option == 'C') {
			line = optarg;
		} else if (option == 's') {
			args.seed = strtoull(optarg, NULL, 0);
		} else if (option != 'k' || default_apply(&args, options[index].name, optarg)) {
			fputs(usage_text, option == 'h' ? stdout : stderr);
			return option == 'h' ? EXIT_SUCCESS : 2;
		}
	}
	if (line)
		return call(&args, line);
	if (optind == argc) {
		fputs(usage_text, stderr);
		return 2;
	}
	return emulate(&args, argv + optind);
}
