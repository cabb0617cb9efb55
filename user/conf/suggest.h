/* SPDX-License-Identifier: BSD-2-Clause */
/* "Did you mean ...?" */
#ifndef DETOUR_CONF_SUGGEST_H
#define DETOUR_CONF_SUGGEST_H

#include <stddef.h>

/* The best of the words offered so far for a misspelt one. */
struct suggestion {
	const char *word; /* NULL: none is near */
	unsigned int distance;
};

/* Takes `word` if it is nearer to `typed` than what is there, and near at all. */
void suggestion_offer(struct suggestion *suggestion, const char *typed, const char *word);

#endif /* DETOUR_CONF_SUGGEST_H */
