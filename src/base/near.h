#ifndef BASE_NEAR_H
#define BASE_NEAR_H

#include <stddef.h>

/*
 * What was meant? Offers a word that is near to a mistyped one:
 *
 *   struct near n = NEAR_INIT(typed);
 *   near_offer(&n, candidate);   for each
 *   n.best                       the nearest, or NULL where none is near enough
 */
struct near {
	const char *typed; /* borrowed */
	const char *best;  /* borrowed from near_offer */
	size_t distance;   /* of best */
};

#define NEAR_INIT(word)                                                                            \
	{                                                                                          \
		.typed = (word)                                                                    \
	}

void near_offer(struct near *n, const char *candidate);

#endif
