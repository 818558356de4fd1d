#include "base/near.h"

#include "base/str.h"

#include <string.h>

#define WORD_MAX 63u

static size_t least(size_t a, size_t b, size_t c)
{
	size_t m = a < b ? a : b;

	return m < c ? m : c;
}

/* Insertions, deletions, changes and swaps of neighbours that turn a into b; both are short. */
static size_t distance(const char *a, const char *b)
{
	size_t row[3][WORD_MAX + 1];
	size_t n_a = strlen(a), n_b = strlen(b);

	for (size_t j = 0; j <= n_b; j++)
		row[0][j] = j;
	for (size_t i = 1; i <= n_a; i++) {
		size_t *now = row[i % 3], *last = row[(i - 1) % 3], *before = row[(i + 1) % 3];

		now[0] = i;
		for (size_t j = 1; j <= n_b; j++) {
			bool same = a[i - 1] == b[j - 1];

			now[j] = least(last[j] + 1, now[j - 1] + 1, last[j - 1] + (same ? 0 : 1));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    before[j - 2] + 1 < now[j])
				now[j] = before[j - 2] + 1;
		}
	}
	return row[n_a % 3][n_b];
}

void near_offer(struct near *n, const char *candidate)
{
	size_t length = strlen(n->typed), other = strlen(candidate);
	size_t most =
		length / 3 > 1 ? length / 3 : 1; /* letters may be wrong; more is another word */
	size_t d;

	if (length > WORD_MAX || other > WORD_MAX || length > other + most || other > length + most)
		return;
	d = distance(n->typed, candidate);
	if (d > most)
		return;
	if (n->best && d >= n->distance)
		return;
	n->best = candidate;
	n->distance = d;
}
