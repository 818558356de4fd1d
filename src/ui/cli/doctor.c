#include "base/child.h"
#include "base/clean.h"
#include "base/file.h"
#include "run/trial.h"
#include "ui/cli/cli.h"
#include "ui/cli/commands.h"
#include "ui/cli/guess.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/statvfs.h>

#define DISK_WARN_BYTES ((uint64_t)2 << 30)
#define DISK_FAIL_BYTES ((uint64_t)200 << 20)
/* Descriptors: what the program has anyway, and what a session takes. */
#define FILES_BASE      64u
#define FILES_SESSION   8u

enum level { LEVEL_OK = 1, LEVEL_WARN, LEVEL_FAIL, LEVEL_COUNT };

static const char *const level_names[LEVEL_COUNT] = {
	[LEVEL_OK] = "ok", [LEVEL_WARN] = "warn", [LEVEL_FAIL] = "fail"};

/* What a check found. */
struct finding {
	const char *check; /* its name */
	enum level level;
	char *text; /* owned */
	char *hint; /* what to do, or NULL; owned */
};

struct doctor {
	struct cli *c;
	VEC(struct finding) findings;
	bool has_place; /* later checks need it */
	bool has_config;
	bool has_state;
	char *shim; /* NULL: not found */
};

static void doctor_done(struct doctor *d)
{
	for (size_t i = 0; i < d->findings.n; i++) {
		free(d->findings.items[i].text);
		free(d->findings.items[i].hint);
	}
	VEC_DONE(&d->findings);
	free(d->shim);
}

PRINTF_LIKE(4, 5)
static void found(struct doctor *d, const char *check, enum level level, const char *fmt, ...)
{
	struct buf b = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	VEC_PUSH(&d->findings, ((struct finding){check, level, buf_take(&b), NULL}));
}

/* What to do about the last finding. */
PRINTF_LIKE(2, 3)
static void advise(struct doctor *d, const char *fmt, ...)
{
	struct finding *f = &d->findings.items[d->findings.n - 1];
	struct buf b = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	free(f->hint);
	f->hint = buf_take(&b);
}

static void found_error(struct doctor *d, const char *check, const struct err *e)
{
	found(d, check, LEVEL_FAIL, "%s", e->msg);
	if (e->hint[0])
		advise(d, "%s", e->hint);
}

static void check_git(struct doctor *d)
{
	struct place *p = &d->c->place;
	char *cwd CLEANUP(freep) = getcwd(NULL, 0);
	struct err e = ERR_INIT;

	if (!cwd) {
		(void)err_sys(&e, "could not find the current folder");
		found_error(d, "git", &e);
		return;
	}
	if (d->c->parts->discover(cwd, p, &e) < 0) {
		found_error(d, "git", &e);
		return;
	}
	d->has_place = true;
	found(d, "git", LEVEL_OK, "version %s, repository '%s'", p->git_version, p->name);
}

static void check_commit(struct doctor *d)
{
	if (!d->c->place.unborn) {
		found(d, "commits", LEVEL_OK, "there is something to start from");
		return;
	}
	found(d, "commits", LEVEL_FAIL, "there is no commit yet");
	advise(d, "commit something: an epic branch has to begin somewhere");
}

static void check_identity(struct doctor *d)
{
	const struct place *p = &d->c->place;

	if (p->user_name && p->user_email) {
		found(d, "identity", LEVEL_OK, "%s <%s>", p->user_name, p->user_email);
		return;
	}
	found(d, "identity", LEVEL_WARN,
	      "Git does not know who commits: merges will be by 'ganger'");
	advise(d, "git config --global user.name NAME, and user.email ADDRESS");
}

/* A branch of that name leaves no room for branches below it. */
static void check_branch(struct doctor *d, const char *name)
{
	char *ref CLEANUP(freep) = mem_printf("refs/heads/%s", name);
	const char *const argv[] = {
		"git", "-C", d->c->place.root, "show-ref", "--verify", "--quiet", ref, NULL};
	struct child_spec spec = {.argv = argv, .timeout_ms = 10000};
	struct child_result r CLEANUP(child_result_done) = {0};
	struct err e = ERR_INIT;

	if (child_run(&spec, &r, &e) < 0) {
		found_error(d, "branches", &e);
	} else if (r.exit_code == 0) {
		found(d, "branches", LEVEL_FAIL,
		      "there is a branch '%s': no branch '%s/…' can be made beside it", name, name);
		char *to CLEANUP(freep) = mem_printf("%s-old", name);
		char *from_word CLEANUP(freep) = shell_word(name);
		char *to_word CLEANUP(freep) = shell_word(to);

		advise(d, "git branch -m %s %s, or change git.epic_branch and git.task_branch",
		       from_word, to_word);
	} else {
		found(d, "branches", LEVEL_OK, "'%s/…' is free", name);
	}
}

/* The part of a pattern in front of its first slash. */
static void check_branches(struct doctor *d)
{
	const char *const patterns[] = {d->c->config.git_epic_branch, d->c->config.git_task_branch};

	for (size_t i = 0; i < ARRAY_LEN(patterns); i++) {
		struct str rest = str_of(patterns[i]), first;
		char *name;

		if (!str_next(&rest, '/', &first) || !rest.n || memchr(first.p, '{', first.n))
			continue;
		name = mem_strndup(first.p, first.n);
		check_branch(d, name);
		free(name);
	}
}

static void check_config(struct doctor *d)
{
	struct err e = ERR_INIT;

	if (cli_config(d->c, &e) < 0) {
		found_error(d, "settings", &e);
		return;
	}
	d->has_config = true;
	if (d->c->config.path) {
		found(d, "settings", LEVEL_OK, "ganger.yaml can be used");
		return;
	}
	found(d, "settings", LEVEL_WARN, "there is no ganger.yaml: the defaults hold");
	advise(d, "ganger init");
}

static void check_known(struct doctor *d, const char *key, const char *value, bool known)
{
	if (known)
		return;
	found(d, "settings", LEVEL_FAIL, "%s: this version does not have '%s'", key, value);
	advise(d, "set %s to local", key);
}

static void check_kinds(struct doctor *d)
{
	const struct config *k = &d->c->config;

	check_known(d, "tracker", k->tracker, d->c->parts->tracker_known(k->tracker));
	check_known(d, "forge", k->forge, d->c->parts->forge_known(k->forge));
	check_known(d, "executor", k->executor, streq(k->executor, "local"));
}

static void check_state(struct doctor *d)
{
	struct place *p = &d->c->place;
	struct err e = ERR_INIT;
	char *probe CLEANUP(freep) = NULL;
	int rc = place_set_state(p, d->c->config.state_dir, &e);

	if (rc == 0)
		rc = dir_make(p->state_dir, &e);
	if (rc == 0)
		rc = d->c->parts->state_check(p->state_dir, &e);
	if (rc == 0) {
		probe = path_join(p->state_dir, ".doctor");
		rc = file_write(probe, STR("a trial\n"), /* durable */ true, &e);
		(void)unlink(probe); /* nothing worse than a small file stays */
	}
	if (rc < 0) {
		found_error(d, "state", &e);
		return;
	}
	d->has_state = true;
	found(d, "state", LEVEL_OK, "kept in '%s'", p->state_dir);
}

static void check_disk(struct doctor *d)
{
	struct statvfs fs;
	uint64_t room;
	enum level level = LEVEL_OK;

	if (statvfs(d->c->place.state_dir, &fs) < 0)
		return;
	room = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (room < DISK_WARN_BYTES)
		level = LEVEL_WARN;
	if (room < DISK_FAIL_BYTES)
		level = LEVEL_FAIL;
	found(d, "disk", level, "%" PRIu64 " MiB are free", room >> 20);
	if (level != LEVEL_OK)
		advise(d, "make room, or name another disk with state_dir");
}

static void check_files(struct doctor *d)
{
	unsigned sessions = (unsigned)d->c->config.limits_max_concurrent;
	rlim_t needed = FILES_BASE + FILES_SESSION * sessions;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	if (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= needed) {
		found(d, "files", LEVEL_OK, "enough can be open for %u sessions", sessions);
		return;
	}
	found(d, "files", LEVEL_WARN, "only %" PRIu64 " can be open; %u sessions want %" PRIu64,
	      (uint64_t)limit.rlim_cur, sessions, (uint64_t)needed);
	advise(d, "ulimit -n %" PRIu64 ", or lower limits.max_concurrent", (uint64_t)needed);
}

static void check_shim(struct doctor *d)
{
	struct err e = ERR_INIT;

	if (d->c->parts->shim_path(&d->shim, &e) < 0)
		found_error(d, "shim", &e);
	else
		found(d, "shim", LEVEL_OK, "'%s'", d->shim);
}

static void check_processes(struct doctor *d)
{
	int fd CLEANUP(closep) = pidfd_open(getpid(), 0);
	struct err why = ERR_INIT;

	if (fd < 0) {
		found(d, "processes", LEVEL_FAIL, "this kernel has no pidfd");
		advise(d, "Linux 5.4 or newer is needed");
		return;
	}
	if (d->shim && d->c->parts->cgroup_usable(d->shim, &why))
		found(d, "processes", LEVEL_OK, "are held by pidfd and cgroup");
	else
		found(d, "processes", LEVEL_OK, "are held by pidfd; no cgroup: %s",
		      why.msg[0] ? why.msg : "not tried");
}

/* The program that a command starts with, as far as its text says. NULL: it does not. Owned. */
static char *first_program(char *const *argv)
{
	struct str rest, word;

	if (!streq(argv[0], "sh") || !streq(argv[1], "-c") || !argv[2])
		return mem_strdup(argv[0]);
	rest = str_trim(str_of(argv[2]));
	while (str_next(&rest, ' ', &word)) {
		char *text = mem_strndup(word.p, word.n);

		if (text[0] && !streq(text, "exec") && !strpbrk(text, "=$`'\"(){};&|<>\n\t"))
			return text;
		if (text[0] && !streq(text, "exec")) {
			free(text);
			return NULL;
		}
		free(text);
	}
	return NULL;
}

static void check_agent(struct doctor *d, const struct config_agent *a)
{
	char *program CLEANUP(freep) = a->command ? first_program(a->command) : NULL;
	char *path CLEANUP(freep) = NULL;

	if (!d->c->parts->agent_known(a->kind)) {
		found(d, "agent", LEVEL_FAIL, "%s: this version does not have kind '%s'", a->name,
		      a->kind);
		return;
	}
	if (!program) {
		found(d, "agent", LEVEL_OK, "%s", a->name);
		return;
	}
	path = strchr(program, '/') ? mem_strdup(program) : guess_program(program);
	if (path) {
		found(d, "agent", LEVEL_OK, "%s: '%s'", a->name, path);
		return;
	}
	/* A word of the shell is no program, and fine. */
	found(d, "agent", LEVEL_WARN, "%s: there is no program '%s' on PATH", a->name, program);
	advise(d, "install it, or set agents.%s.command", a->name);
}

/* The agent that a run would use; NULL: none. */
static const struct config_agent *agent_chosen(struct doctor *d)
{
	const struct config_agent *a = NULL;
	struct err e = ERR_INIT;

	if (config_agent(&d->c->config, cli_value(d->c, "agent"), &a, &e) < 0) {
		found_error(d, "agent", &e);
		return NULL;
	}
	check_agent(d, a);
	return a;
}

static void check_check(struct doctor *d)
{
	if (d->c->config.queue_check) {
		found(d, "check", LEVEL_OK, "what is merged is tested");
		return;
	}
	found(d, "check", LEVEL_WARN, "none is set: what lands is untested");
	advise(d, "set queue.check to the command that runs the tests");
}

static void
found_step(struct doctor *d, const char *check, const struct trial_step *s, const char *key)
{
	switch (s->result) {
	case TRIAL_OK:
		found(d, check, LEVEL_OK, "works on the untouched base");
		break;
	case TRIAL_FAILED:
		found(d, check, LEVEL_FAIL, "does not work on the untouched base: %s", s->text);
		if (key)
			advise(d, "it is set with %s", key);
		break;
	case TRIAL_NOT_SET:
		found(d, check, LEVEL_OK, "nothing to try: %s is not set", key);
		break;
	case TRIAL_NOT_TRIED:
		found(d, check, LEVEL_WARN, "not tried");
		break;
	}
}

static void check_trial(struct doctor *d, const struct config_agent *a)
{
	char *probe CLEANUP(freep) = mem_printf("agents.%s.probe", a->name);
	struct trial t CLEANUP(trial_done) = {0};
	struct trial_spec spec = {
		.place = &d->c->place,
		.config = &d->c->config,
		.agent = a,
		.parts = d->c->parts,
	};

	trial_run(&spec, &t);
	found_step(d, "worktree", &t.worktree, NULL);
	found_step(d, "set-up", &t.setup, "worktree.setup");
	found_step(d, "probe", &t.probe, probe);
	found_step(d, "base", &t.check, "queue.check");
}

static void checks_run(struct doctor *d)
{
	const struct config_agent *a = NULL;

	check_git(d);
	check_shim(d);
	check_processes(d);
	if (!d->has_place)
		return;
	check_commit(d);
	check_identity(d);
	check_config(d);
	if (!d->has_config)
		return;
	check_kinds(d);
	check_branches(d);
	check_state(d);
	if (d->has_state)
		check_disk(d);
	check_files(d);
	a = agent_chosen(d);
	check_check(d);
	if (a && cli_flag(d->c, "agent") && d->has_state && d->shim && !d->c->place.unborn)
		check_trial(d, a);
}

static void print_json(const struct doctor *d)
{
	cJSON *o = cJSON_CreateObject(), *list = cJSON_CreateArray();

	for (size_t i = 0; i < d->findings.n; i++) {
		const struct finding *f = &d->findings.items[i];
		cJSON *item = cJSON_CreateObject();

		cJSON_AddItemToObject(item, "check", cli_json_text(f->check));
		cJSON_AddItemToObject(item, "result", cli_json_text(level_names[f->level]));
		cJSON_AddItemToObject(item, "text", cli_json_text(f->text));
		cJSON_AddItemToObject(item, "hint", cli_json_text(f->hint));
		cJSON_AddItemToArray(list, item);
	}
	cJSON_AddItemToObject(o, "checks", list);
	cli_print_json(d->c, o);
}

/* "ok    git         version 2.39.5", further lines of the text below it. */
static void print_finding(const struct doctor *d, const struct finding *f)
{
	static const char *const colours[LEVEL_COUNT] = {
		[LEVEL_OK] = "\033[32m", [LEVEL_WARN] = "\033[33m", [LEVEL_FAIL] = "\033[31m"};
	struct buf b CLEANUP(buf_done) = BUF_INIT;
	struct str rest = str_of(f->text), line;
	bool colour = d->c->colour_out, first = true;

	while (str_next(&rest, '\n', &line)) {
		if (first)
			buf_printf(&b, "%s%-5s%s %-10s ", colour ? colours[f->level] : "",
				   level_names[f->level], colour ? "\033[0m" : "", f->check);
		else
			buf_printf(&b, "%17s", "");
		buf_line(&b, line);
		buf_putc(&b, '\n');
		first = false;
	}
	if (f->hint) {
		buf_printf(&b, "%17s-> ", "");
		buf_line(&b, str_of(f->hint));
		buf_putc(&b, '\n');
	}
	cli_print_buf(d->c, &b);
}

int cmd_doctor(struct cli *c, int argc, char **argv)
{
	struct doctor d CLEANUP(doctor_done) = {.c = c};
	int code = CLI_OK;

	(void)argc;
	(void)argv;
	checks_run(&d);
	for (size_t i = 0; i < d.findings.n; i++) {
		if (d.findings.items[i].level == LEVEL_FAIL)
			code = CLI_ENVIRONMENT;
		if (!cli_flag(c, "json"))
			print_finding(&d, &d.findings.items[i]);
	}
	if (cli_flag(c, "json"))
		print_json(&d);
	return code;
}
