#include "base/clock.h"
#include "unit/tracker_github_fixture.h"

#include <poll.h>
#include <pthread.h>

/* What it writes, under each fault, and when it waits. */

/* ---- Claims ---- */

static int claim(struct tracker *by, const char *id)
{
	return by->ops->claim(by, &(struct issue_claim){"1", id, "me"}, &e);
}

static void test_github__of_two_clones_one_has_the_claim(void **state)
{
	char *elsewhere CLEANUP(freep) = path_join(dir, "elsewhere");

	(void)state;
	start(EPIC);
	OK(dir_make(elsewhere, &e));
	struct tracker *other = open_tracker(elsewhere, NULL, NULL);
	OK(claim(t, "2"));
	assert_int_equal(claim(other, "2"), ERR_CONFLICT); /* although it has the same name */
	assert_non_null(strstr(e.msg, "claimed by 'me, elsewhere'"));
	OK(other->ops->release(other, &(struct issue_claim){"1", "2", "me"}, &e));
	assert_int_equal(claim(other, "2"), ERR_CONFLICT);
	other->ops->free(other);
	/* After a crash it is ours still. */
	t->ops->free(t);
	t = open_tracker(dir, NULL, NULL);
	OK(claim(t, "2"));
	assert_int_equal(wrote("create_ref"), 1);
	char *refs CLEANUP(freep) = github_fake_git(&hub, "git for-each-ref --format='%(refname)'"
							  " refs/ganger");
	assert_string_equal(refs, "refs/ganger/claim/1/2");
}

/* A dispatch, or a list that names it, is an epic of its own: the issue is one all the same. */
static void test_github__an_issue_of_two_epics_has_one_claim(void **state)
{
	const struct issue_claim ours = {"1", "2", "me"}, theirs = {"dispatch-1", "2", "you"};

	(void)state;
	start(EPIC);
	OK(t->ops->claim(t, &ours, &e));
	assert_int_equal(t->ops->claim(t, &theirs, &e), ERR_CONFLICT);
	assert_non_null(strstr(e.msg, "claimed by 'me'"));
	assert_non_null(strstr(e.msg, "refs/ganger/claim/1/2"));
	char *refs CLEANUP(freep) = github_fake_git(&hub, "git for-each-ref --format='%(refname)'"
							  " refs/ganger");
	assert_string_equal(refs, "refs/ganger/claim/1/2");
	OK(t->ops->claim(t, &ours, &e)); /* again */
	OK(t->ops->release(t, &ours, &e));
	OK(t->ops->claim(t, &theirs, &e));
}

#define EPICS 4

static pthread_barrier_t all;

/* 1: it has it; 0: somebody else has; -1: anything else, which is wrong. */
static void *claim_until(void *arg)
{
	struct err why = ERR_INIT;
	int rc = ERR_BUSY;

	(void)pthread_barrier_wait(&all);
	for (int i = 0; rc == ERR_BUSY && i < 500; i++)
		rc = t->ops->claim(t, &(struct issue_claim){arg, "2", arg}, &why);
	if (rc && rc != ERR_CONFLICT)
		print_message("%s\n", why.msg);
	return (void *)(intptr_t)(rc == 0 ? 1 : rc == ERR_CONFLICT ? 0 : -1);
}

static void test_github__of_epics_at_once_one_has_the_claim(void **state)
{
	static char names[EPICS][2] = {"6", "7", "8", "9"};
	pthread_t threads[EPICS];

	(void)state;
	start(EPIC);
	CHECK(pthread_barrier_init(&all, NULL, EPICS) == 0);
	for (int round = 0; round < 5; round++) {
		int winner = -1, won = 0, wrong = 0;
		void *one;

		for (int i = 0; i < EPICS; i++)
			CHECK(pthread_create(&threads[i], NULL, claim_until, names[i]) == 0);
		for (int i = 0; i < EPICS; i++) {
			CHECK(pthread_join(threads[i], &one) == 0);
			winner = (intptr_t)one == 1 ? i : winner;
			won += (intptr_t)one == 1;
			wrong += (intptr_t)one < 0;
		}
		if (won != 1 || wrong)
			fail_msg("round %d: %d have it, %d errors", round, won, wrong);
		OK(t->ops->release(t, &(struct issue_claim){names[winner], "2", names[winner]},
				   &e));
	}
	CHECK(pthread_barrier_destroy(&all) == 0);
}

/* What may happen to one write; the truth is read back, or the next try finds it. */
static const char *const faults[] = {
	"\"act\": \"status\", \"status\": 500",
	"\"act\": \"status\", \"status\": 502, \"html\": true",
	"\"act\": \"status\", \"status\": 503, \"after\": true",
	"\"act\": \"status\", \"status\": 504, \"html\": true, \"after\": true",
	"\"act\": \"close\"",
	"\"act\": \"close\", \"after\": true",
	"\"act\": \"half\"",
};

static void strike(size_t i, const char *method, const char *route)
{
	char *json CLEANUP(freep) =
		mem_printf("{%s, \"method\": \"%s\", \"route\": \"%s\"}", faults[i], method, route);

	github_fake_tell(&hub, "heal", "{}");
	github_fake_tell(&hub, "fault", json);
}

static void test_github__a_claim_survives_each_fault(void **state)
{
	(void)state;
	start(EPIC);
	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		const struct issue_claim c = {"1", "2", "me"};
		struct issue now;

		strike(i, "POST", "*/git/refs");
		int rc = claim(t, "2");
		assert_true(rc == 0 || rc == ERR_IO);
		OK(claim(t, "2"));
		OK(t->ops->get(t, "2", &now, NULL, &e));
		assert_string_equal(now.claimed_by, "me");
		issue_done(&now);
		strike(i, "DELETE", "*/git/refs/*");
		rc = t->ops->release(t, &c, &e);
		assert_true(rc == 0 || rc == ERR_IO);
		OK(t->ops->release(t, &c, &e));
		assert_int_equal(wrote("create_ref"), i + 1);
		assert_int_equal(wrote("delete_ref"), i + 1);
	}
}

/* ---- Comments ---- */

static int comments_of(const char *id, const char *words)
{
	struct issue i;
	int n = 0;

	OK(t->ops->get(t, id, &i, NULL, &e));
	for (const char *p = i.comments; (p = strstr(p, words)); p++)
		n++;
	issue_done(&i);
	return n;
}

/* Origins 4b.5: what was heard of twice was said twice. */
static void test_origins__4b5_one_comment_whatever_happens(void **state)
{
	(void)state;
	start(EPIC);
	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		char *words CLEANUP(freep) = mem_printf("failed for reason %zu", i);

		strike(i, i ? "PATCH" : "POST", i ? "*/issues/comments/*" : "*/issues/*/comments");
		int rc = t->ops->comment(t, "2", "ganger:outcome", words, &e);
		assert_true(rc == 0 || rc == ERR_IO);
		OK(t->ops->comment(t, "2", "ganger:outcome", words, &e));
		assert_int_equal(comments_of("2", "failed for reason"), 1);
		assert_int_equal(comments_of("2", words), 1);
	}
	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		char *id CLEANUP(freep) = mem_printf("%zu", i % 3 + 3);
		char *marker CLEANUP(freep) = mem_printf("m%zu", i);

		strike(i, "POST", "*/issues/*/comments");
		int rc = t->ops->comment(t, id, marker, "said once", &e);
		assert_true(rc == 0 || rc == ERR_IO);
		OK(t->ops->comment(t, id, marker, "said once", &e));
	}
	int n = comments_of("3", "said once") + comments_of("4", "said once") +
		comments_of("5", "said once");
	assert_int_equal(n, ARRAY_LEN(faults));
}

static void test_github__the_same_words_are_not_written_again(void **state)
{
	(void)state;
	start(EPIC);
	OK(t->ops->comment(t, "2", "ganger:outcome", "x", &e));
	OK(t->ops->comment(t, "2", "ganger:outcome", "x", &e));
	assert_int_equal(wrote("comment"), 1);
	assert_int_equal(wrote("edit_comment"), 0);
}

static void test_github__comments_as_they_are_wanted(void **state)
{
	static const struct {
		const char *mode;
		int comments;
	} cases[] = {
		{"failures", 1},
                {"one",      1},
                {"none",     0}
        };

	(void)state;
	start(EPIC);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char *id CLEANUP(freep) = mem_printf("%zu", i + 2);

		t->ops->free(t);
		t = open_tracker(dir, cases[i].mode, NULL);
		OK(t->ops->comment(t, id, "ganger:submitted", "a pull request", &e));
		OK(t->ops->comment(t, id, "ganger:outcome", "it failed", &e));
		assert_int_equal(comments_of(id, "it failed"), cases[i].comments);
		assert_int_equal(comments_of(id, "a pull request"), 0);
		OK(t->ops->close(t, id, "completed", "landed", &e));
		assert_int_equal(comments_of(id, "landed"), streq(cases[i].mode, "one"));
		OK(t->ops->comment(t, id, NULL, "a person's words", &e));
		assert_int_equal(comments_of(id, "a person's words"), 1);
	}
	assert_int_equal(wrote("comment"), 5);
}

static void test_github__copied_text_calls_nobody(void **state)
{
	(void)state;
	start(EPIC);
	OK(t->ops->comment(t, "2", "ganger:outcome",
			   "ask @torvalds about git/git#17, https://github.com/git/git/issues/5 "
			   "<!-- ganger:status -->",
			   &e));
	char *said CLEANUP(freep) = github_fake_control(&hub, "state", NULL);
	assert_null(strstr(said, "@torvalds"));
	assert_null(strstr(said, "git#17"));
	assert_null(strstr(said, "//github.com/git"));
	assert_non_null(strstr(said, "torvalds"));
	OK(t->ops->comment(t, "2", "ganger:outcome", "x", &e));
	assert_int_equal(wrote("comment"), 1); /* the false marker led nobody astray */
}

/* A conversation that is locked takes no comment; the issue is closed all the same. */
static void test_origins__4b10_a_comment_that_is_refused_keeps_no_issue_open(void **state)
{
	(void)state;
	start(EPIC);
	github_fake_tell(
		&hub, "fault",
		"{\"act\": \"status\", \"status\": 403, \"method\": \"POST\","
		" \"route\": \"*/comments\", \"message\": \"This conversation is locked\"}");
	OK(t->ops->close(t, "2", "completed", "landed", &e));
	assert_int_equal(wrote("close"), 1);
}

/* ---- Closing ---- */

/* Origins 4c.4: what failed after it was done was recorded as not done. */
static void test_origins__4c4_a_close_that_was_done_is_done(void **state)
{
	(void)state;
	start(EPIC);
	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		strike(i, "PATCH", "*/issues/*");
		int rc = t->ops->close(t, "2", "completed", NULL, &e);
		assert_true(rc == 0 || rc == ERR_IO);
		OK(t->ops->close(t, "2", "completed", NULL, &e));
		assert_int_equal(wrote("close"), i + 1);
		github_fake_tell(&hub, "human", "{\"do\": \"reopen\", \"number\": 2}");
	}
}

static void test_github__a_person_was_faster_at_closing(void **state)
{
	struct issue i;

	(void)state;
	start(EPIC);
	github_fake_tell(&hub, "human", "{\"do\": \"close\", \"number\": 2}");
	OK(t->ops->close(t, "2", "completed", "landed", &e));
	OK(t->ops->get(t, "2", &i, NULL, &e));
	assert_string_equal(i.closed_reason, "not_planned");
	issue_done(&i);
	assert_int_equal(wrote("close") + wrote("comment"), 0);
}

/* ---- Limits ---- */

/* Origins 4a, PR #565: no handling of rate limits. */
static void test_origins__565_a_rate_limit_is_waited_for(void **state)
{
	static const struct {
		const char *fault;
		int64_t least_ms, most_ms;
	} cases[] = {
		{"{\"act\": \"secondary\", \"seconds\": 1}",                  1000, 1600},
		{"{\"act\": \"secondary\", \"seconds\": 1, \"status\": 429}", 1000, 1600},
		{"{\"act\": \"primary\", \"seconds\": 1}",                    1000, 3600},
	};

	(void)state;
	start(EPIC);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int64_t now_ms = clock_now().wall_ms;

		github_fake_tell(&hub, "heal", "{}");
		github_fake_tell(&hub, "fault", cases[i].fault);
		assert_int_equal(load("1"), ERR_BUSY);
		assert_in_range(e.until_ms, now_ms + cases[i].least_ms, now_ms + cases[i].most_ms);
		/* That nothing is sent before is what the stand-in's books say. */
		int64_t until_ms = e.until_ms;
		assert_int_equal(claim(t, "2"), ERR_BUSY);
		int rc;
		while ((rc = load("1")) == ERR_BUSY && clock_now().wall_ms < until_ms + 5000)
			(void)poll(NULL, 0, 20);
		assert_int_equal(rc, 0);
		assert_true(clock_now().wall_ms >= until_ms);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(test_github__of_two_clones_one_has_the_claim),
		T(test_github__an_issue_of_two_epics_has_one_claim),
		T(test_github__of_epics_at_once_one_has_the_claim),
		T(test_github__a_claim_survives_each_fault),
		T(test_origins__4b5_one_comment_whatever_happens),
		T(test_github__the_same_words_are_not_written_again),
		T(test_github__comments_as_they_are_wanted),
		T(test_github__copied_text_calls_nobody),
		T(test_origins__4b10_a_comment_that_is_refused_keeps_no_issue_open),
		T(test_origins__4c4_a_close_that_was_done_is_done),
		T(test_github__a_person_was_faster_at_closing),
		T(test_origins__565_a_rate_limit_is_waited_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
