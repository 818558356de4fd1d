#include "run/dispatch.h"

#include "base/clean.h"
#include "base/file.h"
#include "base/mem.h"
#include "run/place.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define NUMBERS_MAX 1000000
/* One request: below what the control socket takes, also where every byte is escaped. */
#define PART_ISSUES 1000
#define PART_BYTES  ((size_t)128 << 10)

int dispatch_new(const struct place *p, char **ret_epic, struct err *e)
{
	if (dir_make(p->state_dir, e))
		return e->code;
	for (int n = 1; n < NUMBERS_MAX; n++) {
		char *epic CLEANUP(freep) = mem_printf("dispatch-%d", n);
		char *dir CLEANUP(freep) = path_join(p->state_dir, epic);
		if (mkdir(dir, 0700) == 0) {
			*ret_epic = TAKE(epic);
			return 0;
		}
		if (errno != EEXIST)
			return err_sys(e, "could not make '%s'", dir);
	}
	return err_set(e, ERR_LIMIT, "could not find a free number in '%s'", p->state_dir);
}

int dispatch_add(const struct place *p,
		 const struct config *c,
		 const char *epic,
		 const struct control_issue *issues,
		 size_t n,
		 struct buf *ret,
		 struct err *e)
{
	for (size_t from = 0, to; from < n; from = to) {
		size_t bytes = 0;
		for (to = from; to < n && to - from < PART_ISSUES && bytes < PART_BYTES; to++)
			bytes += strlen(issues[to].id) + strlen(issues[to].title) +
				 (issues[to].agent ? strlen(issues[to].agent) : 0);
		struct control_request r = {
			.verb = CONTROL_DISPATCH, .issues = issues + from, .n_issues = to - from};
		if (control_order(p, c, epic, &r, ret, e))
			return e->code;
	}
	return 0;
}
