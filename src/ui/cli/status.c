#include "base/clean.h"
#include "base/file.h"
#include "run/facts.h"
#include "run/said.h"
#include "run/session.h"
#include "ui/cli/cli.h"
#include "ui/cli/commands.h"
#include "ui/cli/epic.h"

#include <inttypes.h>
#include <string.h>

/* ganger status: where an epic stands, from its journal alone. */

static cJSON *json_number(int64_t n, bool known)
{
	return known ? cJSON_CreateNumber((double)n) : cJSON_CreateNull();
}

static cJSON *json_time(int64_t wall_ms)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;

	if (!wall_ms)
		return cJSON_CreateNull();
	buf_time(&b, wall_ms);
	return cJSON_CreateString(buf_cstr(&b));
}

/* A text that is the caller's; NULL is null. */
static cJSON *json_text_take(char *text)
{
	cJSON *j = cli_json_text(text);

	free(text);
	return j;
}

static char *existing(char *path)
{
	if (file_exists(path))
		return path;
	free(path);
	return NULL;
}

static cJSON *tokens_json(const struct task *t)
{
	cJSON *j;

	if (t->tokens_in < 0 && t->tokens_out < 0)
		return cJSON_CreateNull();
	j = cJSON_CreateObject();
	cJSON_AddItemToObject(j, "in", json_number(t->tokens_in, t->tokens_in >= 0));
	cJSON_AddItemToObject(j, "out", json_number(t->tokens_out, t->tokens_out >= 0));
	return j;
}

/* The latest attempt's. */
static char *session_name_of(const struct view *v, const struct task *t)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;

	if (!t->attempt)
		return NULL;
	buf_session_id(&b, v->epic, t->id, t->attempt);
	return buf_take(&b);
}

/* What an agent at work asks a person, and how each is answered. */
static void add_asks(struct buf *b, const struct view *v, const struct task *t)
{
	struct said_asks asks CLEANUP(said_asks_done) = {0};
	char *id CLEANUP(freep) = shell_word(t->id);

	said_asks_find(&v->paths, t, &asks);
	for (size_t i = 0; i < asks.n; i++) {
		const struct said_ask *a = &asks.items[i];
		const char *space = a->question ? " " : "", *question = a->question;

		buf_printf(b, "%sasks for %s: 'ganger send %s --allow%s%s' or '--deny%s%s'",
			   i ? "; " : "", a->what, id, space, question ? question : "", space,
			   question ? question : "");
	}
}

/* Why it is as it is; of an agent at work, what it asks a person. */
static char *reason_of(const struct view *v, const struct facts *f, int at)
{
	const struct task *t = &v->core.tasks.items[at];
	struct buf b CLEANUP(buf_done) = BUF_INIT;

	facts_reason(&b, f, at);
	if (!b.n)
		add_asks(&b, v, t);
	return b.n ? buf_take(&b) : NULL;
}

static bool has_error(const struct task *t)
{
	return task_has_fallen(t) || t->errors || t->person || t->gave_up;
}

static void add_places(cJSON *j, const struct view *v, const struct task *t)
{
	bool begun = t->attempt > 0;
	const struct config *c = v->config;
	bool known = t->pid && (v->pid || process_lives(t->pid, t->pid_start));

	cJSON_AddItemToObject(j, "pid", json_number(t->pid, known));
	cJSON_AddItemToObject(
		j, "branch",
		json_text_take(begun ? branch_expand(c->git_task_branch, v->epic, t->id) : NULL));
	cJSON_AddItemToObject(
		j, "worktree",
		json_text_take(t->slot ? path_worktree(&v->paths, t->slot - 1) : NULL));
	cJSON_AddItemToObject(j, "pr", json_number(t->pull, t->pull != 0));
	cJSON_AddItemToObject(j, "log", json_text_take(existing(path_log(&v->paths, t->id, NULL))));
	cJSON_AddItemToObject(j, "gate_log",
			      json_text_take(existing(path_log(&v->paths, t->id, "gate"))));
}

static cJSON *task_json(const struct view *v, const struct facts *f, int at)
{
	const struct core *c = &v->core;
	const struct task *t = &c->tasks.items[at];
	bool begun = t->attempt > 0;
	cJSON *j = cJSON_CreateObject();

	cJSON_AddItemToObject(j, "id", cli_json_text(t->id));
	cJSON_AddItemToObject(j, "title", cli_json_text(t->title));
	cJSON_AddStringToObject(j, "state", task_word(t));
	cJSON_AddItemToObject(j, "reason", json_text_take(reason_of(v, f, at)));
	cJSON_AddBoolToObject(j, "held", f->held[at] >= 0);
	cJSON_AddItemToObject(j, "attempt", json_number(t->attempt, begun));
	cJSON_AddItemToObject(j, "session", json_text_take(session_name_of(v, t)));
	cJSON_AddItemToObject(j, "session_state",
			      cli_json_text(session_name((enum core_session)t->session)));
	cJSON_AddItemToObject(j, "agent",
			      cli_json_text(begun ? c->kinds.items[t->agent].name : NULL));
	add_places(j, v, t);
	cJSON_AddItemToObject(j, "started_at", json_time(t->started_ms));
	cJSON_AddItemToObject(j, "ended_at", json_time(t->ended_ms));
	cJSON_AddItemToObject(j, "last_event_at", json_time(t->event_ms));
	cJSON_AddItemToObject(j, "tokens", tokens_json(t));
	cJSON_AddItemToObject(j, "cost_usd",
			      t->cost < 0 ? cJSON_CreateNull() : cJSON_CreateNumber(t->cost));
	cJSON_AddItemToObject(j, "error",
			      cli_json_text(has_error(t) && t->reason[0] ? t->reason : NULL));
	return j;
}

static cJSON *stats_json(const struct core *c, const struct facts *f)
{
	struct core_totals n = core_count(c);
	cJSON *j = cJSON_CreateObject();

	cJSON_AddNumberToObject(j, "total", n.total);
	cJSON_AddNumberToObject(j, "blocked", n.blocked);
	cJSON_AddNumberToObject(j, "ready", n.ready);
	cJSON_AddNumberToObject(j, "working", n.working);
	cJSON_AddNumberToObject(j, "queued", n.queued);
	cJSON_AddNumberToObject(j, "merged", n.merged);
	cJSON_AddNumberToObject(j, "closed", n.closed);
	cJSON_AddNumberToObject(j, "failed", n.failed);
	cJSON_AddNumberToObject(j, "skipped", n.skipped);
	cJSON_AddNumberToObject(j, "conflicted", n.conflicted);
	cJSON_AddNumberToObject(j, "cancelled", n.cancelled);
	cJSON_AddNumberToObject(j, "submitted", n.submitted);
	cJSON_AddNumberToObject(j, "held", f->n_held);
	cJSON_AddNumberToObject(j, "landed", n.landed);
	cJSON_AddNumberToObject(j, "taken_out", n.taken_out);
	return j;
}

static cJSON *queue_json(const struct core *c, const struct facts *f)
{
	cJSON *j = cJSON_CreateArray();

	for (size_t i = 0; i < f->queue.n; i++)
		cJSON_AddItemToArray(j, cli_json_text(c->tasks.items[f->queue.items[i]].id));
	return j;
}

static char *run_reason(const struct core *c)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;

	facts_run_reason(&b, c);
	return b.n ? buf_take(&b) : NULL;
}

/* Issues of the epic that are not started, and why: as of 'plan'. */
static bool is_hidden(const struct task *t)
{
	return t->outside && t->reason[0] && t->state != TASK_CLOSED;
}

static cJSON *hidden_json(const struct core *c)
{
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; i < c->tasks.n; i++) {
		const struct task *t = &c->tasks.items[i];
		cJSON *o;

		if (!is_hidden(t))
			continue;
		o = cJSON_CreateObject();
		cJSON_AddItemToObject(o, "id", cli_json_text(t->id));
		cJSON_AddItemToObject(o, "why", cli_json_text(t->reason));
		cJSON_AddItemToArray(list, o);
	}
	return list;
}

static cJSON *status_json(const struct view *v, const struct facts *f)
{
	const struct core *c = &v->core;
	cJSON *j = cJSON_CreateObject(), *supervisor, *tasks;

	cJSON_AddItemToObject(j, "epic", cli_json_text(v->epic));
	cJSON_AddItemToObject(j, "title", cli_json_text(v->title));
	cJSON_AddItemToObject(j, "branch", cli_json_text(v->epic_branch));
	cJSON_AddStringToObject(j, "run", run_state_name((enum run_state)c->run.state));
	cJSON_AddItemToObject(j, "reason", json_text_take(run_reason(c)));
	cJSON_AddBoolToObject(j, "untested", v->untested);
	supervisor = cJSON_AddObjectToObject(j, "supervisor");
	cJSON_AddItemToObject(supervisor, "pid", json_number(v->pid, v->pid != 0));
	cJSON_AddBoolToObject(supervisor, "alive", v->pid != 0);
	cJSON_AddItemToObject(j, "stats", stats_json(c, f));
	tasks = cJSON_AddArrayToObject(j, "tasks");
	for (size_t i = 0; i < c->tasks.n; i++) {
		if (!c->tasks.items[i].outside)
			cJSON_AddItemToArray(tasks, task_json(v, f, (int)i));
	}
	cJSON_AddItemToObject(j, "queue", queue_json(c, f));
	cJSON_AddItemToObject(j, "hidden", hidden_json(c));
	return j;
}

/* ---- for people ---- */

#define ID_COLS_MAX 14

/* What is done comes first and what wants attention last, where the eye is. */
static int rank(const struct task *t)
{
	unsigned flags = task_state_flags((enum task_state)t->state);

	if (task_needs_person(t))
		return 9;
	if (t->state == TASK_FAILED || t->state == TASK_FAILING)
		return 8;
	if (flags & F_SLOT)
		return 7;
	if (flags & F_MERGE)
		return 6;
	if (t->state == TASK_QUEUED || t->state == TASK_SUBMITTING)
		return 5;
	if (t->state == TASK_WAITING || t->state == TASK_LOOKING)
		return 4;
	if (t->state == TASK_READY)
		return 3;
	if (t->state == TASK_BLOCKED)
		return 2;
	return task_has_fallen(t) ? 1 : 0;
}

static int by_rank(const void *a, const void *b, void *ctx)
{
	const struct core *c = ctx;
	int x = *(const int *)a, y = *(const int *)b;
	int difference = rank(&c->tasks.items[x]) - rank(&c->tasks.items[y]);

	return difference ? difference : x - y;
}

static int id_cols(const struct core *c)
{
	int most = 1;

	for (size_t i = 0; i < c->tasks.n; i++) {
		int n = (int)strlen(c->tasks.items[i].id);

		if (!c->tasks.items[i].outside && n > most)
			most = n;
	}
	return most > ID_COLS_MAX ? ID_COLS_MAX : most;
}

/* "(attempt 2, claude, process 4711)" */
static void add_attempt(struct buf *b, const struct core *c, const struct task *t)
{
	bool working = task_state_flags((enum task_state)t->state) & F_SLOT;
	size_t before = b->n;

	if (t->attempt > 1)
		buf_printf(b, "  (attempt %" PRId64, t->attempt);
	if (working && c->kinds.n > 1)
		buf_printf(b, "%s%s", b->n > before ? ", " : "  (", c->kinds.items[t->agent].name);
	if (b->n > before)
		buf_putc(b, ')');
}

static void
task_rows(struct cli *cli, const struct view *v, const struct facts *f, int at, int cols)
{
	const struct core *c = f->core;
	const struct task *t = &c->tasks.items[at];
	bool working = task_state_flags((enum task_state)t->state) & F_SLOT;
	struct buf id CLEANUP(buf_done) = BUF_INIT;
	struct buf time CLEANUP(buf_done) = BUF_INIT;
	struct buf begins CLEANUP(buf_done) = BUF_INIT;
	struct buf attempt CLEANUP(buf_done) = BUF_INIT;
	char *why CLEANUP(freep) = reason_of(v, f, at);

	buf_line(&id, str_of(t->id));
	if (working && t->attempt_ms)
		buf_duration(&time, (c->now.wall_ms - t->attempt_ms) / 1000 * 1000);
	buf_printf(&begins, "  %*s  %-13s  %7s  ", cols, buf_cstr(&id),
		   f->held[at] >= 0 ? "held" : task_word(t), buf_cstr(&time));
	add_attempt(&attempt, c, t);
	cli_print_row(cli, buf_cstr(&begins), t->title, buf_cstr(&attempt));
	if (!why || streq(why, task_word(t)))
		return;
	buf_reset(&begins);
	buf_printf(&begins, "  %*s  %-13s  %7s  ", cols, "", "", "");
	cli_print_row(cli, buf_cstr(&begins), NULL, why);
}

static void add_count(struct buf *b, int n, const char *what)
{
	if (n)
		buf_printf(b, ", %d %s", n, what);
}

static void totals_text(struct buf *b, const struct core *c, const struct facts *f)
{
	struct core_totals n = core_count(c);

	buf_printf(b, "%d of %d done", n.merged + n.closed + n.submitted, n.total);
	add_count(b, n.taken_out, "taken out again");
	add_count(b, n.working, "working");
	add_count(b, n.queued, "queued");
	add_count(b, n.ready, "ready");
	add_count(b, n.blocked - f->n_held, "blocked");
	add_count(b, f->n_held, "held");
	add_count(b, n.conflicted, "conflicted");
	add_count(b, n.failed, "failed");
	add_count(b, n.skipped, "skipped");
	add_count(b, n.cancelled, "cancelled");
}

static void supervisor_row(struct cli *cli, const struct view *v)
{
	struct buf out CLEANUP(buf_done) = BUF_INIT, *b = &out;
	const struct core *c = &v->core;
	char *why CLEANUP(freep) = run_reason(c);

	if (v->pid) {
		buf_printf(b, "%s, process %" PRId64, run_state_name((enum run_state)c->run.state),
			   v->pid);
		if (c->run.resumed_ms) {
			buf_puts(b, ", for ");
			buf_duration(b, (c->now.wall_ms - c->run.resumed_ms) / 1000 * 1000);
		}
	} else if (c->run.state == RUN_ENDED) {
		buf_printf(b, "ended: %s", core_status_name(core_status(c)));
	} else {
		buf_puts(b, "no supervisor runs it");
	}
	if (why)
		buf_printf(b, "; %s", why);
	cli_print_row(cli, NULL, NULL, buf_cstr(b));
}

static void hidden_rows(struct cli *cli, const struct core *c)
{
	const char *heading = "\nhidden, not started:\n";

	for (size_t i = 0; i < c->tasks.n; i++) {
		const struct task *t = &c->tasks.items[i];
		struct buf begins CLEANUP(buf_done) = BUF_INIT;

		if (!is_hidden(t))
			continue;
		char *why CLEANUP(freep) = mem_printf("  (%s)", t->reason);

		buf_puts(&begins, "  ");
		buf_line(&begins, str_of(t->id));
		buf_puts(&begins, "  ");
		cli_print(cli, "%s", heading);
		cli_print_row(cli, buf_cstr(&begins), t->title, why);
		heading = "";
	}
}

static void head_rows(struct cli *cli, const struct view *v, const struct facts *f)
{
	struct buf epic CLEANUP(buf_done) = BUF_INIT, totals CLEANUP(buf_done) = BUF_INIT;

	buf_line(&epic, str_of(v->epic));
	buf_puts(&epic, v->title[0] ? ": " : "");
	cli_print_row(cli, buf_cstr(&epic), v->title, NULL);
	supervisor_row(cli, v);
	if (v->untested)
		cli_print(cli, "untested: no queue.check\n");
	totals_text(&totals, f->core, f);
	cli_print_row(cli, NULL, NULL, buf_cstr(&totals));
}

static void status_text(struct cli *cli, const struct view *v, const struct facts *f)
{
	const struct core *c = &v->core;
	VEC(int) order = {0};
	int cols = id_cols(c);

	head_rows(cli, v, f);
	cli_print(cli, "\n");
	for (size_t i = 0; i < c->tasks.n; i++) {
		if (!c->tasks.items[i].outside)
			VEC_PUSH(&order, (int)i);
	}
	if (order.n)
		qsort_r(order.items, order.n, sizeof(*order.items), by_rank, (void *)c);
	for (size_t i = 0; i < order.n; i++)
		task_rows(cli, v, f, order.items[i], cols);
	VEC_DONE(&order);
	hidden_rows(cli, c);
}

/* What a person does next, once each; on standard error, beside the result. */
static void status_hints(struct cli *c, const struct view *v)
{
	struct core_totals n = core_count(&v->core);
	char *epic CLEANUP(freep) = shell_word(v->epic);

	if (n.failed || n.conflicted || n.person)
		cli_hint(c, "'ganger report %s' says what to do about each", epic);
	if (!v->pid && v->core.run.state != RUN_ENDED)
		cli_hint(c, "'ganger run %s' goes on from here", epic);
}

int cmd_status(struct cli *c, int argc, char **argv)
{
	struct view v CLEANUP(view_done) = {0};
	struct facts f CLEANUP(facts_done) = {0};
	struct err e = ERR_INIT;

	if (epic_view(c, argc ? argv[0] : NULL, &v, &e))
		return cli_fail(c, &e);
	facts_find(&v.core, &f);
	if (cli_flag(c, "json")) {
		cli_print_json(c, status_json(&v, &f));
		return CLI_OK;
	}
	status_text(c, &v, &f);
	status_hints(c, &v);
	return CLI_OK;
}
