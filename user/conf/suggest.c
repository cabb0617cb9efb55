// SPDX-License-Identifier: BSD-2-Clause
/* Edit distance between what was typed and what there is. */
#include "user/conf/suggest.h"

#include <ctype.h>
#include <string.h>

#define WORD_LEN_MAX 40

static unsigned int min3(unsigned int a, unsigned int b, unsigned int c)
{
	unsigned int least = a < b ? a : b;

	return least < c ? least : c;
}

/* Levenshtein's, one row kept; capitals do not count. Both words are shorter than WORD_LEN_MAX. */
static unsigned int edit_distance(const char *a, const char *b)
{
	size_t b_len = strlen(b);
	unsigned int row[WORD_LEN_MAX];

	for (size_t j = 0; j <= b_len; j++)
		row[j] = (unsigned int)j;
	for (size_t i = 0; a[i]; i++) {
		unsigned int diagonal = row[0];

		row[0] = (unsigned int)i + 1;
		for (size_t j = 1; j <= b_len; j++) {
			int same = tolower((unsigned char)a[i]) == tolower((unsigned char)b[j - 1]);
			unsigned int best = min3(row[j] + 1, row[j - 1] + 1, diagonal + !same);

			diagonal = row[j];
			row[j] = best;
		}
	}
	return row[b_len];
}

void suggestion_offer(struct suggestion *suggestion, const char *typed, const char *word)
{
	size_t len = strlen(word);
	unsigned int distance;

	if (strlen(typed) >= WORD_LEN_MAX || len >= WORD_LEN_MAX)
		return;
	distance = edit_distance(typed, word);
	if (distance > 1 + len / 3)
		return;
	if (!suggestion->word || distance < suggestion->distance)
		*suggestion = (struct suggestion){word, distance};
}
