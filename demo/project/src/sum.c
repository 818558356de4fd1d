#include "abacus.h"

double sum(const struct numbers *x)
{
	double s = 0;

	for (size_t i = 0; i < x->n; i++)
		s += x->items[i];
	return s;
}
