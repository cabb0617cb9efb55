// SPDX-License-Identifier: BSD-2-Clause
/*
 * A client of many MPTCP connections, and what its host's path manager makes of them.
 *
 *   hold ADDRESS:PORT COUNT SUBFLOWS   opens COUNT connections, waits until the kernel has told of
 *                                      SUBFLOWS more subflows of each or tells of none any longer,
 *                                      prints how many there are and how long both took, and keeps
 *                                      them until a signal ends it
 *   churn ADDRESS:PORT RATE SECONDS    opens RATE connections a second, closes each after a second
 *   react ADDRESS:PORT COUNT           one connection after the other: how long from connect(), and
 *                                      from the event ESTABLISHED, to SUB_ESTABLISHED of the next
 *                                      subflow. (Both events may be read in one wake-up.)
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/conns.h"
#include "tests/bench/figures.h"
#include "user/pm/command.h"
#include "user/pm/event.h"

#define EVENTS_AT_ONCE 256
#define UNDER_WAY_MAX  32 /* connections that are being opened at a time */
#define PATIENCE_NS \
	20000000000ULL /* for one more subflow of `hold`: an agent's third try included */
#define LIFE_NS	    1000000000ULL /* of a connection of `churn` */
#define REACTION_NS 3000000000ULL /* a subflow of `react` that is not there by then is missing */

struct conns {
	struct endpoint where;
	struct pm *pm;
	int epoll;
	unsigned int under_way, open, failed, subflows;
	uint64_t last_subflow_ns; /* when the latest one came */
	/* react: what the events were about, and when they came. */
	uint32_t token;
	uint64_t established_ns, joined_ns;
	/* churn: by age, a ring. */
	int *fds;
	uint64_t *since_ns;
	unsigned int first, count, room;
};

static int on_event(const struct nlmsghdr *nlh, void *data)
{
	struct conns *conns = data;
	struct pm_event event;

	if (pm_event_decode(nlh, &event))
		return MNL_CB_OK;
	if (event.type == PM_ESTABLISHED && !conns->established_ns) {
		conns->token = event.token;
		conns->established_ns = now_ns();
	}
	if (event.type != PM_SUB_ESTABLISHED)
		return MNL_CB_OK;
	conns->subflows++;
	conns->last_subflow_ns = now_ns();
	if (event.token == conns->token && !conns->joined_ns)
		conns->joined_ns = now_ns();
	return MNL_CB_OK;
}

static int open_one(struct conns *conns)
{
	struct epoll_event event = {.events = EPOLLOUT};
	int fd = conns_connect(&conns->where);

	event.data.fd = fd;
	if (epoll_ctl(conns->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		give_up("epoll");
	conns->under_way++;
	return fd;
}

/* It is connected: says something, and waits for the echo. */
static int say(struct conns *conns, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
	char bytes[CONNS_MESSAGE] = "";

	if (send(fd, bytes, sizeof(bytes), MSG_NOSIGNAL) != sizeof(bytes))
		return -errno;
	return epoll_ctl(conns->epoll, EPOLL_CTL_MOD, fd, &event) < 0 ? -errno : 0;
}

static void connection_event(struct conns *conns, int fd, uint32_t events)
{
	char bytes[CONNS_MESSAGE];
	int err = 0;

	if (events & EPOLLOUT && !(events & EPOLLERR))
		err = say(conns, fd);
	else if (recv(fd, bytes, sizeof(bytes), 0) > 0)
		conns->open++;
	else
		err = -errno;
	if (!err && events & EPOLLOUT)
		return;
	conns->under_way--;
	conns->failed += err != 0;
	epoll_ctl(conns->epoll, EPOLL_CTL_DEL, fd, NULL);
}

/* One round; `pm` has a descriptor among them. */
static void run(struct conns *conns, int timeout_ms)
{
	struct epoll_event events[EVENTS_AT_ONCE];
	int count = epoll_wait(conns->epoll, events, EVENTS_AT_ONCE, timeout_ms);

	for (int i = 0; i < count; i++) {
		if (events[i].data.fd != pm_events_fd(conns->pm))
			connection_event(conns, events[i].data.fd, events[i].events);
		else if (pm_receive(conns->pm, on_event, conns) == -ENOBUFS)
			fprintf(stderr, "bench_conns: the kernel dropped events\n");
	}
}

static _Noreturn void hold(struct conns *conns, unsigned int count, unsigned int subflows)
{
	uint64_t begun = now_ns(), connected, joined;

	while (conns->open + conns->failed < count) {
		while (conns->under_way < UNDER_WAY_MAX &&
		       conns->open + conns->failed + conns->under_way < count)
			open_one(conns);
		run(conns, 100);
	}
	connected = joined = now_ns();
	while (conns->subflows < conns->open * subflows && now_ns() - joined < PATIENCE_NS) {
		run(conns, 100);
		if (conns->last_subflow_ns > joined)
			joined = conns->last_subflow_ns;
	}
	printf("{\"open\": %u, \"failed\": %u, \"subflows\": %u, \"connected_s\": %.4f, "
	       "\"joined_s\": %.4f}\n",
	       conns->open, conns->failed, conns->subflows, (double)(connected - begun) / 1e9,
	       (double)(joined - begun) / 1e9);
	fflush(stdout);
	for (;;)
		run(conns, -1);
}

static void churn_open(struct conns *conns)
{
	unsigned int last = (conns->first + conns->count) % conns->room;

	if (conns->count == conns->room)
		return;
	conns->fds[last] = open_one(conns);
	conns->since_ns[last] = now_ns();
	conns->count++;
}

static void churn_close_old(struct conns *conns)
{
	while (conns->count && now_ns() - conns->since_ns[conns->first] >= LIFE_NS) {
		close(conns->fds[conns->first]);
		conns->first = (conns->first + 1) % conns->room;
		conns->count--;
	}
}

static int churn(struct conns *conns, unsigned int rate, unsigned int seconds)
{
	uint64_t begun = now_ns(), interval_ns = 1000000000ULL / rate, next = begun;

	conns->room = rate * 2 + 16;
	conns->fds = calloc(conns->room, sizeof(*conns->fds));
	conns->since_ns = calloc(conns->room, sizeof(*conns->since_ns));
	if (!conns->fds || !conns->since_ns)
		give_up("memory");
	while (now_ns() - begun < seconds * 1000000000ULL) {
		for (; next <= now_ns(); next += interval_ns)
			churn_open(conns);
		churn_close_old(conns);
		run(conns, 1);
	}
	printf("{\"open\": %u, \"failed\": %u, \"subflows\": %u, \"seconds\": %.4f}\n", conns->open,
	       conns->failed, conns->subflows, (double)(now_ns() - begun) / 1e9);
	return 0;
}

static int react(struct conns *conns, unsigned int count)
{
	struct figures figures = {0}, since_event = {0};
	unsigned int missing = 0;

	for (unsigned int i = 0; i < count; i++) {
		uint64_t begun = now_ns();
		int fd;

		conns->established_ns = conns->joined_ns = conns->token = 0;
		fd = open_one(conns);
		while (!conns->joined_ns && now_ns() - begun < REACTION_NS)
			run(conns, 10);
		if (conns->joined_ns) {
			figures_add(&figures, conns->joined_ns - begun);
			figures_add(&since_event, conns->joined_ns - conns->established_ns);
		} else {
			missing++;
		}
		close(fd);
		for (begun = now_ns(); now_ns() - begun < 5000000;)
			run(conns, 1);
	}
	printf("{\"reactions\": %zu, \"missing\": %u, ", figures.count, missing);
	figures_print(&figures);
	printf(", \"since_event\": {");
	figures_print(&since_event);
	printf("}}\n");
	return 0;
}

int main(int argc, char **argv)
{
	struct conns conns = {0};
	struct epoll_event event = {.events = EPOLLIN};
	unsigned int first, second;

	if (argc < 4 || endpoint_parse(argv[2], &conns.where)) {
		fprintf(stderr, "usage: bench_conns hold|churn|react ADDRESS:PORT COUNT [...]\n");
		return 2;
	}
	first = (unsigned int)atoi(argv[3]);
	second = argc > 4 ? (unsigned int)atoi(argv[4]) : 0;
	conns_many_files();
	conns.epoll = epoll_create1(EPOLL_CLOEXEC);
	errno = -pm_open(&conns.pm);
	if (errno)
		give_up("path manager events");
	event.data.fd = pm_events_fd(conns.pm);
	if (epoll_ctl(conns.epoll, EPOLL_CTL_ADD, event.data.fd, &event) < 0)
		give_up("epoll");
	if (strcmp(argv[1], "hold") == 0)
		hold(&conns, first, second);
	if (strcmp(argv[1], "churn") == 0)
		return churn(&conns, first, second);
	return react(&conns, first);
}
