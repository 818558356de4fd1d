#include "base/clean.h"
#include "contract/each.h"
#include "forge/fake.h"
#include "forge/kinds.h"
#include "github_fake.h"
#include "tmp.h"
#include "wire/github.h"

#include <string.h>

/* What every forge promises (src/port/forge.h), the same cases for each kind there is. */

static const struct forge_kind *kind;
static char *dir;
static struct forge *f;
static struct err e;
static struct github_fake hub; /* of the kind 'github' */

static bool on_github(void)
{
	return streq(kind->name, "github");
}

static void open_forge(void)
{
	struct github_options o = {.url = hub.url, .token_env = "TEST_TOKEN", .repository = "o/r"};

	if (kind->open(&(struct forge_where){.state_dir = dir, .github = &o}, &f, &e))
		fail_msg("%s", e.msg);
}

/* The n-th state of a branch: what its id is. */
static const char *push(const char *branch, int n)
{
	static char *last;

	free(last);
	last = on_github() ? github_fake_push(&hub, branch, n) : mem_printf("%d%d", n, n);
	return last;
}

/* A push of the base that has the head in it, as a landing makes it: its commit. */
static const char *land(const char *head, const char *base)
{
	static char *last;

	if (!on_github())
		return "abcd";
	char *text CLEANUP(freep) = mem_printf(
		"git update-ref 'refs/heads/%s' \"refs/heads/%s\"; git rev-parse 'refs/heads/%s'",
		base, head, base);
	free(last);
	last = github_fake_git(&hub, text);
	return last;
}

static int setup(void **state)
{
	kind = *state;
	dir = tmp_make();
	memset(&e, 0, sizeof(e));
	setenv("TEST_TOKEN", "test-token", 1);
	if (on_github()) {
		github_fake_start(&hub, dir, "");
		free(github_fake_git(&hub, "git update-ref refs/heads/epic/e main"));
		(void)push("ganger/e/1", 1);
		(void)push("ganger/e/2", 1);
	}
	open_forge();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	f->ops->free(f);
	if (hub.pid)
		github_fake_check(&hub);
	github_fake_stop(&hub);
	tmp_done(dir);
	return 0;
}

static const struct pull_spec first = {.head = "ganger/e/1",
				       .base = "epic/e",
				       .head_sha = "1111",
				       .title = "one",
				       .body = "Closes #1",
				       .task = "1"};

static int64_t ensure(struct pull_spec s)
{
	int64_t number = -1;

	if (f->ops->ensure(f, &s, &number, &e))
		fail_msg("%s", e.msg);
	return number;
}

static struct pull get(int64_t number)
{
	struct pull p;

	if (f->ops->get(f, number, &p, &e))
		fail_msg("%s", e.msg);
	return p;
}

static void test_forge__ensure_opens_one(void **state)
{
	struct pull_spec s = first;

	(void)state;
	s.head_sha = push(s.head, 1);
	assert_int_equal(ensure(s), 1);
	struct pull p = get(1);
	assert_int_equal(p.number, 1);
	assert_string_equal(p.head, "ganger/e/1");
	assert_string_equal(p.base, "epic/e");
	assert_string_equal(p.head_sha, s.head_sha);
	assert_string_equal(p.title, "one");
	assert_string_equal(p.body, "Closes #1");
	assert_string_equal(p.task, "1");
	assert_string_equal(p.merged_sha, "");
	assert_int_equal(p.state, PULL_OPEN);
	pull_done(&p);
}

static void test_forge__ensure_again_brings_it_up_to_date(void **state)
{
	struct pull_spec s = first;

	(void)state;
	assert_int_equal(ensure(first), 1);
	s.head_sha = push(s.head, 2);
	s.title = "changed";
	s.body = NULL;
	assert_int_equal(ensure(s), 1);
	struct pull p = get(1);
	assert_string_equal(p.head_sha, s.head_sha);
	assert_string_equal(p.title, "changed");
	assert_string_equal(p.body, "");
	pull_done(&p);
}

static void test_forge__one_a_head_and_base(void **state)
{
	struct pull_spec other_head = first, other_base = first;

	(void)state;
	other_head.head = "ganger/e/2";
	other_base.base = "main";
	assert_int_equal(ensure(first), 1);
	assert_int_equal(ensure(other_head), 2);
	assert_int_equal(ensure(other_base), 3);
	assert_int_equal(ensure(first), 1);
}

static void test_forge__finish_is_idempotent_and_final(void **state)
{
	(void)state;
	assert_int_equal(ensure(first), 1);
	const char *landed = land(first.head, first.base);
	assert_int_equal(f->ops->finish(f, 1, landed, &e), 0);
	assert_int_equal(f->ops->finish(f, 1, landed, &e), 0);
	struct pull p = get(1);
	assert_int_equal(p.state, PULL_MERGED);
	assert_string_equal(p.merged_sha, landed);
	pull_done(&p);
	/* What GitHub says it was merged as is for people: Git is asked for the truth. */
	if (!on_github())
		assert_int_equal(f->ops->finish(f, 1, "ef01", &e), ERR_CONFLICT);
	assert_int_equal(f->ops->finish(f, 1, NULL, &e), ERR_CONFLICT);
	p = get(1);
	assert_string_equal(p.merged_sha, landed);
	pull_done(&p);
}

static void test_forge__closed_one_makes_room_for_the_next(void **state)
{
	(void)state;
	assert_int_equal(ensure(first), 1);
	assert_int_equal(f->ops->finish(f, 1, NULL, &e), 0);
	assert_int_equal(f->ops->finish(f, 1, NULL, &e), 0);
	/* There a person may have closed it, and it landed all the same. */
	assert_int_equal(f->ops->finish(f, 1, "abcd", &e), on_github() ? 0 : ERR_CONFLICT);
	assert_int_equal(ensure(first), 2);
	struct pull p = get(1);
	assert_int_equal(p.state, PULL_CLOSED);
	pull_done(&p);
}

static void test_forge__unknown_and_empty(void **state)
{
	struct pull p;
	int64_t number;

	(void)state;
	assert_int_equal(f->ops->get(f, 1, &p, &e), ERR_NOT_FOUND);
	assert_int_equal(f->ops->get(f, -1, &p, &e), ERR_NOT_FOUND);
	assert_int_equal(f->ops->finish(f, 1, NULL, &e), ERR_NOT_FOUND);
	assert_int_equal(
		f->ops->ensure(f, &(struct pull_spec){.head = "", .base = "b"}, &number, &e),
		ERR_INVALID);
}

static void test_forge__survives_being_opened_again(void **state)
{
	(void)state;
	if (!kind->keeps)
		skip();
	assert_int_equal(ensure(first), 1);
	f->ops->free(f);
	open_forge();
	assert_int_equal(ensure(first), 1);
}

/* What the fake does on top of the contract. */
static void test_forge__fake_fails_when_told(void **state)
{
	int64_t number;
	size_t n;

	(void)state;
	if (!streq(kind->name, "fake"))
		skip();
	forge_fake_fail(f, 2, ERR_IO, true);
	assert_int_equal(ensure(first), 1);
	assert_int_equal(f->ops->finish(f, 1, "abcd", &e), ERR_IO);
	assert_int_equal(forge_fake_pulls(f, &n)[0].state, PULL_MERGED);
	assert_int_equal(n, 1);
	forge_fake_fail(f, 1, ERR_BUSY, false);
	assert_int_equal(f->ops->ensure(f, &first, &number, &e), ERR_BUSY);
	(void)forge_fake_pulls(f, &n);
	assert_int_equal(n, 1);
	assert_int_equal(ensure(first), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(test_forge__ensure_opens_one),
		T(test_forge__ensure_again_brings_it_up_to_date),
		T(test_forge__one_a_head_and_base),
		T(test_forge__finish_is_idempotent_and_final),
		T(test_forge__closed_one_makes_room_for_the_next),
		T(test_forge__unknown_and_empty),
		T(test_forge__survives_being_opened_again),
		T(test_forge__fake_fails_when_told),
	};

	return each_kind("forge", forge_kinds, sizeof(forge_kinds[0]), tests, ARRAY_LEN(tests));
}
