/* "files:" lines of issues, and whether what they name meets. */
#include "run/overlap.h"

#include "base/clean.h"
#include "fuzz.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct overlaps o CLEANUP(overlaps_done) = {0};
	char *text CLEANUP(freep) = mem_strndup((const char *)data, n), *second = strchr(text, '\f');

	if (second)
		*second++ = '\0';
	overlaps_declare(&o, 0, text);
	overlaps_declare(&o, 1, second ? second : text);
	for (size_t i = 0; i < o.tasks.n; i++) {
		const struct touching *t = &o.tasks.items[i];

		CHECK(t->globs.n <= TOUCHED_MAX);
		for (size_t k = 0; k < t->globs.n; k++) {
			CHECK(t->globs.items[k][0] && strlen(t->globs.items[k]) <= GLOB_MAX);
			CHECK(globs_meet(t->globs.items[k], t->globs.items[k]));
		}
	}
	const char *meets = overlaps_between(&o, 0, 1);
	CHECK((meets != NULL) == (overlaps_between(&o, 1, 0) != NULL));
	CHECK(overlaps_new(&o, 0, 0, 1) == (meets != NULL) && !overlaps_new(&o, 1, 0, 0));
	return 0;
}
