#include "run/limits.h"

#include "config/config.h"
#include "port/agent.h"

#include <string.h>

/* One limit, and what it needs to be told. */
struct need {
	const char *limit;
	bool is_set;
	enum agent_sure sure;
	const char *what;
	bool lives; /* while it works, not only once it is over */
};

static enum agent_sure surer(enum agent_sure a, enum agent_sure b)
{
	return a > b ? a : b;
}

/* It is given its budget, and holds itself to that. */
static bool uses_budget(const struct config_agent *a)
{
	for (char *const *p = a->command; p && *p; p++)
		if (strstr(*p, "GANGER_ATTEMPT_COST"))
			return true;
	return false;
}

static struct agent_tells cost_of(const struct agent_kind *k, const struct config_agent *a)
{
	struct agent_tells t = k->cost;

	if (uses_budget(a))
		return (struct agent_tells){AGENT_SURELY, AGENT_SURELY};
	if (a->price_in > 0 || a->price_out > 0) {
		t.over = surer(t.over, k->tokens.over);
		t.live = surer(t.live, k->tokens.live);
	}
	return t;
}

static void
note(struct buf *b, const struct need *n, const struct agent_kind *k, const struct config_agent *a)
{
	bool is_money = strcmp(n->what, "cost") == 0;
	enum agent_sure tokens = n->lives ? k->tokens.live : k->tokens.over;

	if (!n->is_set || n->sure == AGENT_SURELY)
		return;
	buf_printf(b, "%s %s hold for agent '%s': ", n->limit,
		   n->sure == AGENT_NEVER ? "does not" : "may not", a->name);
	if (n->sure == AGENT_NEVER)
		buf_printf(b, "kind '%s' tells no %s", k->name, n->what);
	else
		buf_printf(b, "not every program of kind '%s' tells its %s", k->name, n->what);
	if (n->lives)
		buf_puts(b, " while it works");
	if (is_money && n->lives)
		buf_puts(b, ", and its command does not use $GANGER_ATTEMPT_COST");
	if (is_money && n->sure == AGENT_NEVER && tokens == AGENT_SURELY)
		buf_printf(b, "; it tells its tokens: set agents.%s.price_in and price_out",
			   a->name);
	buf_putc(b, '\n');
}

void limits_notes(struct buf *b, const struct config *c, const struct config_agent *a)
{
	const struct agent_kind *k = agent_kind_find(a->kind);
	struct agent_tells cost =
		k ? cost_of(k, a) : (struct agent_tells){AGENT_NEVER, AGENT_NEVER};
	const struct need needs[] = {
		{"limits.cost",           c->limits_cost > 0,           cost.over,                                 "cost",   false},
		{"limits.task_cost",      c->limits_task_cost > 0,      cost.over,                                 "cost",   false},
		{"limits.attempt_cost",   c->limits_attempt_cost > 0,   cost.live,                                 "cost",   true },
		{"limits.tokens",         c->limits_tokens > 0,         k ? k->tokens.over : AGENT_NEVER,          "tokens",
		 false													    },
		{"limits.task_tokens",    c->limits_task_tokens > 0,    k ? k->tokens.over : AGENT_NEVER,
		 "tokens",												   false},
		{"limits.attempt_tokens", c->limits_attempt_tokens > 0,
		 k ? k->tokens.live : AGENT_NEVER,								 "tokens", true },
		{"limits.tools",          c->limits_tools > 0,          k && k->talk ? AGENT_SURELY : AGENT_NEVER,
		 "tools",												    true },
	};

	for (size_t i = 0; k && i < ARRAY_LEN(needs); i++)
		note(b, &needs[i], k, a);
}
