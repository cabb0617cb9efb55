/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
/*
 * Is a path's loss congestion or chance? A loss by congestion comes out of a full queue, and a queue shows in
 * the round-trip time. Losses at a time without a queue are the path's own: wireless, a bad line, a policer.
 * Pure: compiles natively too.
 */
#ifndef DETOUR_BPF_CLIENT_LOSS_H
#define DETOUR_BPF_CLIENT_LOSS_H

#include <linux/types.h>
#include <stdbool.h>

#include <bpf/lib/compiler.h>

#define LOSS_EPISODES	  3    /* by chance, in a row, make a lossy path */
#define LOSS_SEGMENTS_MAX 4000 /* between two: a rarer loss costs nobody much */
#define LOSS_QUEUE_US	  4000 /* of round-trip time that are no queue yet, besides a quarter */

/* Of one subflow. */
struct loss_state {
	__u32 episode_end; /* sequence number: what is lost before it belongs to the last episode */
	__u32 segments;	   /* sent in all when that began */
	__u32 by_chance;   /* episodes in a row */
	__u32 known;	   /* there was an episode */
};

/* What TCP knows when it retransmits. */
struct loss_sample {
	__u32 snd_una, snd_nxt; /* sequence numbers */
	__u32 segments;		/* data segments sent in all */
	__u32 srtt_us, min_rtt_us;
};

/* All that is lost in one window is one episode, however long its repair takes. */
static __always_inline bool loss_is_same_episode(const struct loss_state *state,
						 const struct loss_sample *sample)
{
	return state->known && (__s32)(sample->snd_una - state->episode_end) < 0;
}

static __always_inline bool loss_has_queue(const struct loss_sample *sample)
{
	return sample->srtt_us > sample->min_rtt_us + sample->min_rtt_us / 4 + LOSS_QUEUE_US;
}

/* Notes a retransmission. True: the path loses by chance, by now that is sure enough. */
static __always_inline bool loss_note(struct loss_state *state, const struct loss_sample *sample)
{
	if (loss_is_same_episode(state, sample))
		return false;
	if (loss_has_queue(sample) || sample->segments - state->segments > LOSS_SEGMENTS_MAX)
		state->by_chance = 0;
	if (!loss_has_queue(sample))
		state->by_chance++;
	state->episode_end = sample->snd_nxt;
	state->segments = sample->segments;
	state->known = 1;
	return state->by_chance >= LOSS_EPISODES;
}

#endif /* DETOUR_BPF_CLIENT_LOSS_H */
