#ifndef ABACUS_H
#define ABACUS_H

#include <stddef.h>
#include <stdio.h>

struct numbers {
	double *items; /* at least one */
	size_t n;
};

/* Read all of in; 0, or -1 where there is no number or something else. */
int numbers_read(FILE *in, struct numbers *ret);

/* What the commands share. */
double sum(const struct numbers *x);

#endif
