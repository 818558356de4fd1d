#include "run/control.h"
#include "run/rows.h"
#include "tmp.h"
#include "unit/run_fixture.h"

/* What is asked of a supervisor whose journal finds no room. */

static bool full;
static int n_told; /* transitions */

/* Linked with -Wl,--wrap. */
int __real_store_commit(struct store *s, struct err *e);
int __wrap_store_commit(struct store *s, struct err *e);

int __wrap_store_commit(struct store *s, struct err *e)
{
	return full ? err_set(e, ERR_LIMIT, "the disk is full") : __real_store_commit(s, e);
}

static void note_transition(void *ctx, const struct core *c, const struct transition *t)
{
	(void)ctx;
	(void)c;
	(void)t;
	n_told++;
}

struct rig {
	struct config config;
	struct host host;
	struct tracker tracker;
	struct place place;
	struct supervisor s;
	char *state;
};

static struct moment now(struct host *h)
{
	(void)h;
	return (struct moment){.mono_ms = 1000, .wall_ms = 1700000000000};
}

static void rig_init(struct rig *r)
{
	static const struct tracker_ops ops = {0}; /* it need not be looked at */
	struct policy p = {.max_concurrent = 1};
	struct err e = ERR_INIT;
	full = false;
	n_told = 0;
	*r = (struct rig){.state = tmp_make()};
	assert_non_null(r->state);
	config_init(&r->config);
	r->tracker.ops = &ops;
	r->host = (struct host){.now = now, .defer = work_at_once, .wake_in = wake_nobody};
	r->place = (struct place){.root = r->state,
				  .state_dir = r->state,
				  .common_dir = r->state,
				  .name = (char *)"r"};
	r->s = (struct supervisor){
		.host = &r->host,
		.config = &r->config,
		.tracker = &r->tracker,
		.spec = {.epic = "e",
			 .place = &r->place,
			 .observer = {.transition = note_transition}}
        };
	r->s.epic_branch = mem_strdup("epic/e");
	paths_find(&r->place, "e", NULL, &r->s.paths);
	assert_int_equal(dir_make(r->s.paths.logs, NULL), 0);
	core_init(&r->s.core, &p);
	(void)core_add_kind(&r->s.core, "a", 0);
	(void)core_add_task(&r->s.core,
			    &(struct task){.id = "1", .title = "one", .state = TASK_READY});
	if (store_open(r->s.paths.journal, STORE_WRITE, rows_tables, ROWS_TABLE_COUNT, &r->s.store,
		       &e))
		fail_msg("%s", e.msg);
}

static void rig_done(struct rig *r)
{
	for (size_t i = 0; i < r->s.trace.n; i++)
		free(r->s.trace.items[i].text);
	VEC_DONE(&r->s.trace);
	store_close(r->s.store);
	inbox_done(&r->s);
	core_done(&r->s.core);
	paths_done(&r->s.paths);
	free(r->s.epic_branch);
	config_done(&r->config);
	tmp_done(r->state);
}

static void ask(struct rig *r, const struct control_request *q, struct buf *said)
{
	struct err e = ERR_INIT;
	assert_int_equal(supervisor_asked(&r->s, q, said, &e), 0);
}

static const struct control_request pause_request = {.verb = CONTROL_PAUSE};

/* Its own turn is the one behind the one that waited for room. */
static void test_asked__while_a_turn_is_held(void **state)
{
	struct buf said CLEANUP(buf_done) = BUF_INIT;
	struct rig r;
	(void)state;
	rig_init(&r);
	full = true;
	supervisor_event(&r.s, &(struct core_event){.kind = EV_RESUME, .task = -1});
	supervisor_turn(&r.s);
	assert_true(r.s.held);
	full = false;
	ask(&r, &pause_request, &said);
	assert_false(r.s.held);
	assert_int_equal(r.s.core.run.paused, 1);
	assert_int_equal(r.s.trace.n, 0); /* and it is written */
	rig_done(&r);
}

/* Nothing is stepped beside a turn that waits; who asked is told that it is not safe yet. */
static void test_asked__while_there_is_no_room(void **state)
{
	struct buf said CLEANUP(buf_done) = BUF_INIT;
	struct rig r;
	(void)state;
	rig_init(&r);
	full = true;
	ask(&r, &pause_request, &said);
	assert_true(r.s.held);
	assert_non_null(strstr(buf_cstr(&said), "not durable yet: the disk is full"));
	rig_done(&r);
}

/* Nobody hears of it, and nothing is done, before it is written. */
static void test_asked__is_not_done_before_it_is_written(void **state)
{
	static const char *const ids[] = {"1", NULL};
	static const struct control_request cancel = {.verb = CONTROL_CANCEL, .ids = ids};
	struct buf said CLEANUP(buf_done) = BUF_INIT;
	struct rig r;
	(void)state;
	rig_init(&r);
	full = true;
	ask(&r, &cancel, &said);
	assert_int_equal(r.s.core.tasks.items[0].state, TASK_CANCELLED);
	assert_int_equal(n_told, 0);
	full = false;
	supervisor_turn(&r.s);
	assert_int_equal(n_told, 1);
	rig_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_asked__while_a_turn_is_held),
		cmocka_unit_test(test_asked__while_there_is_no_room),
		cmocka_unit_test(test_asked__is_not_done_before_it_is_written),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
