#include "git/cmd.h"

#include "base/check.h"
#include "base/clean.h"
#include "base/clock.h"
#include "base/mem.h"
#include "git/impl.h"

#include <stdio.h>
#include <string.h>

/* 128 is git's own "fatal", 129 its "usage"; from there on it is 128 and a signal. */
#define EXIT_SIGNAL 128
#define EXIT_USAGE  129

/*
 * No background work that outlives the call, no program an agent may have put into the shared
 * configuration as a file watcher, and what the journal will name is on the disk first.
 */
static const char *const settings[] = {
	"gc.auto=0",
	"maintenance.auto=false",
	"core.fsync=committed,loose-object,reference",
	"core.fsmonitor=false",
	"core.safecrlf=false",
	"submodule.recurse=false",
};

/* No prompt, one language, no lock that is not needed; "NAME" alone takes one away. */
static const char *const surroundings[] = {
	"GIT_TERMINAL_PROMPT=0",
	"GIT_OPTIONAL_LOCKS=0",
	"GIT_EDITOR=:",
	"GCM_INTERACTIVE=never",
	"SSH_ASKPASS=",
	"LC_ALL=C",
	"GIT_DIR",
	"GIT_WORK_TREE",
	"GIT_COMMON_DIR",
	"GIT_INDEX_FILE",
	"GIT_OBJECT_DIRECTORY",
	"GIT_ALTERNATE_OBJECT_DIRECTORIES",
	"GIT_NAMESPACE",
	"GIT_PREFIX",
	"GIT_GRAFT_FILE",
	"GIT_SHALLOW_FILE",
	"GIT_EXTERNAL_DIFF",
	"GIT_LITERAL_PATHSPECS",
	"GIT_GLOB_PATHSPECS",
	"GIT_NOGLOB_PATHSPECS",
	"GIT_ICASE_PATHSPECS",
	"GIT_REFLOG_ACTION",
	"GIT_IMPLICIT_WORK_TREE",
	"GIT_INTERNAL_SUPER_PREFIX",
	"GIT_NO_REPLACE_OBJECTS",
	"GIT_REPLACE_REF_BASE",
	"GIT_QUARANTINE_PATH",
};

struct words {
	VEC(const char *) argv;
	VEC(const char *) set;
	char *git_dir, *work_tree, *index, *ssh;
};

static void words_done(struct words *w)
{
	VEC_DONE(&w->argv);
	VEC_DONE(&w->set);
	free(w->git_dir);
	free(w->work_tree);
	free(w->index);
	free(w->ssh);
}

static void setting(struct words *w, const char *text)
{
	VEC_PUSH(&w->argv, "-c");
	VEC_PUSH(&w->argv, text);
}

static void fill_argv(struct words *w, const struct cmd *c, const char *const *args)
{
	VEC_PUSH(&w->argv, "git");
	for (size_t i = 0; i < ARRAY_LEN(settings); i++)
		setting(w, settings[i]);
	for (const char *const *p = c->config; p && *p; p++)
		setting(w, *p);
	if (!c->hooks)
		setting(w, "core.hooksPath=/dev/null");
	if (c->sparse) {
		setting(w, "core.sparseCheckout=true");
		setting(w, "core.sparseCheckoutCone=false");
	}
	if (c->git_dir)
		VEC_PUSH(&w->argv, w->git_dir = mem_printf("--git-dir=%s", c->git_dir));
	if (c->work_tree)
		VEC_PUSH(&w->argv, w->work_tree = mem_printf("--work-tree=%s", c->work_tree));
	for (; *args; args++)
		VEC_PUSH(&w->argv, *args);
	VEC_PUSH(&w->argv, NULL);
}

static void fill_set(struct words *w, const struct cmd *c)
{
	for (size_t i = 0; i < ARRAY_LEN(surroundings); i++) {
		if (!(c->index && streq(surroundings[i], "GIT_INDEX_FILE")))
			VEC_PUSH(&w->set, surroundings[i]);
	}
	if (c->index)
		VEC_PUSH(&w->set, w->index = mem_printf("GIT_INDEX_FILE=%s", c->index));
	if (c->ssh)
		VEC_PUSH(&w->set, w->ssh = mem_printf("GIT_SSH_COMMAND=%s", c->ssh));
	for (const char *const *p = c->set; p && *p; p++)
		VEC_PUSH(&w->set, *p);
	for (const char *const *p = c->also; p && *p; p++)
		VEC_PUSH(&w->set, *p);
	VEC_PUSH(&w->set, NULL);
}

/* What is borrowed of w lives as long as that. */
static struct child_spec spec_of(struct words *w, const struct cmd *c, const char *const *args)
{
	fill_argv(w, c, args);
	fill_set(w, c);
	return (struct child_spec){
		.env = c->env,
		.cwd = c->cwd         ? c->cwd
		       : c->work_tree ? c->work_tree
				      : c->git_dir,
		.argv = w->argv.items,
		.set = w->set.items,
		.input = c->input,
		.out_max = c->out_max,
		.timeout_ms = c->timeout_ms ? c->timeout_ms : CMD_LOCAL_MS,
	};
}

/* Whoever ended it: nothing is known of what it did, and the next one may live. */
static int check_signal(const char *const *args, const struct child_result *r, struct err *e)
{
	if (r->exit_code <= EXIT_USAGE)
		return 0;
	return err_set(e, ERR_IO, "could not run 'git %s': it was ended by signal %d", args[0],
		       r->exit_code - EXIT_SIGNAL);
}

int cmd_run(const struct cmd *c, const char *const *args, struct child_result *ret, struct err *e)
{
	struct words w CLEANUP(words_done) = {0};
	struct child_spec s = spec_of(&w, c, args);
	int rc;

	if (c->count)
		atomic_fetch_add(c->count, 1);
	rc = child_run(&s, ret, e);
	return rc ? rc : check_signal(args, ret, e);
}

/* ---- One that stays ---- */

void cmd_stay_init(struct cmd_stay *h)
{
	*h = (struct cmd_stay){0};
	CHECK(pthread_mutex_init(&h->mutex, NULL) == 0);
}

void cmd_stay_done(struct cmd_stay *h)
{
	child_stay_free(h->child);
	(void)pthread_mutex_destroy(&h->mutex); /* nobody asks any more */
}

static int
stay_start(struct cmd_stay *h, const struct cmd *c, const char *const *args, struct err *e)
{
	struct words w CLEANUP(words_done) = {0};
	struct child_spec s = spec_of(&w, c, args);

	h->born_ms = clock_now().mono_ms;
	return child_stay_new(&s, &h->child, e);
}

int cmd_ask(struct cmd_stay *h,
	    const struct cmd *c,
	    const char *const *args,
	    struct str end,
	    struct child_result *ret,
	    struct err *e)
{
	const struct child_question q = {c->input, end,
					 c->timeout_ms ? c->timeout_ms : CMD_LOCAL_MS};
	MUTEX_HELD(&h->mutex);
	bool gone = false;
	int rc = 0;

	if (clock_now().mono_ms - h->born_ms > CMD_STAY_MS)
		child_stay_free(TAKE(h->child));
	if (h->child) {
		rc = child_stay_ask(h->child, &q, ret, &gone, e);
		/* Gone before it read this, by somebody's hand. */
		if (!rc && gone && !ret->out.n && !ret->errout.n) {
			child_result_done(ret);
			child_stay_free(TAKE(h->child));
		}
	}
	if (!h->child) {
		rc = stay_start(h, c, args, e);
		rc = rc ? rc : child_stay_ask(h->child, &q, ret, &gone, e);
	}
	if (!rc && !gone)
		return 0;
	child_stay_free(TAKE(h->child));
	rc = rc ? rc : check_signal(args, ret, e);
	return rc ? rc : cmd_error(args, ret, e);
}

int cmd_ok(const struct cmd *c, const char *const *args, struct child_result *ret, struct err *e)
{
	int rc = cmd_run(c, args, ret, e);

	if (!rc && ret->out.full)
		return err_set(e, ERR_LIMIT, "could not run 'git %s': it printed too much",
			       args[0]);
	return rc || ret->exit_code == 0 ? rc : cmd_error(args, ret, e);
}

int cmd_line(const struct cmd *c, const char *const *args, struct buf *ret, struct err *e)
{
	struct child_result r CLEANUP(child_result_done) = {0};
	int rc = cmd_ok(c, args, &r, e);
	struct str line;

	if (rc || !ret)
		return rc;
	line = str_trim(buf_str(&r.out));
	buf_add(ret, line.p, line.n);
	return 0;
}

int cmd_oid(const struct cmd *c, const char *const *args, struct oid *ret, struct err *e)
{
	struct buf line CLEANUP(buf_done) = BUF_INIT;
	int rc = cmd_line(c, args, &line, e);

	if (rc)
		return rc;
	if (!oid_parse(buf_str(&line), ret))
		return err_set(e, ERR_INVALID, "could not run 'git %s': it named no object",
			       args[0]);
	return 0;
}

static bool has(const struct child_result *r, const char *text)
{
	return r->errout.n && strstr(buf_cstr(&r->errout), text);
}

/* What may pass: git's words for errno, as of its own calls and of programs that it starts. */
static bool may_pass(const struct child_result *r)
{
	static const char *const words[] = {
		"Input/output error", "Read-only file system", "Cannot allocate memory",
		"Out of memory",      "Too many open files",   "Resource temporarily unavailable",
	};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (has(r, words[i]))
			return true;
	return false;
}

int cmd_error(const char *const *args, const struct child_result *r, struct err *e)
{
	struct buf words CLEANUP(buf_done) = BUF_INIT;
	enum err_code code = ERR_INVALID;

	buf_line(&words, cmd_reason(r));
	if (has(r, ".lock': File exists") || has(r, "could not lock"))
		code = ERR_BUSY;
	else if (has(r, "No space left on device") || has(r, "Disk quota exceeded"))
		code = ERR_LIMIT;
	else if (may_pass(r))
		code = ERR_IO;
	return err_set(e, code, "could not run 'git %s': %s", args[0], buf_cstr(&words));
}

/* How much a line of standard error explains; the prefix is taken off. */
static int weigh(struct str *line)
{
	static const struct {
		const char *prefix;
		int weight;
	} known[] = {
		{"fatal: ",   3},
                {"error: ",   4},
                {"warning: ", 1},
                {"hint: ",    1},
                {"remote: ",  2}
        };

	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		size_t n = strlen(known[i].prefix);

		if (!str_starts(*line, known[i].prefix))
			continue;
		line->p += n;
		line->n -= n;
		return known[i].weight;
	}
	return 2;
}

struct str cmd_reason(const struct child_result *r)
{
	struct str rest = buf_str(r->errout.n ? &r->errout : &r->out), line;
	struct str best = STR("it said nothing");
	int best_weight = 0;

	while (str_next(&rest, '\n', &line)) {
		int weight = weigh(&line);

		line = str_trim(line);
		if (line.n && weight > best_weight) {
			best = (struct str){line.p, line.n < 400 ? line.n : 400};
			best_weight = weight;
		}
	}
	return best;
}
