#include "base/clock.h"
#include "git_fixture.h"

#include <fcntl.h>
#include <unistd.h>

/* What a power cut leaves: files without their bytes. And what is synced, so that less is left. */

static char synced[1 << 16];

int __real_fsync(int fd);
int __wrap_fsync(int fd);

int __wrap_fsync(int fd)
{
	char path[64], name[4096];
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, name, sizeof(name) - 1);
	if (n > 0 && strlen(synced) + (size_t)n + 2 < sizeof(synced)) {
		name[n] = '\0';
		strcat(strcat(synced, name), "\n");
	}
	return __real_fsync(fd);
}

static bool is_synced(struct fx *f, const char *id)
{
	return strstr(synced, P(f, "/objects/%.2s/%s\n", id, id + 2)) &&
	       strstr(synced, P(f, "/objects/%.2s\n", id));
}

static void test_cut__what_an_agent_committed_is_on_the_disk(void **state)
{
	struct fx *f = *state;
	struct git_work w;

	fx_open(f);
	synced[0] = '\0';
	w = fx_task(f, 1, "T1",
		    "mkdir -p deep; echo mine >deep/mine; git add .; git commit -qm mine");
	assert_int_equal(w.ahead, 1);
	assert_true(is_synced(f, w.head.hex));
	assert_true(is_synced(f, sh(f, "git rev-parse %s^{tree}", w.head.hex)));
	assert_true(is_synced(f, sh(f, "git rev-parse %s:deep", w.head.hex)));
	assert_true(is_synced(f, sh(f, "git rev-parse %s:deep/mine", w.head.hex)));
}

static void test_cut__what_a_person_submits_is_on_the_disk(void **state)
{
	struct fx *f = *state;
	struct oid tip;

	fx_open(f);
	sh(f, "git checkout -qb own; echo own >own; git add .; git commit -qm own; git checkout -q "
	      "main");
	tip = rev(f, "own");
	synced[0] = '\0';
	OK(f->git->ops->keep(f->git, "T1", 1, &tip, e));
	assert_true(is_synced(f, tip.hex));
	assert_true(is_synced(f, sh(f, "git rev-parse own:own")));
}

static void test_cut__a_ref_is_where_it_was_put(void **state)
{
	struct fx *f = *state;
	struct git_work w;
	struct git_merge m;

	fx_open(f);
	synced[0] = '\0';
	w = fx_task(f, 1, "T1", "echo 1 >one");
	assert_non_null(strstr(synced, "/refs/ganger/real/T1\n"));
	assert_non_null(strstr(synced, "/refs/ganger/real\n"));
	assert_non_null(strstr(synced, "/refs/heads/ganger/real\n"));
	m = fx_merge_by(f, GIT_MERGE, "T1", &f->opened.epic_head, &w.head);
	synced[0] = '\0';
	(void)fx_land(f, "T1", &f->opened.epic_head, &m.commit);
	assert_non_null(strstr(synced, "/refs/heads/epic\n"));
}

/* Whatever is left of the books, what stands in the worktree is taken. */
static void test_cut__books_without_text(void **state)
{
	static const char *const gone[] = {"HEAD", "commondir", "index",
					   "HEAD commondir gitdir locked index",
					   "HEAD commondir gitdir locked index ganger-index "
					   "ganger-ready ganger-work"};
	struct fx *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(gone); i++) {
		struct git_worktree w;
		struct git_work work;

		fx_open(f);
		w = fx_worktree(f, 1, "T1", (int)i + 1);
		sh_at(f, slot_path(f, 1),
		      "echo mine%zu >mine; cd $(git rev-parse --git-dir); for f in %s; do : >$f; "
		      "done",
		      i, gone[i]);
		fx_open(f);
		work = fx_collect(f, 1, "T1", (int)i + 1, &w);
		assert_string_equal(sh(f,
				       "git show refs/ganger/real/T1/%zu.rest:mine || "
				       "git show refs/ganger/real/T1/%zu:mine",
				       i + 1, i + 1),
				    P(f, "mine%zu", i));
		assert_oid(rev(f, P(f, "refs/ganger/real/T1/%zu", i + 1)), work.head);
	}
}

/* An agent may do that: it is no trouble of the disk, which would be waited out. */
static void test_cut__a_head_that_leads_nowhere(void **state)
{
	struct fx *f = *state;
	struct git_worktree w;
	struct git_work work;

	fx_open(f);
	w = fx_worktree(f, 1, "T1", 1);
	sh_at(f, slot_path(f, 1),
	      "echo mine >mine; cd $(git rev-parse --git-dir); rm HEAD; ln -s HEAD HEAD");
	work = fx_collect(f, 1, "T1", 1, &w);
	assert_string_equal(work.problem, "its HEAD is gone");
	assert_string_equal(sh(f, "git show refs/ganger/real/T1/1.rest:mine"), "mine");
}

static void test_cut__books_that_nobody_needs_any_more(void **state)
{
	struct fx *f = *state;

	fx_open(f);
	(void)fx_task(f, 1, "T1", "echo 1 >one");
	sh(f, "for f in $(find .git/worktrees -type f); do : >$f; done");
	fx_open(f);
	OK(f->git->ops->remove(f->git, NULL, e));
	assert_string_equal(sh(f, "ls -d .git/worktrees %s 2>/dev/null || true", slot_path(f, 1)),
			    "");
}

static void test_cut__the_index_of_the_anchor(void **state)
{
	static const char *const left[] = {": >$i", "head -c 20 /dev/zero >$i",
					   "n=$(stat -c %s $i); head -c $n /dev/zero >$i",
					   "rm $i"};
	struct fx *f = *state;

	fx_open(f);
	for (size_t i = 0; i < ARRAY_LEN(left); i++) {
		sh(f, "i=$(echo .git/worktrees/ganger-anchor-*/index); %s", left[i]);
		fx_open(f);
		(void)fx_worktree(f, 1, "T1", (int)i + 1);
	}
}

/* Both a ref that is empty, and one whose blocks were never written. */
static void test_cut__the_branch_of_a_task(void **state)
{
	static const char *const left[] = {": >$r", "head -c 41 /dev/zero >$r"};
	struct fx *f = *state;

	fx_open(f);
	for (size_t i = 0; i < ARRAY_LEN(left); i++) {
		char *branch = (char *)P(f, "ganger/real/T%zu", i);
		struct git_named v = {.task = "T", .branch = branch};

		sh(f, "mkdir -p .git/refs/heads/ganger/real; r=.git/refs/heads/%s; %s", branch,
		   left[i]);
		(void)fx_worktree(f, 1, P(f, "T%zu", i), 1);
		sh(f, "git fsck --no-dangling");
		sh(f, "git checkout -q --detach; r=.git/refs/heads/%s; %s", branch, left[i]);
		OK(f->git->ops->prove(f->git, &v, 1, e));
		assert_string_equal(sh(f, "ls .git/refs/heads/ganger/real"), "");
	}
}

/* As at the first start after a cut, which began its agents a moment ago. */
static size_t clear_torn(struct fx *f)
{
	size_t n;

	OK(f->git->ops->clear_torn(f->git, clock_now().wall_ms, &n, e));
	return n;
}

static void test_cut__objects_without_bytes(void **state)
{
	struct fx *f = *state;

	fx_open(f);
	sh(f,
	   "mkdir -p .git/objects/ab; : >.git/objects/ab/cdef0123456789abcdef0123456789abcdef01");
	assert_int_equal(clear_torn(f), 0);
	sh(f, "git fsck --no-dangling");
}

/* Of the object only what 'how' leaves is on the disk: of $o, its file, and $n bytes. */
static void tear(struct fx *f, const char *name, const char *how)
{
	const char *id = sh(f, "git rev-parse %s", name);

	sh(f, "o=.git/objects/%.2s/%s; n=$(stat -c %%s $o); chmod u+w $o; %s", id, id + 2, how);
}

/* Of each kind, in its beginning and behind it. What git can read stays; and what was torn of old, too,
 * which no cut of now has done. */
static void test_cut__objects_with_some_of_their_bytes(void **state)
{
	static const char
		*const zeros = "dd if=/dev/zero of=$o bs=$n count=1 conv=notrunc status=none",
		       *const half = "truncate -s $((n/2)) $o; truncate -s $n $o";
	static const struct {
		const char *name, *const *how;
	} torn[] = {
		{"own:a",       &zeros},
                {"own:big",     &half },
                {"own:deep",    &half },
		{"own:deep/f7", &zeros},
                {"own",         &half },
                {"own~1",       &zeros},
	};
	const char *id[ARRAY_LEN(torn)], *old;
	struct fx *f = *state;

	fx_open(f);
	sh(f,
	   "git checkout -q -b own; git commit -q --allow-empty -m empty; echo a >a; echo c >c; "
	   "echo old >old; mkdir deep; for i in $(seq 200); do echo $i >deep/f$i; done; "
	   "seq 30000 >big; git add .; git commit -q -m \"$(seq 3000)\"; cp -r .git/objects ../o");
	old = sh(f, "git rev-parse own:old");
	for (size_t i = 0; i < ARRAY_LEN(torn); i++)
		id[i] = sh(f, "git rev-parse %s", torn[i].name);
	for (size_t i = 0; i < ARRAY_LEN(torn); i++)
		tear(f, id[i], *torn[i].how);
	tear(f, old, P(f, "%s; touch -d '3 hours ago' $o", zeros));
	assert_int_equal(clear_torn(f), ARRAY_LEN(torn));
	for (size_t i = 0; i < ARRAY_LEN(torn); i++)
		sh(f, "cmp %s/trash/%s ../o/%.2s/%s && exit 1; test ! -e .git/objects/%.2s/%s",
		   f->state, id[i], id[i], id[i] + 2, id[i], id[i] + 2);
	assert_string_equal(sh(f, "git hash-object -w a"), id[0]);
	assert_string_equal(sh(f, "git cat-file blob %s", id[0]), "a");
	sh(f, "git cat-file -e $(git hash-object c); test -e .git/objects/%.2s/%s", old, old + 2);
	assert_int_equal(clear_torn(f), 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fx_setup, fx_teardown)
	const struct CMUnitTest tests[] = {
		T(test_cut__what_an_agent_committed_is_on_the_disk),
		T(test_cut__what_a_person_submits_is_on_the_disk),
		T(test_cut__a_ref_is_where_it_was_put),
		T(test_cut__books_without_text),
		T(test_cut__a_head_that_leads_nowhere),
		T(test_cut__books_that_nobody_needs_any_more),
		T(test_cut__the_index_of_the_anchor),
		T(test_cut__the_branch_of_a_task),
		T(test_cut__objects_without_bytes),
		T(test_cut__objects_with_some_of_their_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
