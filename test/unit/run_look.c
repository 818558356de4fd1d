#include "unit/run_fixture.h"

#include <string.h>

/* What is told of a tracker with one issue, that people close and open again. */

static bool is_open;
static struct work *deferred; /* the one that waits for a thread */
static int n_deferred, n_woken;

static int load(struct tracker *t,
		const char *epic,
		struct issue *epic_issue,
		struct issue_graph *g,
		struct err *e)
{
	(void)t;
	(void)epic;
	(void)epic_issue;
	(void)e;
	struct issue *i = VEC_ADD(&g->issues);
	i->id = mem_strdup("1");
	i->title = mem_strdup("one");
	i->open = is_open;
	return 0;
}

static struct moment now(struct host *h)
{
	(void)h;
	return (struct moment){.mono_ms = 1};
}

static void defer(struct host *h, struct work *w)
{
	(void)h;
	deferred = w;
	n_deferred++;
}

static void wake_in(struct host *h, int64_t ms)
{
	(void)h;
	n_woken += ms == 0;
}

static void read_tracker(void)
{
	struct work *w = deferred;

	assert_non_null(w);
	deferred = NULL;
	w->run(w);
	w->done(w);
}

/* As in a turn: the core hears all there is. */
static void step(struct supervisor *s)
{
	for (size_t i = 0; i < s->inbox.n; i++)
		core_step(&s->core, &s->inbox.items[i].ev);
	inbox_done(s);
}

/* The core would be told that it is closed, and never that it is open again: that is what it had. */
static void test_the_next_begins_once_the_core_heard_of_the_last(void **state)
{
	static const struct tracker_ops ops = {.load = load};
	struct policy policy = {.max_concurrent = 1};
	struct tracker tracker = {.ops = &ops};
	struct host host = {.now = now, .defer = defer, .wake_in = wake_in};
	struct config config;
	struct supervisor s = {.host = &host,
			       .config = &config,
			       .tracker = &tracker,
			       .started = true,
			       .spec = {.epic = "e"}};

	(void)state;
	config_init(&config);
	core_init(&s.core, &policy);
	(void)core_add_kind(&s.core, "a", 0);
	(void)core_add_task(&s.core,
			    &(struct task){.id = "1", .title = "one", .state = TASK_READY});
	assert_int_equal(look_due_ms(&s), -1); /* nobody asks it every now and then */

	supervisor_look(&s);
	assert_int_equal(look_due_ms(&s), 0);
	assert_int_equal(n_deferred, 0);
	assert_int_equal(n_woken, 1);
	look(&s);
	supervisor_look(&s);
	assert_int_equal(look_due_ms(&s), -1); /* it is being read */
	is_open = false;
	read_tracker();
	assert_int_equal(s.inbox.items[0].ev.kind, EV_ISSUE);
	assert_int_equal(s.inbox.items[0].ev.m, ISSUE_CLOSED);

	is_open = true;
	supervisor_look(&s);
	assert_int_equal(n_deferred, 1); /* until a turn, and that steps what there is first */
	assert_int_equal(look_due_ms(&s), 0);
	look(&s);
	step(&s);
	read_tracker();
	assert_int_equal(s.inbox.items[0].ev.m, ISSUE_OPEN);
	step(&s);

	free(s.look_said);
	free(s.found);
	core_done(&s.core);
	config_done(&config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_next_begins_once_the_core_heard_of_the_last),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
