#include "base/clean.h"
#include "run/supervisor-impl.h"

/*
 * What people change in the tracker during a run: read off the loop's thread, then given to the
 * core as at the start. The built-in tracker's writers say so (CONTROL_LOOK); one that others
 * change unseen is asked every now and then, and one that agents change when one of them ended.
 */

struct look {
	struct work work;
	struct supervisor *s; /* off the thread only its constant parts */
	struct issue epic;
	struct issue_graph graph;
	struct err e;
};

static void look_run(struct work *w)
{
	struct look *l = (struct look *)w;
	IGNORE(graph_read(l->s, &l->epic, &l->graph, &l->e));
}

/* The same news again and again is none. */
static void say_once(struct supervisor *s, const struct err *e)
{
	const char *news = e->code ? e->msg : "";
	if (e->code && !streq(s->look_said, news))
		supervisor_message(s, "changes in the tracker are not taken in: %s", news);
	free(s->look_said);
	s->look_said = mem_strdup(news);
}

static void look_done(struct work *w)
{
	struct look *l = (struct look *)w;
	struct supervisor *s = l->s;
	s->works--;
	s->looking = false;
	s->looked_mono = s->host->now(s->host).mono_ms;
	if (s->core.run.state != RUN_ENDED && s->stop == STOP_NO) {
		say_once(s, &l->e);
		if (!l->e.code)
			graph_apply(s, &l->graph);
	}
	if (!l->e.code) /* also when all is over: the report says it */
		graph_found(s, &l->graph);
	issue_done(&l->epic);
	issue_graph_done(&l->graph);
	free(l);
	s->host->wake_in(s->host, 0);
}

void look(struct supervisor *s)
{
	struct look *l = mem_alloc(sizeof(*l));
	l->s = s;
	l->work = (struct work){look_run, look_done};
	s->look_wanted = false;
	s->looking = true;
	s->works++;
	s->host->defer(s->host, &l->work);
}

/* In a turn, which steps what the last look has brought: news is what differs from what the core has. */
void supervisor_look(struct supervisor *s)
{
	s->look_wanted = true;
	s->host->wake_in(s->host, 0);
}

int64_t look_due_ms(const struct supervisor *s)
{
	bool over = s->core.run.state == RUN_ENDED || s->stop != STOP_NO;
	bool polls = s->tracker->ops->polled && s->config->poll > 0;
	if (s->looking || over || s->core.run.dispatch)
		return -1;
	if (s->look_wanted)
		return 0;
	if (!polls)
		return -1;
	int64_t due = s->looked_mono + s->config->poll - s->host->now(s->host).mono_ms;
	return due > 0 ? due : 0;
}
