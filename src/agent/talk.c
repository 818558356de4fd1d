#include "agent/talk.h"

#include "agent/logtext.h"
#include "agent/talk_events.h"
#include "base/clean.h"
#include "base/utf8.h"

#include <stdio.h>
#include <string.h>

#define ERRORS_MAX (256u << 10)
/* Of a question, where it is one of several. */
#define QUESTION_SHOWN_MAX 200

/* ---- saying ---- */

static void say(struct agent_talk *t, struct str input)
{
	t->said++;
	if (t->to.say)
		t->to.say(t->to.ctx, t->said, input);
}

void talk_say(struct agent_talk *t, cJSON *o)
{
	struct buf frame CLEANUP(buf_done) = {.max = EXECUTOR_SAY_MAX};
	char *text = NULL;

	if (!t->is_closed && t->to.say) {
		text = cJSON_PrintUnformatted(o);
		CHECK(text);
		frames_put(&frame, t->kind->frames, str_of(text));
	}
	if (!t->is_closed)
		say(t, buf_str(&frame));
	free(text);
	cJSON_Delete(o);
}

void talk_close(struct agent_talk *t)
{
	if (t->is_closed)
		return;
	if (t->kind->leave)
		t->kind->leave(t);
	t->is_closed = true;
	say(t, (struct str){0});
}

void talk_wait(struct agent_talk *t, const char *text)
{
	VEC_PUSH(&t->waiting, mem_strdup(text));
}

cJSON *talk_items(struct agent_talk *t)
{
	if (!t->items)
		t->items = cJSON_CreateObject();
	return t->items;
}

const char *talk_env(const struct agent_talk *t, const char *name)
{
	size_t n = strlen(name);

	for (char **v = t->env; *v; v++)
		if (!strncmp(*v, name, n) && (*v)[n] == '=')
			return *v + n + 1;
	return NULL;
}

/* ---- turns ---- */

static void question_remove(struct agent_talk *t, size_t at)
{
	struct talk_question *q = &t->asked.items[at];

	cJSON_Delete(q->request);
	free(q->text);
	t->asked.n--;
	memmove(q, q + 1, (t->asked.n - at) * sizeof(*q));
}

static void drop_asked(struct agent_talk *t)
{
	while (t->asked.n)
		question_remove(t, t->asked.n - 1);
}

static void drop_given(struct agent_talk *t)
{
	while (t->given.n)
		free(t->given.items[--t->given.n]);
}

static char *next_waiting(struct agent_talk *t)
{
	char *text;

	if (!t->waiting.n)
		return NULL;
	text = t->waiting.items[0];
	t->waiting.n--;
	memmove(t->waiting.items, t->waiting.items + 1, t->waiting.n * sizeof(text));
	return text;
}

void talk_turn_end(struct agent_talk *t)
{
	char *next CLEANUP(freep) = NULL;

	t->record.found = true;
	t->open = 0;
	talk_event_turn_end(t);
	drop_asked(t);
	drop_given(t);
	if (!t->record.failed)
		next = next_waiting(t);
	if (next)
		record_reopen(&t->record); /* its turn is still to end, however that begins */
	if (!next || !t->kind->say(t, next))
		talk_close(t);
}

void talk_fail(struct agent_talk *t, const char *why)
{
	t->record.failed = true;
	record_set_text(&t->record, why);
	talk_error(t, why);
	talk_turn_end(t);
}

bool talk_lost(struct agent_talk *t)
{
	for (size_t i = 0; i < t->asked.n; i++)
		talk_event_decided(t, t->asked.items[i].name, "gone");
	drop_asked(t);
	if (t->losses++ < TALK_LOSSES_MAX) {
		talk_error(t, "the connection to its server was lost, and made again");
		return true;
	}
	talk_fail(t, "the connection to its server was lost too often");
	return false;
}

/* ---- permissions ---- */

static void ask_person(struct agent_talk *t,
		       const cJSON *request,
		       const struct permission_ask *ask,
		       const char *why)
{
	struct buf b CLEANUP(buf_done) = {.max = TALK_SHOWN_MAX};
	struct talk_question q = {.request = cJSON_Duplicate(request, true)};

	(void)snprintf(q.name, sizeof(q.name), "%d.%d", t->attempt, ++t->n_asked);
	buf_printf(&b, "may it use %s", ask->tool);
	if (ask->command || ask->path) {
		buf_puts(&b, ": ");
		buf_line(&b, str_of(ask->command ? ask->command : ask->path));
	}
	q.text = buf_take(&b);
	VEC_PUSH(&t->asked, q);
	talk_event_permission(t, ask, PERMISSION_ASK, why, q.name);
	if (t->to.ask)
		t->to.ask(t->to.ctx, q.name, q.text);
}

static void note_denied(struct agent_talk *t, const char *tool)
{
	(void)snprintf(t->record.denied, sizeof(t->record.denied), "%s", tool);
}

void talk_permission(struct agent_talk *t, const cJSON *request, const struct permission_ask *ask)
{
	struct buf why CLEANUP(buf_done) = {.max = TALK_SHOWN_MAX};
	enum permission p =
		permission_decide((const char *const *)t->rules, t->worktree, ask, &why);

	if (p == PERMISSION_ASK) {
		ask_person(t, request, ask, buf_cstr(&why));
		return;
	}
	talk_event_permission(t, ask, p, buf_cstr(&why), NULL);
	if (p == PERMISSION_DENY)
		note_denied(t, ask->tool);
	t->kind->answer(t, request, p == PERMISSION_ALLOW, buf_cstr(&why));
}

/* The open question of that name, or NULL: the oldest; -1: there is none. */
static int question_find(const struct agent_talk *t, const char *name)
{
	for (size_t i = 0; i < t->asked.n; i++)
		if (!name || streq(t->asked.items[i].name, name))
			return (int)i;
	return -1;
}

/* What is open, for a person to choose from. */
static void questions_list(const struct agent_talk *t, struct buf *b)
{
	for (size_t i = 0; i < t->asked.n; i++) {
		const struct talk_question *q = &t->asked.items[i];
		bool is_long = strlen(q->text) > QUESTION_SHOWN_MAX;
		char *text CLEANUP(freep) =
			mem_strndup(q->text, is_long ? QUESTION_SHOWN_MAX : strlen(q->text));

		utf8_mend(text);
		buf_printf(b, "%s%s (%s%s)", i ? ", " : "", q->name, text, is_long ? "..." : "");
	}
}

int agent_talk_question(const struct agent_talk *t, const char *name, char **ret, struct err *e)
{
	struct buf open CLEANUP(buf_done) = BUF_INIT;
	int at = question_find(t, name);

	if (t->is_closed)
		return err_set(e, ERR_NOT_FOUND, "its session is over");
	questions_list(t, &open);
	if (!t->asked.n && !name)
		return err_set(e, ERR_INVALID, "it asks for nothing");
	if (!t->asked.n)
		return err_set(e, ERR_INVALID, "it does not ask '%s', and for nothing else", name);
	if (at < 0)
		return err_set(e, ERR_INVALID, "it does not ask '%s', but %s", name,
			       buf_cstr(&open));
	if (!name && t->asked.n > 1)
		return err_set(e, ERR_INVALID,
			       "it asks several things; name the one that is meant: %s",
			       buf_cstr(&open));
	*ret = mem_strdup(t->asked.items[at].name);
	return 0;
}

static int decide(struct agent_talk *t, bool allow, const char *name, struct err *e)
{
	int at = question_find(t, name);

	if (at < 0)
		return err_set(e, ERR_INVALID, "it asks for nothing");
	if (!allow)
		note_denied(t, "a tool");
	talk_event_decided(t, t->asked.items[at].name, allow ? "allow" : "deny");
	t->kind->answer(t, t->asked.items[at].request, allow, "a person did not permit it");
	question_remove(t, (size_t)at);
	return 0;
}

/* ---- as others see it ---- */

int agent_talk_order(struct agent_talk *t, enum agent_order order, const char *text, struct err *e)
{
	if (t->is_closed)
		return err_set(e, ERR_NOT_FOUND, "its session is over");
	switch (order) {
	case AGENT_SAY:
		if (t->waiting.n >= TALK_WAITING_MAX)
			return err_set(e, ERR_LIMIT, "%d messages are waiting for it already",
				       TALK_WAITING_MAX);
		talk_event_said(t, text);
		if (!t->kind->say(t, text))
			talk_wait(t, text);
		return 0;
	case AGENT_BREAK:
		if (text)
			talk_error(t, text);
		t->kind->interrupt(t);
		talk_close(t);
		return 0;
	case AGENT_ALLOW:
	case AGENT_DENY:
		return decide(t, order == AGENT_ALLOW, text, e);
	}
	CHECK(false);
	return ERR_INVALID;
}

struct agent_used agent_talk_used(const struct agent_talk *t)
{
	const struct record *r = &t->record;
	double cost = record_cost(r, t->price_in, t->price_out);

	return (struct agent_used){.tools = t->tools,
				   .tokens = (r->tokens_in > 0 ? r->tokens_in : 0) +
					     (r->tokens_out > 0 ? r->tokens_out : 0) +
					     t->turn_tokens,
				   .cost_usd = cost > 0 ? cost : 0};
}

void agent_talk_output(struct agent_talk *t, struct str piece)
{
	frames_add(&t->frames, piece);
	while (frames_next(&t->frames, &t->line)) {
		cJSON *o = t->line.p[0] == '{' ? cJSON_ParseWithLength(t->line.p, t->line.n) : NULL;

		if (cJSON_IsObject(o))
			t->kind->take(t, o);
		cJSON_Delete(o);
	}
	t->line = (struct str){0};
}

static char **texts_copy(const char *const *texts)
{
	VEC(char *) v = {0};

	for (; texts && *texts; texts++)
		VEC_PUSH(&v, mem_strdup(*texts));
	VEC_PUSH(&v, NULL);
	return v.items;
}

struct agent_talk *agent_talk_new(const struct agent_kind *k,
				  const struct agent_settings *s,
				  const struct agent_attempt *a,
				  struct str prompt,
				  const struct agent_talk_to *to)
{
	struct agent_talk *t = mem_alloc(sizeof(*t));

	CHECK(k->talk);
	t->kind = k->talk;
	t->to = *to;
	t->prompt = mem_strndup(prompt.p, prompt.n);
	t->worktree = mem_strdup(a->worktree ? a->worktree : "");
	t->attempt = a->attempt;
	t->wanted = mem_strdup(a->session);
	t->token = mem_strdup(a->token);
	t->rules = texts_copy(s->permissions);
	t->env = texts_copy(s->env);
	t->price_in = s->price_in;
	t->price_out = s->price_out;
	t->errors.max = ERRORS_MAX;
	t->chunk.max = TALK_MESSAGE_MAX;
	t->next_id = 1;
	t->record = (struct record){.tokens_in = -1, .tokens_out = -1, .cost_usd = -1};
	frames_init(&t->frames, k->talk->frames, TALK_MESSAGE_MAX);
	k->talk->begin(t);
	return t;
}

void agent_talk_free(struct agent_talk *t)
{
	char **texts[] = {&t->prompt,  &t->worktree, &t->wanted, &t->token,
			  &t->session, &t->turn,     &t->folder, &t->program};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		free(*texts[i]);
	agent_env_free(t->rules); /* the same shape: a list of owned texts */
	agent_env_free(t->env);
	frames_done(&t->frames);
	buf_done(&t->errors);
	buf_done(&t->chunk);
	record_done(&t->record);
	while (t->waiting.n)
		free(t->waiting.items[--t->waiting.n]);
	VEC_DONE(&t->waiting);
	drop_asked(t);
	VEC_DONE(&t->asked);
	drop_given(t);
	VEC_DONE(&t->given);
	cJSON_Delete(t->items);
	free(t);
}

static void take_piece(void *ctx, struct str piece)
{
	agent_talk_output(ctx, piece);
}

char *agent_talk_session(const struct agent_kind *k, const char *log_path, const char *worktree)
{
	const struct agent_settings s = {0};
	const struct agent_attempt a = {.worktree = worktree};
	struct agent_talk *t =
		agent_talk_new(k, &s, &a, (struct str){0}, &(struct agent_talk_to){0});
	struct err none = ERR_INIT; /* without a log there is no session */
	char *session = NULL;

	IGNORE(log_read(log_path, take_piece, t, &none));
	if (t->session && (!t->folder || streq(t->folder, worktree)))
		session = TAKE(t->session);
	agent_talk_free(t);
	return session;
}
