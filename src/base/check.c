#include "base/check.h"

#include <stdio.h>
#include <stdlib.h>

void check_broken(const char *what, const char *file, int line)
{
	fprintf(stderr, "error: internal check '%s' does not hold at %s:%d\n", what, file, line);
	fprintf(stderr,
		"hint: nothing is lost; run the same command again to resume, and report this\n");
	abort();
}
