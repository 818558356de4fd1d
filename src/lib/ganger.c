#include "lib/ganger.h"

#include "base/child.h"
#include "base/clean.h"
#include "base/clock.h"
#include "config/config.h"
#include "lib/sessions.h"
#include "port/tracker.h"
#include "run/dispatch.h"
#include "run/labels.h"
#include "run/parts.h"
#include "run/place.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#define START_MS    60000 /* a supervisor says it has begun, or why it cannot */
#define TURN_MS     60000 /* one that begins or ends is done with that, on a busy machine too */
#define LOOK_MS     5
#define STARTS_MAX  3 /* in a row without any news between */

struct ganger {
	struct place place;
	struct config config;
	struct tracker *tracker;
	char *name, *program;
	VEC(char *) settings; /* as they were given */
	struct sessions sessions;
	int poll_fd, wake_fd; /* wake_fd is readable while something is not told yet */
	int starts;           /* in a row */
	bool again;           /* what is being stopped is to begin again: it was asked for since */
	struct session given; /* of the event given last */
	char *given_id;
};

static_assert((int)GANGER_INVALID == ERR_INVALID && (int)GANGER_NOT_FOUND == ERR_NOT_FOUND &&
		      (int)GANGER_BUSY == ERR_BUSY && (int)GANGER_IO == ERR_IO &&
		      (int)GANGER_LIMIT == ERR_LIMIT && (int)GANGER_CONFLICT == ERR_CONFLICT &&
		      (int)GANGER_CORRUPT == ERR_CORRUPT,
	      "errors count alike");
static_assert((int)GANGER_CREATED == SESSION_CREATED && (int)GANGER_FAILED == SESSION_FAILED &&
		      (int)GANGER_IDLE == SESSION_IDLE && (int)GANGER_RUNNING == SESSION_RUNNING,
	      "states count alike");

int ganger_api_version(void)
{
	return GANGER_API_VERSION;
}

const char *ganger_version(void)
{
	return GANGER_VERSION;
}

/* ---- errors, and what the caller sees ---- */

static int give_error(const struct err *e, struct ganger_error *ret)
{
	if (ret) {
		ret->code = e->code;
		(void)snprintf(ret->message, sizeof(ret->message), "%s", e->msg);
		(void)snprintf(ret->hint, sizeof(ret->hint), "%s", e->hint);
	}
	return e->code;
}

static void give_session(struct ganger *g, const struct session *s, struct ganger_session *ret)
{
	free(g->given_id);
	struct buf id CLEANUP(buf_done) = BUF_INIT;
	buf_session_id(&id, g->name, s->issue, s->attempt);
	g->given_id = buf_take(&id);
	*ret = (struct ganger_session){.id = g->given_id,
				       .issue = s->issue,
				       .title = s->title,
				       .reason = s->reason,
				       .state = (enum ganger_state)s->state,
				       .attempt = (int)s->attempt,
				       .over = s->over,
				       .created_ms = s->created_ms,
				       .updated_ms = s->updated_ms,
				       .ended_ms = s->ended_ms,
				       .pull = s->pull};
}

/* Readable while there is something to tell. */
static void set_wake(struct ganger *g)
{
	uint64_t n = 1;
	if (sessions_pending(&g->sessions))
		(void)!write(g->wake_fd, &n, sizeof(n)); /* full: it is readable already */
	else
		(void)!read(g->wake_fd, &n, sizeof(n)); /* nothing there: it is not readable */
}

/* ---- the supervisor ---- */

/* In the background; it has begun, durably, when this returns. */
static int start_supervisor(struct ganger *g, struct err *e)
{
	VEC(const char *) argv = {0};
	VEC_PUSH(&argv, g->program);
	VEC_PUSH(&argv, "-C");
	VEC_PUSH(&argv, g->place.root);
	for (size_t i = 0; i < g->settings.n; i++) {
		VEC_PUSH(&argv, "-c");
		VEC_PUSH(&argv, g->settings.items[i]);
	}
	VEC_PUSH(&argv, "run");
	VEC_PUSH(&argv, "--detach");
	VEC_PUSH(&argv, "--");
	VEC_PUSH(&argv, g->name);
	VEC_PUSH(&argv, NULL);
	struct child_spec spec = {.argv = argv.items, .timeout_ms = START_MS};
	struct child_result r = {0};
	int rc = child_ok(&spec, &r, e);
	child_result_done(&r);
	VEC_DONE(&argv);
	return rc ? err_wrap(e, "could not start '%s'", g->program) : 0;
}

static int watch(struct ganger *g, struct err *e)
{
	int rc = sessions_watch(&g->sessions, e);
	if (rc)
		return rc;
	struct epoll_event want = {.events = EPOLLIN};
	if (epoll_ctl(g->poll_fd, EPOLL_CTL_ADD, g->sessions.fd, &want) != 0)
		return err_sys(e, "could not watch the supervisor");
	return 0;
}

static bool is_wanted(const struct ganger *g, bool asked)
{
	return (g->sessions.can_go_on || asked) && sessions_active(&g->sessions) > 0;
}

static int start_once(struct ganger *g, struct err *e)
{
	if (g->starts++ < STARTS_MAX)
		return start_supervisor(g, e);
	const char *why = g->sessions.why;
	return err_set(e, ERR_BUSY, "the run ends with work left%s%s", why && *why ? ": " : "",
		       why ? why : "");
}

/*
 * Have a supervisor where there is work, and watch it. asked: also where the run was stopped or
 * came to an end by itself.
 */
static int attach(struct ganger *g, bool asked, struct err *e)
{
	for (int waited = 0; g->sessions.fd < 0;) {
		if (sessions_load(&g->sessions, e))
			return e->code;
		int rc = watch(g, e);
		g->again = rc == 0 && asked && g->sessions.stopping;
		if (rc <= 0)
			return rc;
		if (!is_wanted(g, asked))
			return 0;
		if (g->sessions.pid) { /* it is beginning, or ending */
			if (waited >= TURN_MS)
				return err_set(e, ERR_BUSY,
					       "process %lld, the supervisor of '%s', does not answer",
					       (long long)g->sessions.pid, g->name);
			(void)poll(NULL, 0, LOOK_MS);
			waited += LOOK_MS;
		} else if (start_once(g, e)) {
			return e->code;
		}
	}
	return 0;
}

/* What is known as of now. */
static int refresh(struct ganger *g, struct err *e)
{
	bool watched = g->sessions.fd >= 0;
	int rc = sessions_read(&g->sessions, e);
	if (sessions_pending(&g->sessions))
		g->starts = 0;
	if (rc == 0 && watched && g->sessions.fd < 0)
		rc = attach(g, g->again, e);
	set_wake(g);
	return rc;
}

/* ---- opening ---- */

static int read_settings(struct ganger *g, const struct ganger_options *o, struct err *e)
{
	char *path CLEANUP(freep) = mem_printf("%s/ganger.yaml", g->place.root);
	int rc = config_read_file(&g->config, path, e);
	if (rc && rc != ERR_NOT_FOUND)
		return rc;
	*e = (struct err)ERR_INIT;
	for (const char *const *s = o->settings; s && *s; s++) {
		VEC_PUSH(&g->settings, mem_strdup(*s));
		if (config_set(&g->config, *s, e))
			return e->code;
	}
	return config_finish(&g->config, e);
}

static int open_polls(struct ganger *g, struct err *e)
{
	struct epoll_event want = {.events = EPOLLIN};
	g->poll_fd = epoll_create1(EPOLL_CLOEXEC);
	g->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (g->poll_fd < 0 || g->wake_fd < 0 ||
	    epoll_ctl(g->poll_fd, EPOLL_CTL_ADD, g->wake_fd, &want) != 0)
		return err_sys(e, "could not make a descriptor to poll");
	return 0;
}

static int open_all(struct ganger *g, const struct ganger_options *o, struct err *e)
{
	if (parts_all.discover(o->dir ? o->dir : ".", &g->place, e) || read_settings(g, o, e) ||
	    place_set_state(&g->place, g->config.state_dir, e) ||
	    parts_all.tracker_open(&g->place, &g->config, &g->tracker, e) || open_polls(g, e))
		return e->code;
	g->name = mem_strdup(o->name);
	if (!g->name && dispatch_new(&g->place, &g->name, e))
		return e->code;
	sessions_init(&g->sessions, &g->place, &g->config, g->name);
	int rc = attach(g, true, e);
	set_wake(g);
	return rc;
}

int ganger_open(const struct ganger_options *options,
		struct ganger **ret,
		struct ganger_error *error)
{
	static const struct ganger_options defaults;
	const struct ganger_options *o = options ? options : &defaults;
	struct err e = ERR_INIT;
	struct ganger *g = mem_alloc(sizeof(*g));
	g->poll_fd = g->wake_fd = -1;
	g->sessions.fd = -1;
	g->program = mem_strdup(o->program ? o->program : "ganger");
	config_init(&g->config);
	if (open_all(g, o, &e)) {
		ganger_close(g);
		return give_error(&e, error);
	}
	*ret = g;
	return GANGER_OK;
}

void ganger_close(struct ganger *g)
{
	if (!g)
		return;
	sessions_done(&g->sessions);
	closep(&g->poll_fd);
	closep(&g->wake_fd);
	if (g->tracker)
		g->tracker->ops->free(g->tracker);
	for (size_t i = 0; i < g->settings.n; i++)
		free(g->settings.items[i]);
	VEC_DONE(&g->settings);
	session_done(&g->given);
	free(g->given_id);
	free(g->name);
	free(g->program);
	config_done(&g->config);
	place_done(&g->place);
	free(g);
}

const char *ganger_name(const struct ganger *g)
{
	return g->name;
}

/* ---- dispatching ---- */

struct wanted {
	VEC(struct control_issue) items; /* texts owned */
};

static void wanted_done(struct wanted *w)
{
	for (size_t i = 0; i < w->items.n; i++) {
		free((char *)w->items.items[i].id);
		free((char *)w->items.items[i].title);
	}
	VEC_DONE(&w->items);
}

/* One that is known here needs no look at the tracker. */
static int want(struct ganger *g, const char *id, struct wanted *w, struct err *e)
{
	const struct session *known = sessions_find(&g->sessions, id);
	struct issue issue CLEANUP(issue_done) = {.priority = 2};
	int rc = known ? 0 : g->tracker->ops->get(g->tracker, id, &issue, NULL, e);
	if (rc == ERR_NOT_FOUND)
		return err_set(e, ERR_NOT_FOUND, "there is no issue '%s'", id);
	if (rc)
		return rc;
	const char *title = known ? known->title : issue.title;
	const struct config_agent *agent = labels_agent(&g->config, issue.labels);
	VEC_PUSH(&w->items, ((struct control_issue){mem_strdup(id), mem_strdup(title ? title : ""),
						    issue.priority, agent ? agent->name : NULL}));
	return 0;
}

/* A line an issue, in their order. */
static void give_ids(const struct buf *ids, size_t n, char **ret)
{
	struct str rest = buf_str(ids), line;
	for (size_t i = 0; i < n && str_next(&rest, '\n', &line); i++)
		ret[i] = mem_strndup(line.p, line.n);
}

static int dispatch_all(struct ganger *g,
			const char *const *issues,
			size_t n,
			char **ret_ids,
			struct err *e)
{
	struct wanted w CLEANUP(wanted_done) = {0};
	struct buf ids CLEANUP(buf_done) = BUF_INIT;
	if (refresh(g, e))
		return e->code;
	for (size_t i = 0; i < n; i++)
		if (want(g, issues[i], &w, e))
			return e->code;
	if (dispatch_add(&g->place, &g->config, g->name, w.items.items, n, &ids, e))
		return e->code;
	g->starts = 0;
	if (attach(g, true, e))
		return e->code;
	if (ret_ids)
		give_ids(&ids, n, ret_ids);
	return 0;
}

int ganger_dispatch_batch(struct ganger *g,
			  const char *const *issues,
			  size_t n,
			  char **ret_ids,
			  struct ganger_error *error)
{
	struct err e = ERR_INIT;
	if (dispatch_all(g, issues, n, ret_ids, &e))
		(void)give_error(&e, error);
	set_wake(g);
	return e.code;
}

int ganger_dispatch(struct ganger *g,
		    const char *issue,
		    char **ret_id,
		    struct ganger_error *error)
{
	return ganger_dispatch_batch(g, &issue, 1, ret_id, error);
}

/* ---- asking ---- */

static int find(struct ganger *g, const char *issue, struct ganger_session *ret)
{
	struct err e = ERR_INIT;
	int rc = refresh(g, &e);
	const struct session *s = sessions_find(&g->sessions, issue);
	if (!s)
		return rc ? rc : GANGER_NOT_FOUND;
	give_session(g, s, ret); /* also when there is no news of it: that much is known */
	return GANGER_OK;
}

int ganger_session_of_issue(struct ganger *g, const char *issue, struct ganger_session *ret)
{
	return find(g, issue, ret);
}

int ganger_session_by_id(struct ganger *g, const char *id, struct ganger_session *ret)
{
	struct session_id named CLEANUP(session_id_done) = {0};
	bool ours = session_id_parse(id, &named) && streq(named.epic, g->name);
	return ours ? find(g, named.issue, ret) : GANGER_NOT_FOUND;
}

size_t ganger_count(struct ganger *g)
{
	struct err none = ERR_INIT; /* ganger_next() says it */
	IGNORE(refresh(g, &none));
	return g->sessions.items.n;
}

size_t ganger_count_active(struct ganger *g)
{
	struct err none = ERR_INIT; /* as above */
	IGNORE(refresh(g, &none));
	return sessions_active(&g->sessions);
}

int ganger_session_at(struct ganger *g, size_t number, struct ganger_session *ret)
{
	if (number >= g->sessions.items.n)
		return GANGER_NOT_FOUND;
	give_session(g, &g->sessions.items.items[number], ret);
	return GANGER_OK;
}

int ganger_fd(const struct ganger *g)
{
	return g->poll_fd;
}

int ganger_next(struct ganger *g, struct ganger_event *ret, struct ganger_error *error)
{
	struct session_change change;
	struct err e = ERR_INIT;
	int rc = refresh(g, &e);
	if (!sessions_next(&g->sessions, &change))
		return rc ? give_error(&e, error) : 0;
	set_wake(g);
	session_done(&g->given);
	g->given = change.now;
	give_session(g, &g->given, &ret->session);
	ret->before = (enum ganger_state)change.before;
	return 1;
}

/* ---- steering ---- */

static int order(struct ganger *g, const struct control_request *r, struct ganger_error *error)
{
	struct err e = ERR_INIT;
	struct buf said CLEANUP(buf_done) = BUF_INIT;
	if (control_order(&g->place, &g->config, g->name, r, &said, &e))
		(void)give_error(&e, error);
	return e.code;
}

int ganger_retry(struct ganger *g, const char *issue, struct ganger_error *error)
{
	struct err e = ERR_INIT;
	const char *const ids[] = {issue, NULL};
	int rc = order(g, &(struct control_request){.verb = CONTROL_RETRY, .ids = ids}, error);
	if (rc)
		return rc;
	g->starts = 0;
	if (refresh(g, &e) || attach(g, true, &e))
		(void)give_error(&e, error);
	set_wake(g);
	return e.code;
}

int ganger_cancel(struct ganger *g, const char *issue, struct ganger_error *error)
{
	const char *const ids[] = {issue, NULL};
	return order(g, &(struct control_request){.verb = CONTROL_CANCEL, .ids = ids}, error);
}

int ganger_stop(struct ganger *g, int now, struct ganger_error *error)
{
	enum control_verb verb = now ? CONTROL_STOP_NOW : CONTROL_STOP;
	return order(g, &(struct control_request){.verb = verb}, error);
}
