#include "base/clean.h"
#include "run/report.h"
#include "unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AT (INT64_C(1700000000) * 1000) /* 2023-11-14 22:13:20 */

/* A run as its journal might have it, and the places around it. */
struct fixture {
	struct core core;
	struct paths paths;
	struct report_spec spec;
};

static int setup(void **state)
{
	struct fixture *f = mem_alloc(sizeof(*f));
	struct policy policy = {.max_concurrent = 4};
	struct place place = {.root = "/home/ann/my shop",
			      .common_dir = "/home/ann/my shop/.git",
			      .name = "my-shop",
			      .state_dir = "/nowhere/my-shop-1"};

	(void)setenv("TZ", "UTC", 1);
	core_init(&f->core, &policy);
	(void)core_add_kind(&f->core, "demo", 0);
	f->core.run.epic = "7";
	f->core.run.base = "main";
	f->core.run.checked = 1;
	f->core.run.state = RUN_ENDED;
	f->core.run.started_ms = AT;
	f->core.run.ended_ms = AT + 3900000;
	paths_find(&place, "7", NULL, &f->paths);
	f->spec = (struct report_spec){.core = &f->core,
				       .title = "Rework the parser",
				       .epic_branch = "epic/7",
				       .task_pattern = "ganger/{epic}/{task}",
				       .paths = &f->paths};
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	core_done(&f->core);
	paths_done(&f->paths);
	free(f);
	return 0;
}

static struct task *
add(struct fixture *f, const char *id, const char *title, enum task_state s, const char *reason)
{
	struct task row = {.id = id,
			   .title = title,
			   .state = s,
			   .tokens_in = -1,
			   .tokens_out = -1,
			   .cost = -1};

	(void)snprintf(row.reason, sizeof(row.reason), "%s", reason);
	row.attempt = 1;
	f->core.run.attempts++;
	int at = core_add_task(&f->core, &row);

	return &f->core.tasks.items[at];
}

static char *build(struct fixture *f)
{
	struct buf b = BUF_INIT;

	core_loaded(&f->core);
	report_build(&b, &f->spec);
	return buf_take(&b);
}

static void assert_has(const char *text, const char *wanted)
{
	if (!text || !strstr(text, wanted))
		fail_msg("'%s' is not in:\n%s", wanted, text ? text : "nothing");
}

static void land(struct task *t)
{
	t->pull = 3;
	(void)snprintf(t->landed.hex, sizeof(t->landed.hex), "%040d", 5);
}

/* Its own line says so, and so do the totals, where it is still among those that landed. */
static void test_report__counts_what_was_taken_out_again(void **state)
{
	struct fixture *f = *state;
	struct task *gone;
	char *r;

	land(add(f, "1", "Add the lexer", TASK_CLOSED, ""));
	land(gone = add(f, "2", "Add the parser", TASK_MERGED, "could not close the issue: gone"));
	gone->gave_up = gone->person = gone->taken_out = 1;
	r = build(f);
	assert_has(r, "\n2 of 2 tasks are done, 2 of them landed in epic/7, 1 taken out again.\n");
	assert_has(r, "- 2 Add the parser: 000000000000, which somebody took out again");
	free(r);
}

static void test_report__of_a_run_that_is_done(void **state)
{
	struct fixture *f = *state;
	char *r;

	land(add(f, "1", "Add the lexer", TASK_CLOSED, ""));
	(void)add(f, "2", "Write the manual", TASK_CLOSED, "nothing to do");
	f->spec.untested = true;
	r = build(f);
	assert_string_equal(
		r, "# 7: Rework the parser\n"
		   "\n"
		   "2 of 2 tasks are done, 1 of them landed in epic/7, 1 had nothing to do.\n"
		   "It ended 2023-11-14 23:18, done.\n"
		   "What landed is untested: no queue.check.\n"
		   "\n"
		   "## Landed\n"
		   "\n"
		   "- 1 Add the lexer: 000000000000, pull request 3\n"
		   "\n"
		   "## Done without landing\n"
		   "\n"
		   "- 2 Write the manual: nothing to do\n"
		   "\n"
		   "## Spent\n"
		   "\n"
		   "- time: 1h 5m from the first start\n"
		   "- attempts: 2\n"
		   "- tokens: not known, the agents do not say\n"
		   "- cost: not known, the agents do not say\n"
		   "\n"
		   "## What went outside\n"
		   "\n"
		   "- nothing was pushed\n"
		   "- the agents ran as you do; what they sent, only they know\n"
		   "\n"
		   "## What is kept\n"
		   "\n"
		   "- the work of every attempt: git for-each-ref refs/ganger/7\n"
		   "- the agents' output: /nowhere/my-shop-1/7/agent-logs\n"
		   "\n"
		   "## What to do next\n"
		   "\n"
		   "Look at it, then take it back to the base:\n"
		   "\n"
		   "      git diff main...epic/7\n"
		   "      ganger finish 7\n");
	free(r);
}

static void test_report__a_conflict_comes_with_its_commands(void **state)
{
	struct fixture *f = *state;
	char *r;

	(void)add(f, "a b", "Say hello", TASK_CONFLICTED, "conflicts with what has landed: x.c\n");
	r = build(f);
	assert_has(r, "## Needs you\n"
		      "\n"
		      "- a b Say hello: conflicts with what has landed: x.c\n"
		      "\n"
		      "      git worktree add /home/ann/my-shop-a%20b ganger/7/a%20b\n"
		      "      git -C /home/ann/my-shop-a%20b merge epic/7\n"
		      "      # resolve the conflicts in /home/ann/my-shop-a%20b, then:\n"
		      "      git -C /home/ann/my-shop-a%20b commit --all --no-edit\n"
		      "      git worktree remove /home/ann/my-shop-a%20b\n"
		      "      ganger retry 'a b'\n"
		      "\n");
	assert_has(r, "Do what is said above, then go on:\n\n      ganger run 7\n");
	free(r);
}

static void test_report__a_failure_and_what_it_holds(void **state)
{
	struct fixture *f = *state;
	char *r;

	add(f, "1", "Break", TASK_FAILED, "exit 3: broken")->attempt = 3;
	(void)add(f, "2", "Wait", TASK_BLOCKED, "");
	core_add_edge(&f->core, 1, 0);
	r = build(f);
	assert_has(r, "0 of 2 tasks are done. 1 failed, 1 held behind those.\n");
	assert_has(r, "## Failed\n"
		      "\n"
		      "- 1 Break: exit 3: broken (after 3 attempts)\n"
		      "\n"
		      "      ganger logs 1\n"
		      "      ganger retry 1\n"
		      "\n"
		      "## Waited for\n"
		      "\n"
		      "- 2 Wait: held: needs '1', which is failed\n");
	assert_null(strstr(r, "## Landed"));
	assert_null(strstr(r, "## Needs you"));
	free(r);
}

static void test_report__an_issue_closed_early_is_opened_first(void **state)
{
	struct fixture *f = *state;
	char *r;

	add(f, "1", "Close", TASK_FAILED, "its issue was closed")->away = AWAY_EARLY;
	r = build(f);
	assert_has(r, "      ganger logs 1\n"
		      "      # open its issue again, then:\n"
		      "      ganger retry 1\n");
	free(r);
}

/* What agents and issues say stays text: no line of it can look like one of ours. */
static void test_report__text_from_outside_stays_in_its_line(void **state)
{
	struct fixture *f = *state;
	char *r;

	(void)add(f, "1", "one\n## Landed\033[2J", TASK_FAILED, "a\nb\007");
	r = build(f);
	assert_has(r, "- 1 one\\x0a## Landed\\x1b[2J: a, b\\x07\n");
	free(r);
}

static void test_report__an_issue_that_cannot_be_closed_has_landed(void **state)
{
	struct fixture *f = *state;
	struct task *t = add(f, "1", "Say", TASK_MERGED, "could not close the issue: it is Ann's");
	char *r;

	land(t);
	t->gave_up = t->person = 1;
	r = build(f);
	assert_has(r, "## Needs you\n\n- 1 Say: could not close the issue: it is Ann's\n\n"
		      "      ganger show 1\n      ganger retry 1\n");
	assert_has(r, "## Landed\n\n- 1 Say: 000000000000, pull request 3\n");
	free(r);
}

static void test_report__what_was_taken_out_is_closed_or_brought_in_again(void **state)
{
	struct fixture *f = *state;
	struct task *t = add(f, "a b", "Say", TASK_MERGED, "could not close the issue: it is out");
	char *r;

	land(t);
	t->gave_up = t->person = t->taken_out = 1;
	r = build(f);
	assert_has(r,
		   "## Needs you\n\n- a b Say: could not close the issue: it is out\n\n"
		   "      # where that was meant:\n"
		   "      ganger close 'a b'\n"
		   "      # where it was not, bring its work in again, and then have it closed:\n"
		   "      ganger submit --epic 7 ganger/7/a%20b\n"
		   "      ganger run 7\n"
		   "      ganger retry 'a b'\n\n");
	assert_has(r, "- a b Say: 000000000000, which somebody took out again, pull request 3\n");
	free(r);
	t->branch = 1; /* it is the person's, who has it */
	r = build(f);
	assert_null(strstr(r, "ganger submit"));
	free(r);
}

static void test_report__in_mid_run(void **state)
{
	struct fixture *f = *state;
	char *r;

	f->spec.running = true;
	f->core.run.state = RUN_RUNNING;
	f->core.run.paused = 1;
	add(f, "1", "Work", TASK_WORKING, "")->attempt = 2;
	(void)add(f, "2", "Later", TASK_BLOCKED, "");
	core_add_edge(&f->core, 1, 0);
	r = build(f);
	assert_has(r, "0 of 2 tasks are done. 1 working, 1 blocked.\n"
		      "It is running: paused: nothing starts or lands.\n");
	assert_has(r, "## Under way\n\n- 1 Work: working, attempt 2\n\n## Spent\n");
	assert_has(r, "It goes on by itself. To watch it:\n\n      ganger top 7\n");
	free(r);
}

static void test_report__a_run_that_died_says_how_to_go_on(void **state)
{
	struct fixture *f = *state;
	char *r;

	f->core.run.state = RUN_RUNNING;
	(void)add(f, "1", "Work", TASK_WORKING, "");
	r = build(f);
	assert_has(r, "No supervisor is at it.\n");
	assert_has(r, "Go on:\n\n      ganger run 7\n");
	free(r);
}

static void test_report__a_check_that_fails_before_anything(void **state)
{
	struct fixture *f = *state;
	char *r;

	f->core.run.checked = 0;
	f->core.run.exit = 3;
	(void)snprintf(f->core.run.reason, sizeof(f->core.run.reason),
		       "the check already fails on main: exit code 1");
	add(f, "1", "Work", TASK_READY, "")->attempt = 0;
	r = build(f);
	assert_has(r, "It ended 2023-11-14 23:18, stuck: the check already fails on main: exit "
		      "code 1.\n");
	assert_has(r, "## The run needs you\n\n- the check already fails on main: exit code 1\n\n"
		      "      ganger run 7\n");
	free(r);
}

static void test_report__what_was_spent_and_pushed(void **state)
{
	struct fixture *f = *state;
	struct task *t = add(f, "1", "Work", TASK_CLOSED, "");
	char *r;

	(void)add(f, "2", "Work", TASK_CLOSED, "");
	t = &f->core.tasks.items[0];
	t->tokens_in = f->core.run.tokens_in = 1200;
	t->tokens_out = f->core.run.tokens_out = 0;
	t->cost = f->core.run.cost = 0.5;
	(void)snprintf(t->left_out, sizeof(t->left_out), ".env: a secret by its name\n");
	f->core.run.remote = "origin";
	f->spec.push = "epic";
	r = build(f);
	assert_has(r, "- tokens: 1200 in, 0 out, as 1 of 2 tasks say\n"
		      "- cost: $0.50, as 1 of 2 tasks say\n");
	assert_has(r, "- epic/7 was pushed to 'origin'\n");
	assert_has(r, "- not committed in 1: .env: a secret by its name\n");
	free(r);
}

static void test_report__what_was_discovered(void **state)
{
	struct fixture *f = *state;
	char *r;

	(void)add(f, "1", "Work", TASK_CLOSED, "");
	f->spec.found = "9\t1\tAnother\tbug\n\nno tabs\n10\t1\t\033[31mred\n";
	r = build(f);
	assert_has(
		r,
		"## Discovered\n\nOpen issues that the work brought to light; they are no part of "
		"the epic, and were not run.\n\n- 9 Another");
	assert_has(r, "bug, from 1\n- 10 ");
	assert_null(strchr(r, '\033'));
	assert_null(strstr(r, "no tabs"));
	free(r);
	f->spec.found = "";
	r = build(f);
	assert_null(strstr(r, "Discovered"));
	free(r);
}

#define CASE(name) cmocka_unit_test_setup_teardown(test_report__##name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(of_a_run_that_is_done),
		CASE(counts_what_was_taken_out_again),
		CASE(a_conflict_comes_with_its_commands),
		CASE(a_failure_and_what_it_holds),
		CASE(an_issue_closed_early_is_opened_first),
		CASE(text_from_outside_stays_in_its_line),
		CASE(an_issue_that_cannot_be_closed_has_landed),
		CASE(what_was_taken_out_is_closed_or_brought_in_again),
		CASE(in_mid_run),
		CASE(a_run_that_died_says_how_to_go_on),
		CASE(a_check_that_fails_before_anything),
		CASE(what_was_spent_and_pushed),
		CASE(what_was_discovered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
