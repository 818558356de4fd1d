#include "config/config.h"
#include "run/trace.h"
#include "sim/sim.h"

/*
 * What the supervisor makes again and again and this world throws away or knows already: made now
 * and then, so that making it is tried as well. The linker sends the calls through here.
 */

#define NOW_AND_THEN 16

/* The settings of a run are those of its seed. */
static struct buf settings = BUF_INIT;

void __real_buf_config(struct buf *b, const struct config *c);
void __wrap_buf_config(struct buf *b, const struct config *c);

void __wrap_buf_config(struct buf *b, const struct config *c)
{
	if (!settings.n)
		__real_buf_config(&settings, c);
	buf_puts(b, buf_cstr(&settings));
}

void quick_free(void)
{
	buf_done(&settings);
}

/* The simulated journal keeps no trace. */
static bool is_time(void)
{
	return sim->steps % NOW_AND_THEN == 0;
}

void __real_trace_event(struct buf *b, const struct core_event *ev);
void __wrap_trace_event(struct buf *b, const struct core_event *ev);

void __wrap_trace_event(struct buf *b, const struct core_event *ev)
{
	if (is_time())
		__real_trace_event(b, ev);
}

void __real_trace_begin(struct buf *b, const struct trace_begin *t);
void __wrap_trace_begin(struct buf *b, const struct trace_begin *t);

void __wrap_trace_begin(struct buf *b, const struct trace_begin *t)
{
	if (is_time())
		__real_trace_begin(b, t);
}
