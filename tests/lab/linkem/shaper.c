// SPDX-License-Identifier: BSD-2-Clause
/* Rate, queue, loss and delay of one direction. */
#include "tests/lab/linkem/shaper.h"

/* splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014). */
static uint64_t shaper_random(struct shaper *shaper)
{
	uint64_t z = shaper->random += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

static bool shaper_loses(struct shaper *shaper)
{
	if (!shaper->settings.loss_ppm)
		return false;
	return (shaper_random(shaper) >> 32) * 1000000 >> 32 < shaper->settings.loss_ppm;
}

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

void shaper_init(struct shaper *shaper, const struct shaper_settings *settings, uint64_t seed)
{
	*shaper = (struct shaper){.settings = *settings, .random = seed};
}

uint64_t shaper_line_ns(uint32_t len, uint64_t rate_bps)
{
	return rate_bps ? (uint64_t)len * 8 * NS_PER_S / rate_bps : 0;
}

uint64_t shaper_backlog(const struct shaper *shaper, uint64_t now_ns)
{
	uint64_t wait_ns = later(shaper->line_free_ns, now_ns) - now_ns;

	/* In microseconds: a wait of hours at any rate stays within 64 bits. */
	return wait_ns / 1000 * (shaper->settings.rate_bps / 8) / 1000000;
}

enum shaper_fate shaper_admit(struct shaper *shaper, uint64_t now_ns, uint32_t len,
			      uint64_t *ret_arrival_ns)
{
	const struct shaper_settings *settings = &shaper->settings;

	if (settings->cut)
		return SHAPER_DROP_CUT;
	if (settings->queue_bytes && shaper_backlog(shaper, now_ns) + len > settings->queue_bytes)
		return SHAPER_DROP_QUEUE;

	shaper->line_free_ns = later(shaper->line_free_ns, now_ns) +
			       shaper_line_ns(len, settings->rate_bps);
	if (shaper_loses(shaper))
		return SHAPER_DROP_LOSS;

	shaper->last_arrival_ns = later(shaper->last_arrival_ns,
					shaper->line_free_ns + settings->delay_ns);
	*ret_arrival_ns = shaper->last_arrival_ns;
	return SHAPER_DELIVER;
}
