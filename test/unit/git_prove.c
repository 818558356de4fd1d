#include "git_fixture.h"

/* After a reboot: are the journal's commits and refs there? */

/* As a power cut leaves an object: its file has no bytes, or there is none. */
static void lose(struct fx *f, const struct oid *commit, bool emptied)
{
	const char *path = P(f, ".git/objects/%.2s/%s", commit->hex, commit->hex + 2);

	sh(f, "rm -f %s", path);
	if (emptied)
		sh(f, ": >%s", path);
}

static void prove(struct fx *f, struct git_named *v, size_t n)
{
	size_t torn;

	OK(f->git->ops->clear_torn(f->git, 0, &torn, e));
	OK(f->git->ops->prove(f->git, v, n, e));
}

static void test_prove__what_is_lost(void **state)
{
	struct fx *f = *state;
	struct git_work a, b, c;
	struct git_merge m;

	fx_open(f);
	a = fx_task(f, 1, "T1", "echo 1 >one");
	b = fx_task(f, 2, "T2", "echo 2 >two");
	c = fx_task(f, 3, "T3", "echo 3 >three");
	m = fx_merge_by(f, GIT_MERGE, "T3", &f->opened.epic_head, &c.head);
	struct git_named v[] = {
		{.task = "T1", .attempt = 1, .head = a.head},
		{.task = "T2", .attempt = 1, .head = b.head},
		{.task = "T3", .attempt = 1, .head = c.head, .merge = m.commit},
		{.task = "T4", .attempt = 1, .head = m.tree}, /* there, but no commit */
	};
	prove(f, v, 3);
	for (int i = 0; i < 3; i++)
		assert_false(v[i].head_lost || v[i].merge_lost);
	lose(f, &a.head, true);
	lose(f, &m.commit, false);
	prove(f, v, 4);
	assert_true(v[0].head_lost);
	assert_false(v[1].head_lost || v[1].merge_lost);
	assert_false(v[2].head_lost);
	assert_true(v[2].merge_lost);
	assert_true(v[3].head_lost);
}

/* Git's fsck takes a log that names what is gone, or ends in zero bytes, for damage. */
static void test_prove__a_log_names_what_is_there(void **state)
{
	struct fx *f = *state;
	struct git_work a;

	fx_open(f);
	a = fx_task(f, 1, "T1", "echo 1 >one");
	struct git_named v[] = {
		{.task = "T1", .attempt = 1, .head = a.head, .branch = "work/t1"},
		{.task = "T2",            .attempt = 1,             .branch = "work/t2"   }, /* without a log */
	};
	sh(f,
	   "git branch work/t1 %s && git update-ref -m one refs/heads/work/t1 "
	   "$(git commit-tree -p %s -m gone %s^{tree})",
	   a.head.hex, a.head.hex, a.head.hex);
	struct oid gone = rev(f, "work/t1");
	sh(f, "git update-ref -m back refs/heads/work/t1 %s", a.head.hex);
	sh(f, "git update-ref -m on refs/heads/work/t1 %s^", a.head.hex);
	prove(f, v, 2);
	assert_string_equal(sh(f, "wc -l <.git/logs/refs/heads/work/t1"), "4");
	lose(f, &gone, false);
	sh(f, "head -c 100 /dev/zero >>.git/logs/refs/heads/work/t1");
	sh(f, "! git fsck --no-dangling --no-progress 2>/dev/null");
	prove(f, v, 2);
	sh(f, "git fsck --no-dangling --no-progress");
	assert_string_equal(sh(f, "wc -l <.git/logs/refs/heads/work/t1"), "2");
}

/* What is not read to its end is not written anew: the latest lines would go first. */
static void test_prove__a_log_too_long_stays(void **state)
{
	struct fx *f = *state;
	struct git_work a;

	fx_open(f);
	a = fx_task(f, 1, "T1", "echo 1 >one");
	struct git_named v[] = {
		{.task = "T1", .attempt = 1, .head = a.head, .branch = "work/t1"},
	};
	sh(f, "git branch work/t1 %s", a.head.hex);
	sh(f,
	   "cd .git/logs/refs/heads/work && yes \"$(cat t1)\" | head -c 1200000 >long; mv long t1");
	sh(f, "cp .git/logs/refs/heads/work/t1 before");
	prove(f, v, 1);
	sh(f, "cmp .git/logs/refs/heads/work/t1 before");
}

static void test_prove__names_a_head_again(void **state)
{
	struct fx *f = *state;
	struct git_work a, b;

	fx_open(f);
	a = fx_task(f, 1, "T1", "echo 1 >one");
	b = fx_task(f, 2, "T2", "echo 2 >two");
	struct git_named v[] = {
		{.task = "T1", .attempt = 1, .head = a.head},
		{.task = "T2", .attempt = 3, .head = b.head}, /* later attempts left nothing */
	};
	sh(f, ": >.git/refs/ganger/real/T1/1; : >.git/refs/ganger/real/T1/1.lock");
	prove(f, v, 2);
	assert_oid(rev(f, "refs/ganger/real/T1/1"), a.head);
	assert_string_equal(sh(f, "git for-each-ref --format='%%(refname)' refs/ganger/real/T2"),
			    "refs/ganger/real/T2/1");
}

/* It was landed, and nobody heard: what was squashed does without its head. */
static void test_prove__a_landing_has_lost_nothing(void **state)
{
	struct fx *f = *state;
	struct git_work a;
	struct git_merge m;

	fx_open(f);
	a = fx_task(f, 1, "T1", "echo 1 >one");
	m = fx_merge_by(f, GIT_SQUASH, "T1", &f->opened.epic_head, &a.head);
	struct git_named v = {.task = "T1",
			      .attempt = 1,
			      .head = a.head,
			      .merge = m.commit,
			      .as = m.commit};
	lose(f, &a.head, false);
	prove(f, &v, 1);
	assert_true(v.head_lost);
	(void)fx_land(f, "T1", &f->opened.epic_head, &m.commit);
	prove(f, &v, 1);
	assert_false(v.head_lost || v.merge_lost);
}

static void test_prove__brings_what_the_remote_has(void **state)
{
	struct fx *f = *state;
	struct git_work a;
	struct git_merge m;

	sh(f, "git clone -q --bare . ../r.git; git remote add origin ../r.git; git fetch -q");
	f->spec.push = GIT_PUSH_EPIC;
	fx_open(f);
	a = fx_task(f, 1, "T1", "echo 1 >one");
	m = fx_merge_by(f, GIT_MERGE, "T1", &f->opened.epic_head, &a.head);
	struct git_named v = {.task = "T1",
			      .attempt = 1,
			      .head = a.head,
			      .merge = m.commit,
			      .as = m.commit};
	/* Pushed; of what was to follow here the cut has taken all. */
	sh(f, "git push -q origin %s:refs/heads/epic/real", m.commit.hex);
	sh(f, "git update-ref -d refs/ganger/real/T1/merge; git update-ref -d refs/ganger/real/T1/1");
	lose(f, &m.commit, false);
	prove(f, &v, 1);
	assert_false(v.head_lost || v.merge_lost);
	assert_oid(rev(f, P(f, "%s^{commit}", m.commit.hex)), m.commit);
	assert_oid(rev(f, "refs/ganger/real/T1/1"), a.head);
	sh(f, "rm -rf ../r.git");
	lose(f, &m.commit, false);
	FAILS(ERR_IO, "could not ask 'origin'", f->git->ops->prove(f->git, &v, 1, e));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fx_setup, fx_teardown)
	const struct CMUnitTest tests[] = {
		T(test_prove__what_is_lost),
		T(test_prove__a_log_names_what_is_there),
		T(test_prove__a_log_too_long_stays),
		T(test_prove__names_a_head_again),
		T(test_prove__a_landing_has_lost_nothing),
		T(test_prove__brings_what_the_remote_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
