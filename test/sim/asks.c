#include "base/clean.h"
#include "run/control.h"
#include "run/rows.h"
#include "sim/people.h"
#include "sim/sim.h"

/* What people ask for with a command of their own where no supervisor runs. */

static const struct store_value *journal_value(int issue, const char *column)
{
	const struct store_table *rows = rows_tables[ROWS_TASK];
	const struct sim_table *t = &sim->tables[ROWS_TASK];
	size_t at = 0;
	if (!map_find(&t->by_key, sim->issues.items[issue].id, &at) || !t->rows.items[at].values)
		return NULL;
	for (int i = 0; i < rows->n_columns; i++)
		if (streq(rows->columns[i].name, column))
			return &t->rows.items[at].values[i];
	CHECK(!"there is such a column");
	return NULL;
}

int journal_head(int issue)
{
	const struct store_value *v = journal_value(issue, "head");
	struct oid head = {""};
	(void)snprintf(head.hex, sizeof(head.hex), "%s", v && v->s ? v->s : "");
	return oid_commit(&head);
}

int64_t journal_number(int issue, const char *column, int64_t none)
{
	const struct store_value *v = journal_value(issue, column);
	return v ? v->i : none;
}

/* 'ganger run' asks for an agent where one was at work. */
bool journal_needs_agent(void)
{
	bool needs = false;
	for (int i = 0; i < (int)sim->issues.n && !needs; i++) {
		int64_t state = journal_number(i, "state", TASK_BLOCKED);
		needs = task_state_flags((enum task_state)state) & F_SLOT;
	}
	return needs;
}

int people_ask(const struct control_request *r, struct buf *said, struct err *e)
{
	int rc = control_send(sim_place(), sim_config(), EPIC, r, said, e);
	/* What was killed, or held a lock, was the command. */
	sim->dead = sim->lock = false;
	return rc;
}

static void ask(enum control_verb verb, const char *const *ids)
{
	struct control_request r = {.verb = verb, .ids = ids};
	struct buf said CLEANUP(buf_done) = BUF_INIT;
	struct err e = ERR_INIT;
	IGNORE(people_ask(&r, &said, &e));
	say("ganger %s %s%s: %s",
	    verb == CONTROL_RETRY     ? "retry"
	    : verb == CONTROL_RELEASE ? "release"
				      : "approve",
	    ids[0], ids[1] ? " and more" : "", e.code ? e.msg : buf_cstr(&said));
}

void people_ask_retry(const char *const *ids)
{
	for (const char *const *id = ids; *id; id++)
		checker_retried(sim->checker, issue_index(*id));
	ask(CONTROL_RETRY, ids);
}

void people_ask_release(const char *id)
{
	ask(CONTROL_RELEASE, (const char *const[]){id, NULL});
}

void people_ask_approve(int issue)
{
	if (!journal_number(issue, "approval", 0))
		return;
	checker_approved(sim->checker, issue, journal_head(issue));
	ask(CONTROL_APPROVE, (const char *const[]){sim->issues.items[issue].id, NULL});
}
