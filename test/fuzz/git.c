/*
 * What git prints and what its files hold. The input: a byte that says which operation, then one
 * answer after the other, each ended by a byte 0xff, in the order they are asked for: of a process a
 * byte for its exit code, standard output and, behind a byte 0xfe, standard error; of a file its
 * text, where a 0xfe in front means that there is none. Nothing is run, read or written.
 */
#include "base/file.h"
#include "fuzz.h"
#include "git/leftovers.h"

#include <stdlib.h>

#define NOWHERE "/nonexistent-fuzz"

static struct str answers;

int __wrap_child_run(const struct child_spec *s, struct child_result *ret, struct err *e);
int __wrap_child_ok(const struct child_spec *s, struct child_result *ret, struct err *e);
int __wrap_file_read(const char *path, size_t max, struct buf *b, struct err *e);
int __wrap_file_write(const char *path, struct str text, bool durable, struct err *e);
int __wrap_dir_make(const char *path, struct err *e);
int __wrap_dir_remove(const char *path, struct err *e);

int __wrap_child_run(const struct child_spec *s, struct child_result *ret, struct err *e)
{
	struct str answer = fuzz_piece(&answers, '\xff'), out;
	unsigned code = fuzz_byte(&answer);

	*ret = (struct child_result){.out = BUF_INIT, .errout = BUF_INIT};
	if (code == 't')
		return err_set(e, ERR_LIMIT, "could not run '%s': no answer in time", s->argv[0]);
	ret->exit_code = code == '0' || !code ? 0 : code == '1' ? 1 : 128;
	out = fuzz_piece(&answer, '\xfe');
	buf_add(&ret->out, out.p, out.n);
	buf_add(&ret->errout, answer.p, answer.n);
	return 0;
}

int __wrap_child_ok(const struct child_spec *s, struct child_result *ret, struct err *e)
{
	int rc = __wrap_child_run(s, ret, e);

	return rc || ret->exit_code == 0 ? rc : err_set(e, ERR_INVALID, "it failed");
}

int __wrap_file_read(const char *path, size_t max, struct buf *b, struct err *e)
{
	struct str text;

	if (!answers.n)
		return err_set(e, ERR_NOT_FOUND, "could not open '%s': no such file", path);
	text = fuzz_piece(&answers, '\xff');
	if (str_starts(text, "\xfe"))
		return err_set(e, ERR_NOT_FOUND, "could not open '%s': no such file", path);
	buf_add(b, text.p, text.n < max ? text.n : max);
	return 0;
}

int __wrap_file_write(const char *path, struct str text, bool durable, struct err *e)
{
	(void)path;
	(void)text;
	(void)durable;
	(void)e;
	return 0;
}

int __wrap_dir_make(const char *path, struct err *e)
{
	(void)e;
	CHECK(str_starts(str_of(path), NOWHERE));
	return 0;
}

int __wrap_dir_remove(const char *path, struct err *e)
{
	(void)e;
	CHECK(str_starts(str_of(path), NOWHERE));
	return 0;
}

static const struct oid one = {"1111111111111111111111111111111111111111"};
static const struct oid two = {"2222222222222222222222222222222222222222"};

static const struct git_epic_spec spec = {
	.epic = "e",
	.epic_branch = "epic/e",
	.state_dir = NOWHERE "/state",
	.push = GIT_PUSH_ALL,
};

static struct git_repo make_repo(void)
{
	static char common[] = NOWHERE "/.git", root[] = NOWHERE, name[] = "r", epic[] = "e";
	static char ref[] = "refs/heads/epic/e", anchor[] = NOWHERE "/anchor", remote[] = "origin";
	static char admin[] = NOWHERE "/.git/worktrees/a", branch[] = "main";

	return (struct git_repo){
		.spec = &spec,
		.place = {.root = root,
			  .git_dir = common,
			  .common_dir = common,
			  .name = name,
			  .branch = branch,
			  .remote = remote},
		.epic_name = epic,
		.epic_ref = ref,
		.anchor = anchor,
		.anchor_admin = admin,
		.remote = remote,
	};
}

static void check_oid(const struct oid *o)
{
	size_t n = strnlen(o->hex, OID_SIZE);

	CHECK(n == 0 || n == 40 || n == 64);
	CHECK(strspn(o->hex, "0123456789abcdefABCDEF") == n);
}

static void check_lines(const char *text)
{
	struct str rest = str_of(text), line;

	while (str_next(&rest, '\n', &line))
		fuzz_check_line(line);
}

static void discover(void)
{
	struct git_place p = {0};
	struct err e = ERR_INIT;

	if (git_discover(NOWHERE, NULL, &p, &e) < 0)
		return;
	CHECK(p.common_dir && p.name && p.state_name && (p.root || p.bare));
	CHECK(!p.remote || !strchr(p.remote, '\n'));
	(void)git_place_config(&p, "user.email");
	git_place_done(&p);
}

static void merge_two(struct git_repo *g)
{
	struct tree_merge m CLEANUP(tree_merge_done) = {0};
	struct buf text CLEANUP(buf_done) = BUF_INIT;
	struct err e = ERR_INIT;

	if (merge_trees(g, &one, &two, &m, &e) == 0) {
		check_oid(&m.tree);
		CHECK(m.tree.hex[0]);
		if (conflict_text(g, &m, &text, &e) == 0)
			check_lines(buf_cstr(&text));
	}
}

static void merge(struct git_repo *g, enum git_method method)
{
	const struct git_merge_spec s = {.method = method,
					 .onto = one,
					 .head = two,
					 .task = "1",
					 .attempt = 1,
					 .subject = "a title",
					 .body = "a body"};
	struct git_merge m = {0};
	struct err e = ERR_INIT;

	if (op_merge(&g->git, &s, &m, &e) < 0)
		return;
	CHECK(m.result >= GIT_MERGED && m.result <= GIT_ALREADY);
	check_oid(&m.commit);
	check_oid(&m.tree);
	CHECK(m.result != GIT_MERGED || (m.commit.hex[0] && m.tree.hex[0]));
	check_lines(m.conflicts);
}

static void find_leftovers(struct git_repo *g)
{
	static const char *const globs[] = {"node_modules", "**/*.o", NULL};
	struct leftovers l CLEANUP(leftovers_done) = {0};
	struct slot s CLEANUP(slot_done) = {0};
	const struct job j = {.task = "1", .attempt = 1, .commit_leftovers = true};
	struct oid head, rest;
	struct err e = ERR_INIT;

	slot_init(g, NOWHERE "/w", &s);
	if (leftovers_find(g, &s, &one, NULL, &l, &e) < 0)
		return;
	leftovers_judge(&l, &s, globs);
	for (size_t i = 0; i < l.files.n; i++)
		CHECK(l.files.items[i].path && *l.files.items[i].path);
	if (leftovers_commit(g, &s, &l, &j, &one, &head, &rest, &e) < 0)
		return;
	check_oid(&head);
	check_oid(&rest);
}

static void collect(struct git_repo *g)
{
	const struct git_collect_spec s = {.path = NOWHERE "/w",
					   .task = "1",
					   .attempt = 1,
					   .title = "a title",
					   .branch = "ganger/e/1",
					   .start = one,
					   .base = one,
					   .commit_leftovers = true};
	struct git_work w = {0};
	struct err e = ERR_INIT;

	if (op_collect(&g->git, &s, &w, &e) < 0)
		return;
	check_oid(&w.head);
	CHECK(w.head.hex[0] && w.ahead >= 0 && w.leftovers >= 0);
	CHECK(str_utf8(str_of(w.left_out)) && str_utf8(str_of(w.problem)));
}

static void land(struct git_repo *g)
{
	const struct git_land_spec s = {.branch = "epic/e", .old = one, .new_ = two, .task = "1"};
	struct git_land l = {0};
	struct err e = ERR_INIT;

	if (op_land(&g->git, &s, &l, &e) < 0)
		return;
	CHECK(l.result >= GIT_LANDED && l.result <= GIT_REWRITTEN);
	check_oid(&l.tip);
	check_lines(l.text);
}

static void open_epic(struct git_repo *g)
{
	struct git_opened o = {0};
	struct err e = ERR_INIT;

	if (op_open_epic(&g->git, &o, &e) < 0)
		return;
	check_oid(&o.base_head);
	check_oid(&o.epic_head);
	check_oid(&o.fork);
	CHECK(o.base_head.hex[0]);
}

static void make_worktree(struct git_repo *g)
{
	const struct git_worktree_spec s = {.path = NOWHERE "/w",
					    .task = "1",
					    .attempt = 2,
					    .branch = "ganger/e/1",
					    .from = GIT_FROM_MERGED,
					    .last = two,
					    .last_base = one};
	struct git_worktree w = {0};
	struct err e = ERR_INIT;

	if (op_worktree(&g->git, &s, &w, &e) < 0)
		return;
	check_oid(&w.start);
	check_oid(&w.base);
}

static void look_up(struct git_repo *g)
{
	struct oid at = {{0}};
	struct err e = ERR_INIT;
	char *holder CLEANUP(freep) = NULL;

	if (ref_read(g, "refs/heads/main", &at))
		CHECK(at.hex[0]);
	check_oid(&at);
	at = (struct oid){{0}};
	if (op_resolve(&g->git, "main", &at, &e) == 0)
		CHECK(at.hex[0]);
	check_oid(&at);
	holder = branch_holder(g, "main", "x");
	at = (struct oid){{0}};
	if (remote_tip(g, "main", &at, &e) == 0)
		check_oid(&at);
	(void)!op_push_task(&g->git, "ganger/e/1", &two, &e); /* it says why not, or it is there */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct git_repo g = make_repo();
	unsigned what;

	answers = fuzz_text(data, n);
	what = fuzz_byte(&answers);
	switch (what) {
	case 'd':
		discover();
		break;
	case 't':
		merge_two(&g);
		break;
	case 'm':
		merge(&g, GIT_MERGE);
		break;
	case 's':
		merge(&g, GIT_SQUASH);
		break;
	case 'r':
		merge(&g, GIT_REBASE);
		break;
	case 'l':
		find_leftovers(&g);
		break;
	case 'c':
		collect(&g);
		break;
	case 'p':
		land(&g);
		break;
	case 'o':
		open_epic(&g);
		break;
	case 'w':
		make_worktree(&g);
		break;
	default:
		look_up(&g);
		break;
	}
	return 0;
}
