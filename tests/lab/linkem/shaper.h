/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One direction of an emulated link, as arithmetic: when does a frame that arrives now come out at the
 * far end, if it does? A frame waits for those before it (the queue), occupies the line for its
 * length over the rate, may be lost there, and arrives one delay later. No I/O and no clock: the
 * caller says what time it is.
 */
#ifndef DETOUR_LINKEM_SHAPER_H
#define DETOUR_LINKEM_SHAPER_H

#include <stdbool.h>
#include <stdint.h>

#define NS_PER_S 1000000000ULL

/* What can be set of a direction, also while it runs. */
struct shaper_settings {
	uint64_t rate_bps;    /* bits of whole Ethernet frames (no preamble, no FCS); 0: no limit */
	uint64_t delay_ns;    /* one way */
	uint32_t loss_ppm;    /* lost after they took their time on the line */
	uint32_t queue_bytes; /* room for waiting frames; 0: no limit */
	bool cut;	      /* nothing gets through */
};

enum shaper_fate {
	SHAPER_DELIVER,
	SHAPER_DROP_QUEUE, /* the queue was full */
	SHAPER_DROP_LOSS,  /* lost at random */
	SHAPER_DROP_CUT,   /* the link is cut */
	SHAPER_FATES,
};

struct shaper {
	struct shaper_settings settings;
	uint64_t line_free_ns;	  /* when the last accepted frame has left the queue */
	uint64_t last_arrival_ns; /* frames never overtake each other */
	uint64_t random;
};

void shaper_init(struct shaper *shaper, const struct shaper_settings *settings, uint64_t seed);

/*
 * A frame of `len` bytes arrives at `now_ns`. For SHAPER_DELIVER sets *ret_arrival_ns: when it is to
 * come out.
 */
enum shaper_fate shaper_admit(struct shaper *shaper, uint64_t now_ns, uint32_t len,
			      uint64_t *ret_arrival_ns);

/* Bytes that wait or are being sent at `now_ns`. */
uint64_t shaper_backlog(const struct shaper *shaper, uint64_t now_ns);

/* How long `len` bytes occupy a line of `rate_bps`; 0 for a line without limit. */
uint64_t shaper_line_ns(uint32_t len, uint64_t rate_bps);

#endif /* DETOUR_LINKEM_SHAPER_H */
