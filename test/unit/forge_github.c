#include "forge_github_fixture.h"

/* Opening pull requests on GitHub. */

static void test_forge_github__opens_one_whatever_is_cut(void **state)
{
	static const char *const calls[][2] = {
		{"GET",  "*/pulls"},
                {"POST", "*/pulls"}
        };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cuts) - 1; i++) {
		for (size_t c = 0; c < ARRAY_LEN(calls); c++) {
			int before = times("pull");
			free(github_fake_push(&hub, first.head, (int)(10 * i + c)));
			fault(calls[c][0], calls[c][1], cuts[i]);
			int64_t number = ensure();
			assert_true(number > 0);
			assert_int_equal(times("pull"), before + 1);
			assert_int_equal(ensure(), number);
			if (f->ops->finish(f, number, NULL, &e))
				fail_msg("%s: %s", cuts[i], e.msg);
			github_fake_tell(&hub, "heal", "{}");
		}
	}
}

/* Rate limits are waited for by the caller: nothing is sent before (the stand-in's books). */
static void test_forge_github__a_limit_is_busy_until_a_time(void **state)
{
	int64_t number = 0;

	(void)state;
	free(github_fake_push(&hub, first.head, 1));
	fault("POST", "*/pulls", cuts[ARRAY_LEN(cuts) - 1]);
	assert_int_equal(f->ops->ensure(f, &first, &number, &e), ERR_BUSY);
	assert_true(e.until_ms > clock_now().wall_ms);
	assert_int_equal(f->ops->ensure(f, &first, &number, &e), ERR_BUSY);
	assert_int_equal(times("pull"), 0);
}

/* The one that was just made is not in the list yet. */
static void test_forge_github__a_stale_list_makes_no_second_one(void **state)
{
	(void)state;
	free(github_fake_push(&hub, first.head, 1));
	fault("POST", "*/pulls", "\"close\", \"after\": true");
	fault("GET", "*/pulls", "\"stale\", \"nth\": 2, \"times\": 2");
	assert_int_equal(ensure(), 1);
	fault("GET", "*/pulls", "\"stale\", \"times\": 1");
	assert_int_equal(ensure(), 1);
	assert_int_equal(times("pull"), 1);
}

static void test_forge_github__nothing_between_them(void **state)
{
	int64_t number = -1;

	(void)state;
	free(github_fake_git(&hub, "git update-ref refs/heads/ganger/e/1 main"));
	assert_int_equal(f->ops->ensure(f, &first, &number, &e), 0);
	assert_int_equal(number, 0);
}

static void test_forge_github__refusals_are_said(void **state)
{
	int64_t number;

	(void)state;
	assert_int_equal(f->ops->ensure(f, &first, &number, &e), ERR_BUSY); /* no such branch yet */
	free(github_fake_push(&hub, first.head, 1));
	fault("POST", "*/pulls", "\"gone\"");
	assert_int_equal(f->ops->ensure(f, &first, &number, &e), ERR_NOT_FOUND);
	assert_non_null(strstr(e.hint, "write pull requests"));
	fault("GET", "*/pulls", "\"unauthorized\", \"times\": 9");
	assert_int_equal(f->ops->ensure(f, &first, &number, &e), ERR_INVALID);
	assert_null(strstr(e.msg, "test-token"));
}

/* Those of its issue, also where the answer is lost; what a person takes off stays off. */
static void test_forge_github__has_the_labels_of_its_issue(void **state)
{
	struct pull_spec spec = first;
	int64_t number = 0;

	(void)state;
	github_fake_stop(&hub);
	github_fake_start(&hub, dir,
			  ", \"issues\": [{\"number\": 1, \"title\": \"one\", "
			  "\"labels\": [\"bug\", \"good first\"]}]");
	open_forge(false);
	free(github_fake_git(&hub, "git update-ref refs/heads/epic/e main"));
	free(github_fake_push(&hub, first.head, 1));
	spec.labels_of = "1";
	fault("POST", "*/labels", "\"status\", \"status\": 502, \"after\": true");
	assert_int_equal(f->ops->ensure(f, &spec, &number, &e), ERR_IO);
	assert_int_equal(f->ops->ensure(f, &spec, &number, &e), 0);
	assert_int_equal(times("label"), 1);
	github_fake_tell(&hub, "human", "{\"do\": \"unlabel\", \"number\": 2, \"label\": \"bug\"}");
	assert_int_equal(f->ops->ensure(f, &spec, &number, &e), 0);
	assert_int_equal(times("label"), 1);
	assert_int_equal(number, 2);
	char *text CLEANUP(freep) = github_fake_control(&hub, "state", NULL);
	assert_non_null(strstr(text, "good first"));
}

/* A label is no reason not to have the pull request. */
static void test_forge_github__labels_may_be_refused(void **state)
{
	struct pull_spec spec = first;
	int64_t number = 0;

	(void)state;
	github_fake_stop(&hub);
	github_fake_start(
		&hub, dir,
		", \"issues\": [{\"number\": 1, \"title\": \"one\", \"labels\": [\"bug\"]}]");
	open_forge(false);
	free(github_fake_git(&hub, "git update-ref refs/heads/epic/e main"));
	free(github_fake_push(&hub, first.head, 1));
	spec.labels_of = "1";
	fault("POST", "*/labels", "\"status\", \"status\": 403");
	assert_int_equal(f->ops->ensure(f, &spec, &number, &e), 0);
	assert_int_equal(number, 2);
}

/* ---- What the two that this one follows did wrong with pull requests (origins, section 4) ---- */

/* PR 565: a search by title matched that of another branch. */
static void test_origins__565_one_of_the_same_title_is_another(void **state)
{
	struct pull_spec other = first;
	int64_t one = 0, two = 0;

	(void)state;
	other.head = "ganger/e/2";
	free(github_fake_push(&hub, first.head, 1));
	free(github_fake_push(&hub, other.head, 1));
	assert_int_equal(f->ops->ensure(f, &other, &two, &e), 0);
	assert_int_equal(f->ops->ensure(f, &first, &one, &e), 0);
	assert_int_not_equal(one, two);
	/* One with the same head into another base is none of ours either. */
	free(github_fake_git(&hub, "git update-ref refs/heads/epic/x main"));
	other = first;
	other.base = "epic/x";
	assert_int_equal(f->ops->ensure(f, &other, &two, &e), 0);
	assert_int_not_equal(one, two);
	assert_int_equal(times("pull"), 3);
}

/* 4b-5: an end that was told twice made two pull requests. */
static void test_origins__4b5_told_twice_there_is_one(void **state)
{
	(void)state;
	free(github_fake_push(&hub, first.head, 1));
	assert_int_equal(ensure(), ensure());
	assert_int_equal(times("pull"), 1);
}

/* 4c-3: a search that failed counted as done. */
static void test_origins__4c3_a_search_that_fails_is_an_error(void **state)
{
	int64_t number = -1;

	(void)state;
	free(github_fake_push(&hub, first.head, 1));
	fault("GET", "*/pulls", "\"status\", \"status\": 500, \"times\": 9");
	assert_int_equal(f->ops->ensure(f, &first, &number, &e), ERR_IO);
	assert_int_equal(number, -1);
	assert_int_equal(times("pull"), 0);
	github_fake_tell(&hub, "heal", "{}");
	assert_true(ensure() > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(test_forge_github__opens_one_whatever_is_cut),
		T(test_forge_github__a_limit_is_busy_until_a_time),
		T(test_forge_github__a_stale_list_makes_no_second_one),
		T(test_forge_github__nothing_between_them),
		T(test_forge_github__refusals_are_said),
		T(test_forge_github__has_the_labels_of_its_issue),
		T(test_forge_github__labels_may_be_refused),
		T(test_origins__565_one_of_the_same_title_is_another),
		T(test_origins__4b5_told_twice_there_is_one),
		T(test_origins__4c3_a_search_that_fails_is_an_error),
	};

	return cmocka_run_group_tests_name("forge_github", tests, NULL, NULL);
}
