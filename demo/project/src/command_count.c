#include "abacus.h"

double command_count(struct numbers *x)
{
	return (double)x->n;
}
