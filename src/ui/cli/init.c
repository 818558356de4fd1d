#include "base/clean.h"
#include "base/file.h"
#include "config/presets.h"
#include "ui/cli/cli.h"
#include "ui/cli/commands.h"
#include "ui/cli/guess.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* Sessions at once of an agent that was found: most providers' plans bear few. */
#define AGENT_AT_ONCE 3

/* Column of the comments in the written file. */
#define COMMENT_COLUMN 34

struct init {
	struct cli *c;
	bool github;
	char *repository; /* on GitHub, as the remote says; NULL: it does not */
	struct guess guess;
	VEC(const struct config_preset *) agents; /* those on PATH */
	struct buf file;                          /* ganger.yaml in the making */
};

static void init_done(struct init *in)
{
	free(in->repository);
	guess_done(&in->guess);
	VEC_DONE(&in->agents);
	buf_done(&in->file);
}

static void look_for_agents(struct init *in)
{
	for (const struct config_preset *p = config_presets; p->name; p++) {
		char *path CLEANUP(freep) = guess_program(p->program);

		if (path)
			VEC_PUSH(&in->agents, p);
	}
}

/* The value that this key is given, as YAML; false: it stays a comment. */
static bool value_of(const struct init *in, const char *key, struct buf *b)
{
	const char *where = in->github ? "github" : "local";

	if (streq(key, "tracker") || streq(key, "forge"))
		buf_puts(b, where);
	else if (streq(key, "github.repository") && in->github && in->repository)
		buf_yaml_text(b, in->repository);
	else if (streq(key, "agent") && in->agents.n)
		buf_puts(b, in->agents.items[0]->name);
	else if (streq(key, "queue.check") && in->guess.check)
		buf_yaml_text(b, in->guess.check);
	else if (streq(key, "worktree.setup") && in->guess.setup)
		buf_yaml_text(b, in->guess.setup);
	else
		return false;
	return true;
}

/* Its name is a key with a value already, so that it cannot be opened as a map. */
static bool is_key_too(const char *section)
{
	size_t n;
	const struct config_key_info *k = config_keys(&n);

	for (size_t i = 0; i < n; i++) {
		if (!k[i].section[0] && streq(k[i].name, section))
			return true;
	}
	return false;
}

/* "  # timeout: 2h     # how long an attempt may take" */
static void write_key(struct init *in, const struct config_key_info *k)
{
	struct buf key CLEANUP(buf_done) = BUF_INIT;
	struct buf value CLEANUP(buf_done) = BUF_INIT;
	struct buf line CLEANUP(buf_done) = BUF_INIT;
	const char *indent = "  ", *name = k->name;

	buf_config_key(&key, k);
	if (!k->section[0] || is_key_too(k->section)) {
		indent = "";
		name = buf_cstr(&key);
	}
	if (value_of(in, buf_cstr(&key), &value))
		buf_printf(&line, "%s%s: %s", indent, name, buf_cstr(&value));
	else
		buf_printf(&line, "%s# %s%s:%s%s", indent, streq(k->section, "agents") ? "  " : "",
			   name, k->default_[0] ? " " : "", k->default_);
	buf_printf(&in->file, "%-*s  # %s\n", COMMENT_COLUMN, buf_cstr(&line), k->help);
}

/* A command as a block where quotes would have to be escaped. */
static void write_command(struct init *in, const char *key, const char *command)
{
	struct buf text CLEANUP(buf_done) = BUF_INIT;

	buf_yaml_text(&text, command);
	if (buf_cstr(&text)[0] == '"' && !strchr(command, '\n'))
		buf_printf(&in->file, "    %s: |-\n      %s\n", key, command);
	else
		buf_printf(&in->file, "    %s: %s\n", key, buf_cstr(&text));
}

static void write_texts(struct init *in, const char *key, const char *const *texts)
{
	buf_printf(&in->file, "    %s:\n", key);
	for (; *texts; texts++) {
		buf_puts(&in->file, "      - ");
		buf_yaml_text(&in->file, *texts);
		buf_putc(&in->file, '\n');
	}
}

static void write_env(struct init *in, const char *const *env)
{
	buf_puts(&in->file, "    env:\n");
	for (; *env; env++) {
		int n = (int)strcspn(*env, "=");

		buf_printf(&in->file, "      %.*s:", n, *env);
		if ((*env)[n]) {
			buf_putc(&in->file, ' ');
			buf_yaml_text(&in->file, *env + n + 1);
		}
		buf_putc(&in->file, '\n');
	}
}

/*
 * What can be talked to is: it is judged by its own record of success, asked for what it may do, told
 * things, and goes on in its session after a silence.
 */
static bool talks(const struct config_preset *p)
{
	return p->talk_kind;
}

static void write_agent(struct init *in, const struct config_preset *p)
{
	buf_printf(&in->file, "  %s:\n", p->name);
	if (!p->tested)
		buf_puts(&in->file, "    # untested: not tried on the real program\n");
	if (p->note)
		buf_printf(&in->file, "    # %s\n", p->note);
	if (talks(p))
		buf_printf(&in->file,
			   "    kind: %s  # talked to by its protocol; command: started once, "
			   "judged by its exit code\n",
			   p->talk_kind);
	else
		write_command(in, "command", p->command);
	if (p->probe)
		write_command(in, "probe", p->probe);
	if (p->env)
		write_env(in, p->env);
	if (p->pause_on)
		write_texts(in, "pause_on", p->pause_on);
	buf_printf(&in->file, "    max_concurrent: %d\n", AGENT_AT_ONCE);
}

static void write_agents(struct init *in)
{
	for (size_t i = 0; i < in->agents.n; i++)
		write_agent(in, in->agents.items[i]);
	buf_puts(&in->file, "  # NAME:\n");
}

static void write_section(struct init *in, const struct config_section_info *s)
{
	size_t n;
	const struct config_key_info *k = config_keys(&n);

	if (is_key_too(s->name))
		buf_printf(&in->file, "\n# %s\n", s->help);
	else
		buf_printf(&in->file, "\n# %s\n%s:\n", s->help, s->name);
	if (streq(s->name, "agents"))
		write_agents(in);
	for (size_t i = 0; i < n; i++) {
		if (streq(k[i].section, s->name))
			write_key(in, &k[i]);
	}
}

static void write_file(struct init *in)
{
	size_t n_keys, n_sections;
	const struct config_key_info *k = config_keys(&n_keys);
	const struct config_section_info *s = config_sections(&n_sections);
	struct config check;
	struct err e = ERR_INIT;

	buf_puts(&in->file,
		 "# Settings of ganger for this repository. What is commented out shows the\n"
		 "# default; 'ganger help config' and ganger.yaml(5) explain every key.\n\n");
	for (size_t i = 0; i < n_keys; i++) {
		if (!k[i].section[0])
			write_key(in, &k[i]);
	}
	for (size_t i = 0; i < n_sections; i++)
		write_section(in, &s[i]);
	config_init(&check);
	CHECK(config_read_text(&check, "ganger.yaml", buf_str(&in->file), &e) == 0);
	config_done(&check);
}

/* What was found, aloud, each with the key that changes it. */

static void say(const struct init *in, const char *what, const char *value, const char *key)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;

	buf_printf(&b, "%-9s ", what);
	buf_line(&b, str_of(value));
	if (key)
		buf_printf(&b, "  [%s]", key);
	buf_putc(&b, '\n');
	cli_print_buf(in->c, &b);
}

static void say_repository(const struct init *in)
{
	const struct place *p = &in->c->place;
	char *remote CLEANUP(freep) = NULL, *base CLEANUP(freep) = NULL;

	say(in, "git", p->git_version, NULL);
	if (p->remote_branch)
		base = mem_printf("%s, the default branch of '%s'", p->remote_branch, p->remote);
	else if (p->branch)
		base = mem_printf("%s, the current branch", p->branch);
	say(in, "base", base ? base : "none: no branch is checked out", "base");
	if (p->remote && in->github)
		remote = mem_printf("%s, to which branches are pushed", p->remote);
	else if (p->remote)
		remote = mem_printf("%s, to which nothing is pushed", p->remote);
	say(in, "remote", remote ? remote : "none", p->remote ? "git.push" : NULL);
	if (p->unborn)
		cli_warn(in->c, "there is no commit yet: make one before 'ganger run'");
}

static void say_project(const struct init *in)
{
	const struct guess *g = &in->guess;
	char *check CLEANUP(freep) = NULL, *setup CLEANUP(freep) = NULL;

	if (g->check)
		check = mem_printf("%s, from %s", g->check, g->check_from);
	if (g->setup)
		setup = mem_printf("%s, from %s", g->setup, g->setup_from);
	say(in, "check", check ? check : "none found: what is merged will be untested",
	    "queue.check");
	for (size_t i = 0; i < g->others.n; i++)
		say(in, "  or", g->others.items[i], "queue.check");
	say(in, "set-up", setup ? setup : "none found", "worktree.setup");
}

/* A key that is set but not passed on: with it, an agent may bill by use without being asked to. */
static void say_keys(const struct init *in, const struct config_preset *p)
{
	for (const char *const *key = p->keys; key && *key; key++) {
		const char *value = getenv(*key);

		if (!value || !value[0])
			continue;
		cli_print(in->c,
			  "          %s is set but not passed on to %s: with it, calls may "
			  "be billed by use  [agents.%s.env: {%s: null}]\n",
			  *key, p->name, p->name, *key);
	}
}

static void say_agents(const struct init *in)
{
	struct buf looked CLEANUP(buf_done) = BUF_INIT;

	for (size_t i = 0; i < in->agents.n; i++) {
		const struct config_preset *p = in->agents.items[i];
		char *text CLEANUP(freep) = mem_printf(
			"%s (%s)%s%s, %d at once", p->name, p->title, p->tested ? "" : ", untested",
			talks(p) ? ", talked to by its protocol" : "", AGENT_AT_ONCE);

		say(in, i ? "  or" : "agent", text, i ? "agent" : "agent, agents.NAME");
		if (talks(p))
			cli_print(in->c,
				  "          to start it once a task, judged by its exit code: "
				  "'command'  [agents.%s.kind]\n",
				  p->name);
		say_keys(in, p);
	}
	if (in->agents.n)
		return;
	for (const struct config_preset *p = config_presets; p->name; p++)
		buf_printf(&looked, "%s%s", p == config_presets ? "" : ", ", p->program);
	cli_print(in->c, "agent     none on PATH (looked for %s)  [agent, agents.NAME.command]\n",
		  buf_cstr(&looked));
}

static void say_github(const struct init *in)
{
	if (!in->github) {
		say(in, "issues", "the built-in tracker, on this machine", "tracker");
		say(in, "pulls", "the built-in queue, on this machine", "forge");
		return;
	}
	say(in, "issues", "GitHub: others see what is written there", "tracker");
	say(in, "where", in->repository ? in->repository : "not known: set it",
	    "github.repository");
	say(in, "pulls", "GitHub: branches are pushed, pull requests opened and merged", "forge");
}

/* Never over one that is there. */
static int file_make(const char *path, const struct buf *text, struct err *e)
{
	int fd CLEANUP(closep) = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	size_t done = 0;

	if (fd < 0)
		return err_sys(e, "could not make '%s'", path);
	while (done < text->n) {
		ssize_t n = write(fd, buf_cstr(text) + done, text->n - done);

		if (n < 0 && errno != EINTR) {
			(void)err_sys(e, "could not write '%s'", path);
			(void)unlink(path); /* half a file would be worse than none */
			return e->code;
		}
		done += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* A file that is there is left, but one that cannot be read is worth saying. */
static int leave_as_is(struct cli *c, const char *path)
{
	struct config old;
	struct err e = ERR_INIT;
	int rc;

	config_init(&old);
	rc = config_read_file(&old, path, &e);
	config_done(&old);
	if (rc < 0)
		return cli_fail(c, &e);
	cli_print(c, "'ganger.yaml' is there already, and is left as it is\n");
	return CLI_OK;
}

int cmd_init(struct cli *c, int argc, char **argv)
{
	struct init in CLEANUP(init_done) = {
		.c = c, .github = cli_flag(c, "github"), .file = BUF_INIT};
	char *path CLEANUP(freep) = path_join(c->place.root, "ganger.yaml");
	struct err e = ERR_INIT;

	(void)argc;
	(void)argv;
	if (c->overrides.n)
		return cli_usage(c, "'init' takes no -c: it writes the file that -c overrides");
	if (file_exists(path))
		return leave_as_is(c, path);
	guess_project(c->place.root, &in.guess);
	if (in.github)
		in.repository = c->parts->github_repository(c->place.remote_url, NULL);
	look_for_agents(&in);
	write_file(&in);
	if (file_make(path, &in.file, &e) < 0)
		return cli_fail(c, &e);
	say_repository(&in);
	say_github(&in);
	say_agents(&in);
	say_project(&in);
	cli_print(c, "\nwrote ganger.yaml; keys are in [brackets]\n"
		     "next: 'ganger add' or 'ganger import' issues, then 'ganger plan EPIC'\n");
	return CLI_OK;
}
