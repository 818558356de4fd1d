#include "config/config.h"

#include "base/clean.h"
#include "base/file.h"
#include "base/near.h"
#include "config/agents.h"
#include "config/keys.h"
#include "config/node.h"
#include "config/value.h"

#include <string.h>

#define CONFIG_FILE_MAX (1u << 20)
#define AGENTS_MAX      1000u

/* One source of settings while it is read. */
struct source {
	struct config *c;
	const char *path; /* of the file; NULL: -c */
};

static struct config_origin origin_of(const struct source *s, const struct node *n)
{
	return s->path ? (struct config_origin){CONFIG_FILE, n->line}
		       : (struct config_origin){CONFIG_OPTION, 0};
}

/* "cannot use 'ganger.yaml' line 3: ", or "cannot use -c: ". */
static int source_error(const struct source *s, const struct node *n, struct err *e)
{
	if (s->path)
		return err_wrap(e, "cannot use '%s' line %d", s->path, n->line);
	return err_wrap(e, "cannot use -c");
}

void config_init(struct config *c)
{
	size_t n;
	const struct config_key_info *k = config_keys(&n);

	*c = (struct config){0};
	for (size_t i = 0; i < n; i++) {
		if (!key_is_agents(&k[i]))
			value_default(&k[i], key_field(c, i));
	}
}

static void agent_done(struct config_agent *a)
{
	size_t n;
	const struct config_key_info *k = config_keys(&n);

	for (size_t i = 0; i < n; i++) {
		if (key_is_agents(&k[i]))
			value_done(k[i].type, key_field(a, i));
	}
	free(a->name);
}

void config_done(struct config *c)
{
	size_t n;
	const struct config_key_info *k = config_keys(&n);

	if (!c)
		return;
	for (size_t i = 0; i < n; i++) {
		if (!key_is_agents(&k[i]))
			value_done(k[i].type, key_field(c, i));
	}
	for (size_t i = 0; i < c->agents.n; i++)
		agent_done(&c->agents.items[i]);
	VEC_DONE(&c->agents);
	free(c->path);
	*c = (struct config){0};
}

/* "limits.timeout" as written, for messages: the path of keys to a node. */
struct trail {
	char text[256];
};

static void trail_add(struct trail *t, const char *key)
{
	size_t n = strlen(t->text);

	(void)snprintf(t->text + n, sizeof(t->text) - n, "%s%s", n ? "." : "", key);
}

/* The row of a key by its full name; agents' keys as "agents.NAME.kind". -1: there is none. */
static int row_find(const char *section, const char *name)
{
	size_t n;
	const struct config_key_info *k = config_keys(&n);

	for (size_t i = 0; i < n; i++) {
		if (streq(k[i].section, section) && streq(k[i].name, name))
			return (int)i;
	}
	return -1;
}

static int unknown_key(const struct source *s,
		       const struct node *n,
		       const struct trail *t,
		       const char *agent,
		       struct err *e)
{
	struct near near = NEAR_INIT(t->text);
	char names[128][96];
	size_t n_keys, n_sections;
	const struct config_key_info *k = config_keys(&n_keys);
	const struct config_section_info *sections = config_sections(&n_sections);

	CHECK(n_keys <= ARRAY_LEN(names));
	for (size_t i = 0; i < n_keys; i++) {
		bool agents = key_is_agents(&k[i]);

		(void)snprintf(names[i], sizeof(names[i]), "%s%s%s%s%s", k[i].section,
			       k[i].section[0] ? "." : "", agents ? (agent ? agent : "NAME") : "",
			       agents ? "." : "", k[i].name);
		near_offer(&near, names[i]);
	}
	for (size_t i = 0; i < n_sections; i++)
		near_offer(&near, sections[i].name);
	(void)err_set(e, ERR_INVALID, "there is no key '%s'", t->text);
	(void)source_error(s, n, e);
	if (near.best)
		return err_hint(e, "did you mean '%s'?", near.best);
	return err_hint(e, "'ganger help config' lists the keys");
}

static int row_read(const struct source *s,
		    size_t row,
		    const struct node *n,
		    void *base,
		    struct config_origin *origins,
		    const struct trail *t,
		    struct err *e)
{
	size_t n_keys;
	const struct config_key_info *k = &config_keys(&n_keys)[row];
	int rc = value_read(k, n, key_field(base, row), e);

	if (rc < 0) {
		(void)err_wrap(e, "'%s'", t->text);
		/* "'limits.timeout': is" reads worse than "'limits.timeout' is" */
		char *colon = strstr(e->msg, "': ");

		if (colon)
			memmove(colon + 1, colon + 2, strlen(colon + 2) + 1);
		return source_error(s, n, e);
	}
	origins[key_places()[row].index] =
		n->kind == NODE_NULL ? (struct config_origin){0} : origin_of(s, n);
	return 0;
}

static bool agent_name_fits(const char *s)
{
	return s[0] && strlen(s) <= 64 &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") ==
		       strlen(s);
}

/* agents.NAME.env.VARIABLE with -c: one variable more, or another value for it. */
static void variable_set(struct config_agent *a, const char *name, const struct node *n)
{
	size_t count = 0, length = strlen(name);
	char *text = n->kind == NODE_NULL ? mem_strdup(name) : mem_printf("%s=%s", name, n->text);

	for (; a->env && a->env[count]; count++) {
		char *old = a->env[count];

		if (!strncmp(old, name, length) && (!old[length] || old[length] == '=')) {
			free(old);
			a->env[count] = text;
			return;
		}
	}
	a->env = mem_resize(a->env, count + 2, sizeof(*a->env));
	a->env[count] = text;
	a->env[count + 1] = NULL;
}

static int agent_read(const struct source *s,
		      const char *name,
		      const struct node *n,
		      struct trail t,
		      struct err *e);

/* One key of agents.NAME; a dot in it goes deeper. */
static int agent_key_read(const struct source *s,
			  struct config_agent *a,
			  const struct node *n,
			  const char *key,
			  struct trail t,
			  struct err *e)
{
	const char *dot = strchr(key, '.');
	int row;

	trail_add(&t, key);
	if (dot && !strncmp(key, "env.", 4) && value_is_variable(dot + 1) &&
	    (n->kind == NODE_TEXT || n->kind == NODE_NULL)) {
		variable_set(a, dot + 1, n);
		a->origin[CONFIG_AGENT_env] = origin_of(s, n);
		return 0;
	}
	row = row_find("agents", key);
	if (row < 0)
		return unknown_key(s, n, &t, a->name, e);
	return row_read(s, (size_t)row, n, a, a->origin, &t, e);
}

static int agent_read(const struct source *s,
		      const char *name,
		      const struct node *n,
		      struct trail t,
		      struct err *e)
{
	struct config_agent *a;
	int rc = 0;

	trail_add(&t, name);
	if (!agent_name_fits(name)) {
		(void)err_set(e, ERR_INVALID,
			      "'%.80s' cannot name an agent: only letters, digits, - and _", name);
		return source_error(s, n, e);
	}
	if (n->kind != NODE_MAP && n->kind != NODE_NULL) {
		(void)err_set(e, ERR_INVALID, "'%s' must be a map of keys", t.text);
		return source_error(s, n, e);
	}
	if (s->c->agents.n >= AGENTS_MAX) {
		(void)err_set(e, ERR_INVALID, "there are more than %u agents", AGENTS_MAX);
		return source_error(s, n, e);
	}
	a = config_agent_make(s->c, name);
	for (size_t i = 0; rc == 0 && i < n->items.n; i++) {
		const struct node *item = &n->items.items[i];

		rc = agent_key_read(s, a, item, item->key, t, e);
	}
	return rc;
}

/* agents: "claude", or "claude.kind" */
static int agents_key_read(const struct source *s,
			   const struct node *n,
			   const char *key,
			   struct trail t,
			   struct err *e)
{
	const char *dot = strchr(key, '.');
	char *name CLEANUP(freep) = NULL;

	if (!dot)
		return agent_read(s, key, n, t, e);
	name = mem_strndup(key, (size_t)(dot - key));
	if (!agent_name_fits(name))
		return agent_read(s, name, n, t, e);
	trail_add(&t, name);
	return agent_key_read(s, config_agent_make(s->c, name), n, dot + 1, t, e);
}

static bool is_section(const char *name)
{
	size_t n;
	const struct config_section_info *s = config_sections(&n);

	for (size_t i = 0; i < n; i++) {
		if (streq(s[i].name, name))
			return true;
	}
	return false;
}

static int section_read(const struct source *s,
			const char *section,
			const struct node *n,
			const char *key,
			struct trail t,
			struct err *e)
{
	int row;

	if (streq(section, "agents"))
		return agents_key_read(s, n, key, t, e);
	trail_add(&t, key);
	row = row_find(section, key);
	if (row < 0)
		return unknown_key(s, n, &t, NULL, e);
	return row_read(s, (size_t)row, n, s->c, s->c->origin, &t, e);
}

/* A key of the top level: one of its own, a section with a map, or "section.key". */
static int top_read(const struct source *s, const struct node *n, const char *key, struct err *e)
{
	struct trail t = {0};
	const char *dot = strchr(key, '.');
	int row = row_find("", key), rc = 0;

	if (dot) {
		char *section CLEANUP(freep) = mem_strndup(key, (size_t)(dot - key));

		trail_add(&t, is_section(section) ? section : key);
		if (!is_section(section))
			return unknown_key(s, n, &t, NULL, e);
		return section_read(s, section, n, dot + 1, t, e);
	}
	trail_add(&t, key);
	/* 'forge' and 'tracker' are both keys and sections: what is under it decides. */
	if (row >= 0 && !(n->kind == NODE_MAP && is_section(key)))
		return row_read(s, (size_t)row, n, s->c, s->c->origin, &t, e);
	if (!is_section(key))
		return unknown_key(s, n, &t, NULL, e);
	if (n->kind != NODE_MAP && n->kind != NODE_NULL) {
		(void)err_set(e, ERR_INVALID, "'%s' must be a map of keys", key);
		return source_error(s, n, e);
	}
	for (size_t i = 0; rc == 0 && i < n->items.n; i++)
		rc = section_read(s, key, &n->items.items[i], n->items.items[i].key, t, e);
	return rc;
}

int config_read_text(struct config *c, const char *path, struct str text, struct err *e)
{
	struct node root CLEANUP(node_done) = {0};
	struct source s = {c, path};
	int rc = node_parse(path, text, &root, e);

	if (rc < 0)
		return rc;
	free(c->path);
	c->path = mem_strdup(path);
	if (root.kind == NODE_NULL)
		return 0;
	if (root.kind != NODE_MAP) {
		(void)err_set(e, ERR_INVALID, "it must be a map of keys");
		return source_error(&s, &root, e);
	}
	for (size_t i = 0; rc == 0 && i < root.items.n; i++)
		rc = top_read(&s, &root.items.items[i], root.items.items[i].key, e);
	return rc;
}

int config_read_file(struct config *c, const char *path, struct err *e)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;
	int rc = file_read_given(path, CONFIG_FILE_MAX, &b, e);

	return rc < 0 ? rc : config_read_text(c, path, buf_str(&b), e);
}

/* The type of the key of this name, where it holds a command, or several; 0: it does not. */
static enum config_type takes_command(const char *key)
{
	size_t n = 0;
	const struct config_key_info *k = config_keys(&n);
	const char *first = strchr(key, '.'), *last = strrchr(key, '.');

	for (size_t i = 0; first && i < n; i++) {
		bool command = k[i].type == CONFIG_COMMAND || k[i].type == CONFIG_CHECKS;

		if (command && streq(k[i].name, last + 1) &&
		    str_eq(str_of(k[i].section), (struct str){key, (size_t)(first - key)}))
			return k[i].type;
	}
	return 0;
}

/* "{lint: {run: …}}": a map of maps is no command of a shell. */
static bool is_checks(const struct node *n)
{
	bool maps = n->kind == NODE_MAP && n->items.n;

	for (size_t i = 0; maps && i < n->items.n; i++)
		maps = n->items.items[i].kind == NODE_MAP;
	return maps;
}

/* A command's text may begin with what is also YAML: "[ -e x ]", "{ make; }", "\"a b\" c". */
static bool is_shell(enum config_type type, const char *value)
{
	struct node n CLEANUP(node_done) = {0};

	if (strncmp(value, "[ ", 2) == 0 || node_parse("-c", str_of(value), &n, NULL) < 0)
		return true;
	return value[0] == '{' && !(type == CONFIG_CHECKS && is_checks(&n));
}

/* The value of a -c: YAML where it looks like it, else the text as it is. */
static int option_node(const char *key, const char *value, struct node *ret, struct err *e)
{
	enum config_type command = takes_command(key);

	if (value[0] && strchr("[{\"'", value[0]) && !(command && is_shell(command, value)))
		return node_parse("-c", str_of(value), ret, e);
	if (!value[0] || streq(value, "null") || streq(value, "~")) {
		ret->kind = NODE_NULL;
		return 0;
	}
	*ret = (struct node){.kind = NODE_TEXT, .plain = true, .text = mem_strdup(value)};
	return 0;
}

int config_set(struct config *c, const char *assignment, struct err *e)
{
	struct node value CLEANUP(node_done) = {0};
	const char *equals = strchr(assignment, '=');
	char *key CLEANUP(freep) = NULL;
	struct source s = {c, NULL};
	int rc;

	if (!str_utf8(str_of(assignment)))
		return err_set(e, ERR_INVALID, "cannot use -c: what it sets is not UTF-8");
	if (!equals || equals == assignment) {
		(void)err_set(e, ERR_INVALID, "cannot use -c '%s': it is not KEY=VALUE",
			      assignment);
		return err_hint(e, "for example -c limits.max_concurrent=3");
	}
	key = mem_strndup(assignment, (size_t)(equals - assignment));
	rc = option_node(key, equals + 1, &value, e);
	return rc < 0 ? rc : top_read(&s, &value, key, e);
}

/* An error about a key whose value was read before. */
static int key_error(const struct config *c,
		     enum config_key key,
		     const char *name,
		     const char *what,
		     struct err *e)
{
	const struct config_origin *o = &c->origin[key];
	struct source s = {NULL, o->from == CONFIG_FILE ? c->path : NULL};
	struct node n = {.line = o->line};

	(void)err_set(e, ERR_INVALID, "'%s' %s", name, what);
	return source_error(&s, &n, e);
}

/*
 * A folder that is the same one from wherever ganger is called, by whom, and for the programs that
 * it starts elsewhere. path may be NULL.
 */
static int check_absolute(const struct config *c,
			  enum config_key key,
			  const char *name,
			  const char *path,
			  struct err *e)
{
	char *what CLEANUP(freep) = NULL;

	if (!path || path[0] == '/')
		return 0;
	what = mem_printf("must be an absolute path, not '%s'", path);
	(void)key_error(c, key, name, what, e);
	return err_hint(e, "write it in full, for example /home/me/%s",
			key == CONFIG_KEY_state_dir ? "ganger" : "worktrees");
}

int config_finish(struct config *c, struct err *e)
{
	if (!c->git_push)
		c->git_push = mem_strdup(streq(c->forge, "github") ? "all" : "never");
	if (!strstr(c->git_epic_branch, "{epic}"))
		return key_error(c, CONFIG_KEY_git_epic_branch, "git.epic_branch",
				 "must contain {epic}", e);
	if (!strstr(c->git_task_branch, "{epic}") || !strstr(c->git_task_branch, "{task}"))
		return key_error(c, CONFIG_KEY_git_task_branch, "git.task_branch",
				 "must contain {epic} and {task}", e);
	if (check_absolute(c, CONFIG_KEY_state_dir, "state_dir", c->state_dir, e))
		return e->code;
	return check_absolute(c, CONFIG_KEY_worktree_dir, "worktree.dir", c->worktree_dir, e);
}

int config_batch(const struct config *c)
{
	return streq(c->forge_land, "api") ? 1 : c->queue_batch;
}
