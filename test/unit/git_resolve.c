#include "git_fixture.h"

/* A conflict as a resolver meets it: what it finds, and what ganger makes of what it leaves. */

/* Two tasks in conflict: 'other' has landed, 'mine' is the work. */
struct scene {
	struct git_work work;
	struct oid epic;
	struct git_worktree w;
};

static void begin(struct fx *f, struct scene *s, const char *mine, const char *other)
{
	struct git_work landed;
	struct git_merge m;

	fx_open(f);
	s->work = fx_task(f, 1, "T1", mine);
	landed = fx_task(f, 2, "T2", other);
	m = fx_merge_by(f, GIT_MERGE, "T2", &f->opened.epic_head, &landed.head);
	assert_int_equal(m.result, GIT_MERGED);
	(void)fx_land(f, "T2", &f->opened.epic_head, &m.commit);
	s->epic = m.commit;
}

static void prepare(struct fx *f, struct scene *s, int attempt)
{
	struct git_worktree_spec spec = wt_spec(f, 1, "T1", attempt);

	spec.from = GIT_FROM_CONFLICT;
	spec.last = s->work.head;
	OK(f->git->ops->worktree(f->git, &spec, &s->w, e));
	assert_oid(s->w.start, s->work.head);
	assert_oid(s->w.base, s->epic);
}

static struct git_work collect(struct fx *f, const struct scene *s, int attempt)
{
	struct git_collect_spec spec = {.path = slot_path(f, 1),
					.task = "T1",
					.attempt = attempt,
					.title = "Do the thing",
					.branch = "ganger/real/T1",
					.start = s->w.start,
					.base = s->w.base,
					.resolve = true};
	struct git_work work, again;

	OK(f->git->ops->collect(f->git, &spec, &work, e));
	OK(f->git->ops->collect(f->git, &spec, &again, e));
	assert_oid(work.head, again.head);
	assert_string_equal(work.problem, again.problem);
	assert_oid(rev(f, "ganger/real/T1"), work.head);
	assert_oid(rev(f, P(f, "refs/ganger/real/T1/%d", attempt)), work.head);
	sh(f, "git fsck --no-dangling");
	return work;
}

/* One resolver: what it did, and what is wrong with it; NULL: nothing. */
static struct git_work
resolver(struct fx *f, struct scene *s, int attempt, const char *agent, const char *problem)
{
	struct git_work work;

	prepare(f, s, attempt);
	sh_at(f, slot_path(f, 1), "%s", agent);
	work = collect(f, s, attempt);
	if (!problem) {
		assert_string_equal(work.problem, "");
		assert_true(work.ahead > 0);
		assert_string_equal(sh(f, "git rev-parse %s^1", work.head.hex), s->epic.hex);
		sh(f, "git merge-base --is-ancestor %s %s", s->work.head.hex, work.head.hex);
		return work;
	}
	if (!strstr(work.problem, problem))
		fail_msg("'%s' is not in '%s'", problem, work.problem);
	/* The work is what it was, and what the resolver left is named. */
	assert_oid(work.head, s->work.head);
	return work;
}

#define MINE  "sed -i 1s/1/mine/ lines; echo m >m; git add .; git commit -qm mine"
#define OTHER "sed -i 1s/1/other/ lines; echo o >o; git add .; git commit -qm other"
#define BOTH  "printf 'mine\\nother\\n' >lines; seq 2 40 >>lines; "

static void test_resolve__finds_both_sides_written_into_it(void **state)
{
	struct fx *f = *state;
	struct scene s;
	struct git_conflict c = {0};

	begin(f, &s, MINE, OTHER);
	prepare(f, &s, 2);
	assert_string_equal(sh_at(f, slot_path(f, 1), "head -n 7 lines | sed 's/ [0-9a-f]*$//'"),
			    "<<<<<<< HEAD\nmine\n|||||||\n1\n=======\nother\n>>>>>>>");
	assert_string_equal(sh_at(f, slot_path(f, 1), "git status --porcelain"),
			    "UU lines\nA  o");
	assert_string_equal(sh_at(f, slot_path(f, 1), "git rev-parse MERGE_HEAD"), s.epic.hex);
	assert_string_equal(sh_at(f, slot_path(f, 1), "git symbolic-ref --short HEAD"),
			    "ganger/real/T1");
	OK(f->git->ops->conflict(f->git, &s.w.start, &s.w.base, &c, e));
	assert_string_equal(c.files, "lines (1 hunk)\n");
	assert_non_null(strstr(c.ours, " mine\n"));
	assert_non_null(strstr(c.theirs, " Do the thing"));
	assert_non_null(strstr(c.touching, " other\n"));
	git_conflict_done(&c);
}

static void test_resolve__what_it_leaves_is_the_merge(void **state)
{
	static const char *const ways[] = {
		BOTH, BOTH "git add lines", BOTH "git add -A; git commit -q --no-edit",
		BOTH "git add -A; git commit -q --no-edit; echo more >>m; git commit -qam more",
		BOTH "git commit -qam 'own words'; echo more >>m",
	};
	struct fx *f = *state;
	struct scene s;

	begin(f, &s, MINE, OTHER);
	for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
		struct git_work work = resolver(f, &s, (int)i + 2, ways[i], NULL);

		assert_string_equal(sh(f, "git show %s:lines | head -n 3", work.head.hex),
				    "mine\nother\n2");
		assert_string_equal(sh(f, "git show %s:o", work.head.hex), "o");
		/* Whatever the method, it lands as it is. */
		for (enum git_method m = GIT_MERGE; m <= GIT_REBASE; m++) {
			struct git_merge made = fx_merge_by(f, m, "T1", &s.epic, &work.head);

			assert_int_equal(made.result, GIT_MERGED);
			assert_string_equal(made.tree.hex,
					    sh(f, "git rev-parse %s^{tree}", work.head.hex));
			if (m != GIT_MERGE)
				assert_string_equal(sh(f, "git rev-list --merges %s..%s",
						       s.epic.hex, made.commit.hex),
						    "");
		}
	}
}

static void test_resolve__what_does_not_hold_is_refused(void **state)
{
	static const struct {
		const char *agent, *problem;
	} cases[] = {
		{"true", "conflict markers are left in 'lines'"},
		{"git add lines", "conflict markers are left in 'lines'"},
		{"git commit -qam x", "conflict markers are left in 'lines'"},
		{"sed -i '/^<<<<<<<\\|^>>>>>>>/d' lines", "conflict markers are left in 'lines'"},
		{BOTH "echo x >>src/a.c", "'src/a.c' was changed"},
		{BOTH "echo x >new", "'new' was changed"},
		{BOTH "echo x >>o; git commit -qam x", "'o' was changed"},
		{"git merge --abort", "the merge was given up"},
		{"git reset -q --hard; " BOTH "git commit -qam x", "the merge was given up"},
		{"git reset -q --hard $(cat $(git rev-parse --git-path MERGE_HEAD))", "does not descend"},
		{"git checkout -q --theirs lines; git rm -q -f m", "nothing of the task's work is left"},
	};
	struct fx *f = *state;
	struct scene s;

	begin(f, &s, MINE, OTHER);
	for (size_t i = 0; i < ARRAY_LEN(cases) - 2; i++)
		(void)resolver(f, &s, (int)i + 2, cases[i].agent, cases[i].problem);
	(void)resolver(f, &s, 20, cases[ARRAY_LEN(cases) - 1].agent,
		       cases[ARRAY_LEN(cases) - 1].problem);
	/* What was left unresolved is named too. */
	assert_non_null(strstr(sh(f, "git show refs/ganger/real/T1/2.rest:lines"), ">>>>>>>"));
	(void)resolver(f, &s, 21, BOTH, NULL);
}

/* The task's own files may follow what landed: a caller of what was renamed, say. */
static void test_resolve__the_tasks_own_files_may_follow(void **state)
{
	struct fx *f = *state;
	struct scene s;
	struct git_work work;

	begin(f, &s, MINE, OTHER);
	work = resolver(f, &s, 2, BOTH "echo follows >m", NULL);
	assert_string_equal(sh(f, "git show %s:m", work.head.hex), "follows");
}

/* Markers that a side has of its own are no conflict. */
static void test_resolve__markers_of_the_project_are_its_own(void **state)
{
	struct fx *f = *state;
	struct scene s;

	begin(f, &s, "printf 'A\\n=======\\n<<<<<<< ours\\nmine\\n' >doc; sed -i 1s/1/mine/ lines",
	      "printf 'A\\n=======\\n<<<<<<< ours\\nother\\n' >doc");
	(void)resolver(f, &s, 2, "printf 'A\\n=======\\n<<<<<<< ours\\nmine\\nother\\n' >doc", NULL);
	(void)resolver(f, &s, 3, "sed -i '/^<<<<<<< HEAD\\|^|||\\|^mine/d' doc",
		       "conflict markers are left in 'doc'");
}

static void test_resolve__what_has_no_markers_must_be_decided(void **state)
{
	static const struct {
		const char *base, *mine, *other, *untouched, *decided, *shows;
	} cases[] = {
		{"printf 'a\\0b' >x", "printf 'm\\0b' >x", "printf 'o\\0b' >x", "x", "git add x",
		 "git show $work:x | grep -qa m"},
		{"printf 'a\\0b' >x", "printf 'm\\0b' >x", "printf 'o\\0b' >x", "x",
		 "git checkout -q --theirs x; git add x", "git show $work:x | grep -qa o"},
		{"echo a >x", "echo m >>x", "git rm -q x", "x", "git add x",
		 "git show $work:x | grep -q m"},
		{"echo a >x", "echo m >>x", "git rm -q x", "x", "git rm -q x",
		 "! git cat-file -e $work:x 2>/dev/null"},
		{"echo a >x", "git rm -q x", "echo o >>x", "x", "git add x",
		 "git show $work:x | grep -q o"},
		{"ln -s a x", "ln -sf m x", "ln -sf o x", "x", "ln -sf both x",
		 "git show $work:x | grep -q both"},
		{"git mv lines x", "git mv x m", "git mv x o",
		 "is as the conflict left it (rename/rename)",
		 "git rm -q --cached x; git rm -q --cached o; rm -f o; git add m",
		 "git cat-file -e $work:m; ! git cat-file -e $work:o 2>/dev/null"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fx *f;
		struct scene s;
		struct git_work work;

		(void)fx_setup((void **)&f);
		sh(f, "%s; git add -A; git commit -qm base", cases[i].base);
		begin(f, &s, P(f, "%s; echo k >keep", cases[i].mine), cases[i].other);
		(void)resolver(f, &s, 2, "true", cases[i].untouched);
		work = resolver(f, &s, 3, cases[i].decided, NULL);
		sh(f, "work=%s; %s", work.head.hex, cases[i].shows);
		(void)fx_teardown((void **)&f);
	}
}

/* What landed is in the merge whatever it is called, however large, and also after set-up. */
static void test_resolve__what_landed_is_not_left_out(void **state)
{
	struct fx *f = *state;
	struct scene s;
	struct git_work work;

	begin(f, &s, MINE,
	      OTHER "; echo s >.env.example; head -c 6000000 /dev/zero >large; git add -f .; git "
		    "commit -qm more");
	prepare(f, &s, 2);
	OK(f->git->ops->brought(f->git, slot_path(f, 1), e));
	sh_at(f, slot_path(f, 1), BOTH);
	work = collect(f, &s, 2);
	assert_string_equal(work.problem, "");
	assert_string_equal(sh(f, "git diff --name-status %s %s", s.epic.hex, work.head.hex),
			    "M\tlines\nA\tm");
	/* As it came from set-up, the conflict is still one. */
	prepare(f, &s, 3);
	OK(f->git->ops->brought(f->git, slot_path(f, 1), e));
	assert_string_equal(collect(f, &s, 3).problem, "");
}

static void test_resolve__a_submodule_is_decided_in_the_index(void **state)
{
	struct fx *f = *state;
	struct scene s;
	struct git_work work;

	sh(f,
	   "git init -q ../sub; cd ../sub; git commit -q --allow-empty -m a; git commit -q "
	   "--allow-empty -m b; git commit -q --allow-empty -m c; cd ../repo; git update-index --add "
	   "--cacheinfo 160000,$(git -C ../sub rev-parse HEAD~2),sub; git commit -qm sub");
	begin(f, &s,
	      P(f, "git update-index --cacheinfo 160000,$(git -C %s/sub rev-parse HEAD~1),sub; git "
		   "commit -qm m; echo k >keep",
		f->dir),
	      P(f, "git update-index --cacheinfo 160000,$(git -C %s/sub rev-parse HEAD),sub; git "
		   "commit -qm o",
		f->dir));
	(void)resolver(f, &s, 2, "true", "'sub' is as the conflict left it");
	work = resolver(f, &s, 3,
			P(f, "git update-index --cacheinfo 160000,$(git -C %s/sub rev-parse HEAD),sub",
			  f->dir),
			NULL);
	assert_string_equal(sh(f, "git rev-parse %s:sub", work.head.hex),
			    sh(f, "git -C ../sub rev-parse HEAD"));
}

/* Of two files one was resolved: the next resolver is asked for the other alone. */
static void test_resolve__the_same_conflict_is_not_asked_twice(void **state)
{
	struct fx *f = *state;
	struct scene s;

	begin(f, &s, MINE "; echo mine >src/a.c; git commit -qam a",
	      OTHER "; echo other >src/a.c; git commit -qam a");
	(void)resolver(f, &s, 2, BOTH, "conflict markers are left in 'src/a.c'");
	prepare(f, &s, 3);
	assert_string_equal(sh_at(f, slot_path(f, 1), "head -n 2 lines; grep -c '<<<<' src/a.c"),
			    "mine\nother\n1");
	assert_string_equal(sh_at(f, slot_path(f, 1), "git status --porcelain"),
			    "UU lines\nA  o\nUU src/a.c");
	sh_at(f, slot_path(f, 1), "echo both >src/a.c");
	assert_string_equal(collect(f, &s, 3).problem, "");
	/* It is ganger's memory: the user's git has not learned anything. */
	sh(f, "test ! -e .git/rr-cache");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fx_setup, fx_teardown)
	const struct CMUnitTest tests[] = {
		T(test_resolve__finds_both_sides_written_into_it),
		T(test_resolve__what_it_leaves_is_the_merge),
		T(test_resolve__what_does_not_hold_is_refused),
		T(test_resolve__the_tasks_own_files_may_follow),
		T(test_resolve__markers_of_the_project_are_its_own),
		T(test_resolve__what_has_no_markers_must_be_decided),
		T(test_resolve__what_landed_is_not_left_out),
		T(test_resolve__a_submodule_is_decided_in_the_index),
		T(test_resolve__the_same_conflict_is_not_asked_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
