#ifndef TEST_UNIT_RUN_FIXTURE_H
#define TEST_UNIT_RUN_FIXTURE_H

#include "base/clean.h"
#include "run/supervisor-impl.h"
#include "unit/test.h"

/* A supervisor without a loop: what its tests have in common. */

/* A host's: work is done at once, on the spot. */
static inline void work_at_once(struct host *h, struct work *w)
{
	(void)h;
	w->run(w);
	w->done(w);
}

/* A host's: nobody is woken. */
static inline void wake_nobody(struct host *h, int64_t ms)
{
	(void)h;
	(void)ms;
}

static inline void inbox_done(struct supervisor *s)
{
	for (size_t i = 0; i < s->inbox.n; i++) {
		free(s->inbox.items[i].text);
		free(s->inbox.items[i].text2);
		free(s->inbox.items[i].text3);
	}
	VEC_DONE(&s->inbox);
}

#endif
