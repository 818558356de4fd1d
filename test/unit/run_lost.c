#include "unit/run_fixture.h"

#include <stdio.h>
#include <string.h>

/* After a reboot: when the commits that the journal names are looked for, and what is told of them. */

static int n_proved; /* times */

static struct moment now(struct host *h)
{
	(void)h;
	return (struct moment){.mono_ms = 1, .wall_ms = 1700000000000};
}

static int clear_torn(struct git *g, int64_t since_ms, size_t *ret, struct err *e)
{
	(void)g;
	(void)e;
	assert_int_equal(since_ms, 1700000000000); /* no run has begun that it could go by */
	*ret = 0;
	return 0;
}

/* All that is asked for is gone. */
static int prove(struct git *g, struct git_named *v, size_t n, struct err *e)
{
	(void)g;
	(void)e;
	n_proved++;
	for (size_t i = 0; i < n; i++)
		v[i].head_lost = v[i].head.hex[0] != '\0';
	return 0;
}

static void init(struct supervisor *s)
{
	struct policy p = {.max_concurrent = 1, .attempts = 1};
	core_init(&s->core, &p);
	(void)core_add_kind(&s->core, "a", 0);
	(void)core_add_task(&s->core, &(struct task){.id = "1",
						     .title = "one",
						     .state = TASK_QUEUED,
						     .branch = 1,
						     .head = {"aa"},
						     .head_base = {"bb"}});
	core_loaded(&s->core);
	n_proved = 0;
}

static void done(struct supervisor *s)
{
	for (size_t i = 0; i < s->trace.n; i++)
		free(s->trace.items[i].text);
	VEC_DONE(&s->trace);
	core_done(&s->core);
}

/* Before an epic is first run its journal names no boot: what was submitted may be of any. */
static void test_lost__what_was_submitted_before_a_first_run(void **state)
{
	static const struct git_ops ops = {.clear_torn = clear_torn, .prove = prove};
	struct host host = {.now = now};
	struct git git = {.ops = &ops};
	struct config config;
	struct supervisor s = {
		.host = &host, .config = &config, .git = &git, .spec = {.epic = "e"}};
	struct err e = ERR_INIT;

	(void)state;
	config_init(&config);
	init(&s);
	assert_int_equal(recovery_lost(&s, &e), 0);
	assert_int_equal(n_proved, 1);
	assert_string_equal(s.core.tasks.items[0].head.hex, "");
	assert_non_null(strstr(s.core.tasks.items[0].reason, "lost by a power cut"));
	done(&s);

	init(&s); /* and in the same boot nothing is */
	clock_boot_id(s.core.run.boot);
	assert_int_equal(recovery_lost(&s, &e), 0);
	assert_int_equal(n_proved, 0);
	assert_string_equal(s.core.tasks.items[0].head.hex, "aa");
	done(&s);
	config_done(&config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lost__what_was_submitted_before_a_first_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
