#include "run/trial.h"

#include "base/child.h"
#include "base/clean.h"
#include "base/file.h"
#include "base/mem.h"
#include "run/supervisor-impl.h"

#include <string.h>

#define PROBE_TIMEOUT_MS 120000
#define OUTPUT_MAX       (1u << 20)
/* The end of a program's output that is worth showing. */
#define TAIL_MAX         600

/* One trial under way. */
struct trying {
	const struct trial_spec *s;
	struct agent_settings agent;
	const struct agent_kind *kind; /* NULL: this version has none of that name */
	struct git_epic_spec git_spec;
	struct child_env env;
	struct git *git;
	int lock_fd; /* two at once would be in each other's way, and gc in theirs */
	char *dir, *worktree, *branch, *epic_branch, *prompt, *result, *log;
	char **tracker_env;
	struct agent_attempt attempt;
};

static void trying_done(struct trying *t)
{
	struct err e = ERR_INIT;

	if (t->git) {
		/* What cannot be removed now is found by 'ganger gc'. */
		IGNORE(t->git->ops->remove(t->git, t->worktree, &e));
		t->git->ops->free(t->git);
	}
	if (t->lock_fd >= 0) /* else it is another's */
		IGNORE(dir_remove(t->dir, &e));
	free(t->dir);
	free(t->worktree);
	free(t->branch);
	free(t->epic_branch);
	free(t->prompt);
	free(t->result);
	free(t->log);
	agent_env_free(t->tracker_env);
	closep(&t->lock_fd);
}

static void step_fail(struct trial_step *step, const char *text)
{
	step->result = TRIAL_FAILED;
	step->text = mem_strdup(text);
}

static const char *base_of(const struct trial_spec *s)
{
	const char *name = place_base(s->place, s->config->base);

	return name ? name : "HEAD";
}

/* A branch of the repository, or else the remote's of that name. */
static int base_resolve(struct trying *t, struct oid *ret, struct err *e)
{
	const char *base = t->attempt.base;
	char *tracked CLEANUP(freep) = NULL;
	int rc = t->git->ops->resolve(t->git, base, ret, e);

	if (rc != ERR_NOT_FOUND || !t->s->place->remote)
		return rc;
	tracked = mem_printf("%s/%s", t->s->place->remote, base);
	return t->git->ops->resolve(t->git, tracked, ret, e);
}

static void trying_init(struct trying *t, const struct trial_spec *s)
{
	*t = (struct trying){.s = s, .kind = agent_kind_find(s->agent->kind), .lock_fd = -1};
	settings_agent(s->agent, &t->agent);
	t->dir = path_join(s->place->state_dir, PATH_TRIAL);
	t->worktree = mem_printf("%s/gate/%s", t->dir, s->place->name);
	t->branch = branch_expand(s->config->git_task_branch, "trial", "trial");
	t->epic_branch = branch_expand(s->config->git_epic_branch, "trial", NULL);
	t->prompt = path_join(t->dir, "prompt");
	t->result = path_join(t->dir, "result");
	t->log = path_join(t->dir, "log");
	t->env = (struct child_env){.lock_fd = -1};
	t->git_spec = (struct git_epic_spec){
		.epic = PATH_TRIAL,
		.epic_branch = t->epic_branch,
		.base = s->config->base,
		.state_dir = t->dir,
		.push = GIT_PUSH_NEVER,
	};
	t->attempt = (struct agent_attempt){
		.epic = "trial",
		.task = "trial",
		.title = "a trial of the agent",
		.attempt = 1,
		.branch = t->branch,
		.epic_branch = t->epic_branch,
		.base = base_of(s),
		.root = s->place->root,
		.repository = s->place->name,
		.worktree = t->worktree,
		.git_dir = s->place->common_dir,
		.prompt_path = t->prompt,
		.result_path = t->result,
		.log_path = t->log,
	};
}

static int worktree_make(struct trying *t, struct err *e)
{
	const struct config *c = t->s->config;
	struct git_worktree made = {0};
	struct git_worktree_spec spec = {
		.path = t->worktree,
		.include = (const char *const *)c->worktree_include,
		.link = (const char *const *)c->worktree_link,
	};

	char *lock CLEANUP(freep) =
		mem_printf("%s/ganger/%s.lock", t->s->place->common_dir, PATH_TRIAL);
	if (store_lock(lock, &t->lock_fd, e) || dir_make(t->dir, e) ||
	    file_write(t->prompt, STR("a trial\n"), false, e) ||
	    t->s->parts->git_open(t->s->place, &t->git_spec, &t->env, &t->git, e) ||
	    base_resolve(t, &spec.at, e))
		return e->code;
	return t->git->ops->worktree(t->git, &spec, &made, e);
}

/* The end of a text, from the start of a line where one is near. */
static struct str tail_of(struct str s)
{
	const char *line;

	s = str_trim(s);
	if (s.n <= TAIL_MAX)
		return s;
	s = (struct str){s.p + s.n - TAIL_MAX, TAIL_MAX};
	line = memchr(s.p, '\n', s.n / 2);
	return line ? (struct str){line + 1, s.n - (size_t)(line + 1 - s.p)} : s;
}

/* How a program ended, and the end of what it printed. */
static void
step_judge(struct trial_step *step, int rc, const struct child_result *r, const struct err *e)
{
	struct buf text CLEANUP(buf_done) = BUF_INIT;
	const struct buf *out = str_trim(buf_str(&r->errout)).n ? &r->errout : &r->out;
	struct str tail = tail_of(buf_str(out));

	step->result = rc == 0 && r->exit_code == 0 ? TRIAL_OK : TRIAL_FAILED;
	if (step->result == TRIAL_OK)
		return;
	if (rc < 0)
		buf_puts(&text, e->msg);
	else
		buf_printf(&text, "it ended with %d", r->exit_code);
	if (tail.n)
		buf_puts(&text, "\n");
	buf_add(&text, tail.p, tail.n);
	step->text = buf_take(&text);
}

/* Run a command with this environment and no other; 'env -i' is what sets it. */
static void step_run(struct trying *t,
		     struct trial_step *step,
		     const struct agent_command *command,
		     int64_t timeout_ms)
{
	VEC(const char *) argv = {0};
	struct child_result result CLEANUP(child_result_done) = {0};
	struct buf input CLEANUP(buf_done) = BUF_INIT;
	struct err e = ERR_INIT;
	int rc = 0;

	VEC_PUSH(&argv, "env");
	VEC_PUSH(&argv, "-i");
	for (char *const *p = command->envp; *p; p++)
		VEC_PUSH(&argv, *p);
	for (char *const *p = command->argv; *p; p++)
		VEC_PUSH(&argv, *p);
	VEC_PUSH(&argv, NULL);
	if (command->stdin_path)
		rc = file_read(command->stdin_path, OUTPUT_MAX, &input, &e);
	struct child_spec spec = {
		.env = &t->env,
		.cwd = command->cwd ? command->cwd : t->worktree,
		.argv = argv.items,
		.input = buf_str(&input),
		.timeout_ms = timeout_ms > 0 ? timeout_ms : 0,
		.out_max = OUTPUT_MAX,
	};
	if (rc == 0)
		rc = child_run(&spec, &result, &e);
	step_judge(step, rc, &result, &e);
	VEC_DONE(&argv);
}

/* A command of ganger.yaml; NULL: there is none. */
static void step_plain(struct trying *t, struct trial_step *step, char **argv, int64_t timeout_ms)
{
	struct agent_command command = {.argv = argv};

	if (!argv) {
		step->result = TRIAL_NOT_SET;
		return;
	}
	command.envp = agent_env(NULL, &t->attempt);
	step_run(t, step, &command, timeout_ms);
	agent_env_free(command.envp);
}

/* A tracker that cannot be opened is another check's matter; the built-in one, where there is none yet,
 * would be made by it, and agents need nothing for it. */
static void find_tracker_env(struct trying *t)
{
	struct tracker *tracker = NULL;
	struct err e = ERR_INIT;

	if (streq(t->s->config->tracker, "local"))
		return;
	if (t->s->parts->tracker_open(t->s->place, t->s->config, &tracker, &e))
		return;
	if (tracker->ops->agent_env)
		t->tracker_env = tracker->ops->agent_env(tracker, "ganger trial");
	tracker->ops->free(tracker);
	t->attempt.tracker_env = (const char *const *)t->tracker_env;
}

static void step_probe(struct trying *t, struct trial_step *step)
{
	struct agent_command command = {0};
	struct err e = ERR_INIT;

	if (!t->s->agent->probe) {
		step->result = TRIAL_NOT_SET;
		return;
	}
	if (!t->kind) {
		step_fail(step, "this version does not have its kind");
		return;
	}
	find_tracker_env(t);
	if (t->kind->command(&t->agent, &t->attempt, /* probe */ true, &command, &e) < 0)
		step_fail(step, e.msg);
	else
		step_run(t, step, &command, PROBE_TIMEOUT_MS);
	agent_command_done(&command);
}

void trial_run(const struct trial_spec *s, struct trial *ret)
{
	const struct config *c = s->config;
	struct trying t CLEANUP(trying_done);
	struct err e = ERR_INIT;

	*ret = (struct trial){
		{TRIAL_NOT_TRIED, NULL},
		{TRIAL_NOT_TRIED, NULL},
		{TRIAL_NOT_TRIED, NULL},
		{TRIAL_NOT_TRIED, NULL}
        };
	trying_init(&t, s);
	if (worktree_make(&t, &e) < 0) {
		step_fail(&ret->worktree, e.msg);
		return;
	}
	ret->worktree.result = TRIAL_OK;
	step_plain(&t, &ret->setup, c->worktree_setup, c->worktree_setup_timeout);
	if (ret->setup.result == TRIAL_FAILED)
		return;
	step_probe(&t, &ret->probe);
	if (!c->queue_check)
		ret->check.result = TRIAL_NOT_SET;
	for (const struct config_check *x = c->queue_check; x && x->run; x++) {
		step_plain(&t, &ret->check, x->run, x->timeout < 0 ? c->queue_timeout : x->timeout);
		if (ret->check.result == TRIAL_FAILED)
			return;
	}
}

void trial_done(struct trial *t)
{
	if (!t)
		return;
	free(t->worktree.text);
	free(t->setup.text);
	free(t->probe.text);
	free(t->check.text);
	*t = (struct trial){0};
}
