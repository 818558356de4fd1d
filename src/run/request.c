#include "run/request.h"

#include "base/oid.h"
#include "run/session.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>

#define PRIORITY_MAX 4

static const char *const verbs[] = {
	[CONTROL_RETRY] = "retry",       [CONTROL_CANCEL] = "cancel",
	[CONTROL_PAUSE] = "pause",       [CONTROL_RESUME] = "resume",
	[CONTROL_STOP] = "stop",         [CONTROL_STOP_NOW] = "stop-now",
	[CONTROL_SUBMIT] = "submit",     [CONTROL_HOLD] = "hold",
	[CONTROL_RELEASE] = "release",   [CONTROL_MOVE] = "move",
	[CONTROL_DISPATCH] = "dispatch", [CONTROL_WATCH] = "watch",
	[CONTROL_LOOK] = "look",         [CONTROL_APPROVE] = "approve",
	[CONTROL_SAY] = "say",           [CONTROL_ALLOW] = "allow",
	[CONTROL_DENY] = "deny",
};

/* ---- as a line ---- */

static void write_issues(cJSON *j, const struct control_request *r)
{
	cJSON *list = cJSON_AddArrayToObject(j, "issues");
	for (size_t i = 0; i < r->n_issues; i++) {
		cJSON *issue = cJSON_CreateObject();
		cJSON_AddStringToObject(issue, "id", r->issues[i].id);
		cJSON_AddStringToObject(issue, "title", r->issues[i].title);
		cJSON_AddNumberToObject(issue, "priority", r->issues[i].priority);
		if (r->issues[i].agent)
			cJSON_AddStringToObject(issue, "agent", r->issues[i].agent);
		cJSON_AddItemToArray(list, issue);
	}
}

char *request_write(const struct control_request *r)
{
	cJSON *j = cJSON_CreateObject();
	cJSON_AddStringToObject(j, "command", verbs[r->verb]);
	cJSON *ids = cJSON_AddArrayToObject(j, "ids");
	for (const char *const *id = r->ids; id && *id; id++)
		cJSON_AddItemToArray(ids, cJSON_CreateString(*id));
	if (r->verb == CONTROL_SUBMIT) {
		cJSON_AddStringToObject(j, "id", r->id);
		cJSON_AddStringToObject(j, "title", r->title);
		cJSON_AddStringToObject(j, "head", r->head);
		cJSON_AddStringToObject(j, "base", r->base);
		cJSON_AddNumberToObject(j, "priority", r->priority);
		cJSON_AddNumberToObject(j, "branch", r->branch);
		cJSON_AddNumberToObject(j, "pull", (double)r->pull);
	}
	if (r->verb >= CONTROL_SAY && r->text)
		cJSON_AddStringToObject(j, "text", r->text);
	if (r->verb == CONTROL_MOVE)
		cJSON_AddNumberToObject(j, "place", r->place);
	if (r->verb == CONTROL_DISPATCH)
		write_issues(j, r);
	char *line = cJSON_PrintUnformatted(j);
	CHECK(line);
	cJSON_Delete(j);
	return line;
}

static const char *text_of(const cJSON *j, const char *name)
{
	return cJSON_GetStringValue(cJSON_GetObjectItem(j, name));
}

/* *n keeps its value where nothing is said; false: it is no whole number of that range. */
static bool number_of(const cJSON *j, const char *name, int min, int max, int *n)
{
	const cJSON *item = cJSON_GetObjectItem(j, name);

	if (!item)
		return true;
	if (!cJSON_IsNumber(item) || item->valuedouble < min || item->valuedouble > max ||
	    item->valuedouble != item->valueint)
		return false;
	*n = item->valueint;
	return true;
}

/* It goes into the journal and from there into JSON and onto terminals. */
static bool is_text(const char *s)
{
	return s && str_utf8(str_of(s));
}

/* It goes onto git's command line. */
static bool is_object_name(const char *s)
{
	size_t n = s ? strlen(s) : 0;

	for (size_t i = 0; i < n; i++)
		if (!isxdigit((unsigned char)s[i]))
			return false;
	return n == 40 || n == 64;
}

static bool read_verb(const cJSON *j, struct control_request *r)
{
	const char *command = text_of(j, "command");

	for (size_t i = 1; i < ARRAY_LEN(verbs); i++)
		if (streq(verbs[i], command))
			r->verb = (enum control_verb)i;
	return r->verb != 0;
}

static bool read_ids(const cJSON *j, struct request *r)
{
	const cJSON *list = cJSON_GetObjectItem(j, "ids"), *id;
	int n = cJSON_GetArraySize(list);

	if (n > REQUEST_IDS_MAX)
		return false;
	r->ids = mem_alloc(((size_t)n + 1) * sizeof(*r->ids));
	r->asked.ids = r->ids;
	n = 0;
	cJSON_ArrayForEach(id, list)
	{
		if (!is_text(cJSON_GetStringValue(id)))
			return false;
		r->ids[n++] = id->valuestring;
	}
	return true;
}

static bool read_submit(const cJSON *j, struct control_request *r)
{
	int pull = 0;

	r->id = text_of(j, "id");
	r->title = text_of(j, "title");
	r->head = text_of(j, "head");
	r->base = text_of(j, "base");
	r->priority = 2;
	r->branch = 1;
	if (!is_text(r->id) || !*r->id || !is_text(r->title) || !is_object_name(r->head) ||
	    !r->base || (*r->base && !is_object_name(r->base)) ||
	    !number_of(j, "priority", 0, PRIORITY_MAX, &r->priority) ||
	    !number_of(j, "branch", 1, 2, &r->branch) || !number_of(j, "pull", 0, INT_MAX, &pull))
		return false;
	r->pull = pull;
	return true;
}

/* Where a queue ends is known to it alone: beyond that is its end. */
static bool read_place(const cJSON *j, struct control_request *r)
{
	return number_of(j, "place", 1, INT_MAX, &r->place) && r->place;
}

/* What a task may be called: a line of text. */
static bool is_id(const char *s)
{
	if (!is_text(s) || !*s)
		return false;
	for (; *s; s++)
		if ((unsigned char)*s < ' ')
			return false;
	return true;
}

static bool read_issues(const cJSON *j, struct request *r)
{
	const cJSON *list = cJSON_GetObjectItem(j, "issues"), *item;
	int n = cJSON_GetArraySize(list);

	if (n < 1 || n > REQUEST_IDS_MAX)
		return false;
	r->issues = mem_alloc((size_t)n * sizeof(*r->issues));
	r->asked.issues = r->issues;
	cJSON_ArrayForEach(item, list)
	{
		struct control_issue *i = &r->issues[r->asked.n_issues++];

		*i = (struct control_issue){text_of(item, "id"), text_of(item, "title"), 2,
					    text_of(item, "agent")};
		if (!is_id(i->id) || !is_text(i->title) ||
		    !number_of(item, "priority", 0, PRIORITY_MAX, &i->priority))
			return false;
	}
	return true;
}

/* To whom, and for SAY what; to which question, where one is named. */
static bool read_order(const cJSON *j, struct control_request *r)
{
	bool has_text = cJSON_GetObjectItem(j, "text");

	r->text = text_of(j, "text");
	return r->ids && r->ids[0] && !r->ids[1] &&
	       ((r->verb != CONTROL_SAY && !has_text) || is_text(r->text));
}

int request_parse(struct str line, struct request *ret, struct err *e)
{
	*ret = (struct request){.json = cJSON_ParseWithLength(line.p, line.n)};
	if (read_verb(ret->json, &ret->asked) && read_ids(ret->json, ret) &&
	    (ret->asked.verb != CONTROL_SUBMIT || read_submit(ret->json, &ret->asked)) &&
	    (ret->asked.verb != CONTROL_MOVE || read_place(ret->json, &ret->asked)) &&
	    (ret->asked.verb != CONTROL_DISPATCH || read_issues(ret->json, ret)) &&
	    (ret->asked.verb < CONTROL_SAY || read_order(ret->json, &ret->asked)))
		return 0;
	request_done(ret);
	return err_set(e, ERR_INVALID, "that is no request of this version of ganger");
}

void request_done(struct request *r)
{
	cJSON_Delete(r->json);
	free(r->ids);
	free(r->issues);
	*r = (struct request){0};
}

/* ---- as events ---- */

/* What is asked of tasks: the event each gets, and what is said of it then. */
static const struct {
	enum core_event_kind event;
	const char *said;
} task_verbs[] = {
	[CONTROL_RETRY] = {EV_RETRY,   "will be tried again:"},
	[CONTROL_CANCEL] = {EV_CANCEL,  "cancelled:"          },
	[CONTROL_HOLD] = {EV_HOLD,    "held in the queue:"  },
	[CONTROL_RELEASE] = {EV_RELEASE, "released:"           },
	[CONTROL_MOVE] = {EV_MOVE,    "moved:"              },
	[CONTROL_APPROVE] = {EV_APPROVE, "approved:"           },
};

static int
check_task(const struct core *c, const struct control_request *r, const char *id, struct err *e)
{
	int at = core_find(c, id);
	if (at < 0 || c->tasks.items[at].outside)
		return err_set(e, ERR_NOT_FOUND, "epic '%s' has no task '%s'", c->run.epic, id);
	const struct task *t = &c->tasks.items[at];
	bool accepts = core_accepts(c, at, task_verbs[r->verb].event);
	if (!accepts && r->verb == CONTROL_RETRY && (t->cancel || t->state == TASK_CANCELLING))
		return err_set(e, ERR_INVALID, "task '%s' is being cancelled: retry it after that",
			       id);
	if (!accepts && r->verb == CONTROL_RETRY && t->state == TASK_CLOSED && t->landed.hex[0])
		return err_set(e, ERR_INVALID,
			       "task '%s' is closed: it landed as %.12s; what was taken out of the "
			       "epic branch again is brought in by 'ganger submit' of its branch",
			       id, t->landed.hex);
	if (!accepts)
		return err_set(e, ERR_INVALID, "task '%s' is %s: nothing to %s", id,
			       task_state_word((enum task_state)t->state), verbs[r->verb]);
	if (r->verb == CONTROL_RELEASE && !t->hold)
		return err_set(e, ERR_INVALID, "task '%s' is not held", id);
	if (r->verb == CONTROL_APPROVE && !t->approval)
		return err_set(e, ERR_INVALID, "task '%s' waits for no approval", id);
	return 0;
}

/* Of what is over but for its issue only that is open. */
static const char *said_of(const struct task *t, enum control_verb verb)
{
	if (verb != CONTROL_RETRY || (t->state != TASK_MERGED && t->state != TASK_NOTHING))
		return task_verbs[verb].said;
	return t->taken_out ? "will be closed if its work is in the epic branch again:"
			    : "closing its issue will be tried again:";
}

static int task_events(struct core *c,
		       const struct control_request *r,
		       struct buf *said,
		       void (*give)(void *ctx, const struct core_event *ev),
		       void *ctx,
		       struct err *e)
{
	for (const char *const *id = r->ids; id && *id; id++)
		if (check_task(c, r, *id, e))
			return e->code;
	for (const char *const *id = r->ids; id && *id; id++) {
		int at = core_find(c, *id);
		struct core_event ev = {
			.kind = task_verbs[r->verb].event, .task = at, .n = r->place};
		if (r->verb == CONTROL_APPROVE)
			ev.a = c->tasks.items[at].head;
		buf_printf(said, "%s %s", said_of(&c->tasks.items[at], r->verb), *id);
		give(ctx, &ev);
		if (r->verb == CONTROL_APPROVE) /* that commit, and no later one */
			buf_printf(said, " at %.12s", ev.a.hex);
		buf_putc(said, '\n');
	}
	return 0;
}

/* In the queue at this commit, or on its way from there. */
static bool is_queued_at(const struct task *t, const char *head)
{
	bool queued =
		t->state == TASK_QUEUED || task_state_flags((enum task_state)t->state) & F_MERGE;

	return queued && t->branch && streq(t->head.hex, head);
}

/* What came later would be lost without a word. */
static int refuse_branch(const struct task *t, const struct control_request *r, struct err *e)
{
	const char *what = task_word(t);
	bool over = t->state == TASK_MERGED || t->state == TASK_CLOSED || t->state == TASK_NOTHING;

	if (over)
		return err_set(e, ERR_BUSY, "'%s' has just landed: submit it again", r->title);
	if (task_state_flags((enum task_state)t->state) & F_MERGE)
		what = "being merged";
	else if (t->state == TASK_CANCELLING)
		what = "being cancelled";
	return err_set(e, ERR_BUSY, "'%s' is %s: submit it again after that", r->title, what);
}

int request_check(const struct core *c, const struct control_request *r, struct err *e)
{
	int at = r->verb == CONTROL_SUBMIT ? core_find(c, r->id) : -1;

	if (at < 0 || is_queued_at(&c->tasks.items[at], r->head))
		return 0;
	return refuse_branch(&c->tasks.items[at], r, e);
}

static int submit_events(const struct core *c,
			 const struct control_request *r,
			 struct buf *said,
			 void (*give)(void *ctx, const struct core_event *ev),
			 void *ctx,
			 struct err *e)
{
	int at = core_find(c, r->id);
	if (at >= 0 && !core_takes_branch(&c->tasks.items[at]))
		return refuse_branch(&c->tasks.items[at], r, e);
	struct core_event ev = {
		.kind = EV_BRANCH, .task = -1, .text = r->id, .n = r->pull, .m = r->branch};
	memcpy(ev.a.hex, r->head, strnlen(r->head, OID_SIZE - 1));
	memcpy(ev.b.hex, r->base, strnlen(r->base, OID_SIZE - 1));
	give(ctx, &(struct core_event){.kind = EV_ISSUE,
				       .task = -1,
				       .m = ISSUE_OPEN,
				       .n = r->priority,
				       .text = r->id,
				       .text2 = r->title});
	give(ctx, &ev);
	buf_printf(said, "queued: %s\n", r->id);
	return 0;
}

/* Each issue has one session here, however often it is dispatched. */
static int dispatch_events(const struct core *c,
			   const struct control_request *r,
			   struct buf *said,
			   void (*give)(void *ctx, const struct core_event *ev),
			   void *ctx,
			   struct err *e)
{
	bool any = false;

	if (!c->run.dispatch)
		return err_set(e, ERR_INVALID, "epic '%s' is none that issues are dispatched to",
			       c->run.epic);
	for (size_t i = 0; i < r->n_issues; i++) {
		int at = core_find(c, r->issues[i].id);
		int64_t attempt = at < 0 ? 1 : session_attempt(&c->tasks.items[at]);

		buf_session_id(said, c->run.epic, r->issues[i].id, attempt);
		buf_putc(said, '\n');
		if (at >= 0)
			continue;
		any = true;
		give(ctx,
		     &(struct core_event){
			     .kind = EV_ISSUE,
			     .task = -1,
			     .m = ISSUE_OPEN,
			     .n = r->issues[i].priority,
			     .code = r->issues[i].agent ? core_find_kind(c, r->issues[i].agent) : 0,
			     .text = r->issues[i].id,
			     .text2 = r->issues[i].title});
	}
	if (any)
		give(ctx, &(struct core_event){.kind = EV_SYNCED, .task = -1});
	return 0;
}

int request_events(struct core *c,
		   const struct control_request *r,
		   struct buf *said,
		   void (*give)(void *ctx, const struct core_event *ev),
		   void *ctx,
		   struct err *e)
{
	struct core_event ev = {.task = -1};
	switch (r->verb) {
	case CONTROL_RETRY:
	case CONTROL_CANCEL:
	case CONTROL_HOLD:
	case CONTROL_RELEASE:
	case CONTROL_MOVE:
	case CONTROL_APPROVE:
		return task_events(c, r, said, give, ctx, e);
	case CONTROL_SUBMIT:
		return submit_events(c, r, said, give, ctx, e);
	case CONTROL_LOOK: /* not the core's: what is found there will be */
		return 0;
	case CONTROL_DISPATCH:
		return dispatch_events(c, r, said, give, ctx, e);
	case CONTROL_WATCH:
		return 0; /* it changes nothing: whoever listens on the socket sees to it */
	case CONTROL_PAUSE:
	case CONTROL_RESUME:
		ev.kind = r->verb == CONTROL_PAUSE ? EV_PAUSE : EV_RESUME;
		buf_puts(said, r->verb == CONTROL_PAUSE
				       ? "paused: nothing starts or lands; agents go on\n"
				       : "resumed\n");
		break;
	case CONTROL_STOP:
	case CONTROL_STOP_NOW:
		ev.kind = EV_STOP;
		ev.n = r->verb == CONTROL_STOP ? STOP_GRACEFUL : STOP_NOW;
		buf_puts(said, r->verb == CONTROL_STOP
				       ? "stopping: running agents finish first\n"
				       : "stopping: agents are ended, their work is kept\n");
		break;
	case CONTROL_SAY:
	case CONTROL_ALLOW:
	case CONTROL_DENY:
		return err_set(e, ERR_INVALID, "no agent of epic '%s' is at work", c->run.epic);
	}
	give(ctx, &ev);
	return 0;
}
