/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Does a path lose packets by congestion or by chance? Congestion shows in two ways: a full queue makes the
 * round-trip time long; and where the queue is short (or managed), a loss comes when the window has grown again to
 * what was too much the last time, as cubic (RFC 9438) does it. A loss that comes much sooner, without a queue, is the
 * path's own: a bad line, a radio link. Many short gaps in a row make it sure enough. Pure: compiles natively too.
 */
#ifndef DETOUR_BPF_CLIENT_LOSS_H
#define DETOUR_BPF_CLIENT_LOSS_H

#include <linux/types.h>
#include <stdbool.h>

#include <bpf/lib/compiler.h>

#define LOSS_CALM_US 4000 /* of round-trip time that are no queue yet, besides a quarter */

/*
 * By chance four gaps of ten are shorter than half of cubic's, by congestion few: points for and against. Where
 * other traffic makes the room vary by a tenth, it takes minutes to be wrongly sure.
 */
#define LOSS_SOONER  3
#define LOSS_REGULAR 1
#define LOSS_QUEUE   3
#define LOSS_SURE    8

#define LOSS_NO_RTT (~0U) /* TCP's minimum before the first sample */

/* Of one subflow. */
struct loss_state {
	__u32 episode_end; /* sequence number: what is lost before it belongs to the last episode */
	__u32 window;	   /* segments in flight when that began; 0: there was none yet */
	__u32 points;
};

/* What TCP knows when it retransmits. */
struct loss_sample {
	__u32 snd_una, snd_nxt; /* sequence numbers */
	__u32 mss;		/* bytes */
	__u32 srtt_us, min_rtt_us;
};

/* All that is lost in one window is one episode, however long its repair takes. */
static __always_inline bool loss_is_same_episode(const struct loss_state *state,
						 const struct loss_sample *sample)
{
	return state->window &&
	       state->episode_end - sample->snd_una - 1 < sample->snd_nxt - sample->snd_una;
}

static __always_inline bool loss_has_queue(const struct loss_sample *sample)
{
	return sample->srtt_us > sample->min_rtt_us + sample->min_rtt_us / 4 + LOSS_CALM_US;
}

/* The largest number whose cube is not above `cube`, below 2^17. */
static __always_inline __u64 cube_root(__u64 cube)
{
	__u64 root = 0;

	for (int bit = 16; bit >= 0; bit--) {
		__u64 more = root | 1ULL << bit;

		if (more * more * more <= cube)
			root = more;
	}
	return root;
}

/*
 * Segments that cubic sends from 0.7 of a window to all of it, 0.85 of it in the mean. It takes K of RFC 9438 (C = 0.4)
 * or, if that is less, as many round trips as Reno would, which gains 9/17 of a segment in each.
 * Rounded once, at the end: where a path is lossy windows are small.
 */
static __always_inline __u64 loss_cycle(__u32 window, __u32 srtt_us)
{
	__u64 reno = (__u64)window * window * (17 * 17) / (30 * 20);
	__u64 cubic_us = cube_root(750000000ULL * window) * 1000;
	__u64 cubic = cubic_us * window * 17 / (20ULL * (srtt_us ? srtt_us : 1));

	return reno < cubic ? reno : cubic;
}

/* Since the last episode's end: what its repair took does not count. */
static __always_inline bool loss_comes_too_soon(const struct loss_state *state,
						const struct loss_sample *sample)
{
	__u32 gap = (sample->snd_una - state->episode_end) / sample->mss;

	return 2ULL * gap < loss_cycle(state->window, sample->srtt_us);
}

static __always_inline __u32 loss_points(const struct loss_state *state,
					 const struct loss_sample *sample)
{
	__u32 less = loss_has_queue(sample) ? LOSS_QUEUE : LOSS_REGULAR;

	if (!loss_has_queue(sample) && state->window && loss_comes_too_soon(state, sample))
		return state->points + LOSS_SOONER;
	return state->points > less ? state->points - less : 0;
}

/* Notes a retransmission. True: the path loses by chance, by now that is sure enough. */
static __always_inline bool loss_note(struct loss_state *state, const struct loss_sample *sample)
{
	if (sample->min_rtt_us == LOSS_NO_RTT || !sample->mss ||
	    loss_is_same_episode(state, sample))
		return false;
	state->points = loss_points(state, sample);
	state->episode_end = sample->snd_nxt;
	state->window = (sample->snd_nxt - sample->snd_una) / sample->mss + 1;
	return state->points >= LOSS_SURE;
}

#endif /* DETOUR_BPF_CLIENT_LOSS_H */
