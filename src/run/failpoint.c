#include "run/failpoint.h"

#include "base/str.h"

#include <signal.h>
#include <stdlib.h>

void failpoint(const char *place)
{
	static int64_t seen;
	const char *wanted = getenv("GANGER_FAILPOINT");
	struct str rest = str_of(wanted), name, count;
	int64_t n = 1;
	if (!wanted || !str_next(&rest, ':', &name) || !str_eq(name, str_of(place)))
		return;
	if (str_next(&rest, ':', &count) && !str_i64(count, &n))
		return;
	if (++seen == n)
		(void)raise(SIGKILL); /* never returns */
}
