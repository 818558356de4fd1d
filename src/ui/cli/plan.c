#include "run/plan.h"

#include "base/clean.h"
#include "port/forge.h"
#include "port/tracker.h"
#include "run/labels.h"
#include "run/limits.h"
#include "run/paths.h"
#include "run/place.h"
#include "run/protected.h"
#include "ui/cli/cli.h"
#include "ui/cli/commands.h"
#include "ui/cli/finish_forge.h"
#include "ui/cli/plan_overlap.h"

#include <inttypes.h>
#include <string.h>

/* What is planned, and where it came from. */
struct planned {
	struct cli *c;
	struct issue epic; /* id NULL: all issues of the tracker */
	struct issue_graph graph;
	struct plan plan;
	struct overlaps overlaps;
};

static void planned_done(struct planned *v)
{
	plan_done(&v->plan);
	overlaps_done(&v->overlaps);
	issue_graph_done(&v->graph);
	issue_done(&v->epic);
}

static const char *id_of(const struct planned *v, int task)
{
	return v->plan.tasks[task].issue->id;
}

/* The result as JSON. */

static cJSON *ids_json(const struct planned *v, const struct plan_list *list)
{
	cJSON *ids = cJSON_CreateArray();

	for (int i = 0; i < list->n; i++)
		cJSON_AddItemToArray(ids, cli_json_text(id_of(v, list->items[i])));
	return ids;
}

static cJSON *lists_json(const struct planned *v, const struct plan_list *lists, int n)
{
	cJSON *array = cJSON_CreateArray();

	for (int i = 0; i < n; i++)
		cJSON_AddItemToArray(array, ids_json(v, &lists[i]));
	return array;
}

static cJSON *blocked_json(const struct planned *v)
{
	cJSON *array = cJSON_CreateArray();

	for (int t = 0; t < v->plan.n_tasks; t++) {
		const struct plan_task *task = &v->plan.tasks[t];
		cJSON *o, *by;

		if (!task->n_by)
			continue;
		o = cJSON_CreateObject();
		by = cJSON_CreateArray();
		cJSON_AddItemToObject(o, "id", cli_json_text(task->issue->id));
		for (int i = 0; i < task->n_by; i++)
			cJSON_AddItemToArray(by, cli_json_text(task->by[i].id));
		cJSON_AddItemToObject(o, "by", by);
		cJSON_AddItemToArray(array, o);
	}
	return array;
}

static cJSON *hidden_json(const struct planned *v)
{
	cJSON *array = cJSON_CreateArray();

	for (int i = 0; i < v->plan.n_hidden; i++) {
		cJSON *o = cJSON_CreateObject();

		cJSON_AddItemToObject(o, "id", cli_json_text(v->plan.hidden[i]->id));
		cJSON_AddItemToObject(o, "why", cli_json_text(v->plan.hidden[i]->hidden));
		cJSON_AddItemToArray(array, o);
	}
	return array;
}

static cJSON *notes_json(const struct planned *v)
{
	cJSON *array = cJSON_CreateArray();

	for (size_t i = 0; i < v->graph.notes.n; i++)
		cJSON_AddItemToArray(array, cli_json_text(v->graph.notes.items[i]));
	return array;
}

static cJSON *or_null(bool known, double value)
{
	return known ? cJSON_CreateNumber(value) : cJSON_CreateNull();
}

static cJSON *ceiling_json(const struct planned *v)
{
	const struct config *k = &v->c->config;
	cJSON *o = cJSON_CreateObject();

	cJSON_AddNumberToObject(o, "tasks", v->plan.n_tasks);
	cJSON_AddNumberToObject(o, "attempts", k->limits_attempts);
	cJSON_AddItemToObject(o, "timeout_ms",
			      or_null(k->limits_timeout > 0, (double)k->limits_timeout));
	cJSON_AddNumberToObject(o, "at_once", k->limits_max_concurrent);
	cJSON_AddItemToObject(o, "cost_usd", or_null(k->limits_cost >= 0, k->limits_cost));
	return o;
}

static void plan_json(const struct planned *v)
{
	cJSON *o = cJSON_CreateObject();
	const struct plan *p = &v->plan;
	const struct plan_list none = {NULL, 0};

	cJSON_AddItemToObject(o, "epic", cli_json_text(v->epic.id));
	cJSON_AddItemToObject(o, "ready", ids_json(v, p->n_waves ? &p->waves[0] : &none));
	cJSON_AddItemToObject(o, "blocked", blocked_json(v));
	cJSON_AddItemToObject(o, "waves", lists_json(v, p->waves, p->n_waves));
	cJSON_AddItemToObject(o, "cycles", lists_json(v, p->cycles, p->n_cycles));
	cJSON_AddItemToObject(o, "critical_path", ids_json(v, &p->path));
	cJSON_AddItemToObject(o, "overlaps", plan_overlap_json(p));
	cJSON_AddItemToObject(o, "hidden", hidden_json(v));
	cJSON_AddItemToObject(o, "notes", notes_json(v));
	cJSON_AddItemToObject(o, "ceiling", ceiling_json(v));
	cli_print_json(v->c, o);
}

/* The result for a person. */

static void issue_row(const struct planned *v, const struct issue *i, const char *said)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;

	buf_puts(&b, "  ");
	buf_line(&b, str_of(i->id));
	buf_puts(&b, "  ");
	cli_print_row(v->c, buf_cstr(&b), i->title, said);
}

/* "  12  the title  (after 3, 4)" */
static void task_line(const struct planned *v, int t)
{
	const struct plan_task *task = &v->plan.tasks[t];
	struct buf said CLEANUP(buf_done) = BUF_INIT;

	for (int i = 0; i < task->n_by; i++) {
		buf_printf(&said, "%s%s", i ? ", " : "  (after ", task->by[i].id);
		if (task->by[i].why)
			buf_printf(&said, ": %s", task->by[i].why);
	}
	buf_puts(&said, task->n_by ? ")" : "");
	issue_row(v, task->issue, buf_cstr(&said));
}

/* "label: 3 -> 5 -> 9" */
static void
chain_line(const struct planned *v, const char *label, const struct plan_list *l, bool ring)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;
	const char *arrow = ring ? " needs " : " -> ";

	buf_printf(&b, "%s: ", label);
	for (int i = 0; i < l->n; i++)
		buf_printf(&b, "%s%s", i ? arrow : "", id_of(v, l->items[i]));
	if (ring)
		buf_printf(&b, "%s%s", arrow, id_of(v, l->items[0]));
	cli_print_row(v->c, NULL, NULL, buf_cstr(&b));
}

static void print_head(const struct planned *v)
{
	const struct plan *p = &v->plan;
	struct buf b CLEANUP(buf_done) = BUF_INIT;

	if (v->epic.id) {
		buf_puts(&b, "epic ");
		buf_line(&b, str_of(v->epic.id));
		buf_puts(&b, ": ");
		cli_print_row(v->c, buf_cstr(&b), v->epic.title, NULL);
		buf_reset(&b);
	}
	buf_printf(&b, "%d open task%s", p->n_tasks, cli_plural(p->n_tasks));
	if (p->n_closed)
		buf_printf(&b, ", %d closed", p->n_closed);
	if (p->n_hidden)
		buf_printf(&b, ", %d hidden", p->n_hidden);
	buf_putc(&b, '\n');
	cli_print_buf(v->c, &b);
}

static void print_waves(const struct planned *v)
{
	for (int w = 0; w < v->plan.n_waves; w++) {
		const struct plan_list *wave = &v->plan.waves[w];

		cli_print(v->c, "\nwave %d: %d task%s%s\n", w + 1, wave->n, cli_plural(wave->n),
			  w ? "" : ", ready");
		for (int i = 0; i < wave->n; i++)
			task_line(v, wave->items[i]);
	}
}

/* What no wave has: stuck behind a cycle, or behind something that this run does not do. */
static void print_never(const struct planned *v)
{
	bool any = false;

	for (int t = 0; t < v->plan.n_tasks; t++) {
		if (v->plan.tasks[t].wave >= 0)
			continue;
		if (!any)
			cli_print(v->c, "\ncannot start as things are:\n");
		any = true;
		task_line(v, t);
	}
}

static void print_hidden(const struct planned *v)
{
	if (v->plan.n_hidden)
		cli_print(v->c, "\nhidden, not started:\n");
	for (int i = 0; i < v->plan.n_hidden; i++) {
		const struct issue *issue = v->plan.hidden[i];
		char *why CLEANUP(freep) = mem_printf("  (%s)", issue->hidden);

		issue_row(v, issue, why);
	}
	if (v->graph.notes.n)
		cli_print(v->c, "\n");
	for (size_t i = 0; i < v->graph.notes.n; i++) {
		char *note CLEANUP(freep) = mem_printf("note: %s", v->graph.notes.items[i]);

		cli_print_row(v->c, NULL, NULL, note);
	}
}

/* "starts first: 3, 4, 7 (10 at once)" */
static void print_start(const struct planned *v)
{
	const struct plan *p = &v->plan;
	int at_once = v->c->config.limits_max_concurrent, n;
	struct buf b CLEANUP(buf_done) = BUF_INIT;

	if (!p->n_waves)
		return;
	n = p->waves[0].n < at_once ? p->waves[0].n : at_once;
	buf_puts(&b, "starts first: ");
	for (int i = 0; i < n; i++)
		buf_printf(&b, "%s%s", i ? ", " : "", id_of(v, p->waves[0].items[i]));
	cli_print_row(v->c, NULL, NULL, buf_cstr(&b));
}

/* "at most: 14 tasks x 3 attempts x 2h = 84h of agents, 10 at once; no cost limit set" */
static void print_ceiling(const struct planned *v)
{
	const struct config *k = &v->c->config;
	int n = v->plan.n_tasks;
	struct buf b CLEANUP(buf_done) = BUF_INIT;

	buf_printf(&b, "at most: %d task%s x %d attempt%s", n, cli_plural(n), k->limits_attempts,
		   cli_plural(k->limits_attempts));
	if (k->limits_timeout > 0) {
		buf_puts(&b, " x ");
		buf_duration(&b, k->limits_timeout);
		buf_puts(&b, " = ");
		buf_duration(&b, k->limits_timeout * n * k->limits_attempts);
		buf_puts(&b, " of agents");
	} else {
		buf_puts(&b, ", no time limit set");
	}
	buf_printf(&b, ", %d at once; ", k->limits_max_concurrent);
	if (k->limits_cost >= 0)
		buf_printf(&b, "cost limit %.2f USD", k->limits_cost);
	else
		buf_puts(&b, "no cost limit set");
	cli_print_row(v->c, NULL, NULL, buf_cstr(&b));
}

static void plan_text(const struct planned *v)
{
	const struct plan *p = &v->plan;

	print_head(v);
	print_waves(v);
	print_never(v);
	print_hidden(v);
	plan_overlap_text(v->c, p);
	cli_print(v->c, "\n");
	for (int i = 0; i < p->n_cycles; i++)
		chain_line(v, "cycle", &p->cycles[i], true);
	if (p->path.n > 1)
		chain_line(v, "critical path", &p->path, false);
	print_start(v);
	print_ceiling(v);
}

/* Without an EPIC it must be clear which: the only open one. *ret is owned. */
static int epic_choose(struct tracker *t, char **ret, struct err *e)
{
	struct issue_graph g = {0};
	struct buf ids CLEANUP(buf_done) = BUF_INIT;
	int rc = t->ops->epics(t, &g, e);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < g.issues.n; i++)
		buf_printf(&ids, "%s%s", i ? ", " : "", g.issues.items[i].id);
	if (g.issues.n == 1) {
		*ret = mem_strdup(g.issues.items[0].id);
	} else if (g.issues.n) {
		(void)err_set(e, ERR_INVALID, "which epic? %zu are open", g.issues.n);
		rc = err_hint(e, "name one of: %s", buf_cstr(&ids));
	} else {
		(void)err_set(e, ERR_NOT_FOUND, "there is no open epic");
		rc = err_hint(e,
			      "an epic is an issue with children: 'ganger add', 'ganger import'");
	}
	issue_graph_done(&g);
	return rc;
}

static int load_tracker(struct planned *v, const char *epic, struct err *e)
{
	struct tracker *t = NULL;
	char *only CLEANUP(freep) = NULL;
	int rc = cli_tracker(v->c, &t, e);

	if (rc < 0)
		return rc;
	if (!epic)
		rc = epic_choose(t, &only, e);
	if (rc == 0)
		rc = t->ops->load(t, epic ? epic : only, &v->epic, &v->graph, e);
	t->ops->free(t);
	return rc;
}

static void note_found(struct issue_graph *g)
{
	for (size_t i = 0; i < g->found.n; i++)
		VEC_PUSH(&g->notes, mem_printf("%s was discovered from %s, and is no part of the "
					       "epic: %s",
					       g->found.items[i].id, g->found.items[i].from,
					       g->found.items[i].title));
}

static void note_lines(struct planned *v, struct str lines)
{
	struct str line;

	while (str_next(&lines, '\n', &line))
		if (line.n)
			VEC_PUSH(&v->graph.notes, mem_strndup(line.p, line.n));
}

/* What will stop the run there, or holds up its end, as far as may be read. */
static void note_forge(struct planned *v)
{
	struct cli *c = v->c;
	struct buf lines CLEANUP(buf_done) = BUF_INIT;
	struct forge *f = NULL;
	struct err e = ERR_INIT;

	if (!v->epic.id || !finish_on_forge(c))
		return;
	char *branch CLEANUP(freep) = branch_expand(c->config.git_epic_branch, v->epic.id, NULL);
	if (c->parts->forge_open(&c->place, &c->config, &f, &e)) {
		VEC_PUSH(&v->graph.notes,
			 mem_printf("could not ask the forge what it will take: %s", e.msg));
		return;
	}
	protected_plan(&lines, f, &c->config, branch, place_base(&c->place, c->config.base));
	f->ops->free(f);
	note_lines(v, buf_str(&lines));
}

/* Of who would be at work; without an agent there is nobody to be limited. */
static void note_limits(struct planned *v)
{
	struct config *k = &v->c->config;
	const struct config_agent *all = NULL, *resolver = NULL;
	struct buf notes CLEANUP(buf_done) = BUF_INIT;
	struct err none = ERR_INIT; /* 'run' and 'doctor' say why there is none */

	if (config_agent(k, NULL, &all, &none) < 0 || config_resolver(k, &resolver, &none) < 0 ||
	    config_for_some(k, &none) < 0 || config_agent(k, NULL, &all, &none) < 0)
		return;
	for (size_t i = 0; i < k->agents.n; i++) {
		const struct config_agent *a = &k->agents.items[i];

		if (a == all || streq(a->name, CONFIG_RESOLVER) || config_is_for_some(a))
			limits_notes(&notes, k, a);
	}
	note_lines(v, buf_str(&notes));
}

static int load(struct planned *v, const char *epic, struct err *e)
{
	const char *from = cli_value(v->c, "from");

	if (!from)
		return load_tracker(v, epic, e);
	if (strncmp(from, "beads:", 6) != 0 || !from[6]) {
		(void)err_set(e, ERR_INVALID, "cannot look at '%s': it is not beads:FILE", from);
		return e->code;
	}
	return v->c->parts->beads_graph(from + 6, v->c->config.beads_rule, epic, &v->graph, e);
}

int cmd_plan(struct cli *c, int argc, char **argv)
{
	struct planned v CLEANUP(planned_done) = {.c = c};
	struct err e = ERR_INIT;

	if (load(&v, argc ? argv[0] : NULL, &e) < 0)
		return cli_fail(c, &e);
	labels_gate(&c->config, &v.graph);
	note_found(&v.graph);
	note_forge(&v);
	note_limits(&v);
	plan_make(&v.graph, &v.plan);
	plan_overlap_seen(c, v.epic.id, &v.plan, &v.overlaps);
	plan_overlaps(&v.plan, &v.overlaps);
	if (cli_flag(c, "json"))
		plan_json(&v);
	else
		plan_text(&v);
	return v.plan.n_cycles ? CLI_PERSON : CLI_OK;
}
