// SPDX-License-Identifier: BSD-2-Clause
/* TAP interfaces in network namespaces, and the frames between them. */
#include "tests/lab/linkem/link.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/if_tun.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>

#include "user/base/cleanup.h"

/* Frames that one call takes from an interface, so that a busy link does not starve the others. */
#define RECEIVE_BATCH 64

uint64_t link_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

/* Moves this thread to the namespace; the old one's descriptor goes to *ret_old. */
static int netns_enter(const char *path, int *ret_old)
{
	_cleanup_close_ int old = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	_cleanup_close_ int new = -1;

	if (old < 0)
		return -errno;
	new = open(path, O_RDONLY | O_CLOEXEC);
	if (new < 0 || setns(new, CLONE_NEWNET) < 0)
		return -errno;
	*ret_old = take_fd(&old);
	return 0;
}

static int interface_up(const char *ifname)
{
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq ifr = {.ifr_flags = 0};

	if (fd < 0)
		return -errno;
	memcpy(ifr.ifr_name, ifname, strlen(ifname) + 1);
	if (ioctl(fd, SIOCGIFFLAGS, &ifr) < 0)
		return -errno;
	ifr.ifr_flags |= IFF_UP;
	return ioctl(fd, SIOCSIFFLAGS, &ifr) < 0 ? -errno : 0;
}

/* No offloads: every frame comes whole, with its checksums, and no longer than the MTU. */
static int tap_create(const char *ifname, int *ret_fd)
{
	struct ifreq ifr = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_TUN_EXCL};
	_cleanup_close_ int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	int err;

	if (fd < 0)
		return -errno;
	memcpy(ifr.ifr_name, ifname, strlen(ifname) + 1);
	if (ioctl(fd, TUNSETIFF, &ifr) < 0 || ioctl(fd, TUNSETOFFLOAD, 0) < 0)
		return -errno;
	err = interface_up(ifname);
	if (err)
		return err;
	*ret_fd = take_fd(&fd);
	return 0;
}

static int tap_create_in(const struct link_end *end, int *ret_fd)
{
	_cleanup_close_ int old = -1;
	int err;

	if (!*end->netns)
		return tap_create(end->ifname, ret_fd);
	err = netns_enter(end->netns, &old);
	if (err)
		return err;
	err = tap_create(end->ifname, ret_fd);
	if (setns(old, CLONE_NEWNET) < 0 && !err)
		err = -errno;
	return err;
}

int link_open(struct link *link, const struct link_spec *spec, uint64_t seed)
{
	int err;

	*link = (struct link){.taps = {-1, -1}};
	memcpy(link->name, spec->name, sizeof(link->name));
	for (int side = 0; side < 2; side++) {
		struct direction *direction = &link->directions[side];

		shaper_init(&direction->shaper, &spec->settings, seed + (uint64_t)side);
		direction->last = &direction->first;
		err = tap_create_in(&spec->ends[side], &link->taps[side]);
		if (err) {
			link_close(link);
			return err;
		}
	}
	return 0;
}

void link_close(struct link *link)
{
	for (int side = 0; side < 2; side++) {
		struct direction *direction = &link->directions[side];

		while (direction->first) {
			struct frame *frame = direction->first;

			direction->first = frame->next;
			free(frame);
		}
		cleanup_close(&link->taps[side]);
		link->taps[side] = -1;
	}
}

static void direction_put(struct direction *direction, struct frame *frame)
{
	frame->next = NULL;
	*direction->last = frame;
	direction->last = &frame->next;
}

static struct frame *direction_take(struct direction *direction)
{
	struct frame *frame = direction->first;

	direction->first = frame->next;
	if (!direction->first)
		direction->last = &direction->first;
	return frame;
}

int link_receive(struct link *link, int side)
{
	struct direction *direction = &link->directions[side];
	struct link_counters *counters = &direction->counters;
	uint64_t backlog;

	for (int i = 0; i < RECEIVE_BATCH; i++) {
		_cleanup_free_ struct frame *frame = malloc(sizeof(*frame));
		enum shaper_fate fate;
		uint64_t now_ns;
		ssize_t len;

		if (!frame)
			return -ENOMEM;
		len = read(link->taps[side], frame->data, sizeof(frame->data));
		if (len < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		now_ns = link_now_ns();
		frame->len = (uint32_t)len;
		fate = shaper_admit(&direction->shaper, now_ns, frame->len, &frame->arrival_ns);
		counters->fates[fate]++;
		backlog = shaper_backlog(&direction->shaper, now_ns);
		if (backlog > counters->backlog_max)
			counters->backlog_max = backlog;
		if (fate == SHAPER_DELIVER)
			direction_put(direction, take_ptr(&frame));
	}
	return 0;
}

static void frame_write(struct direction *direction, int tap, const struct frame *frame)
{
	struct link_counters *counters = &direction->counters;
	uint64_t late_ns = link_now_ns() - frame->arrival_ns;

	counters->late_ns_sum += late_ns;
	if (late_ns > counters->late_ns_max)
		counters->late_ns_max = late_ns;
	if (write(tap, frame->data, frame->len) == (ssize_t)frame->len)
		counters->bytes += frame->len;
	else
		counters->refused++;
}

static uint64_t direction_deliver(struct direction *direction, int tap)
{
	while (direction->first && direction->first->arrival_ns <= link_now_ns()) {
		_cleanup_free_ struct frame *frame = direction_take(direction);

		frame_write(direction, tap, frame);
	}
	return direction->first ? direction->first->arrival_ns : UINT64_MAX;
}

uint64_t link_deliver(struct link *link)
{
	uint64_t forth = direction_deliver(&link->directions[0], link->taps[1]);
	uint64_t back = direction_deliver(&link->directions[1], link->taps[0]);

	return forth < back ? forth : back;
}

void link_print(FILE *out, const struct link *link)
{
	for (int side = 0; side < 2; side++) {
		const struct shaper_settings *settings = &link->directions[side].shaper.settings;
		const struct link_counters *counters = &link->directions[side].counters;
		uint64_t delivered = counters->fates[SHAPER_DELIVER];

		fprintf(out,
			"link=%s direction=%s rate=%" PRIu64 " delay_us=%" PRIu64
			" loss_ppm=%u queue=%u cut=%d delivered=%" PRIu64 " bytes=%" PRIu64
			" dropped_queue=%" PRIu64 " dropped_loss=%" PRIu64 " dropped_cut=%" PRIu64
			" refused=%" PRIu64 " late_us_mean=%" PRIu64 " late_us_max=%" PRIu64
			" backlog_max=%" PRIu64 "\n",
			link->name, side ? "ba" : "ab", settings->rate_bps,
			settings->delay_ns / 1000, settings->loss_ppm, settings->queue_bytes,
			settings->cut, delivered, counters->bytes,
			counters->fates[SHAPER_DROP_QUEUE], counters->fates[SHAPER_DROP_LOSS],
			counters->fates[SHAPER_DROP_CUT], counters->refused,
			counters->late_ns_sum / 1000 / (delivered ? delivered : 1),
			counters->late_ns_max / 1000, counters->backlog_max);
	}
}
