#include "base/check.h"
#include "port/agent.h"

/* Nobody talks in this world: a talk is a function of a file, and decides nothing here. */
struct agent_talk *agent_talk_new(const struct agent_kind *k,
				  const struct agent_settings *s,
				  const struct agent_attempt *a,
				  struct str prompt,
				  const struct agent_talk_to *to)
{
	(void)k, (void)s, (void)a, (void)prompt, (void)to;
	CHECK(false);
	return NULL;
}

void agent_talk_output(struct agent_talk *t, struct str piece)
{
	(void)t, (void)piece;
	CHECK(false);
}

struct agent_used agent_talk_used(const struct agent_talk *t)
{
	(void)t;
	CHECK(false);
	return (struct agent_used){0};
}

int agent_talk_order(struct agent_talk *t, enum agent_order order, const char *text, struct err *e)
{
	(void)t, (void)order, (void)text, (void)e;
	CHECK(false);
	return ERR_INVALID;
}

int agent_talk_question(const struct agent_talk *t, const char *name, char **ret, struct err *e)
{
	(void)t, (void)name, (void)ret, (void)e;
	CHECK(false);
	return ERR_INVALID;
}

void agent_talk_free(struct agent_talk *t)
{
	CHECK(!t);
}

char *agent_talk_session(const struct agent_kind *k, const char *log_path, const char *worktree)
{
	(void)k, (void)log_path, (void)worktree;
	CHECK(false);
	return NULL;
}
