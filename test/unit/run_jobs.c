#include "tmp.h"
#include "unit/run_fixture.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

/* Jobs on their way to an executor that only takes notes. */

struct rig {
	struct config config;
	struct config_check checks[2];
	struct host host;
	struct executor executor;
	struct place place;
	struct supervisor s;
	char *state;
};

static struct {
	int ensured, stopped, said;
	bool talks;
	bool kills; /* what is stopped is not asked first */
} world;

static void ensure(struct executor *x, const struct job_spec *s)
{
	(void)x;
	assert_int_equal(s->number, 7);
	assert_non_null(s->argv);
	world.ensured++;
	world.talks = s->talks;
}

static void stop(struct executor *x, uint64_t number, enum job_stop how)
{
	(void)x;
	assert_int_equal(number, 7);
	assert_int_equal(how, world.kills ? JOB_KILL : JOB_ASK);
	world.stopped++;
}

static void say(struct executor *x, uint64_t number, uint64_t nth, struct str input)
{
	(void)x;
	(void)input;
	assert_int_equal(number, 7);
	assert_int_equal(nth, ++world.said);
}

static struct moment now(struct host *h)
{
	(void)h;
	return (struct moment){.mono_ms = 1, .wall_ms = 1};
}

static void rig_init(struct rig *r, enum task_state state)
{
	static const struct executor_ops executor_ops = {
		.ensure = ensure, .stop = stop, .say = say};
	static char *run[] = {(char *)"true", NULL};
	struct policy p = {.max_concurrent = 1, .n_checks = 1};
	(void)snprintf(p.checks[0].key, sizeof(p.checks[0].key), "as it is now");
	memset(&world, 0, sizeof(world));
	*r = (struct rig){.checks = {{.run = run, .timeout = -1}}, .state = tmp_make()};
	assert_non_null(r->state);
	config_init(&r->config);
	r->config.queue_check = r->checks;
	r->host = (struct host){.now = now, .defer = work_at_once, .wake_in = wake_nobody};
	r->executor.ops = &executor_ops;
	r->place = (struct place){.root = r->state,
				  .state_dir = r->state,
				  .common_dir = r->state,
				  .name = (char *)"r"};
	r->s = (struct supervisor){
		.host = &r->host,
		.config = &r->config,
		.executor = &r->executor,
		.opened = true,
		.n_workers = 1,
		.spec = {.epic = "e", .place = &r->place}
        };
	r->s.workers[0].kind = agent_kind_find("acp");
	r->s.epic_branch = mem_strdup("epic/e");
	paths_find(&r->place, "e", NULL, &r->s.paths);
	assert_int_equal(dir_make(r->s.paths.logs, NULL), 0);
	core_init(&r->s.core, &p);
	(void)core_add_kind(&r->s.core, "a", 0);
	(void)core_add_task(&r->s.core, &(struct task){.id = "1",
						       .title = "one",
						       .state = state,
						       .attempt = 1,
						       .slot = 1,
						       .gate = 1,
						       .job = 7});
}

static void rig_done(struct rig *r)
{
	r->config.queue_check = NULL;
	inbox_done(&r->s);
	VEC_DONE(&r->s.jobs);
	core_done(&r->s.core);
	paths_done(&r->s.paths);
	free(r->s.epic_branch);
	config_done(&r->config);
	tmp_done(r->state);
}

/* As an earlier supervisor left it that had begun this job. */
static void was_begun(struct rig *r)
{
	char *dir CLEANUP(freep) = path_job(&r->s.paths, 7);
	char *status CLEANUP(freep) = path_join(dir, "status");
	assert_int_equal(dir_make(dir, NULL), 0);
	assert_int_equal(file_touch(status, NULL), 0);
}

static void send(struct rig *r, enum action_kind k)
{
	outbox_send(&r->s, &(struct action){.kind = k, .task = 0, .serial = 1, .job = 7});
}

static void was_chosen_as(struct rig *r, const char *key)
{
	struct task *t = &r->s.core.tasks.items[0];
	(void)snprintf(t->check_key, sizeof(t->check_key), "%s", key);
}

/* Its pass would be remembered as that of the check that it was chosen for. */
static void test_gate__another_check_is_not_begun_in_its_place(void **state)
{
	struct rig r;
	(void)state;
	rig_init(&r, TASK_GATING);
	was_chosen_as(&r, "as it was then");
	send(&r, ACT_GATE);
	assert_int_equal(world.ensured, 0);
	assert_int_equal(r.s.inbox.n, 1);
	assert_int_equal(r.s.inbox.items[0].ev.kind, EV_JOB_ENDED);
	assert_int_equal(r.s.inbox.items[0].ev.how, HOW_NOT_STARTED);
	assert_string_equal(r.s.inbox.items[0].text, "queue.check has changed");
	rig_done(&r);
	rig_init(&r, TASK_GATING);
	was_chosen_as(&r, "as it is now");
	send(&r, ACT_GATE);
	assert_int_equal(world.ensured, 1);
	assert_int_equal(r.s.inbox.n, 0);
	rig_done(&r);
}

/* Told as not begun it would run on, in a worktree that is given to others. */
static void test_gate__one_that_runs_is_adopted_whatever_has_changed(void **state)
{
	struct rig r;
	(void)state;
	rig_init(&r, TASK_GATING);
	was_begun(&r);
	was_chosen_as(&r, "as it was then");
	r.config.queue_check = NULL;
	r.s.core.policy.n_checks = 0;
	send(&r, ACT_GATE);
	assert_int_equal(world.ensured, 1);
	assert_int_equal(world.stopped, 0);
	assert_int_equal(r.s.inbox.n, 0);
	rig_done(&r);
}

/* Nor is an agent told as not begun whose talk cannot be followed: it is ended, and then told. */
static void test_agent__one_that_cannot_be_followed_is_ended(void **state)
{
	struct rig r;
	(void)state;
	rig_init(&r, TASK_WORKING);
	was_begun(&r); /* there is no prompt */
	send(&r, ACT_AGENT);
	assert_int_equal(world.ensured, 1);
	assert_int_equal(world.stopped, 1);
	assert_false(world.talks);
	assert_int_equal(r.s.inbox.n, 0);
	rig_done(&r);
}

/* Whom it was claimed for may not be set any more: then it is for the one that its labels name. */
static void test_worker__of_one_that_is_not_set_any_more(void **state)
{
	static const struct {
		int agent, own, want;
	} cases[] = {
		{0, 1, 0},
		{1, 0, 1},
		{2, 1, 1}, /* not the first, which its labels do not name */
		{2, 2, 0}, /* nor is that one set */
	};
	static struct supervisor s = {.n_workers = 2};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct task t = {.agent = cases[i].agent, .own = cases[i].own};
		assert_ptr_equal(worker_of(&s, &t), &s.workers[cases[i].want]);
	}
}

/* Its worktree is the next pre-flight's: while it is being ended nothing is begun there. */
static void test_orphan__is_waited_for(void **state)
{
	struct rig r;
	(void)state;
	rig_init(&r, TASK_READY);
	was_begun(&r);
	world.kills = true;
	recovery_orphans(&r.s);
	assert_int_equal(world.ensured, 1);
	assert_int_equal(world.stopped, 1);
	recovery_start(&r.s);
	assert_int_equal(r.s.inbox.n, 0);
	job_ended(&r.s, &(struct job_end){.number = 7, .how = JOB_STOPPED});
	assert_int_equal(r.s.inbox.n, 1);
	assert_int_equal(r.s.inbox.items[0].ev.kind, EV_START);
	recovery_start(&r.s);
	assert_int_equal(r.s.inbox.n, 1);
	VEC_DONE(&r.s.forget);
	rig_done(&r);
}

static struct talker *talk(struct rig *r, const char *dir, struct str orders)
{
	const struct agent_attempt a = {.worktree = "/nowhere"};
	return talker_new(&r->s, &(struct talker_spec){.job = 7,
						       .dir = dir,
						       .task = "1",
						       .worker = &r->s.workers[0],
						       .attempt = &a,
						       .prompt = STR("do it"),
						       .orders = orders});
}

/* A file may have no more than n bytes. */
static void limit_files(rlim_t n)
{
	struct rlimit l;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &l), 0);
	l.rlim_cur = n;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &l), 0);
}

/* All of it but its last byte found room. Done after a crash, it would take another's number. */
static void test_talk__an_order_that_was_refused_is_none(void **state)
{
	static const char line[] = "\n{\"at\":0,\"order\":\"break\"}\n";
	struct buf orders CLEANUP(buf_done) = BUF_INIT;
	struct err e = ERR_INIT;
	struct rig r;
	(void)state;
	rig_init(&r, TASK_WORKING);
	was_begun(&r);
	char *dir CLEANUP(freep) = path_job(&r.s.paths, 7);
	char *path CLEANUP(freep) = path_join(dir, TALKER_ORDERS);
	struct talker *t = talk(&r, dir, (struct str){0});
	(void)signal(SIGXFSZ, SIG_IGN);
	limit_files(sizeof(line) - 2);
	int rc = talker_order(t, AGENT_BREAK, NULL, &e);
	limit_files(RLIM_INFINITY);
	assert_true(rc < 0);
	assert_int_equal(talker_order(t, AGENT_SAY, "more", &e), 0);
	int said = world.said;
	talker_free(t);
	assert_int_equal(file_read(path, 4096, &orders, &e), 0);
	assert_string_equal(buf_cstr(&orders),
			    "\n{\"at\":0,\"order\":\"say\",\"text\":\"more\"}\n");
	world.said = 0;
	talker_free(talk(&r, dir, buf_str(&orders)));
	assert_int_equal(world.said, said);
	rig_done(&r);
}

/* One that costs money goes on being told to end, until it is. */
static void test_talk__a_limit_is_held_once_there_is_room(void **state)
{
	struct buf orders CLEANUP(buf_done) = BUF_INIT;
	struct err e = ERR_INIT;
	struct rig r;
	(void)state;
	rig_init(&r, TASK_WORKING);
	was_begun(&r);
	r.config.limits_log = 1;
	char *dir CLEANUP(freep) = path_job(&r.s.paths, 7);
	char *path CLEANUP(freep) = path_join(dir, TALKER_ORDERS);
	struct talker *t = talk(&r, dir, (struct str){0});
	(void)signal(SIGXFSZ, SIG_IGN);
	limit_files(1);
	talker_output(t, STR("much too much\n"));
	limit_files(RLIM_INFINITY);
	talker_output(t, STR("and more\n"));
	talker_output(t, STR("and more\n"));
	talker_free(t);
	assert_int_equal(file_read(path, 4096, &orders, &e), 0);
	char *why CLEANUP(freep) = talker_broken_off(buf_str(&orders));
	assert_string_equal(why, "it writes more than 4 times limits.log");
	rig_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gate__another_check_is_not_begun_in_its_place),
		cmocka_unit_test(test_gate__one_that_runs_is_adopted_whatever_has_changed),
		cmocka_unit_test(test_agent__one_that_cannot_be_followed_is_ended),
		cmocka_unit_test(test_worker__of_one_that_is_not_set_any_more),
		cmocka_unit_test(test_orphan__is_waited_for),
		cmocka_unit_test(test_talk__an_order_that_was_refused_is_none),
		cmocka_unit_test(test_talk__a_limit_is_held_once_there_is_room),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
