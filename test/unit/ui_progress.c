#include "base/clean.h"
#include "base/file.h"
#include "base/str.h"
#include "config/config.h"
#include "run/place.h"
#include "run/said.h"
#include "ui/boardview.h"
#include "ui/progress.h"
#include "ui/result.h"
#include "unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AT (INT64_C(1700000000) * 1000) /* 22:13:20 */

/* A run that is told, turn by turn, into memory. */
struct fixture {
	struct core core;
	struct config config;
	struct place place;
	struct progress *progress;
	struct observer observer;
	FILE *events, *messages;
	char *said, *told;
	size_t n_said, n_told;
};

static int setup(void **state)
{
	struct fixture *f = mem_alloc(sizeof(*f));
	struct policy policy = {.max_concurrent = 4};
	struct progress_options o;

	(void)setenv("TZ", "UTC", 1);
	core_init(&f->core, &policy);
	(void)core_add_kind(&f->core, "demo", 0);
	f->core.now.wall_ms = AT;
	f->core.run.epic = "7";
	f->core.run.state = RUN_RUNNING;
	config_init(&f->config);
	f->place = (struct place){
		.root = "/r", .common_dir = "/r/.git", .name = "r", .state_dir = "/nowhere"};
	f->events = open_memstream(&f->said, &f->n_said);
	f->messages = open_memstream(&f->told, &f->n_told);
	o = (struct progress_options){.epic = "7",
				      .place = &f->place,
				      .config = &f->config,
				      .events = f->events,
				      .messages = f->messages};
	f->progress = progress_new(&o, &f->observer);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	progress_free(f->progress);
	(void)fclose(f->events);
	(void)fclose(f->messages);
	free(f->said);
	free(f->told);
	config_done(&f->config);
	core_done(&f->core);
	free(f);
	return 0;
}

static int add(struct fixture *f, const char *id, const char *title, enum task_state s)
{
	struct task row = {.id = id,
			   .title = title,
			   .state = s,
			   .tokens_in = -1,
			   .tokens_out = -1,
			   .cost = -1};

	return core_add_task(&f->core, &row);
}

static struct task *task(struct fixture *f, int at)
{
	return &f->core.tasks.items[at];
}

/* The task comes to be in this state; the turn that brought it there is over. */
static void go(struct fixture *f, int at, enum task_state s)
{
	struct transition t = {at, (int)task(f, at)->state, s};

	task(f, at)->state = s;
	f->observer.transition(f->observer.ctx, &f->core, &t);
	f->observer.turn(f->observer.ctx, &f->core);
}

/* All that was said, without the line that comes first. */
static void assert_said(struct fixture *f, const char *wanted)
{
	const char *rest;

	(void)fflush(f->events);
	rest = f->said ? strchr(f->said, '\n') : NULL;
	assert_non_null(rest);
	assert_string_equal(rest + 1, wanted);
}

static void test_progress__says_once_that_nothing_is_tested(void **state)
{
	struct fixture *f = *state;

	f->observer.turn(f->observer.ctx, &f->core);
	f->observer.turn(f->observer.ctx, &f->core);
	(void)fflush(f->events);
	assert_string_equal(f->said, "22:13:20  -  untested       no queue.check is set\n");
}

static void test_progress__is_a_line_an_event(void **state)
{
	struct fixture *f = *state;
	int at = add(f, "12", "Say hello", TASK_BLOCKED);

	go(f, at, TASK_READY);
	task(f, at)->attempt = 1;
	go(f, at, TASK_CLAIMING);
	go(f, at, TASK_PREPARING);
	go(f, at, TASK_WORKING);
	task(f, at)->pid = 4711;
	f->observer.turn(f->observer.ctx, &f->core);
	f->observer.turn(f->observer.ctx, &f->core);
	task(f, at)->pid = 0;
	go(f, at, TASK_COLLECTING);
	go(f, at, TASK_SUBMITTING);
	task(f, at)->pull = 3;
	go(f, at, TASK_QUEUED);
	go(f, at, TASK_MERGING);
	go(f, at, TASK_LANDING);
	(void)snprintf(task(f, at)->landed.hex, OID_SIZE, "%040d", 5);
	go(f, at, TASK_MERGED);
	go(f, at, TASK_CLOSED);
	assert_said(f, "22:13:20  12  claimed        Say hello\n"
		       "22:13:20  12  working        process 4711\n"
		       "22:13:20  12  queued         pull request 3\n"
		       "22:13:20  12  merging\n"
		       "22:13:20  12  merged         000000000000, untested\n"
		       "22:13:20  12  closed\n");
}

static void test_progress__says_why(void **state)
{
	struct fixture *f = *state;
	int at = add(f, "1", "", TASK_COLLECTING);

	task(f, at)->attempt = 2;
	task(f, at)->due_ms = AT + 60000;
	(void)snprintf(task(f, at)->reason, sizeof(task(f, at)->reason), "exit 3: a\nb\033");
	go(f, at, TASK_WAITING);
	go(f, at, TASK_READY);
	go(f, at, TASK_WORKING);
	task(f, at)->pid = 5;
	f->observer.turn(f->observer.ctx, &f->core);
	go(f, at, TASK_FAILING);
	go(f, at, TASK_FAILED);
	assert_said(f, "22:13:20  1  waiting-retry  tries again at 22:14:20: exit 3: a, b\\x1b\n"
		       "22:13:20  1  ready          to be tried again: exit 3: a, b\\x1b\n"
		       "22:13:20  1  working        process 5, attempt 2\n"
		       "22:13:20  1  failed         exit 3: a, b\\x1b\n");
}

/* Without a delay, or where it was not its fault, it is claimed again in the same turn. */
static void test_progress__says_why_also_where_it_does_not_wait(void **state)
{
	struct fixture *f = *state;
	int at = add(f, "1", "Say hello", TASK_CLAIMING);
	struct transition waits = {at, TASK_COLLECTING, TASK_WAITING},
			  over = {at, TASK_WAITING, TASK_READY},
			  back = {at, TASK_GATING, TASK_READY},
			  claimed = {at, TASK_READY, TASK_CLAIMING};

	task(f, at)->attempt = 2;
	(void)snprintf(task(f, at)->reason, sizeof(task(f, at)->reason), "exit 3");
	f->observer.transition(f->observer.ctx, &f->core, &waits);
	f->observer.transition(f->observer.ctx, &f->core, &over);
	f->observer.transition(f->observer.ctx, &f->core, &claimed);
	(void)snprintf(task(f, at)->reason, sizeof(task(f, at)->reason), "the check failed");
	f->observer.transition(f->observer.ctx, &f->core, &back);
	f->observer.transition(f->observer.ctx, &f->core, &claimed);
	/* Its wait was said as it began. */
	f->observer.transition(f->observer.ctx, &f->core, &over);
	f->observer.transition(f->observer.ctx, &f->core, &claimed);
	assert_said(f, "22:13:20  1  ready          to be tried again: exit 3\n"
		       "22:13:20  1  claimed        Say hello, attempt 2\n"
		       "22:13:20  1  ready          to be tried again: the check failed\n"
		       "22:13:20  1  claimed        Say hello, attempt 2\n"
		       "22:13:20  1  claimed        Say hello, attempt 2\n");
}

/* Of what a task went through within a turn, only where it is now is said. */
static void test_progress__leaves_out_what_is_over_already(void **state)
{
	struct fixture *f = *state;
	int at = add(f, "1", "", TASK_MERGING);
	struct transition queued = {at, TASK_SUBMITTING, TASK_QUEUED},
			  merging = {at, TASK_QUEUED, TASK_MERGING};

	f->observer.transition(f->observer.ctx, &f->core, &queued);
	f->observer.transition(f->observer.ctx, &f->core, &merging);
	assert_said(f, "22:13:20  1  merging\n");
}

static void test_progress__a_process_that_never_was_is_not_said(void **state)
{
	struct fixture *f = *state;
	int at = add(f, "1", "", TASK_CLAIMING);

	go(f, at, TASK_WORKING);
	go(f, at, TASK_FAILED);
	assert_said(f, "22:13:20  1  failed\n");
}

static void test_progress__says_what_pauses(void **state)
{
	struct fixture *f = *state;
	struct kind *k = &f->core.kinds.items[0];

	f->core.run.paused = 1;
	f->observer.turn(f->observer.ctx, &f->core);
	f->observer.turn(f->observer.ctx, &f->core);
	f->core.run.paused = 0;
	k->paused_ms = AT + 60000;
	(void)snprintf(k->pause_reason, sizeof(k->pause_reason), "session limit");
	f->observer.turn(f->observer.ctx, &f->core);
	f->observer.turn(f->observer.ctx, &f->core);
	assert_said(f, "22:13:20  -  paused         nothing starts or lands; agents go on\n"
		       "22:13:20  -  resumed\n"
		       "22:13:20  -  paused         agent 'demo' until 22:14:20: session limit\n");
}

static void test_progress__says_how_the_run_ends(void **state)
{
	struct fixture *f = *state;
	struct transition tidy = {-1, RUN_CHECKING, RUN_TIDYING},
			  end = {-1, RUN_TIDYING, RUN_ENDED};

	f->core.run.exit = 3;
	(void)snprintf(f->core.run.reason, sizeof(f->core.run.reason), "the check already fails");
	f->observer.transition(f->observer.ctx, &f->core, &tidy);
	f->observer.transition(f->observer.ctx, &f->core, &end);
	assert_said(f, "22:13:20  -  tidying        the check already fails\n"
		       "22:13:20  -  ended          stuck\n");
}

static void test_progress__messages_go_where_they_belong(void **state)
{
	struct fixture *f = *state;

	f->observer.message(f->observer.ctx, "Shutting down\007");
	(void)fflush(f->messages);
	(void)fflush(f->events);
	assert_string_equal(f->told, "Shutting down\\x07\n");
	assert_int_equal(f->n_said, 0);
}

/* ---- the result ---- */

static void test_result__is_as_the_contract_has_it(void **state)
{
	struct fixture *f = *state;
	int landed = add(f, "1", "", TASK_CLOSED), red = add(f, "2", "", TASK_FAILED);
	char *text;
	cJSON *j;

	(void)add(f, "3", "", TASK_CONFLICTED);
	(void)add(f, "4", "", TASK_SKIPPED);
	(void)add(f, "5", "", TASK_CLOSED);
	(void)snprintf(task(f, landed)->landed.hex, OID_SIZE, "%040d", 5);
	task(f, red)->red = 1;
	f->core.run.attempts = 6;
	f->core.run.started_ms = AT;
	f->core.run.ended_ms = AT + 1500;
	task(f, landed)->tokens_in = f->core.run.tokens_in = 0;
	j = result_json(&f->core, "7");
	text = cJSON_PrintUnformatted(j);
	assert_string_equal(
		text, "{\"epic\":\"7\",\"status\":\"stuck\",\"total\":5,\"completed\":2,"
		      "\"failed\":1,\"skipped\":1,\"merged\":1,\"failed_merges\":2,"
		      "\"attempts\":6,\"duration_ms\":1500,"
		      "\"tokens\":{\"in\":0,\"out\":null},\"cost_usd\":null}");
	cJSON_Delete(j);
	free(text);
}

/* ---- the board ---- */

static void test_boardview__has_what_is_under_way(void **state)
{
	struct fixture *f = *state;
	struct paths paths = {0};
	struct boardview v;
	int landed = add(f, "1", "", TASK_CLOSED), works = add(f, "2", "Work", TASK_WORKING),
	    queued = add(f, "4", "", TASK_QUEUED);

	(void)add(f, "3", "", TASK_CLOSED);
	(void)add(f, "5", "", TASK_GATING);
	(void)snprintf(task(f, landed)->landed.hex, OID_SIZE, "%040d", 5);
	task(f, works)->attempt = 2;
	task(f, works)->attempt_ms = AT - 5000;
	task(f, queued)->pull = 9;
	core_loaded(&f->core);
	paths_find(&f->place, "7", NULL, &paths);
	boardview_fill(&(struct boardview_spec){.core = &f->core,
						.paths = &paths,
						.title = "",
						.wall_ms = AT,
						.since_ms = AT - 60000},
		       &v);
	assert_null(v.view.title);
	assert_int_equal(v.view.elapsed_ms, 60000);
	assert_int_equal(v.view.totals.merged, 1);
	assert_int_equal(v.view.totals.closed, 1);
	assert_int_equal(v.view.n_tasks, 1);
	assert_string_equal(v.view.tasks[0].id, "2");
	assert_int_equal(v.view.tasks[0].attempt, 2);
	assert_int_equal(v.view.tasks[0].since_ms, 5000);
	assert_null(v.view.tasks[0].last_line);
	assert_int_equal(v.view.n_queue, 2);
	assert_string_equal(v.view.queue[0].state, "gating");
	assert_int_equal(v.view.queue[1].pr, 9);
	assert_null(v.view.paused);
	boardview_done(&v);
	paths_done(&paths);
}

#define ASK(name, input)                                                                           \
	"{\"type\":\"permission\",\"tool\":\"shell\",\"input\":\"" input                           \
	"\",\"decision\":\"ask\",\"question\":\"" name "\"}\n"
#define DECIDED(name, how)                                                                         \
	"{\"type\":\"decided\",\"question\":\"" name "\",\"decision\":\"" how "\"}\n"

/* What a program writes that is talked to is no text for people; its events are. */
static void test_boardview__shows_what_a_talking_agent_says(void **state)
{
	static const struct {
		const char *events, *shown, *asks;
	} cases[] = {
		{"{\"type\":\"message\",\"text\":\"one\\ntwo\"}\n{\"type\":\"tokens\",\"in\":1,"
		 "\"out\":2}\n",   "two",               ""      },
		{						   "{\"type\":\"message\",\"text\":\"one\"}\n{\"type\":\"mess",                            "one",                  ""        },
		{					   ASK("1.1", "ls"),    "? asks a person 1.1: shell: ls",         "1.1=shell: ls;"},
		{					   ASK("1.1",			    "ls") ASK("1.2",               "rm"),                                   "? asks a person 1.2: shell: rm",
		 "1.1=shell: ls;1.2=shell: rm;"},
		{										     ASK("1.1",                  "ls") ASK("1.2", "rm") DECIDED("1.1",  "deny"), "? denied 1.1",
		 "1.2=shell: rm;"},
		{				     ASK("1.1",				 "ls") DECIDED("1.1",                                            "gone"), "? no longer asked 1.1", ""},
		{ASK("1.1",			       "ls") "{\"type\":\"turn_end\",\"status\":\"completed\"}\n",
		 "? asks a person 1.1: shell: ls",                                                  ""},
	};
	struct fixture *f = *state;
	struct paths paths = {0};
	char dir[] = "/tmp/boardview.XXXXXX";
	int works = add(f, "2", "Work", TASK_WORKING);
	char *log = NULL, *events = NULL;

	task(f, works)->attempt = 2;
	core_loaded(&f->core);
	assert_non_null(mkdtemp(dir));
	f->place.state_dir = dir;
	paths_find(&f->place, "7", NULL, &paths);
	assert_int_equal(dir_make(paths.logs, NULL), 0);
	log = path_log(&paths, "2", NULL);
	events = path_events(&paths, "2", "2");
	assert_int_equal(file_write(log, STR("{\"raw\":1}\n"), false, NULL), 0);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct boardview v;
		struct buf all CLEANUP(buf_done) = BUF_INIT;
		struct said_asks asks;

		assert_int_equal(file_write(events, str_of(cases[i].events), false, NULL), 0);
		boardview_fill(&(struct boardview_spec){.core = &f->core,
							.paths = &paths,
							.title = "",
							.wall_ms = AT,
							.since_ms = AT},
			       &v);
		assert_string_equal(v.view.tasks[0].last_line, cases[i].shown);
		boardview_done(&v);
		said_asks_find(&paths, task(f, works), &asks);
		for (size_t k = 0; k < asks.n; k++)
			buf_printf(&all, "%s=%s;", asks.items[k].question, asks.items[k].what);
		said_asks_done(&asks);
		assert_string_equal(buf_cstr(&all), cases[i].asks);
	}
	free(log);
	free(events);
	paths_done(&paths);
	assert_int_equal(dir_remove(dir, NULL), 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(progress__says_once_that_nothing_is_tested),
		CASE(progress__is_a_line_an_event),
		CASE(progress__says_why),
		CASE(progress__says_why_also_where_it_does_not_wait),
		CASE(progress__leaves_out_what_is_over_already),
		CASE(progress__a_process_that_never_was_is_not_said),
		CASE(progress__says_what_pauses),
		CASE(progress__says_how_the_run_ends),
		CASE(progress__messages_go_where_they_belong),
		CASE(result__is_as_the_contract_has_it),
		CASE(boardview__has_what_is_under_way),
		CASE(boardview__shows_what_a_talking_agent_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
