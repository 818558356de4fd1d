#include "unit/run_fixture.h"

#include <stdio.h>
#include <string.h>

/* What the actions make of a world of a few fixed answers. */

static struct {
	struct oid tip;    /* of the task's branch */
	bool tip_in_epic;  /* it is an ancestor of the epic's head */
	bool head_in_epic; /* and so is the work, 'aa' */
	int collect_error; /* of the next collect */
	const char *sha;   /* that a pull request was finished with */
	bool finished;
	bool ended;  /* the pull request did, otherwise */
	bool closed; /* the issue */
	int released, comments;
	int comment_error;
} world;

static struct oid oid_of(const char *hex)
{
	struct oid o = {""};
	(void)snprintf(o.hex, sizeof(o.hex), "%s", hex);
	return o;
}

static int resolve(struct git *g, const char *name, struct oid *ret, struct err *e)
{
	(void)g;
	(void)name;
	if (!world.tip.hex[0])
		return err_set(e, ERR_NOT_FOUND, "there is none");
	*ret = world.tip;
	return 0;
}

static int
ancestor(struct git *g, const struct oid *a, const struct oid *b, bool *ret, struct err *e)
{
	(void)g;
	(void)b;
	(void)e;
	*ret = world.tip_in_epic || (world.head_in_epic && strcmp(a->hex, "aa") == 0);
	return 0;
}

static int keep(struct git *g, const char *task, int attempt, const struct oid *o, struct err *e)
{
	(void)g;
	(void)task;
	(void)attempt;
	(void)o;
	(void)e;
	return 0;
}

static int
collect(struct git *g, const struct git_collect_spec *spec, struct git_work *ret, struct err *e)
{
	(void)g;
	(void)spec;
	(void)ret;
	return err_set(e, world.collect_error, "not now");
}

static int finish(struct forge *f, int64_t number, const char *sha, struct err *e)
{
	(void)f;
	(void)number;
	world.finished = true;
	world.sha = sha;
	return world.ended ? err_set(e, ERR_CONFLICT, "it ended otherwise already") : 0;
}

static int
close_issue(struct tracker *t, const char *id, const char *why, const char *text, struct err *e)
{
	(void)t;
	(void)id;
	(void)why;
	(void)text;
	(void)e;
	world.closed = true;
	return 0;
}

struct rig {
	struct config config;
	struct host host;
	struct git git;
	struct forge forge;
	struct tracker tracker;
	struct place place;
	struct supervisor s;
};

static int release(struct tracker *t, const struct issue_claim *c, struct err *e)
{
	(void)t;
	(void)e;
	assert_string_equal(c->id, "1");
	assert_string_equal(c->epic, "e");
	world.released++;
	return 0;
}

static int
comment(struct tracker *t, const char *id, const char *marker, const char *text, struct err *e)
{
	(void)t;
	(void)id;
	(void)marker;
	(void)text;
	world.comments++;
	return world.comment_error ? err_set(e, world.comment_error, "no comment") : 0;
}

static void rig_init(struct rig *r)
{
	static const struct git_ops git_ops = {
		.resolve = resolve, .ancestor = ancestor, .keep = keep, .collect = collect};
	static const struct forge_ops forge_ops = {.finish = finish};
	static const struct tracker_ops tracker_ops = {
		.close = close_issue, .release = release, .comment = comment};
	struct policy p = {.max_concurrent = 1};
	memset(&world, 0, sizeof(world));
	memset(r, 0, sizeof(*r));
	config_init(&r->config);
	r->host = (struct host){.defer = work_at_once, .wake_in = wake_nobody};
	r->git.ops = &git_ops;
	r->forge.ops = &forge_ops;
	r->tracker.ops = &tracker_ops;
	r->place = (struct place){.root = (char *)"/nowhere/repo",
				  .state_dir = (char *)"/nowhere",
				  .common_dir = (char *)"/nowhere",
				  .name = (char *)"r"};
	r->s = (struct supervisor){
		.host = &r->host,
		.config = &r->config,
		.git = &r->git,
		.opened = true,
		.forge = &r->forge,
		.tracker = &r->tracker,
		.spec = {.epic = "e", .place = &r->place}
        };
	r->s.epic_branch = mem_strdup("epic/e");
	paths_find(&r->place, "e", NULL, &r->s.paths);
	core_init(&r->s.core, &p);
	(void)core_add_kind(&r->s.core, "a", 0);
	(void)core_add_task(&r->s.core, &(struct task){.id = "1",
						       .title = "one",
						       .state = TASK_LOOKING,
						       .attempt = 2,
						       .slot = 1,
						       .job = 7,
						       .head = oid_of("aa"),
						       .start = oid_of("bb")});
}

static void rig_done(struct rig *r)
{
	inbox_done(&r->s);
	core_done(&r->s.core);
	paths_done(&r->s.paths);
	free(r->s.epic_branch);
	config_done(&r->config);
}

static enum core_event_kind act(struct rig *r, enum action_kind k)
{
	outbox_send(&r->s, &(struct action){.kind = k, .task = 0, .serial = 1});
	assert_int_equal(r->s.inbox.n, 1);
	return r->s.inbox.items[0].ev.kind;
}

/* Only what a person left there is a fix: not where an attempt ended or began, nor the epic. */
static void test_look__tells_a_persons_work_from_our_own(void **state)
{
	static const struct {
		const char *tip;
		bool in_epic;
		enum core_event_kind want;
	} cases[] = {
		{"",   false, EV_UNFIXED},
		{"aa", false, EV_UNFIXED}, /* the head of the last attempt */
		{"bb", false, EV_UNFIXED}, /* the start of one that came to nothing */
		{"cc", true,  EV_UNFIXED}, /* an older head of the epic: the same, unheard of */
		{"cc", false, EV_FIXED  },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct rig r;
		rig_init(&r);
		world.tip = oid_of(cases[i].tip);
		world.tip_in_epic = cases[i].in_epic;
		assert_int_equal(act(&r, ACT_LOOK), cases[i].want);
		rig_done(&r);
	}
}

/* The folder of its job has what the agent said of itself: it stays until that was judged. */
static void test_collect__keeps_the_job_after_an_error(void **state)
{
	struct rig r;
	(void)state;
	rig_init(&r);
	world.collect_error = ERR_IO;
	assert_int_equal(act(&r, ACT_COLLECT), EV_ERROR);
	assert_int_equal(r.s.inbox.items[0].forget, 0);
	rig_done(&r);
}

static void test_close__without_a_landing_closes_the_pull_request_unmerged(void **state)
{
	struct rig r;
	(void)state;
	rig_init(&r);
	r.s.core.tasks.items[0].pull = 3;
	assert_int_equal(act(&r, ACT_CLOSE), EV_DONE);
	assert_true(world.finished);
	assert_null(world.sha);
	assert_true(world.closed);
	assert_int_equal(world.released, 1);
	rig_done(&r);
}

static void test_close__waits_for_the_base_where_it_is_to(void **state)
{
	struct rig r;
	(void)state;
	rig_init(&r);
	free(r.config.tracker_close);
	r.config.tracker_close = mem_strdup("base");
	r.s.core.tasks.items[0].landed = oid_of("dd");
	assert_int_equal(act(&r, ACT_CLOSE), EV_DONE);
	assert_false(world.closed);
	assert_int_equal(world.released, 1); /* nobody works on it any more */
	rig_done(&r);
}

/* The base comes in by an entry of its own, for which there is no issue: nothing is closed or given back. */
static void test_close__of_the_base_is_of_no_issue(void **state)
{
	struct rig r;
	(void)state;
	rig_init(&r);
	r.s.core.tasks.items[0].branch = 2;
	r.s.core.tasks.items[0].landed = oid_of("dd");
	assert_int_equal(act(&r, ACT_CLOSE), EV_DONE);
	assert_false(world.closed);
	assert_int_equal(world.released, 0);
	rig_done(&r);
}

/* What a person took out of the branch again is not said to be done; nor where they closed it themselves. */
static void test_close__leaves_open_what_was_taken_out(void **state)
{
	static const struct {
		bool in, again; /* as it landed, or by another merge */
		bool ended;     /* its pull request did, by another commit */
		enum core_away away;
		enum core_event_kind answer;
		bool closed;
	} cases[] = {
		{true,  false, false, AWAY_NO,   EV_DONE,    true },
		{true,  false, true,  AWAY_NO,   EV_ERROR,   false},
		{false, true,  false, AWAY_NO,   EV_DONE,    true },
		{false, true,  true,  AWAY_NO,   EV_DONE,    true },
		{false, false, false, AWAY_NO,   EV_REFUSED, false},
		{false, false, false, AWAY_SHUT, EV_DONE,    false},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct rig r;
		rig_init(&r);
		world.tip = oid_of("dd"); /* it is there */
		world.tip_in_epic = cases[i].in;
		world.head_in_epic = cases[i].again;
		world.ended = cases[i].ended;
		r.s.core.tasks.items[0].pull = 7;
		r.s.core.run.epic_head = oid_of("ee");
		r.s.core.tasks.items[0].landed = oid_of("dd");
		r.s.core.tasks.items[0].away = cases[i].away;
		assert_int_equal(act(&r, ACT_CLOSE), cases[i].answer);
		assert_int_equal(world.closed, cases[i].closed);
		assert_int_equal(r.s.inbox.items[0].ev.m, cases[i].answer == EV_REFUSED);
		if (cases[i].answer == EV_REFUSED)
			assert_non_null(strstr(r.s.inbox.items[0].ev.text,
					       "what landed as dd is no longer in 'epic/e'"));
		rig_done(&r);
	}
}

/* An action that waits for the epic to be open is told where the branch was found. */
static void test_outbox__waits_until_the_core_knows_the_branch(void **state)
{
	struct rig r;
	(void)state;
	rig_init(&r);
	r.s.opened = false;
	r.s.core.run.state = RUN_OPENING;
	r.s.core.run.epic_head = oid_of("old");
	r.s.core.tasks.items[0].landed = oid_of("new");
	r.s.core.tasks.items[0].serial = 1;
	outbox_send(&r.s, &(struct action){.kind = ACT_CLOSE, .task = 0, .serial = 1});
	outbox_opened(&r.s);
	assert_int_equal(r.s.inbox.n, 0);
	r.s.core.run.state = RUN_RUNNING;
	r.s.core.run.epic_head = oid_of("new");
	outbox_opened(&r.s);
	assert_int_equal(r.s.inbox.n, 1);
	assert_int_equal(r.s.inbox.items[0].ev.kind, EV_DONE);
	assert_true(world.closed);
	rig_done(&r);
}

/* Origins 4b.10: a comment that failed made a finished session a failed one. */
static void test_origins__a_comment_that_is_refused_holds_nothing_up(void **state)
{
	struct rig r;
	(void)state;
	rig_init(&r);
	(void)snprintf(r.s.core.tasks.items[0].reason, sizeof(r.s.core.tasks.items[0].reason),
		       "why");
	world.comment_error = ERR_INVALID;
	assert_int_equal(act(&r, ACT_RELEASE), EV_DONE);
	assert_int_equal(world.released, 1);
	rig_done(&r);
	rig_init(&r);
	(void)snprintf(r.s.core.tasks.items[0].reason, sizeof(r.s.core.tasks.items[0].reason),
		       "why");
	world.comment_error = ERR_BUSY; /* to be said later */
	assert_int_equal(act(&r, ACT_RELEASE), EV_ERROR);
	assert_int_equal(world.released, 0);
	rig_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_look__tells_a_persons_work_from_our_own),
		cmocka_unit_test(test_collect__keeps_the_job_after_an_error),
		cmocka_unit_test(test_close__without_a_landing_closes_the_pull_request_unmerged),
		cmocka_unit_test(test_close__waits_for_the_base_where_it_is_to),
		cmocka_unit_test(test_close__of_the_base_is_of_no_issue),
		cmocka_unit_test(test_close__leaves_open_what_was_taken_out),
		cmocka_unit_test(test_outbox__waits_until_the_core_knows_the_branch),
		cmocka_unit_test(test_origins__a_comment_that_is_refused_holds_nothing_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
