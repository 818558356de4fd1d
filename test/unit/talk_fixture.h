#ifndef TEST_UNIT_TALK_FIXTURE_H
#define TEST_UNIT_TALK_FIXTURE_H

/* One talk, with all that it says and tells kept as text. */
#include "base/clean.h"
#include "base/mem.h"
#include "port/agent.h"
#include "unit/test.h"

#include <stdlib.h>
#include <string.h>

struct talking {
	struct agent_talk *t;
	struct buf said;   /* each input; its end is "<end>\n" */
	struct buf events; /* likewise */
	struct buf asked;  /* a line a question */
	uint64_t nth;
};

static void on_say(void *ctx, uint64_t nth, struct str input)
{
	struct talking *k = ctx;

	assert_int_equal(nth, k->nth + 1);
	k->nth = nth;
	buf_add(&k->said, input.p, input.n);
	if (!input.n)
		buf_puts(&k->said, "<end>\n");
}

static void on_event(void *ctx, struct str line)
{
	struct talking *k = ctx;

	buf_add(&k->events, line.p, line.n);
}

static void on_ask(void *ctx, const char *name, const char *question)
{
	struct talking *k = ctx;

	buf_printf(&k->asked, "%s %s\n", name, question);
}

static inline void talk_begin_at(struct talking *k,
				 const char *kind,
				 const char *const *rules,
				 const char *session,
				 const char *token)
{
	const struct agent_settings s = {.name = "a", .permissions = rules};
	const struct agent_attempt a = {
		.attempt = 3, .worktree = "/w", .session = session, .token = token};
	const struct agent_talk_to to = {k, on_say, on_event, on_ask};

	*k = (struct talking){.said = BUF_INIT, .events = BUF_INIT, .asked = BUF_INIT};
	k->t = agent_talk_new(agent_kind_find(kind), &s, &a, STR("do it"), &to);
}

static inline void
talk_begin(struct talking *k, const char *kind, const char *const *rules, const char *session)
{
	talk_begin_at(k, kind, rules, session, NULL);
}

static inline void talk_done(struct talking *k)
{
	agent_talk_free(k->t);
	buf_done(&k->said);
	buf_done(&k->events);
	buf_done(&k->asked);
}

static inline void hear(struct talking *k, const char *output)
{
	agent_talk_output(k->t, str_of(output));
}

static inline int order(struct talking *k, enum agent_order o, const char *text)
{
	struct err e = ERR_INIT;

	return agent_talk_order(k->t, o, text, &e);
}

/* What it has said since the last call. */
static inline char *said(struct talking *k)
{
	char *text = mem_strdup(buf_cstr(&k->said));

	buf_reset(&k->said);
	return text;
}

static inline void said_is(struct talking *k, const char *text)
{
	char *got CLEANUP(freep) = said(k);

	assert_string_equal(got, text);
}

static inline void said_has(struct talking *k, const char *text)
{
	char *got CLEANUP(freep) = said(k);

	if (!strstr(got, text))
		fail_msg("'%s' is not in '%s'", text, got);
}

static inline void events_have(const struct talking *k, const char *text)
{
	if (!strstr(buf_cstr(&k->events), text))
		fail_msg("'%s' is not in '%s'", text, buf_cstr(&k->events));
}

#endif
