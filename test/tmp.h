#ifndef TEST_TMP_H
#define TEST_TMP_H

#include "base/file.h"
#include "base/mem.h"

#include <stdlib.h>

/* A folder of a test's own; tmp_done() removes it. */
static inline char *tmp_make(void)
{
	const char *dir = getenv("TMPDIR");
	char *path = mem_printf("%s/ganger-test-XXXXXX", dir ? dir : "/tmp");

	return mkdtemp(path) ? path : NULL;
}

static inline void tmp_done(char *path)
{
	(void)!dir_remove(path, NULL); /* what stays is in the folder for such things */
	free(path);
}

#endif
