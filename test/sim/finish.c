#include "base/child.h"
#include "base/clean.h"
#include "sim/people.h"
#include "sim/sim.h"
#include "ui/cli/commands.h"
#include "ui/cli/supervise.h"

#include <stdarg.h>
#include <string.h>

/*
 * 'ganger finish', the program's own (ui/cli/finish.c), between two supervisors; and the base, which
 * people move on meanwhile. What it prints, the supervisor that it becomes and the one command of
 * git are what the linker takes instead.
 */

#define HOUR      ((int64_t)3600000)
#define TRIES_MAX 3 /* of one command, where it did not end well */

/* The command that runs. */
static struct {
	bool merge;
	bool said; /* that what it moves is untested */
} own;

/* ---- what it says ---- */

static void tell(const char *label, const char *fmt, va_list ap)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;
	buf_vprintf(&b, fmt, ap);
	while (b.n && b.p[b.n - 1] == '\n')
		b.n--;
	if (b.n && b.p[b.n - 1] == ' ') /* of "could not …: " the reason is wanted */
		checker_break(sim->checker, "rule 6: finish says '%s', and not why", buf_cstr(&b));
	if (str_starts(buf_str(&b), "could not bring"))
		checker_base_is_out(sim->checker, buf_cstr(&b));
	own.said = own.said || strstr(buf_cstr(&b), "untested");
	say("finish: %s%s", label, buf_cstr(&b));
}

#define TELL(label, fmt)                                                                           \
	do {                                                                                       \
		va_list ap_;                                                                       \
		va_start(ap_, fmt);                                                                \
		tell(label, fmt, ap_);                                                             \
		va_end(ap_);                                                                       \
	} while (0)

void cli_error(struct cli *c, const char *fmt, ...)
{
	(void)c;
	TELL("error: ", fmt);
}

void cli_hint(struct cli *c, const char *fmt, ...)
{
	(void)c;
	TELL("hint: ", fmt);
}

void cli_warn(struct cli *c, const char *fmt, ...)
{
	(void)c;
	TELL("warning: ", fmt);
}

void cli_print(struct cli *c, const char *fmt, ...)
{
	(void)c;
	TELL("", fmt);
}

void cli_print_buf(struct cli *c, const struct buf *b)
{
	cli_print(c, "%s", b->n ? b->p : "");
}

int cli_fail(struct cli *c, const struct err *e)
{
	cli_error(c, "%s", e->msg);
	if (e->code == ERR_INVALID || e->code == ERR_NOT_FOUND)
		return CLI_USAGE;
	return e->code == ERR_CONFLICT ? CLI_PERSON : CLI_ENVIRONMENT;
}

bool cli_flag(const struct cli *c, const char *name)
{
	(void)c;
	return own.merge && streq(name, "merge");
}

int cli_tracker(struct cli *c, struct tracker **ret, struct err *e)
{
	return c->parts->tracker_open(&c->place, &c->config, ret, e);
}

/* The command is the supervisor: it does not outlive it. */
int supervise(struct cli *c, const struct supervise *s)
{
	(void)c;
	CHECK(s->no_agent);
	sim->lock = false; /* what it changed the journal with */
	if (sim->dead)
		return CLI_ENVIRONMENT;
	int code = supervisor_lives(/* agentless */ true);
	return code < 0 ? CLI_ENVIRONMENT : code;
}

/* ---- the base ---- */

/* As git merges fast-forward only, or fetches into a branch; not over what somebody has not committed. */
int finish_moves_base(struct child_result *ret, struct err *e)
{
	enum fate f = fate("move the base");
	int rc = refused(f, e), from = ref_get(BASE_REF), to = ref_get(EPIC_REF);
	bool in_the_way = rng_chance(&sim->finish, 0.15);
	if (rc)
		return rc;
	ret->exit_code = !in_the_way && (is_ancestor(from, to) || is_ancestor(to, from)) ? 0 : 1;
	if (!ret->exit_code && is_ancestor(from, to)) {
		say("git: the base moves from %d to %d", from, to);
		ref_set(BASE_REF, to);
		checker_base(sim->checker, to, false, own.said);
	}
	return heard(f, e);
}

static void base_moves(int64_t n)
{
	(void)n;
	if (epic_tip() < 0)
		return;
	int c = commit_change(ref_get(BASE_REF), -1, BY_OTHERS);
	say("person: commits %d on the base", c);
	ref_set(BASE_REF, c);
	checker_base(sim->checker, c, true, false);
}

int base_entry(const char *id)
{
	struct oid head = {""};
	int known = issue_index(id);
	if (known >= 0 || strncmp(id, "main@", 5) != 0)
		return known;
	int n = issue_add(sim, id, 2);
	struct sim_issue *x = &sim->issues.items[n];
	(void)snprintf(head.hex, sizeof(head.hex), "%.12s", id + 5); /* "-2" may follow */
	x->base = true;
	x->open = x->child = x->labelled = false;
	x->pinned = oid_commit(&head);
	checker_labelled(sim->checker, n, false);
	checker_base_entry(sim->checker, n);
	return n;
}

/* ---- when ---- */

static int finish_once(void)
{
	char epic[] = EPIC, *argv[] = {epic, NULL};
	struct cli c = {.parts = sim_parts(), .place = *sim_place(), .config = *sim_config()};
	own.said = false;
	int code = cmd_finish(&c, 1, argv);
	sim->dead = sim->lock = false;
	say("ganger finish%s: exit %d", own.merge ? " --merge" : "", code);
	return code;
}

void finish_between(bool over)
{
	struct rng *r = &sim->finish;
	/* Seldom where a supervisor died, and nobody brought the run to its end. */
	bool wants = rng_chance(r, sim->weather.finishes * (over ? 1 : 0.02));
	if (!wants || sim->settings.dispatch || !may(COUNT_PEOPLE))
		return;
	own.merge = rng_chance(r, 0.7);
	for (int i = 0; i < TRIES_MAX && !checker_broken(sim->checker); i++) {
		if (finish_once() == 0 || rng_chance(r, 0.4))
			break;
		world_pass(rng_between(r, 100, 60000));
	}
}

void finish_init(void)
{
	struct rng *r = &sim->finish;
	int n = sim->weather.finishes > 0 ? (int)rng_below(r, 5) : 0;
	for (int i = 0; i < n; i++) {
		int64_t delay = rng_below(r, rng_chance(r, 0.5) ? HOUR / 6 : 3 * HOUR);
		if (may(COUNT_PEOPLE))
			at(delay, base_moves, 0);
	}
}
