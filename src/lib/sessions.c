#include "lib/sessions.h"

#include "base/clean.h"
#include "config/config.h"
#include "run/control.h"
#include "run/view.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* A line that a supervisor may tell: a title and a reason, escaped. */
#define LINE_MAX_BYTES ((size_t)16 << 20)

void sessions_init(struct sessions *s,
		   const struct place *p,
		   const struct config *c,
		   const char *epic)
{
	*s = (struct sessions){.place = p,
			       .config = c,
			       .epic = epic,
			       .fd = -1,
			       .unread = {.max = LINE_MAX_BYTES}};
	paths_find(p, epic, c->worktree_dir, &s->paths);
}

void sessions_done(struct sessions *s)
{
	for (size_t i = 0; i < s->items.n; i++)
		session_done(&s->items.items[i]);
	for (size_t i = s->told; i < s->changes.n; i++)
		session_done(&s->changes.items[i].now);
	VEC_DONE(&s->items);
	VEC_DONE(&s->changes);
	map_done(&s->by_issue);
	paths_done(&s->paths);
	buf_done(&s->unread);
	closep(&s->fd);
	free(s->why);
	*s = (struct sessions){.fd = -1};
}

static void note_change(struct sessions *s, const struct session *now, enum core_session before)
{
	struct session copy = *now;
	copy.issue = mem_strdup(now->issue);
	copy.title = mem_strdup(now->title);
	copy.reason = mem_strdup(now->reason);
	VEC_PUSH(&s->changes, ((struct session_change){copy, before}));
	if (s->changes.n - s->told > CHANGES_MAX)
		session_done(&s->changes.items[s->told++].now);
	if (s->told < CHANGES_MAX)
		return;
	s->changes.n -= s->told;
	memmove(s->changes.items, s->changes.items + s->told,
		s->changes.n * sizeof(*s->changes.items));
	s->told = 0;
}

/* Takes over what now owns. */
static void take(struct sessions *s, struct session *now)
{
	size_t at = 0;
	if (!map_find(&s->by_issue, now->issue, &at)) {
		map_set(&s->by_issue, now->issue, s->items.n);
		note_change(s, now, SESSION_NONE);
		VEC_PUSH(&s->items, *now);
		return;
	}
	struct session *known = &s->items.items[at];
	if (known->state != now->state || known->attempt != now->attempt ||
	    known->over != now->over)
		note_change(s, now, known->state);
	session_done(known);
	*known = *now;
}

int sessions_load(struct sessions *s, struct err *e)
{
	struct view v CLEANUP(view_done) = {0};
	int rc = view_open(s->place, s->config, s->epic, &v, e);
	s->pid = 0;
	s->can_go_on = s->stopping = false;
	if (rc == ERR_NOT_FOUND) {
		*e = (struct err)ERR_INIT;
		return 0;
	}
	if (rc)
		return rc;
	if (v.core.tasks.n && !v.core.run.dispatch)
		return err_set(e, ERR_INVALID, "epic '%s' is none that issues are dispatched to",
			       s->epic);
	for (size_t i = 0; i < v.core.tasks.n; i++) {
		struct session now;
		session_of(&v.core.tasks.items[i], &now);
		take(s, &now);
	}
	s->pid = v.pid;
	s->stopping = v.core.run.stop != STOP_NO;
	s->can_go_on = v.core.run.state != RUN_ENDED ||
		       (v.core.run.stop == STOP_NO && v.core.run.exit == 0);
	free(s->why);
	s->why = mem_strdup(v.core.run.reason);
	return 0;
}

int sessions_watch(struct sessions *s, struct err *e)
{
	buf_reset(&s->unread);
	return control_watch(&s->paths, &s->fd, e);
}

static void hang_up(struct sessions *s)
{
	closep(&s->fd);
	s->fd = -1;
}

/* Whole lines are taken; what is left of one waits for its rest. */
static int take_lines(struct sessions *s, struct err *e)
{
	struct str rest = buf_str(&s->unread);
	const char *end;
	while ((end = memchr(rest.p, '\n', rest.n))) {
		struct session now;
		struct str line = {rest.p, (size_t)(end - rest.p)};
		if (session_parse(line, &now, e))
			return e->code;
		take(s, &now);
		rest = (struct str){end + 1, rest.n - line.n - 1};
	}
	struct buf left = {.max = LINE_MAX_BYTES};
	buf_add(&left, rest.p, rest.n);
	buf_done(&s->unread);
	s->unread = left;
	return s->unread.full ? err_set(e, ERR_INVALID, "the supervisor tells what is no line") : 0;
}

int sessions_read(struct sessions *s, struct err *e)
{
	char part[65536];
	while (s->fd >= 0) {
		ssize_t n = recv(s->fd, part, sizeof(part), 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return 0;
		if (n <= 0) { /* what it could not say any more is in the journal */
			hang_up(s);
			return 0;
		}
		buf_add(&s->unread, part, (size_t)n);
		if (take_lines(s, e)) {
			hang_up(s);
			return e->code;
		}
	}
	return 0;
}

const struct session *sessions_find(const struct sessions *s, const char *issue)
{
	size_t at = 0;
	return map_find(&s->by_issue, issue, &at) ? &s->items.items[at] : NULL;
}

size_t sessions_active(const struct sessions *s)
{
	size_t n = 0;
	for (size_t i = 0; i < s->items.n; i++)
		n += !s->items.items[i].over;
	return n;
}

bool sessions_pending(const struct sessions *s)
{
	return s->told < s->changes.n;
}

bool sessions_next(struct sessions *s, struct session_change *ret)
{
	if (!sessions_pending(s))
		return false;
	*ret = s->changes.items[s->told++];
	if (s->told == s->changes.n)
		s->told = s->changes.n = 0;
	return true;
}
