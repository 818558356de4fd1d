#include "base/clean.h"
#include "sim/sim.h"

#include <cjson/cJSON.h>
#include <limits.h>
#include <string.h>

/* How a run is and what it is asked to do, drawn once. */

/* Mostly nothing or little, now and then a lot. */
static double drawn(double most)
{
	struct rng *r = &sim->rng;
	double part = (double)rng_below(r, 1000) / 1000;
	return rng_chance(r, 0.3) ? 0 : most * part * part;
}

static void draw_settings(struct settings *s)
{
	static const char *const methods[] = {"merge", "merge", "squash", "rebase"};
	static const char *const froms[] = {"auto", "auto", "auto", "last", "fresh"};
	struct rng *r = &sim->rng;
	*s = (struct settings){
		.max_concurrent = (int)rng_between(r, 1, 8),
		.kind_max = rng_chance(r, 0.2) ? (int)rng_between(r, 1, 3) : 0,
		.attempts = (int)rng_between(r, 1, 4),
		.interruptions = (int)rng_between(r, 0, 10),
		.deferrals = (int)rng_between(r, 0, 8),
		.retry_ms = rng_between(r, 0, 60) * 1000,
		.silence_ms = rng_chance(r, 0.3) ? rng_between(r, 60, 900) * 1000 : 0,
		.timeout_ms = rng_between(r, 600, 7200) * 1000,
		.slots = (int)rng_between(r, 1, 4),
		.poll = rng_chance(r, 0.5),
		.batch = rng_chance(r, 0.5) ? 1 : (int)rng_between(r, 2, 8),
		.checks = rng_chance(r, 0.3) ? 2 : 1,
		.retries = rng_chance(r, 0.5) ? 0 : (int)rng_between(r, 1, 2),
		.flaky_fails = rng_chance(r, 0.3),
		.setup = rng_chance(r, 0.5),
		.check = rng_chance(r, 0.6),
		.probe = rng_chance(r, 0.3),
		.allow_red = rng_chance(r, 0.3),
		.skip = rng_chance(r, 0.5),
		.fail_uncommitted = rng_chance(r, 0.1),
		.remote = rng_chance(r, 0.4),
		.dispatch = rng_chance(r, 0.05),
		.approve = rng_chance(r, 0.15),
		.method = methods[rng_below(r, ARRAY_LEN(methods))],
		.from = froms[rng_below(r, ARRAY_LEN(froms))],
		.conflict_attempts = rng_chance(r, 0.5) ? 0 : (int)rng_between(r, 1, 3),
		.resolver = rng_chance(r, 0.3),
		.overlap_wait = rng_chance(r, 0.3),
	};
	s->comes_and_goes = s->resolver && !s->kind_max && rng_chance(r, 0.3);
}

void draw_weather(struct world *w)
{
	draw_settings(&w->settings);
	/* Looked at, not drawn: all else is as it is without. */
	w->settings.labels = !w->settings.dispatch && (w->rng.x >> 33) % 10 < 4;
	w->settings.task_cost = (w->rng.x >> 37) % 10 < 2 ? 1 : 0;
	w->weather = (struct weather){
		.error = drawn(0.1),
		.lost_answer = drawn(0.1),
		.crash = drawn(0.03),
		.hard_error = rng_chance(&w->rng, 0.2) ? drawn(0.3) : 0,
		.agent_fails = drawn(0.5),
		.agent_nothing = drawn(0.2),
		.agent_later = drawn(0.3),
		.agent_hangs = drawn(0.2),
		.agent_dies = drawn(0.1),
		.agent_silent = drawn(0.2),
		.agent_bad_history = drawn(0.1),
		.agent_lazy = drawn(0.2),
		.leftovers = drawn(0.5),
		.conflict = drawn(0.4),
		.breaks = drawn(0.3),
		.pair = drawn(0.3),
		.flicker = drawn(0.3),
		.fix = 0.3 + drawn(0.7),
		.setup_fails = drawn(0.1),
		.doubled = drawn(0.1),
		.meddling = rng_chance(&w->rng, 0.3) ? drawn(0.1) : 0,
		.faults = rng_chance(&w->rng, 0.15) ? 0 : (int)rng_between(&w->rng, 1, 300),
		.slow_ms = rng_between(&w->rng, 20, 5000),
		.unresolved = drawn(0.8),
		.submits = !w->settings.dispatch && rng_chance(&w->rng, 0.35)
				   ? (int)rng_between(&w->rng, 1, 6)
				   : 0,
	};
	if (w->weather.submits)
		w->weather.agentless = drawn(0.4);
	w->settings.close_base = rng_chance(&w->finish, 0.3) && !w->settings.dispatch;
	w->weather.finishes =
		rng_chance(&w->finish, 0.3) ? 0.2 + (double)rng_below(&w->finish, 80) / 100 : 0;
}

/* ---- the graph ---- */

static int graph_size(struct rng *r)
{
	if (rng_chance(r, 0.01))
		return (int)rng_between(r, 60, 500);
	if (rng_chance(r, 0.1))
		return (int)rng_between(r, 12, 60);
	return (int)rng_between(r, 1, 12);
}

/* Edges go to earlier issues only: what has a cycle is never started. */
static void draw_needs(struct rng *r, struct sim_issue *x, int task, int shape)
{
	int most = shape == 0 ? 0 : shape == 1 ? 1 : (int)rng_below(r, 4);
	for (int k = 0; task > 0 && k < most; k++) {
		int need = shape == 1           ? task - 1
			   : rng_chance(r, 0.5) ? (int)rng_below(r, task)
						: task - 1 - (int)rng_below(r, task < 4 ? task : 4);
		bool known = false;
		for (size_t i = 0; i < x->needs.n; i++)
			known = known || x->needs.items[i] == need;
		if (!known)
			VEC_PUSH(&x->needs, need);
	}
}

static struct sim_issue draw_issue(struct rng *r, int task, int n, int shape, double odd)
{
	struct sim_issue x = {.priority = (int)rng_below(r, 5)};
	x.hidden = rng_chance(r, odd);
	x.child = !rng_chance(r, odd);
	x.open = !rng_chance(r, odd);
	x.touches = rng_chance(r, 0.5) ? (int)rng_between(r, 1, 1 + n / 4) : 0;
	x.changes = rng_chance(r, 0.5) ? (int)rng_between(r, 1, 1 + n / 4) : 0;
	draw_needs(r, &x, task, shape);
	return x;
}

static void add_drawn(struct world *w, const struct sim_issue *x)
{
	char id[20];
	(void)snprintf(id, sizeof(id), "t%d", (int)w->issues.n);
	int task = issue_add(w, id, x->priority);
	struct sim_issue *to = &w->issues.items[task];
	struct sim_issue named = *x;
	named.id = to->id;
	named.labelled = to->labelled;
	named.title = to->title;
	*to = named;
	checker_touches(w->checker, task, x->touches);
	checker_issue(w->checker, task, x->child && !x->hidden, x->open);
	for (size_t i = 0; i < x->needs.n; i++)
		checker_need(w->checker, task, x->needs.items[i]);
}

/* Those that are not wanted are drawn too, or all that comes after them would be another. */
void draw_graph(struct world *w)
{
	struct rng *r = &w->rng;
	int most = w->cuts.most[COUNT_TASKS];
	int n = graph_size(r), shape = (int)rng_below(r, 4);
	double odd = drawn(0.1);
	for (int i = 0; i < n || (most != INT_MAX && i < most); i++) {
		struct sim_issue x = draw_issue(r, i, n, shape, odd);
		if (may(COUNT_TASKS))
			add_drawn(w, &x);
		else
			VEC_DONE(&x.needs);
	}
}

static const char *text_of(const cJSON *j, const char *name)
{
	const char *s = cJSON_GetStringValue(cJSON_GetObjectItem(j, name));
	return s ? s : "";
}

static void beads_edges(struct world *w, const cJSON *issue)
{
	int task = issue_index(text_of(issue, "id"));
	const cJSON *d = NULL;
	cJSON_ArrayForEach(d, cJSON_GetObjectItem(issue, "dependencies"))
	{
		int need = issue_index(text_of(d, "depends_on_id"));
		if (strcmp(text_of(d, "type"), "blocks") != 0 || need < 0 || need == task)
			continue;
		VEC_PUSH(&w->issues.items[task].needs, need);
		checker_need(w->checker, task, need);
	}
}

/* As 'ganger import beads --reopen' takes them. */
static bool is_wanted(const cJSON *j)
{
	static const char *const types[] = {"task", "bug", "feature", "chore"};
	bool known = false;
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		known = known || streq(text_of(j, "issue_type"), types[i]);
	return known && !streq(text_of(j, "status"), "tombstone") &&
	       !cJSON_IsTrue(cJSON_GetObjectItem(j, "ephemeral"));
}

static void beads_issue(struct world *w, const cJSON *j)
{
	const char *id = text_of(j, "id");
	const cJSON *p = cJSON_GetObjectItem(j, "priority");
	if (issue_index(id) >= 0)
		return;
	int task = issue_add(w, id, p ? p->valueint : 2);
	checker_issue(w->checker, task, true, true);
}

/* The real epic: every issue of a Beads export, with its 'blocks' edges. */
bool beads_graph(struct world *w, const char *path)
{
	VEC(cJSON *) lines = {0};
	FILE *f = fopen(path, "re");
	char *line CLEANUP(freep) = NULL;
	size_t size = 0;
	if (!f)
		return false;
	while (getline(&line, &size, f) > 0) {
		cJSON *j = cJSON_Parse(line);
		if (text_of(j, "id")[0] && is_wanted(j))
			VEC_PUSH(&lines, j);
		else
			cJSON_Delete(j);
	}
	(void)fclose(f);
	for (size_t i = 0; i < lines.n; i++)
		beads_issue(w, lines.items[i]);
	for (size_t i = 0; i < lines.n; i++) {
		beads_edges(w, lines.items[i]);
		cJSON_Delete(lines.items[i]);
	}
	VEC_DONE(&lines);
	return w->issues.n > 0;
}
