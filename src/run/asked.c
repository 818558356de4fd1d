#include "run/request.h"
#include "run/supervisor-impl.h"

/* What a live supervisor does of what it is asked, however that reached it. */

static void give_event(void *ctx, const struct core_event *ev)
{
	if (ev->kind == EV_STOP)
		supervisor_stop(ctx, (int)ev->n);
	else
		supervisor_event(ctx, ev);
}

/* What is said to an agent is no event: the machine knows nothing of talks. */
static int
do_order(struct supervisor *s, const struct control_request *r, struct buf *said, struct err *e)
{
	static const enum agent_order orders[] = {[CONTROL_SAY] = AGENT_SAY,
						  [CONTROL_ALLOW] = AGENT_ALLOW,
						  [CONTROL_DENY] = AGENT_DENY};
	if (job_order(s, r->ids[0], orders[r->verb], r->text, e))
		return e->code;
	buf_printf(said, "%s: %s\n", r->verb == CONTROL_SAY ? "said to" : "answered", r->ids[0]);
	return 0;
}

/* A turn that was held before this was asked is finished first, and does not have it. */
static void turn_with_it(struct supervisor *s)
{
	bool was_held = s->held;
	supervisor_turn(s);
	if (was_held && !s->held)
		supervisor_turn(s);
}

int supervisor_asked(struct supervisor *s,
		     const struct control_request *r,
		     struct buf *said,
		     struct err *e)
{
	bool dispatches = r->verb == CONTROL_DISPATCH;
	bool registers = dispatches || r->verb == CONTROL_SUBMIT;
	if (r->verb >= CONTROL_SAY)
		return do_order(s, r, said, e);
	if (dispatches && (s->core.run.state == RUN_ENDED || s->core.run.stop != STOP_NO))
		return err_set(e, ERR_BUSY, "the run is being stopped, or ends");
	if (request_events(&s->core, r, said, give_event, s, e))
		return e->code;
	if (r->verb == CONTROL_LOOK)
		supervisor_look(s);
	else
		turn_with_it(s);
	if (s->held && registers)
		return err_set(e, ERR_LIMIT, "it is not durable yet: the disk is full");
	if (s->held)
		buf_puts(said, "not durable yet: the disk is full\n");
	return request_check(&s->core, r, e);
}
