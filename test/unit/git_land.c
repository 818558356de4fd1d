#include "git/impl.h"
#include "git_fixture.h"

#include <unistd.h>

/* A commit on another one, ready to land. */
static struct oid commit_on(struct fx *f, const struct oid *on, const char *name)
{
	return oid_from(sh(f, "git commit-tree -p %s -m %s %s^{tree}", on->hex, name, on->hex));
}

static struct git_land_spec land_spec(struct fx *f, const struct oid *old, const struct oid *new_)
{
	return (struct git_land_spec){
		.branch = f->spec.epic_branch, .old = *old, .new_ = *new_, .task = "T1"};
}

static void test_land__local(void **state)
{
	struct fx *f = *state;
	struct oid a, b, c;
	struct git_land l;
	unsigned n;

	fx_open(f);
	a = f->opened.epic_head;
	b = commit_on(f, &a, "b");
	n = git_process_count(f->git);
	l = fx_land(f, "T1", &a, &b);
	assert_int_equal(git_process_count(f->git) - n, 1); /* does it descend */
	assert_int_equal(l.result, GIT_LANDED);
	assert_oid(l.tip, b);
	assert_oid(rev(f, "epic/real"), b);
	assert_string_equal(sh(f, "git reflog -1 --format=%%gs epic/real"), "ganger: move");
	/* Again, as after a crash; and when more has landed since. */
	assert_int_equal(fx_land(f, "T1", &a, &b).result, GIT_LANDED);
	c = commit_on(f, &b, "c");
	(void)fx_land(f, "T2", &b, &c);
	l = fx_land(f, "T1", &a, &b);
	assert_int_equal(l.result, GIT_LANDED);
	assert_oid(l.tip, c);
	assert_oid(rev(f, "epic/real"), c);
}

static void test_land__moved_and_rewritten(void **state)
{
	struct fx *f = *state;
	struct oid a, b, mine, away;
	struct git_land l;

	fx_open(f);
	a = f->opened.epic_head;
	b = commit_on(f, &a, "somebody");
	mine = commit_on(f, &a, "mine");
	away = oid_from(sh(f, "git commit-tree -m away %s^{tree}", a.hex));
	sh(f, "git update-ref refs/heads/epic/real %s", b.hex);
	l = fx_land(f, "T1", &a, &mine);
	assert_int_equal(l.result, GIT_MOVED);
	assert_oid(l.tip, b);
	sh(f, "git update-ref refs/heads/epic/real %s", away.hex);
	l = fx_land(f, "T1", &a, &mine);
	assert_int_equal(l.result, GIT_REWRITTEN);
	assert_oid(l.tip, away);
	assert_oid(rev(f, "epic/real"), away);
	sh(f, "git update-ref -d refs/heads/epic/real");
	l = fx_land(f, "T1", &a, &mine);
	assert_int_equal(l.result, GIT_REWRITTEN);
	assert_string_equal(l.tip.hex, "");
}

static void test_land__a_lock_held_by_somebody_is_busy(void **state)
{
	struct fx *f = *state;
	struct oid b;
	struct git_land_spec s;
	struct git_land l;

	fx_open(f);
	b = commit_on(f, &f->opened.epic_head, "b");
	sh(f, ": >.git/refs/heads/epic/real.lock");
	s = land_spec(f, &f->opened.epic_head, &b);
	FAILS(ERR_BUSY, "real.lock", f->git->ops->land(f->git, &s, &l, e));
	sh(f, "rm .git/refs/heads/epic/real.lock");
	assert_int_equal(fx_land(f, "T1", &f->opened.epic_head, &b).result, GIT_LANDED);
}

/* Helpers that were killed with us leave locks; a new supervisor takes them away. */
static void test_land__locks_of_killed_helpers(void **state)
{
	struct fx *f = *state;
	struct git_work work;
	struct git_merge m;

	fx_open(f);
	work = fx_task(f, 1, "T1", "echo x >x; git add x; git commit -qm x");
	sh(f,
	   ": >.git/refs/heads/epic/real.lock; : >.git/refs/ganger/real/T1/merge.lock;"
	   ": >.git/refs/heads/ganger/real/T2.lock;"
	   ": >$(git -C %s/anchor rev-parse --absolute-git-dir)/index.lock",
	   f->state);
	fx_open(f);
	m = fx_merge_by(f, GIT_MERGE, "T1", &f->opened.epic_head, &work.head);
	assert_int_equal(fx_land(f, "T1", &f->opened.epic_head, &m.commit).result, GIT_LANDED);
	(void)fx_worktree(f, 2, "T2", 1);
}

/* Two supervisors that think they may: exactly one lands, whoever is first. */
static void test_land__only_one_of_two_lands(void **state)
{
	struct fx *f = *state;
	struct oid a, b, c;
	int landed = 0;

	fx_open(f);
	a = f->opened.epic_head;
	b = commit_on(f, &a, "b");
	c = commit_on(f, &a, "c");
	landed += fx_land(f, "T1", &a, &b).result == GIT_LANDED;
	landed += fx_land(f, "T2", &a, &c).result == GIT_LANDED;
	assert_int_equal(landed, 1);
}

static void test_land__never_backwards(void **state)
{
	struct fx *f = *state;
	struct oid a, b, c;
	struct git_land_spec s;
	struct git_land l;

	fx_open(f);
	a = f->opened.epic_head;
	b = commit_on(f, &a, "b");
	c = commit_on(f, &a, "c");
	(void)fx_land(f, "T1", &a, &b);
	s = land_spec(f, &b, &a);
	FAILS(ERR_INVALID, "does not descend", f->git->ops->land(f->git, &s, &l, e));
	s = land_spec(f, &b, &c);
	FAILS(ERR_INVALID, "does not descend", f->git->ops->land(f->git, &s, &l, e));
	assert_oid(rev(f, "epic/real"), b);
}

static void test_land__of_the_merge_just_made_costs_no_process(void **state)
{
	struct fx *f = *state;
	struct git_work work;
	struct git_merge m;
	unsigned n;

	fx_open(f);
	work = fx_task(f, 1, "T1", "echo x >x; git add x; git commit -qm x");
	m = fx_merge_by(f, GIT_MERGE, "T1", &f->opened.epic_head, &work.head);
	n = git_process_count(f->git);
	assert_int_equal(fx_land(f, "T1", &f->opened.epic_head, &m.commit).result, GIT_LANDED);
	assert_int_equal(git_process_count(f->git) - n, 0);
}

struct merging {
	struct git_repo *g;
	pthread_barrier_t held, landed;
};

/* A merge under way, as others see it: what op_merge() holds, in its order. */
static void *hold_as_a_merge(void *arg)
{
	struct merging *m = arg;

	TURN_SHARED(m->g);
	QUEUE_ALONE(m->g);
	(void)pthread_barrier_wait(&m->held);
	(void)pthread_barrier_wait(&m->landed);
	return NULL;
}

/* The next entry is merged while this one lands: that is long, and must not be in its way. */
static void test_land__does_not_wait_for_a_merge(void **state)
{
	struct fx *f = *state;
	struct git_work work;
	struct git_merge m;
	struct merging other;
	pthread_t thread;

	fx_open(f);
	other.g = repo_of(f->git);
	work = fx_task(f, 1, "T1", "echo x >x; git add x; git commit -qm x");
	m = fx_merge_by(f, GIT_MERGE, "T1", &f->opened.epic_head, &work.head);
	assert_int_equal(pthread_barrier_init(&other.held, NULL, 2), 0);
	assert_int_equal(pthread_barrier_init(&other.landed, NULL, 2), 0);
	assert_int_equal(pthread_create(&thread, NULL, hold_as_a_merge, &other), 0);
	(void)pthread_barrier_wait(&other.held);
	(void)alarm(60); /* were it to wait, it would wait for us */
	assert_int_equal(fx_land(f, "T1", &f->opened.epic_head, &m.commit).result, GIT_LANDED);
	(void)alarm(0);
	(void)pthread_barrier_wait(&other.landed);
	assert_int_equal(pthread_join(thread, NULL), 0);
	(void)pthread_barrier_destroy(&other.held);
	(void)pthread_barrier_destroy(&other.landed);
}

static void test_land__branch_somebody_has_checked_out(void **state)
{
	struct fx *f = *state;
	struct git_land_spec s;
	struct git_land l;
	struct oid b;

	fx_open(f);
	b = commit_on(f, &f->opened.base_head, "b");
	s = (struct git_land_spec){.branch = "main", .old = f->opened.base_head, .new_ = b};
	FAILS(ERR_BUSY, "checked out in", f->git->ops->land(f->git, &s, &l, e));
	sh(f, "git checkout -q --detach");
	OK(f->git->ops->land(f->git, &s, &l, e));
	assert_oid(rev(f, "main"), b);
}

static void test_land__anchor_is_calm(void **state)
{
	struct fx *f = *state;
	struct git_work work;
	struct git_merge m;

	fx_open(f);
	work = fx_task(f, 1, "T1",
		       "echo x >x; echo '*.c text' >.gitattributes; git add .; git commit -qm x");
	m = fx_merge_by(f, GIT_MERGE, "T1", &f->opened.epic_head, &work.head);
	(void)fx_land(f, "T1", &f->opened.epic_head, &m.commit);
	(void)fx_merge_by(f, GIT_MERGE, "T2", &m.commit, &work.head);
	assert_string_equal(sh(f, "git -C %s/anchor status --porcelain", f->state), "");
}

/* ---- With a remote ---- */

static void with_remote(struct fx *f, enum git_push push)
{
	sh(f, "git clone -q --bare . ../r.git; git remote add origin ../r.git; git fetch -q");
	f->spec.push = push;
}

static struct oid remote_rev(struct fx *f, const char *name)
{
	return oid_from(sh(f, "git -C ../r.git rev-parse --verify %s", name));
}

static void hook(struct fx *f, const char *name, const char *text)
{
	sh(f, "printf '#!/bin/sh\\n%%s\\n' '%s' >../r.git/hooks/%s; chmod +x ../r.git/hooks/%s",
	   text, name, name);
}

static void test_land__remote(void **state)
{
	struct fx *f = *state;
	struct oid b;
	const char *before;

	with_remote(f, GIT_PUSH_EPIC);
	before = fx_fingerprint(f, f->repo);
	fx_open(f);
	assert_string_equal(f->opened.remote, "origin");
	assert_oid(remote_rev(f, "epic/real"), f->opened.epic_head);
	b = commit_on(f, &f->opened.epic_head, "b");
	assert_int_equal(fx_land(f, "T1", &f->opened.epic_head, &b).result, GIT_LANDED);
	assert_oid(remote_rev(f, "epic/real"), b);
	assert_oid(rev(f, "epic/real"), b);
	assert_int_equal(fx_land(f, "T1", &f->opened.epic_head, &b).result, GIT_LANDED);
	assert_string_equal(fx_fingerprint(f, f->repo), before);
	assert_string_equal(sh(f, "git -C ../r.git for-each-ref --format='%%(refname)'"),
			    "refs/heads/epic/real\nrefs/heads/main");
}

static void test_land__never_pushes_unless_told(void **state)
{
	struct fx *f = *state;
	struct oid b;

	with_remote(f, GIT_PUSH_NEVER);
	fx_open(f);
	b = commit_on(f, &f->opened.epic_head, "b");
	(void)fx_land(f, "T1", &f->opened.epic_head, &b);
	OK(f->git->ops->push_task(f->git, "ganger/real/T1", &b, e));
	assert_string_equal(sh(f, "git -C ../r.git for-each-ref --format='%%(refname)'"),
			    "refs/heads/main");
}

static void test_land__remote_refuses(void **state)
{
	struct fx *f = *state;
	struct git_land_spec s;
	struct git_land l;
	struct oid b;

	with_remote(f, GIT_PUSH_EPIC);
	fx_open(f);
	hook(f, "pre-receive", "echo no merges on fridays >&2; exit 1");
	b = commit_on(f, &f->opened.epic_head, "b");
	s = land_spec(f, &f->opened.epic_head, &b);
	FAILS(ERR_INVALID, "no merges on fridays", f->git->ops->land(f->git, &s, &l, e));
	assert_oid(rev(f, "epic/real"), f->opened.epic_head);
	assert_oid(remote_rev(f, "epic/real"), f->opened.epic_head);
	sh(f, "rm ../r.git/hooks/pre-receive");
	assert_int_equal(fx_land(f, "T1", &f->opened.epic_head, &b).result, GIT_LANDED);
}

/* The remote took it, and the connection ended before it said so. */
static void test_land__cut_after_the_update(void **state)
{
	struct fx *f = *state;
	struct oid b;

	with_remote(f, GIT_PUSH_EPIC);
	fx_open(f);
	hook(f, "post-receive", "kill -9 $PPID");
	b = commit_on(f, &f->opened.epic_head, "b");
	assert_int_equal(fx_land(f, "T1", &f->opened.epic_head, &b).result, GIT_LANDED);
	assert_oid(rev(f, "epic/real"), b);
	assert_oid(remote_rev(f, "epic/real"), b);
}

/* We ended after the push and before the local branch followed. */
static void test_land__local_branch_follows_after_a_crash(void **state)
{
	struct fx *f = *state;
	struct oid a, b, c;
	struct git_land l;

	with_remote(f, GIT_PUSH_EPIC);
	fx_open(f);
	a = f->opened.epic_head;
	b = commit_on(f, &a, "b");
	(void)fx_land(f, "T1", &a, &b);
	sh(f, "git update-ref refs/heads/epic/real %s", a.hex);
	l = fx_land(f, "T1", &a, &b);
	assert_int_equal(l.result, GIT_LANDED);
	assert_oid(rev(f, "epic/real"), b);
	/* And opening does the same. */
	sh(f, "git update-ref refs/heads/epic/real %s", a.hex);
	fx_open(f);
	assert_oid(f->opened.epic_head, b);
	assert_oid(rev(f, "epic/real"), b);
	c = commit_on(f, &b, "c");
	assert_int_equal(fx_land(f, "T2", &b, &c).result, GIT_LANDED);
}

static void somebody_pushes(struct fx *f, const char *text)
{
	sh_at(f, f->dir,
	      "rm -rf other; git clone -q r.git other; cd other; git checkout -q epic/real; %s;"
	      "git push -q --force origin HEAD:epic/real",
	      text);
}

static void test_land__somebody_pushed(void **state)
{
	struct fx *f = *state;
	struct oid a, b, theirs;
	struct git_land l;

	with_remote(f, GIT_PUSH_EPIC);
	fx_open(f);
	a = f->opened.epic_head;
	somebody_pushes(f, "echo s >s; git add s; git commit -qm theirs");
	theirs = remote_rev(f, "epic/real");
	b = commit_on(f, &a, "b");
	l = fx_land(f, "T1", &a, &b);
	assert_int_equal(l.result, GIT_MOVED);
	assert_oid(l.tip, theirs);
	assert_oid(remote_rev(f, "epic/real"), theirs);
	assert_oid(rev(f, "epic/real"), theirs);
	b = commit_on(f, &theirs, "b");
	assert_int_equal(fx_land(f, "T1", &theirs, &b).result, GIT_LANDED);
	/* Ours and then more of theirs: it is in. */
	somebody_pushes(f, "git commit -q --allow-empty -m more");
	l = fx_land(f, "T1", &theirs, &b);
	assert_int_equal(l.result, GIT_LANDED);
	assert_oid(rev(f, "epic/real"), remote_rev(f, "epic/real"));
}

static struct git_land land_by(struct fx *f, struct git_land_spec s)
{
	struct git_land l = {0};

	OK(f->git->ops->land(f->git, &s, &l, e));
	return l;
}

/* A forge merges: looked at before, proven and followed after, and compared with what was tested. */
static void test_land__the_forge_merged_it(void **state)
{
	struct fx *f = *state;
	struct oid a, tested, theirs;
	struct git_land l;

	with_remote(f, GIT_PUSH_ALL);
	fx_open(f);
	a = f->opened.epic_head;
	sh(f,
	   "git checkout -q -b work; echo w >w; git add w; git commit -qm w; git checkout -q main");
	tested = rev(f, "work");
	struct git_land_spec s = land_spec(f, &a, &tested);
	s.by = GIT_LAND_LOOK;
	assert_int_equal(land_by(f, s).result, GIT_FREE);
	s.by = GIT_LAND_THERE;
	s.there = tested;
	FAILS(ERR_BUSY, "does not have", f->git->ops->land(f->git, &s, &l, e));
	somebody_pushes(f, "echo w >w; git add w; git commit -qm merged");
	s.there = remote_rev(f, "epic/real");
	l = land_by(f, s);
	assert_int_equal(l.result, GIT_LANDED);
	assert_string_equal(l.text, "");
	assert_oid(rev(f, "epic/real"), s.there);
	s.by = GIT_LAND_LOOK;
	assert_int_equal(land_by(f, s).result, GIT_MOVED);
	/* Onto something else than it was tested on. */
	somebody_pushes(f, "echo x >x; git add x; git commit -qm theirs");
	theirs = remote_rev(f, "epic/real");
	s.by = GIT_LAND_THERE;
	s.there = theirs;
	l = land_by(f, s);
	assert_int_equal(l.result, GIT_LANDED);
	assert_non_null(strstr(l.text, "untested as it landed"));
	assert_oid(rev(f, "epic/real"), theirs);
}

static void test_land__somebody_rewrote_the_remote(void **state)
{
	struct fx *f = *state;
	struct oid a, b, theirs;
	struct git_land l;

	with_remote(f, GIT_PUSH_EPIC);
	fx_open(f);
	a = f->opened.epic_head;
	somebody_pushes(f, "git commit -q --amend -m rewritten");
	theirs = remote_rev(f, "epic/real");
	b = commit_on(f, &a, "b");
	l = fx_land(f, "T1", &a, &b);
	assert_int_equal(l.result, GIT_REWRITTEN);
	assert_oid(l.tip, theirs);
	assert_oid(remote_rev(f, "epic/real"), theirs);
	assert_oid(rev(f, "epic/real"), a);
	sh(f, "git -C ../r.git update-ref -d refs/heads/epic/real");
	assert_int_equal(fx_land(f, "T1", &a, &b).result, GIT_REWRITTEN);
	sh(f, "git -C ../r.git rev-parse -q --verify epic/real && exit 1; true");
}

static void test_land__remote_behind_the_local_branch(void **state)
{
	struct fx *f = *state;
	struct oid a, b;
	struct git_land l;

	with_remote(f, GIT_PUSH_EPIC);
	fx_open(f);
	a = commit_on(f, &f->opened.epic_head, "local");
	sh(f, "git update-ref refs/heads/epic/real %s", a.hex);
	b = commit_on(f, &a, "b");
	l = fx_land(f, "T1", &a, &b);
	assert_int_equal(l.result, GIT_LANDED);
	assert_non_null(strstr(l.text, "behind"));
	assert_oid(remote_rev(f, "epic/real"), b);
}

static void test_land__remote_is_away(void **state)
{
	struct fx *f = *state;
	struct git_land_spec s;
	struct git_land l;
	struct oid b;

	with_remote(f, GIT_PUSH_EPIC);
	fx_open(f);
	b = commit_on(f, &f->opened.epic_head, "b");
	sh(f, "mv ../r.git ../away.git");
	s = land_spec(f, &f->opened.epic_head, &b);
	FAILS(ERR_IO, "could not ask 'origin'", f->git->ops->land(f->git, &s, &l, e));
	assert_oid(rev(f, "epic/real"), f->opened.epic_head);
	sh(f, "mv ../away.git ../r.git");
	assert_int_equal(fx_land(f, "T1", &f->opened.epic_head, &b).result, GIT_LANDED);
}

static void test_open__joins_an_epic_the_remote_has(void **state)
{
	struct fx *f = *state;
	struct oid theirs;

	with_remote(f, GIT_PUSH_EPIC);
	sh_at(f, f->dir,
	      "git clone -q r.git other; cd other; git checkout -q -b epic/real;"
	      "git commit -q --allow-empty -m theirs; git push -q origin epic/real");
	theirs = remote_rev(f, "epic/real");
	fx_open(f);
	assert_oid(f->opened.epic_head, theirs);
	assert_oid(rev(f, "epic/real"), theirs);
}

/* A helper that was killed as it noted where the remote's branch is leaves a lock there, too. It is the
 * user's ref: it stays, and nothing of ours waits for it. */
static void test_open__past_a_lock_on_what_the_remote_had(void **state)
{
	struct fx *f = *state;
	struct oid theirs, b;

	with_remote(f, GIT_PUSH_EPIC);
	sh_at(f, f->dir,
	      "git clone -q r.git other; cd other; git checkout -q -b epic/real;"
	      "git commit -q --allow-empty -m theirs; git push -q origin epic/real");
	theirs = remote_rev(f, "epic/real");
	sh(f, "mkdir -p .git/refs/remotes/origin/epic; : >.git/refs/remotes/origin/epic/real.lock");
	fx_open(f);
	assert_oid(f->opened.epic_head, theirs);
	b = commit_on(f, &theirs, "b");
	assert_int_equal(fx_land(f, "T1", &theirs, &b).result, GIT_LANDED);
	assert_oid(remote_rev(f, "epic/real"), b);
}

static void test_push_task__leaves_what_others_pushed(void **state)
{
	struct fx *f = *state;
	struct git_work one, two;

	with_remote(f, GIT_PUSH_ALL);
	fx_open(f);
	one = fx_task(f, 1, "T1", "echo one >src/a.c");
	OK(f->git->ops->push_task(f->git, "ganger/real/T1", &one.head, e));
	OK(f->git->ops->push_task(f->git, "ganger/real/T1", &one.head, e));
	/* A fresh attempt takes the place of the one before. */
	two = fx_task(f, 2, "T2", "echo two >src/a.c");
	OK(f->git->ops->push_task(f->git, "ganger/real/T1", &two.head, e));
	assert_oid(remote_rev(f, "ganger/real/T1"), two.head);
	sh_at(f, f->dir,
	      "git clone -q r.git other; cd other; git checkout -q ganger/real/T1;"
	      "git commit -q --allow-empty -m review; git push -q origin ganger/real/T1");
	FAILS(ERR_CONFLICT, "somebody pushed",
	      f->git->ops->push_task(f->git, "ganger/real/T1", &one.head, e));
	/* Its user's own git may know of it by now; no ref of ours does. */
	sh(f, "git fetch -q origin ganger/real/T1");
	FAILS(ERR_CONFLICT, "somebody pushed",
	      f->git->ops->push_task(f->git, "ganger/real/T1", &one.head, e));
	/* A person's, on which an attempt went on. */
	two.head = rev(f, "FETCH_HEAD");
	two.head = commit_on(f, &two.head, "on");
	OK(f->git->ops->push_task(f->git, "ganger/real/T1", &two.head, e));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fx_setup, fx_teardown)
	const struct CMUnitTest tests[] = {
		T(test_land__local),
		T(test_land__moved_and_rewritten),
		T(test_land__a_lock_held_by_somebody_is_busy),
		T(test_land__locks_of_killed_helpers),
		T(test_land__only_one_of_two_lands),
		T(test_land__never_backwards),
		T(test_land__of_the_merge_just_made_costs_no_process),
		T(test_land__does_not_wait_for_a_merge),
		T(test_land__branch_somebody_has_checked_out),
		T(test_land__anchor_is_calm),
		T(test_land__remote),
		T(test_land__never_pushes_unless_told),
		T(test_land__remote_refuses),
		T(test_land__cut_after_the_update),
		T(test_land__local_branch_follows_after_a_crash),
		T(test_land__somebody_pushed),
		T(test_land__the_forge_merged_it),
		T(test_land__somebody_rewrote_the_remote),
		T(test_land__remote_behind_the_local_branch),
		T(test_land__remote_is_away),
		T(test_open__joins_an_epic_the_remote_has),
		T(test_open__past_a_lock_on_what_the_remote_had),
		T(test_push_task__leaves_what_others_pushed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
