#include "base/clean.h"
#include "base/file.h"
#include "run/report.h"
#include "run/supervisor-impl.h"

#include <cjson/cJSON.h>
#include <inttypes.h>

/* The files that others read (CONTRACT.md): by rename, at most once a second and at the end. */

#define PUBLISH_MS 1000

/* As text: cJSON prints a number as a real one, and reads it again to see how many digits it needs. */
static void put_int(cJSON *j, const char *name, int64_t n)
{
	char text[32];
	(void)snprintf(text, sizeof(text), "%" PRId64, n);
	cJSON_AddRawToObject(j, name, text);
}

static void put_number(cJSON *j, const char *name, int64_t n)
{
	if (n)
		put_int(j, name, n);
	else
		cJSON_AddNullToObject(j, name);
}

static void put_time(cJSON *j, const char *name, int64_t wall_ms)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;
	if (!wall_ms) {
		cJSON_AddNullToObject(j, name);
		return;
	}
	buf_time(&b, wall_ms);
	cJSON_AddStringToObject(j, name, buf_cstr(&b));
}

static void write_text(struct supervisor *s, const char *path, struct str text)
{
	struct err e = ERR_INIT; /* the journal is the truth; these are written again in a second */
	IGNORE(file_write(path, text, false, &e));
	if (e.code)
		s->unpublished = true;
}

static void build_pids(struct buf *b, const struct supervisor *s)
{
	cJSON *root = cJSON_CreateObject(), *agents = cJSON_AddArrayToObject(root, "agents");
	for (size_t i = 0; i < s->core.tasks.n; i++) {
		const struct task *t = &s->core.tasks.items[i];
		if (!t->pid)
			continue;
		char *log CLEANUP(freep) = path_log(&s->paths, t->id, NULL);
		cJSON *a = cJSON_CreateObject();
		cJSON_AddStringToObject(a, "task", t->id);
		put_int(a, "attempt", t->attempt);
		put_int(a, "pid", t->pid);
		put_int(a, "start_time", t->pid_start);
		put_int(a, "pgid", t->pid); /* each job leads a session */
		cJSON_AddStringToObject(a, "log", log);
		cJSON_AddItemToArray(agents, a);
	}
	char *text CLEANUP(freep) = cJSON_PrintUnformatted(root);
	cJSON_Delete(root);
	buf_puts(b, text);
}

static cJSON *node_json(const struct supervisor *s, const struct task *t)
{
	cJSON *n = cJSON_CreateObject();
	cJSON_AddStringToObject(n, "issue", t->id);
	cJSON_AddStringToObject(n, "title", t->title);
	cJSON_AddStringToObject(n, "status", task_word(t));
	put_number(n, "agentPid", t->pid);
	if (t->attempt) {
		char *log CLEANUP(freep) = path_log(&s->paths, t->id, NULL);
		cJSON_AddStringToObject(n, "logFile", log);
	} else {
		cJSON_AddNullToObject(n, "logFile");
	}
	put_int(n, "attempts", t->attempt);
	put_number(n, "prNumber", t->pull);
	put_time(n, "startedAt", t->started_ms);
	put_time(n, "completedAt", t->landed.hex[0] || t->state == TASK_CLOSED ? t->ended_ms : 0);
	return n;
}

/* One more element of a list; each is printed by itself, as a tree of all would take megabytes. */
static void add_item(struct buf *b, cJSON *j)
{
	char *text CLEANUP(freep) = cJSON_PrintUnformatted(j);
	cJSON_Delete(j);
	if (b->n && b->p[b->n - 1] != '[')
		buf_putc(b, ',');
	buf_puts(b, text);
}

static void add_edges(struct buf *b, const struct core *c, const struct task *t)
{
	for (size_t i = 0; i < t->needs.n; i++) {
		cJSON *x = cJSON_CreateObject();
		cJSON_AddStringToObject(x, "from", c->tasks.items[t->needs.items[i]].id);
		cJSON_AddStringToObject(x, "to", t->id);
		add_item(b, x);
	}
}

static void add_failure(struct buf *b, const struct task *t)
{
	if (t->state != TASK_FAILED && t->state != TASK_FAILING && t->state != TASK_CONFLICTED)
		return;
	cJSON *f = cJSON_CreateObject();
	cJSON_AddStringToObject(f, "issue", t->id);
	cJSON_AddStringToObject(f, "reason", t->reason);
	put_int(f, "attempts", t->attempt);
	add_item(b, f);
}

static const char *progress_status(const struct core *c)
{
	if (c->run.state != RUN_ENDED)
		return c->run.paused ? "paused" : "running";
	return core_status(c) == STATUS_DONE      ? "completed"
	       : core_status(c) == STATUS_STOPPED ? "stopped"
						  : "failed";
}

/* What is said of the run as a whole. */
static cJSON *summary_json(const struct supervisor *s)
{
	const struct core *c = &s->core;
	struct core_totals n = core_count(c);
	cJSON *root = cJSON_CreateObject();
	cJSON_AddStringToObject(root, "epicIssue", s->spec.epic);
	cJSON_AddStringToObject(root, "epicBranch", s->epic_branch);
	cJSON_AddStringToObject(root, "status", progress_status(c));
	put_time(root, "startedAt", c->run.started_ms);
	put_time(root, "updatedAt", c->now.wall_ms);
	cJSON *stats = cJSON_AddObjectToObject(root, "stats");
	put_int(stats, "total", n.total);
	put_int(stats, "completed", n.closed + n.merged + n.submitted);
	put_int(stats, "inProgress", n.working + n.queued);
	put_int(stats, "failed", n.failed + n.conflicted);
	put_int(stats, "blocked", n.blocked);
	put_int(stats, "ready", n.ready);
	return root;
}

static void build_progress(struct buf *b, const struct supervisor *s)
{
	const struct core *c = &s->core;
	char *summary CLEANUP(freep) = NULL;
	cJSON *root = summary_json(s);
	buf_puts(b, "{\"dag\":{\"nodes\":[");
	for (size_t i = 0; i < c->tasks.n; i++)
		if (!c->tasks.items[i].outside)
			add_item(b, node_json(s, &c->tasks.items[i]));
	buf_puts(b, "],\"edges\":[");
	for (size_t i = 0; i < c->tasks.n; i++)
		if (!c->tasks.items[i].outside)
			add_edges(b, c, &c->tasks.items[i]);
	buf_puts(b, "]},\"failures\":[");
	for (size_t i = 0; i < c->tasks.n; i++)
		if (!c->tasks.items[i].outside)
			add_failure(b, &c->tasks.items[i]);
	summary = cJSON_PrintUnformatted(root);
	cJSON_Delete(root);
	buf_printf(b, "],%s", summary + 1); /* its members, in the same object */
}

void publish_files(struct supervisor *s, bool now)
{
	int64_t mono = s->host->now(s->host).mono_ms;
	bool due = s->published_mono < 0 || mono - s->published_mono >= PUBLISH_MS;
	if (!s->unpublished || (!due && !now))
		return;
	struct buf text CLEANUP(buf_done) = BUF_INIT;
	s->unpublished = false;
	s->published_mono = mono;
	build_pids(&text, s);
	write_text(s, s->paths.pids, buf_str(&text));
	buf_reset(&text);
	build_progress(&text, s);
	write_text(s, s->paths.progress, buf_str(&text));
	buf_reset(&text);
	struct report_spec spec = {.core = &s->core,
				   .title = s->epic_title,
				   .epic_branch = s->epic_branch,
				   .task_pattern = s->config->git_task_branch,
				   .untested = !s->config->queue_check,
				   .batch = s->core.policy.batch,
				   .running = s->core.run.state != RUN_ENDED,
				   .push = s->config->git_push,
				   .found = s->found,
				   .paths = &s->paths};
	report_build(&text, &spec);
	write_text(s, s->paths.report, buf_str(&text));
}
