/* Requests on the control socket, a line each, to a run with tasks in many states. */
#include "run/request.h"

#include "fuzz.h"

#define NOW_MS INT64_C(1750000000000)

static const char hex[] = "0123456789012345678901234567890123456789";

static const struct {
	const char *id;
	enum task_state state;
	int needs; /* index; -1: nothing */
} tasks[] = {
	{"blocked",    TASK_BLOCKED,    3 },
        {"ready",      TASK_READY,      -1},
	{"waiting",    TASK_WAITING,    -1},
        {"working",    TASK_WORKING,    -1},
	{"queued",     TASK_QUEUED,     -1},
        {"gating",     TASK_GATING,     -1},
	{"failed",     TASK_FAILED,     -1},
        {"skipped",    TASK_SKIPPED,    6 },
	{"conflicted", TASK_CONFLICTED, -1},
        {"cancelled",  TASK_CANCELLED,  -1},
	{"merged",     TASK_MERGED,     -1},
        {"closed",     TASK_CLOSED,     10},
};

static void add_task(struct core *c, size_t i)
{
	bool held = (task_state_flags(tasks[i].state) & F_SLOT) != 0;
	struct task row = {
		.id = tasks[i].id,
		.title = "a title",
		.state = tasks[i].state,
		.age = (int64_t)i,
		.attempt = 1,
		.serial = (int64_t)i + 1,
		.slot = held ? (int64_t)i + 1 : 0,
	};

	if (tasks[i].state >= TASK_SUBMITTING || i % 2)
		memcpy(row.head.hex, hex, sizeof(hex));
	if (tasks[i].state == TASK_MERGED)
		memcpy(row.landed.hex, hex, sizeof(hex));
	(void)core_add_task(c, &row);
}

static void make_core(struct core *c)
{
	const struct policy policy = {.max_concurrent = 4,
				      .attempts = 3,
				      .interruptions = 3,
				      .deferrals = 3,
				      .gate_slots = 1};

	core_init(c, &policy);
	c->run.epic = "epic";
	c->run.state = RUN_RUNNING;
	c->run.serial = 100;
	(void)core_add_kind(c, "x", 0);
	for (size_t i = 0; i < ARRAY_LEN(tasks); i++)
		add_task(c, i);
	for (size_t i = 0; i < ARRAY_LEN(tasks); i++)
		if (tasks[i].needs >= 0)
			core_add_edge(c, (int)i, tasks[i].needs);
	core_loaded(c);
	core_check(c);
}

static void step(void *ctx, const struct core_event *given)
{
	struct core_event ev = *given;

	ev.at = (struct moment){.mono_ms = 1000, .wall_ms = NOW_MS};
	core_step(ctx, &ev);
	core_check(ctx);
}

static void check_oid(const struct oid *o)
{
	size_t n = strnlen(o->hex, OID_SIZE);

	CHECK(n == 0 || n == 40 || n == 64);
	CHECK(strspn(o->hex, "0123456789abcdefABCDEF") == n);
}

static void take_line(struct core *c, struct str line)
{
	struct request r CLEANUP(request_done) = {0};
	struct buf said CLEANUP(buf_done) = BUF_INIT;
	struct err e = ERR_INIT;

	if (request_parse(line, &r, &e) < 0) {
		CHECK(e.code == ERR_INVALID);
		return;
	}
	/* Written down it is the same request. */
	char *again CLEANUP(freep) = request_write(&r.asked);
	struct request second CLEANUP(request_done) = {0};
	CHECK(request_parse(str_of(again), &second, &e) == 0);
	char *third CLEANUP(freep) = request_write(&second.asked);
	CHECK(streq(again, third));

	if (request_events(c, &r.asked, &said, step, c, &e) < 0)
		CHECK(e.code == ERR_NOT_FOUND || e.code == ERR_INVALID || e.code == ERR_BUSY);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct core c;
	struct str rest = fuzz_text(data, n), line;

	make_core(&c);
	c.run.dispatch = n % 2; /* only then issues can be dispatched to it */
	while (str_next(&rest, '\n', &line))
		take_line(&c, line);
	for (size_t i = 0; i < c.tasks.n; i++) {
		check_oid(&c.tasks.items[i].head);
		CHECK(str_utf8(str_of(c.tasks.items[i].id)) && c.tasks.items[i].id[0]);
		CHECK(str_utf8(str_of(c.tasks.items[i].title)));
	}
	core_done(&c);
	return 0;
}
