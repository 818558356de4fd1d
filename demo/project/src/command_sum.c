#include "abacus.h"

double command_sum(struct numbers *x)
{
	return sum(x);
}
