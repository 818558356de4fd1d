#include "git_fixture.h"

/* Two sides of the same commit: what the epic got, and what the task did. */
struct shape {
	const char *name, *base, *epic, *task;
	bool clean;
	const char *conflicts; /* words that must be in the list */
};

/* Files as git-lfs keeps them; its program need not be there to merge them. */
#define LFS_POINTER(file, oid)                                                                     \
	"printf 'version https://git-lfs.github.com/spec/v1\\noid sha256:" oid                     \
	"\\nsize 9\\n' >" file
#define LFS                                                                                        \
	"echo '*.bin filter=lfs diff=lfs merge=lfs -text' >.gitattributes;" LFS_POINTER(           \
		"a.bin", "00") ";" LFS_POINTER("b.bin", "00")

static const struct shape shapes[] = {
	{"apart",				  "true",						       "echo x >x",                           "echo y >y",                    true,                                                        NULL},
	{"same file, apart",                       "true",						       "sed -i 1s/1/one/ lines",              "sed -i 40s/40/forty/ lines",   true,
	 NULL},
	{"same change",			    "true",						       "echo x >x",                           "echo x >x",                    true,                                                        NULL},
	{"content",				"true",						       "echo x >src/a.c",                     "echo y >src/a.c",              false,                                                       "src/a.c (1 hunk)\n"},
	{"add/add",				"true",						       "echo x >'n \303\244'",                "echo y >'n \303\244'",         false,                                                       "n \303\244 (1 hunk)\n"},
	{"rename and change",                      "true",						       "git mv lines moved",                  "sed -i 1s/1/one/ lines",       true,                                                        NULL},
	{"rename/rename to two",                   "true",						       "git mv lines l1",                     "git mv lines l2",              false,                                                       "l1 (rename/rename)\n"},
	{"rename/rename to one",                   "seq 50 90 >more",                                            "git mv lines x",                      "git mv more x",                false,
	 "x (1 hunk)\n"},
	{"rename/delete",			  "true",						       "git mv lines moved",                  "git rm -q lines",              false,                                                       "moved (rename/delete)\n"},
	{"modify/delete",			  "true",						       "echo x >>lines",                      "git rm -q lines",              false,                                                       "lines (modify/delete)\n"},
	{"delete/delete",			  "true",						       "git rm -q lines",                     "git rm -q lines",              true,                                                        NULL},
	{"mode",				   "true",						       "chmod +x src/a.c",                    "echo two >>src/a.c",           true,                                                        NULL},
	{"mode and add/add",                       "true",						       "echo x >n; chmod +x n",               "echo x >n",                    false,                                                       "n (contents)\n"},
	{"symlinks",			       "ln -s a l",						  "ln -sf b l",                          "ln -sf c l",                   false,                                                       "l (contents)\n"},
	{"symlink and file",                       "true",						       "ln -s a n",                           "echo n >n",                    false,                                                       "n"},
	{"file/folder",			    "true",						       "echo n >n",                           "mkdir n; echo n >n/n",         false,                                                       "n"},
	{"folder renamed, file added",             "true",						       "git mv src lib",                      "echo b >src/b.c",              false,
	 "src/b.c (directory rename suggested)\n"},
	{"binary",				 "printf 'a\\0b' >bin",                                        "printf 'x\\0b' >bin",                 "printf 'y\\0b' >bin",          false,
	 "bin (binary)\n"},
	{"end of line",			    "printf 'a\\nb\\nc\\nd\\ne\\n' >t",                           "printf 'a\\r\\nb\\nc\\nd\\ne\\n' >t",
	 "printf 'a\\nb\\nc\\nd\\nE\\n' >t",																	    true,							NULL},
	{"submodule",			      "git submodule -q add ../sub sub",                            "git -C sub checkout -q b",
	 "git -C sub checkout -q c",																		    false,						       "sub (submodule not initialized)\n"},
	{"submodule and file",                     "git submodule -q add ../sub sub",                            "git -C sub checkout -q b",
	 "echo x >x",																				   true,							NULL},
	{"union by attributes",                    "echo 'log merge=union' >.gitattributes; echo a >log",
	 "echo x >>log",																"echo y >>log",                 true,							NULL},
	{"binary by attributes",                   "mkdir d; echo 'log -merge' >d/.gitattributes; seq 9 >d/log",
	 "sed -i 1s/1/x/ d/log",															"sed -i 9s/9/y/ d/log",         false,                                                       "d/log (binary)\n"},
	{"ends of lines by attributes",
	 "echo '*.txt text eol=crlf' >.gitattributes; seq 40 | sed 's/$/\\r/' >n.txt",			   "sed -i '1s/1/one/' n.txt",            "sed -i '40s/40/forty/' n.txt", true,                                                        NULL},
	{"ends of lines by attributes, same line",
	 "echo '*.txt text eol=crlf' >.gitattributes; seq 40 | sed 's/$/\\r/' >n.txt",			   "sed -i '1s/1/one/' n.txt",            "sed -i '1s/1/uno/' n.txt",     false,                                                       "n.txt (1 hunk)\n"},
	{"made text by attributes",                "seq 40 | sed 's/$/\\r/' >n.txt",
	 "echo '* text=auto' >.gitattributes; git add --renormalize .",										 "sed -i '9s/9/nine/' n.txt",
	 false,																												      "n.txt (1 hunk)\n"},
	{"LFS pointers, apart",                    LFS,							  LFS_POINTER("a.bin",                   "11"),                          LFS_POINTER("b.bin",                                         "22"),true,
	 NULL},
	{"LFS pointers, the same",				     LFS,												 LFS_POINTER("a.bin",													       "11"),												      LFS_POINTER("a.bin",                                              "22"),
	 false, "a.bin (1 hunk)\n"},
	{"modes of the same file",				   "true",												  "chmod +x lines",
	 "chmod +x lines; sed -i 1s/1/one/ lines",																			    true,																								NULL},
	{"symlink and its target", "ln -s lines l",							 "ln -sf src/a.c l",											  "sed -i 1s/1/one/ lines",
	 true,NULL},
	{"submodule bumped twice alike",                "git submodule -q add ../sub sub",
	 "git -C sub checkout -q b",																    "git -C sub checkout -q b; echo x >x",																				  true,																																															       NULL																																												     },
	{"two hunks", "true", "sed -i '1s/1/a/;40s/40/a/' lines", "sed -i '1s/1/b/;40s/40/b/' lines",
	 false, "lines (2 hunks)\n"},
	{"rename and change on both sides", "true", "git mv lines moved; sed -i 1s/1/a/ moved",
	 "sed -i 1s/1/b/ lines", false, "moved (1 hunk)\n"},
	{"rename, change and mode", "true", "git mv lines moved; chmod +x moved",
	 "sed -i 1s/1/b/ lines", true, NULL},
	{"folder renamed, its files changed", "for i in 1 2 3 4; do seq $i 60 >src/$i; done",
	 "git mv src lib", "sed -i 9s/^/x/ src/*", true, NULL},
	{"folder renamed twice", "for i in 1 2 3 4; do seq $i 60 >src/$i; done", "git mv src lib",
	 "git mv src inc", false, "inc/1 (rename/rename)\n"},
	{"folder deleted, its file changed", "true", "git rm -qr src", "echo two >>src/a.c", false,
	 "src/a.c (modify/delete)\n"},
	{"file made a symlink, and changed", "true", "ln -sf lines src/a.c", "echo two >>src/a.c",
	 false, "src/a.c (distinct modes)\n"},
	{"binary made text", "printf 'a\\0b' >bin", "echo text >bin", "printf 'y\\0b' >bin", false,
	 "bin (binary)\n"},
	/* Of one content, so that it is their number that counts. */
	{"ten thousand files", "mkdir m; for i in $(seq 10000); do echo x >m/$i; done",
	 "for i in m/*; do echo y >>$i; done; git mv lines moved",
	 "rm m/*999; echo n >m/n; sed -i 1s/1/b/ lines", false, "m/1999 (modify/delete)\n"},
	{"ten thousand files, apart", "mkdir m; for i in $(seq 10000); do echo x >m/$i; done",
	 "for i in m/*; do echo y >>$i; done", "for i in $(seq 9999); do echo x >m/n$i; done", true,
	 NULL},
	{"folder of many files renamed", "mkdir m; for i in $(seq 1000); do echo $i >m/$i; done",
	 "git mv m k", "sed -i 1s/1/b/ lines; seq 99 >m/1000", true, NULL},
};

static void side(struct fx *f, const char *branch, const char *text)
{
	sh(f,
	   "git checkout -q -B %s main; git submodule -q update; %s; git add -A;"
	   "git commit -q --allow-empty -m %s",
	   branch, text, branch);
}

/* What 'git merge' itself makes of it: the tree, or the paths it leaves unmerged. */
static const char *by_git(struct fx *f, bool *ret_clean)
{
	const char *out =
		sh(f, "git checkout -q -f --detach left; git submodule -q update --force;"
		      "git merge -q --no-ff -m x right >../merge.log 2>&1 && { echo clean;"
		      "  git rev-parse HEAD^{tree}; exit 0; };"
		      "git -c core.quotePath=false diff --name-only --diff-filter=U; git merge "
		      "--abort || git reset -q --hard");

	*ret_clean = strncmp(out, "clean\n", 6) == 0;
	return *ret_clean ? out + 6 : out;
}

static void check_shape(struct fx *f, const struct shape *s)
{
	struct git_merge m;
	struct oid left, right;
	const char *git;
	bool clean;

	sh(f,
	   "git checkout -q main; git reset -q --hard start; git clean -ffdxq; rm -rf "
	   ".git/modules; %s;"
	   "git add -A; git commit -q --allow-empty -m %s",
	   s->base, "base");
	side(f, "left", s->epic);
	side(f, "right", s->task);
	left = rev(f, "left");
	right = rev(f, "right");
	m = fx_merge_by(f, GIT_MERGE, "T1", &left, &right);
	git = by_git(f, &clean);
	if (clean != s->clean || (m.result == GIT_MERGED) != clean)
		fail_msg("%s: git %s, we %d", s->name, clean ? "merged" : git, m.result);
	if (clean) {
		assert_string_equal(m.tree.hex, git);
		return;
	}
	if (!strstr(m.conflicts, s->conflicts))
		fail_msg("%s: '%s' is not in '%s'", s->name, s->conflicts, m.conflicts);
	for (struct str rest = str_of(git), line; str_next(&rest, '\n', &line);) {
		/* "n~HEAD": after the tilde it has the name of a side. */
		line.n = strcspn(P(f, "%.*s", (int)line.n, line.p), "~");
		if (!strstr(m.conflicts, P(f, "%.*s", (int)line.n, line.p)))
			fail_msg("%s: git's '%.*s' is not in '%s'", s->name, (int)line.n, line.p,
				 m.conflicts);
	}
}

static void test_merge__all_shapes_as_git_does(void **state)
{
	struct fx *f = *state;

	sh_at(f, f->dir,
	      "git config --global protocol.file.allow always; git init -q sub; cd sub;"
	      "git commit -q --allow-empty -m a; git checkout -q -b b; git commit -q --allow-empty "
	      "-m b;"
	      "git checkout -q -b c main; git commit -q --allow-empty -m c; git checkout -q main");
	sh(f, "git tag start");
	fx_open(f);
	for (size_t i = 0; i < ARRAY_LEN(shapes); i++)
		check_shape(f, &shapes[i]);
}

/* A task of two commits, and an epic that went on meanwhile. */
static struct git_work two_sides(struct fx *f, struct oid *ret_onto)
{
	struct git_work work, other;
	struct git_merge m;

	fx_open(f);
	work = fx_task(
		f, 1, "T1",
		"echo y >y; git add y; git commit -q --author='Bob <bob@example.org>' -m 'add y';"
		"sed -i 1s/1/one/ lines;"
		"git commit -q --author='Eve <eve@example.org>' -am 'change lines' -m "
		"'Signed-off-by: Eve <e@x>'");
	other = fx_task(f, 2, "T0", "echo x >x; git add x; git commit -qm 'add x'");
	m = fx_merge_by(f, GIT_MERGE, "T0", &f->opened.epic_head, &other.head);
	assert_int_equal(fx_land(f, "T0", &f->opened.epic_head, &m.commit).result, GIT_LANDED);
	*ret_onto = m.commit;
	return work;
}

static void check_trailers(struct fx *f, const struct git_merge *m)
{
	assert_string_equal(sh(f,
			       "git log -1 --format='%%(trailers:key=Ganger-Task,valueonly)"
			       "%%(trailers:key=Ganger-Attempt,valueonly)' %s",
			       m->commit.hex),
			    "T1\n1");
	assert_oid(rev(f, "refs/ganger/real/T1/merge"), m->commit);
	assert_string_equal(sh(f, "git rev-parse %s^{tree}", m->commit.hex), m->tree.hex);
	sh(f, "git show %s:x %s:y %s:lines | grep one", m->commit.hex, m->commit.hex,
	   m->commit.hex);
}

static void test_merge__merge(void **state)
{
	struct fx *f = *state;
	struct oid onto;
	struct git_work work = two_sides(f, &onto);
	struct git_merge m, again;
	unsigned n = git_process_count(f->git);

	m = fx_merge_by(f, GIT_MERGE, "T1", &onto, &work.head);
	assert_int_equal(git_process_count(f->git) - n, 2);
	assert_int_equal(m.result, GIT_MERGED);
	assert_string_equal(sh(f, "git log -1 --format=%%P %s", m.commit.hex),
			    P(f, "%s %s", onto.hex, work.head.hex));
	assert_string_equal(sh(f, "git log -1 --format=%%s %s", m.commit.hex), "Do the thing (#1)");
	check_trailers(f, &m);
	fx_open(f);
	again = fx_merge_by(f, GIT_MERGE, "T1", &onto, &work.head);
	assert_oid(again.commit, m.commit);
	assert_oid(again.tree, m.tree);
}

static void test_merge__what_it_touches_is_read_as_git_reads_globs(void **state)
{
	static const struct {
		const char *glob;
		bool touches;
	} cases[] = {
		{"y",		     true },
                {"src",	       false},
                {"**",	    true },
                {"*.c",	   false},
                {":(exclude)[ly]*", false},
                {"li*",	   true },
	};
	struct fx *f = *state;
	struct oid onto;
	struct git_work work = two_sides(f, &onto);
	struct git_merge m = fx_merge_by(f, GIT_MERGE, "T1", &onto, &work.head);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *const globs[] = {cases[i].glob, NULL};
		struct err e = ERR_INIT;
		bool touches = !cases[i].touches;
		assert_int_equal(
			f->git->ops->touches(f->git, &onto, &m.commit, globs, &touches, &e), 0);
		print_message("# %s\n", cases[i].glob);
		assert_int_equal(touches, cases[i].touches);
	}
}

static void test_merge__what_differs_is_shown_up_to_a_limit(void **state)
{
	struct fx *f = *state;
	struct oid onto;
	struct git_work work = two_sides(f, &onto);
	struct git_merge m = fx_merge_by(f, GIT_MERGE, "T1", &onto, &work.head);
	struct buf all CLEANUP(buf_done) = BUF_INIT, few CLEANUP(buf_done) = {.max = 10};
	struct err e = ERR_INIT;

	sh(f, "git config diff.external false && git config color.ui always");
	assert_int_equal(f->git->ops->diff(f->git, &onto, &m.commit, &all, &e), 0);
	assert_non_null(strstr(buf_cstr(&all), " files changed, "));
	assert_non_null(strstr(buf_cstr(&all), "\ndiff --git a/lines b/lines\n"));
	assert_null(strchr(buf_cstr(&all), '\033'));
	assert_int_equal(f->git->ops->diff(f->git, &onto, &m.commit, &few, &e), 0);
	assert_int_equal(few.n, 10);
	assert_memory_equal(few.p, all.p, 10);
}

static void test_merge__squash(void **state)
{
	struct fx *f = *state;
	struct oid onto;
	struct git_work work = two_sides(f, &onto);
	struct git_merge m = fx_merge_by(f, GIT_SQUASH, "T1", &onto, &work.head);

	assert_int_equal(m.result, GIT_MERGED);
	assert_string_equal(sh(f, "git log -1 --format=%%P %s", m.commit.hex), onto.hex);
	check_trailers(f, &m);
}

static void test_merge__rebase(void **state)
{
	struct fx *f = *state;
	struct oid onto;
	struct git_work work = two_sides(f, &onto);
	struct git_merge m = fx_merge_by(f, GIT_REBASE, "T1", &onto, &work.head);

	assert_int_equal(m.result, GIT_MERGED);
	assert_string_equal(
		sh(f, "git log --reverse --format='%%an %%s' %s..%s", onto.hex, m.commit.hex),
		"Bob add y\nEve change lines");
	assert_string_equal(sh(f, "git log --format=%%B %s~1 -1", m.commit.hex), "add y");
	assert_string_equal(sh(f, "git log --format=%%b %s -1", m.commit.hex),
			    "Signed-off-by: Eve <e@x>\nGanger-Task: T1\nGanger-Attempt: 1");
	assert_string_equal(sh(f, "git merge-base %s %s", m.commit.hex, onto.hex), onto.hex);
	check_trailers(f, &m);
}

static void test_merge__rebase_in_place_keeps_its_commits(void **state)
{
	struct fx *f = *state;
	struct git_work work;
	struct git_merge m;

	fx_open(f);
	work = fx_task(f, 1, "T1",
		       "for i in 1 2 3; do echo $i >y; git add y; git commit -qm $i; done");
	m = fx_merge_by(f, GIT_REBASE, "T1", &f->opened.epic_head, &work.head);
	assert_oid(rev(f, P(f, "%s~1", m.commit.hex)), rev(f, P(f, "%s~1", work.head.hex)));
	assert_string_equal(sh(f, "git log --format=%%s %s~3..%s", m.commit.hex, m.commit.hex),
			    "3\n2\n1");
	assert_string_equal(sh(f, "git rev-parse %s^{tree}", work.head.hex), m.tree.hex);
}

/* Each step depends on the one before, and the epic has some of it already. */
static void test_merge__rebase_flattens_merges_and_drops_what_is_there(void **state)
{
	struct fx *f = *state;
	struct oid onto;
	struct git_work work;
	struct git_merge m;
	struct git_worktree w;

	(void)two_sides(f, &onto);
	w = fx_worktree(f, 3, "T3", 1);
	sh_at(f, slot_path(f, 3),
	      "git reset -q --hard main; echo 1 >z; git add z; git commit -qm z1; echo x >x; git "
	      "add x;"
	      "git commit -qm 'x as well'; git merge -q --no-edit epic/real; echo 2 >z; git commit "
	      "-qam z2;"
	      "git checkout -qb side HEAD~1; echo s >s; git add s; git commit -qm s; git checkout "
	      "-q -;"
	      "git merge -q --no-edit --no-ff side");
	w.start = w.base = f->opened.base_head;
	work = fx_collect(f, 3, "T3", 1, &w);
	m = fx_merge_by(f, GIT_REBASE, "T3", &onto, &work.head);
	assert_int_equal(m.result, GIT_MERGED);
	assert_string_equal(sh(f, "git log --reverse --format=%%s %s..%s", onto.hex, m.commit.hex),
			    "z1\nz2\nMerge branch 'side' into ganger/real/T3");
	assert_string_equal(sh(f, "git rev-list --merges %s..%s", onto.hex, m.commit.hex), "");
	assert_string_equal(sh(f, "git diff-tree -r --name-only %s %s", onto.hex, m.commit.hex),
			    "s\nz");
	assert_string_equal(sh(f, "git show %s:z", m.commit.hex), "2");
}

static void test_merge__rebase_conflict(void **state)
{
	struct fx *f = *state;
	struct git_work a, b;
	struct git_merge m;

	fx_open(f);
	a = fx_task(f, 1, "T1",
		    "echo y >y; git add y; git commit -qm y; echo one >lines; git commit -qam l");
	b = fx_task(f, 2, "T2", "echo two >lines; git commit -qam l");
	m = fx_merge_by(f, GIT_REBASE, "T1", &b.head, &a.head);
	assert_int_equal(m.result, GIT_CONFLICT);
	assert_string_equal(m.conflicts, "lines (1 hunk)\n");
}

static void test_merge__already(void **state)
{
	struct fx *f = *state;
	struct oid onto;
	struct git_work work = two_sides(f, &onto);
	enum git_method methods[] = {GIT_MERGE, GIT_SQUASH, GIT_REBASE};
	struct git_merge m = fx_merge_by(f, GIT_MERGE, "T1", &onto, &work.head);
	struct oid same;

	for (size_t i = 0; i < ARRAY_LEN(methods); i++)
		assert_int_equal(fx_merge_by(f, methods[i], "T1", &m.commit, &work.head).result,
				 GIT_ALREADY);
	/* The same change by another history is a landing all the same. */
	sh(f, "git branch twin $(git commit-tree -p main -m twin %s^{tree})", work.head.hex);
	same = rev(f, "twin");
	for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
		struct git_merge t = fx_merge_by(f, methods[i], "T1", &m.commit, &same);

		assert_int_equal(t.result, GIT_MERGED);
		assert_oid(t.tree, m.tree);
		assert_string_not_equal(t.commit.hex, m.commit.hex);
	}
}

/* Squashed or rebased it has no history in the branch: what it landed as says that it is in. */
static void test_merge__already_by_a_landing(void **state)
{
	struct fx *f = *state;
	struct oid onto;
	struct git_work work = two_sides(f, &onto);
	enum git_method methods[] = {GIT_SQUASH, GIT_REBASE};

	for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
		struct git_merge m = fx_merge_by(f, methods[i], "T1", &onto, &work.head), again;
		struct git_merge_spec s = {.method = methods[i],
					   .onto = m.commit,
					   .head = work.head,
					   .landed = m.commit,
					   .task = "T1",
					   .attempt = 1,
					   .subject = "Do the thing (#1)"};

		OK(f->git->ops->merge(f->git, &s, &again, e));
		assert_int_equal(again.result, GIT_ALREADY);
		assert_oid(again.commit, m.commit);
		/* It was taken out again, or never got in, or a power cut took it. */
		s.onto = onto;
		OK(f->git->ops->merge(f->git, &s, &again, e));
		assert_int_equal(again.result, GIT_MERGED);
		s.onto = m.commit;
		(void)snprintf(s.landed.hex, sizeof(s.landed.hex), "%040d", 7);
		OK(f->git->ops->merge(f->git, &s, &again, e));
		assert_int_equal(again.result, GIT_MERGED);
	}
}

static void test_merge__attributes_that_landed_count(void **state)
{
	struct fx *f = *state;
	struct git_work a, b, c;
	struct git_merge m;
	struct oid epic;

	sh(f, "echo start >log; git add log; git commit -qm log");
	fx_open(f);
	a = fx_task(
		f, 1, "T0",
		"mkdir d; echo '/log merge=union' >.gitattributes; git add .; git commit -qm attr");
	b = fx_task(f, 2, "T1", "echo b >>log; git commit -qam b");
	c = fx_task(f, 3, "T2", "echo c >>log; git commit -qam c");
	m = fx_merge_by(f, GIT_MERGE, "T0", &f->opened.epic_head, &a.head);
	epic = m.commit;
	(void)fx_land(f, "T0", &f->opened.epic_head, &epic);
	m = fx_merge_by(f, GIT_MERGE, "T1", &epic, &b.head);
	assert_int_equal(m.result, GIT_MERGED);
	m = fx_merge_by(f, GIT_MERGE, "T2", &m.commit, &c.head);
	assert_int_equal(m.result, GIT_MERGED);
	assert_string_equal(sh(f, "git show %s:log", m.commit.hex), "start\nb\nc");
	sh(f, "cat %s/anchor/.gitattributes", f->state);
}

static void test_merge__signed_where_the_user_signs(void **state)
{
	struct fx *f = *state;
	struct oid onto;
	struct git_work work;
	struct git_merge m;

	sh_at(f, f->dir,
	      "ssh-keygen -q -t ed25519 -N '' -f key; git config --global gpg.format ssh;"
	      "git config --global user.signingkey %s/key.pub; git config --global commit.gpgsign "
	      "true",
	      f->dir);
	work = two_sides(f, &onto);
	for (enum git_method method = GIT_MERGE; method <= GIT_REBASE; method++) {
		m = fx_merge_by(f, method, "T1", &onto, &work.head);
		sh(f, "git cat-file -p %s | grep 'BEGIN SSH SIGNATURE'", m.commit.hex);
		check_trailers(f, &m);
	}
}

static void test_merge__many_conflicts_are_counted(void **state)
{
	struct fx *f = *state;
	struct git_work a, b;
	struct git_merge m;

	fx_open(f);
	a = fx_task(f, 1, "T1", "for i in $(seq 1000 1999); do echo a >file-$i; done");
	b = fx_task(f, 2, "T2", "for i in $(seq 1000 1999); do echo b >file-$i; done");
	m = fx_merge_by(f, GIT_MERGE, "T1", &a.head, &b.head);
	assert_int_equal(m.result, GIT_CONFLICT);
	assert_non_null(strstr(m.conflicts, "file-1000 (1 hunk)\n"));
	assert_non_null(strstr(m.conflicts, " more\n"));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fx_setup, fx_teardown)
	const struct CMUnitTest tests[] = {
		T(test_merge__all_shapes_as_git_does),
		T(test_merge__merge),
		T(test_merge__what_it_touches_is_read_as_git_reads_globs),
		T(test_merge__what_differs_is_shown_up_to_a_limit),
		T(test_merge__squash),
		T(test_merge__rebase),
		T(test_merge__rebase_in_place_keeps_its_commits),
		T(test_merge__rebase_flattens_merges_and_drops_what_is_there),
		T(test_merge__rebase_conflict),
		T(test_merge__already),
		T(test_merge__already_by_a_landing),
		T(test_merge__attributes_that_landed_count),
		T(test_merge__signed_where_the_user_signs),
		T(test_merge__many_conflicts_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
