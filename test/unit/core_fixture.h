#ifndef TEST_UNIT_CORE_FIXTURE_H
#define TEST_UNIT_CORE_FIXTURE_H

#include "core/core.h"
#include "unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * The machine driven by hand. Every step is checked; what it wants done is kept in 'todo'
 * until a test answers it. Included by one test program each, hence static.
 */
struct rig {
	struct core c;
	struct moment now;
	VEC(struct action) todo; /* of all kinds, in order; answered or ignored by the test */
	int notices[NOTICE_PAUSED + 1];
	int stops;     /* STOP_JOBs seen */
	int live_most; /* sessions at once */
	int commits;   /* numbers for oids */
};

#define RIG_POLICY                                                                                 \
	{                                                                                          \
		.max_concurrent = 10, .attempts = 3, .interruptions = 10, .deferrals = 20,         \
		.retry_delay_ms = 30000, .retry_max_ms = 900000, .retry_from = -1, .gate_slots = 1,  \
		.batch = 1                                                                         \
	}

static inline struct oid oid_of(const char *name)
{
	struct oid o = {""};
	(void)snprintf(o.hex, sizeof(o.hex), "%s", name);
	return o;
}

static inline void rig_take(struct rig *r)
{
	for (size_t i = 0; i < r->c.actions.n; i++) {
		struct action a = r->c.actions.items[i];
		if (a.kind == ACT_NOTIFY)
			r->notices[a.n]++;
		else if (a.kind == ACT_STOP_JOB)
			r->stops++;
		else
			VEC_PUSH(&r->todo, a);
	}
	if (r->c.live > r->live_most)
		r->live_most = r->c.live;
	core_take(&r->c);
}

static inline void step(struct rig *r, struct core_event ev)
{
	ev.at = r->now;
	core_step(&r->c, &ev);
	core_check(&r->c);
	rig_take(r);
}

static inline void rig_init(struct rig *r, const struct policy *p)
{
	struct policy usual = RIG_POLICY;
	*r = (struct rig){
		.now = {.mono_ms = 1000000, .wall_ms = 1700000000000}
        };
	core_init(&r->c, p ? p : &usual);
	(void)core_add_kind(&r->c, "a", 0);
}

static inline void rig_done(struct rig *r)
{
	core_done(&r->c);
	VEC_DONE(&r->todo);
}

/* A test with a rig of its own, of the usual policy; what it changes of that it says first. */
static inline int rig_setup(void **state)
{
	struct rig *r = malloc(sizeof(*r));
	assert_non_null(r);
	rig_init(r, NULL);
	*state = r;
	return 0;
}

static inline int rig_teardown(void **state)
{
	rig_done(*state);
	free(*state);
	return 0;
}

#define RIG_TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

static inline struct task *task(struct rig *r, const char *id)
{
	int at = core_find(&r->c, id);
	assert_true(at >= 0);
	return &r->c.tasks.items[at];
}

static inline void assert_state(struct rig *r, const char *id, enum task_state want)
{
	enum task_state s = (enum task_state)task(r, id)->state;
	if (s != want)
		fail_msg("'%s' is %s (%s), not %s", id, task_state_name(s), task(r, id)->reason,
			 task_state_name(want));
}

static inline void issue_with(struct rig *r, const char *id, int priority, enum core_issue how)
{
	step(r, (struct core_event){.kind = EV_ISSUE,
				    .task = -1,
				    .text = id,
				    .text2 = id,
				    .n = priority,
				    .m = how});
}

/* Issues of priority 2, by one letter each. */
static inline void issues(struct rig *r, const char *ids)
{
	for (; *ids; ids++)
		issue_with(r, (char[]){*ids, '\0'}, 2, ISSUE_OPEN);
}

static inline void needs(struct rig *r, const char *id, const char *need)
{
	step(r, (struct core_event){.kind = EV_EDGE, .task = -1, .text = id, .text2 = need});
}

/* A branch comes in by itself: a person's (branch 1), or the base (2). */
static inline void
submit_as(struct rig *r, const char *id, const char *head, int64_t pull, int64_t branch)
{
	step(r, (struct core_event){.kind = EV_BRANCH,
				    .task = -1,
				    .text = id,
				    .a = oid_of(head),
				    .n = pull,
				    .m = branch});
}

static inline void submit(struct rig *r, const char *id, const char *head)
{
	submit_as(r, id, head, 0, 1);
}

static inline void run_event(struct rig *r, enum core_event_kind k, int64_t n)
{
	step(r, (struct core_event){.kind = k, .task = -1, .n = n, .text = "boot-1"});
}

/* What is asked for a task (NULL: the run) and not answered yet; taken off the list. */
static inline bool rig_pop(struct rig *r, const char *id, enum action_kind k, struct action *ret)
{
	int at = id ? core_find(&r->c, id) : -1;
	for (size_t i = 0; i < r->todo.n; i++) {
		if (r->todo.items[i].kind != k || r->todo.items[i].task != at)
			continue;
		*ret = r->todo.items[i];
		memmove(&r->todo.items[i], &r->todo.items[i + 1],
			(--r->todo.n - i) * sizeof(*r->todo.items));
		return true;
	}
	return false;
}

static inline bool asked(const struct rig *r, const char *id, enum action_kind k)
{
	int at = id ? core_find(&r->c, id) : -1;
	for (size_t i = 0; i < r->todo.n; i++)
		if (r->todo.items[i].kind == k && r->todo.items[i].task == at)
			return true;
	return false;
}

/* Answer the action k of a task with ev, whose task and serial are filled in. */
static inline void answer(struct rig *r, const char *id, enum action_kind k, struct core_event ev)
{
	struct action a = {0};
	if (!rig_pop(r, id, k, &a))
		fail_msg("'%s' was not asked to %s", id ? id : "the run", action_name(k));
	ev.task = a.task;
	ev.serial = a.serial;
	step(r, ev);
}

#define ANSWER(r, id, act, ...) answer(r, id, act, (struct core_event){__VA_ARGS__})

static inline void opened(struct rig *r)
{
	ANSWER(r, NULL, ACT_OPEN, .kind = EV_OPENED, .a = oid_of("e0"), .b = oid_of("e0"),
	       .text = "main", .text2 = "");
}

/* From nothing to running, pre-flight passed. */
static inline void begin(struct rig *r)
{
	run_event(r, EV_SYNCED, 0);
	run_event(r, EV_START, 42);
	opened(r);
	if (r->c.run.state == RUN_PREPARING)
		ANSWER(r, NULL, ACT_GATE_PREPARE, .kind = EV_PREPARED);
	if (r->c.run.state == RUN_SETTING_UP)
		ANSWER(r, NULL, ACT_GATE_SETUP, .kind = EV_JOB_ENDED, .how = HOW_EXITED);
	if (r->c.run.state == RUN_CHECKING)
		ANSWER(r, NULL, ACT_GATE, .kind = EV_JOB_ENDED, .how = HOW_EXITED);
	if (r->c.run.state == RUN_PROBING)
		ANSWER(r, NULL, ACT_PROBE, .kind = EV_JOB_ENDED, .how = HOW_EXITED);
	assert_int_equal(r->c.run.state, RUN_RUNNING);
}

static inline void tidied(struct rig *r)
{
	assert_int_equal(r->c.run.state, RUN_TIDYING);
	ANSWER(r, NULL, ACT_TIDY, .kind = EV_DONE);
	assert_int_equal(r->c.run.state, RUN_ENDED);
}

/* An attempt's steps, as far as its state says: claimed, prepared, set up, at work. */
static inline void to_work(struct rig *r, const char *id)
{
	if (task(r, id)->state == TASK_CLAIMING)
		ANSWER(r, id, ACT_CLAIM, .kind = EV_DONE);
	if (task(r, id)->state == TASK_PREPARING)
		ANSWER(r, id, ACT_PREPARE, .kind = EV_PREPARED, .a = r->c.run.epic_head,
		       .b = r->c.run.epic_head);
	if (task(r, id)->state == TASK_SETTING_UP)
		ANSWER(r, id, ACT_SETUP, .kind = EV_JOB_ENDED, .how = HOW_EXITED);
	assert_state(r, id, TASK_WORKING);
}

static inline void
job_ends(struct rig *r, const char *id, enum action_kind k, enum core_how how, int code)
{
	ANSWER(r, id, k, .kind = EV_JOB_ENDED, .how = how, .code = code,
	       .started_ms = r->now.wall_ms - 60000, .ended_ms = r->now.wall_ms);
}

/* What was found when its agent ended; 'ahead' commits make a head. */
static inline void collected(struct rig *r, const char *id, enum core_result result, int ahead)
{
	char name[32];
	(void)snprintf(name, sizeof(name), "h%d", ++r->commits);
	ANSWER(r, id, ACT_COLLECT, .kind = EV_COLLECTED, .result = result, .ahead = ahead,
	       .a = oid_of(name), .tokens_in = -1, .tokens_out = -1, .cost = -1,
	       .text = result == RESULT_DONE ? "" : "it said so");
}

/* One whole attempt that ends with this result. */
static inline void attempt(struct rig *r, const char *id, enum core_result result, int ahead)
{
	to_work(r, id);
	job_ends(r, id, ACT_AGENT, HOW_EXITED, result == RESULT_FAILED);
	collected(r, id, result, ahead);
}

static inline void to_queue(struct rig *r, const char *id)
{
	attempt(r, id, RESULT_DONE, 1);
	ANSWER(r, id, ACT_SUBMIT, .kind = EV_PULL, .n = 7);
}

static inline void merge_made(struct rig *r, const char *id)
{
	char name[32], tree[32];
	(void)snprintf(name, sizeof(name), "m%d", ++r->commits);
	(void)snprintf(tree, sizeof(tree), "t%d", r->commits);
	ANSWER(r, id, ACT_MERGE, .kind = EV_MERGE_MADE, .a = oid_of(name), .b = oid_of(tree));
}

static inline void gated(struct rig *r, const char *id, enum core_how how, int code)
{
	ANSWER(r, id, ACT_GATE_PREPARE, .kind = EV_PREPARED);
	if (task(r, id)->state == TASK_GATE_SETTING_UP)
		job_ends(r, id, ACT_GATE_SETUP, HOW_EXITED, 0);
	job_ends(r, id, ACT_GATE, how, code);
}

static inline void land(struct rig *r, const char *id)
{
	ANSWER(r, id, ACT_LAND, .kind = EV_LANDED, .a = task(r, id)->merge);
}

/* The rest of a task's way, once it is the head of the queue. */
static inline void to_closed(struct rig *r, const char *id)
{
	merge_made(r, id);
	if (task(r, id)->state == TASK_GATE_PREPARING)
		gated(r, id, HOW_EXITED, 0);
	land(r, id);
	ANSWER(r, id, ACT_CLOSE, .kind = EV_DONE);
	assert_state(r, id, TASK_CLOSED);
}

static inline void whole(struct rig *r, const char *id)
{
	to_queue(r, id);
	to_closed(r, id);
}

static inline void pass_ms(struct rig *r, int64_t ms)
{
	r->now.mono_ms += ms;
	r->now.wall_ms += ms;
	run_event(r, EV_TICK, 0);
}

/* As pass_ms, to the moment the core itself named. */
static inline void pass_next(struct rig *r)
{
	int64_t ms = core_next_ms(&r->c);
	assert_true(ms >= 0);
	pass_ms(r, ms);
}

static inline void error_to(struct rig *r, const char *id, enum action_kind k, int code)
{
	ANSWER(r, id, k, .kind = EV_ERROR, .n = code, .text = "no luck");
}

static inline void order(struct rig *r, const char *id, enum core_event_kind k)
{
	int at = core_find(&r->c, id);
	step(r, (struct core_event){.kind = k, .task = at, .a = r->c.tasks.items[at].head});
}

#endif
