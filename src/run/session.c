#include "run/session.h"

#include "base/clean.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <string.h>

#define MS_MAX 4e15 /* later than any clock; exact as a double */

static bool is_settled(const struct task *t)
{
	return (task_state_flags((enum task_state)t->state) & F_SETTLED) != 0;
}

/* Between two attempts, and before the first, the session is the one to come. */
static bool is_to_come(const struct task *t)
{
	return t->state == TASK_BLOCKED || t->state == TASK_READY || t->state == TASK_WAITING;
}

int64_t session_attempt(const struct task *t)
{
	return is_to_come(t) || t->attempt < 1 ? t->attempt + 1 : t->attempt;
}

static enum core_session state_of(const struct task *t)
{
	if (is_to_come(t))
		return SESSION_CREATED;
	if (is_settled(t))
		return t->state == TASK_SUBMITTED || t->state == TASK_CLOSED ? SESSION_COMPLETED
									     : SESSION_FAILED;
	/* What it did was judged good; it is not there until its pull request is. */
	if (t->session == SESSION_COMPLETED)
		return SESSION_IDLE;
	return t->session == SESSION_NONE ? SESSION_CREATED : (enum core_session)t->session;
}

void session_of(const struct task *t, struct session *ret)
{
	*ret = (struct session){.issue = mem_strdup(t->id),
				.title = mem_strdup(t->title),
				.reason = mem_strdup(t->reason),
				.attempt = session_attempt(t),
				.state = state_of(t),
				.created_ms = t->created_ms,
				.updated_ms = t->event_ms,
				.ended_ms = t->ended_ms,
				.pull = t->pull,
				.over = is_settled(t)};
}

void session_done(struct session *s)
{
	free(s->issue);
	free(s->title);
	free(s->reason);
	*s = (struct session){0};
}

void session_write(struct buf *out, const struct task *t)
{
	cJSON *j = cJSON_CreateObject();
	cJSON_AddStringToObject(j, "issue", t->id);
	cJSON_AddStringToObject(j, "title", t->title);
	cJSON_AddStringToObject(j, "reason", t->reason);
	cJSON_AddStringToObject(j, "state", session_name(state_of(t)));
	cJSON_AddNumberToObject(j, "attempt", (double)session_attempt(t));
	cJSON_AddNumberToObject(j, "created_ms", (double)t->created_ms);
	cJSON_AddNumberToObject(j, "updated_ms", (double)t->event_ms);
	cJSON_AddNumberToObject(j, "ended_ms", (double)t->ended_ms);
	cJSON_AddNumberToObject(j, "pull", (double)t->pull);
	cJSON_AddBoolToObject(j, "over", is_settled(t));
	char *text = cJSON_PrintUnformatted(j);
	CHECK(text);
	buf_puts(out, text);
	free(text);
	cJSON_Delete(j);
}

static char *text_of(const cJSON *j, const char *name)
{
	const char *s = cJSON_GetStringValue(cJSON_GetObjectItem(j, name));
	return s && str_utf8(str_of(s)) ? mem_strdup(s) : NULL;
}

static bool number_of(const cJSON *j, const char *name, int64_t *ret)
{
	const cJSON *n = cJSON_GetObjectItem(j, name);
	if (!cJSON_IsNumber(n) || !(n->valuedouble >= 0 && n->valuedouble <= MS_MAX))
		return false;
	*ret = (int64_t)n->valuedouble;
	return true;
}

static enum core_session state_parse(const cJSON *j)
{
	const char *word = cJSON_GetStringValue(cJSON_GetObjectItem(j, "state"));
	for (int s = SESSION_CREATED; word && s <= SESSION_FAILED; s++)
		if (streq(session_name((enum core_session)s), word))
			return (enum core_session)s;
	return SESSION_NONE;
}

int session_parse(struct str line, struct session *ret, struct err *e)
{
	cJSON *j = cJSON_ParseWithLength(line.p, line.n);
	*ret = (struct session){.issue = text_of(j, "issue"),
				.title = text_of(j, "title"),
				.reason = text_of(j, "reason"),
				.state = state_parse(j),
				.over = cJSON_IsTrue(cJSON_GetObjectItem(j, "over"))};
	bool good = ret->issue && ret->issue[0] && ret->title && ret->reason && ret->state &&
		    number_of(j, "attempt", &ret->attempt) && ret->attempt > 0 &&
		    number_of(j, "created_ms", &ret->created_ms) &&
		    number_of(j, "updated_ms", &ret->updated_ms) &&
		    number_of(j, "ended_ms", &ret->ended_ms) && number_of(j, "pull", &ret->pull);
	cJSON_Delete(j);
	if (good)
		return 0;
	session_done(ret);
	return err_set(e, ERR_INVALID, "that is no session of this version of ganger");
}

void buf_session_id(struct buf *b, const char *epic, const char *issue, int64_t attempt)
{
	buf_name(b, epic);
	buf_putc(b, '/');
	buf_name(b, issue);
	buf_printf(b, "/%" PRId64, attempt);
}

void session_id_done(struct session_id *id)
{
	free(id->epic);
	free(id->issue);
	*id = (struct session_id){0};
}

/* NULL: that is none. */
static char *name_parse(struct str text)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;
	return buf_unname(&b, text) && b.n ? buf_take(&b) : NULL;
}

bool session_id_parse(const char *text, struct session_id *ret)
{
	const char *first = strchr(text, '/'), *last = strrchr(text, '/');
	struct buf again CLEANUP(buf_done) = BUF_INIT;
	*ret = (struct session_id){0};
	if (!first || first == last || !str_i64(str_of(last + 1), &ret->attempt) ||
	    ret->attempt < 1)
		return false;
	ret->epic = name_parse((struct str){text, (size_t)(first - text)});
	ret->issue = name_parse((struct str){first + 1, (size_t)(last - first - 1)});
	if (ret->epic && ret->issue)
		buf_session_id(&again, ret->epic, ret->issue, ret->attempt);
	if (streq(buf_cstr(&again), text)) /* "1/2/03" names nothing */
		return true;
	session_id_done(ret);
	return false;
}
