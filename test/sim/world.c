#include "base/clean.h"
#include "sim/sim.h"

#include <string.h>

/* Time, the order of things, the log, and what may go wrong with a call. */

struct world *sim;

struct world *world_new(uint64_t seed, const struct cuts *cuts, FILE *log)
{
	struct world *w = mem_alloc(sizeof(*w));
	sim = w;
	w->seed = seed;
	w->rng.x = seed * 0x2545f4914f6cdd1du + 1;
	w->finish.x = seed ^ 0xf1715b;
	w->cuts = *cuts;
	w->log = log;
	w->log_hash = 0xcbf29ce484222325u;
	w->wake_at = -1;
	w->idle = true;
	w->wall_off = 1700000000000;
	w->reserve_room = 0;
	return w;
}

static void free_issues(struct world *w)
{
	for (size_t i = 0; i < w->issues.n; i++) {
		free(w->issues.items[i].id);
		free(w->issues.items[i].title);
		free(w->issues.items[i].claimed);
		VEC_DONE(&w->issues.items[i].needs);
	}
	VEC_DONE(&w->issues);
	map_done(&w->issue_ids);
}

static void free_git(struct world *w)
{
	for (size_t i = 0; i < w->commits.n; i++)
		free(w->commits.items[i].content.words);
	for (size_t i = 0; i < w->refs.n; i++)
		free(w->refs.items[i].name);
	for (size_t i = 0; i < w->remote_refs.n; i++)
		free(w->remote_refs.items[i].name);
	for (size_t i = 0; i < w->worktrees.n; i++) {
		free(w->worktrees.items[i].path);
		free(w->worktrees.items[i].branch);
	}
	VEC_DONE(&w->commits);
	VEC_DONE(&w->fixes);
	VEC_DONE(&w->breakers);
	VEC_DONE(&w->refs);
	VEC_DONE(&w->remote_refs);
	map_done(&w->ref_names);
	map_done(&w->remote_names);
	VEC_DONE(&w->worktrees);
}

void world_free(struct world *w)
{
	free_issues(w);
	free_git(w);
	sim_store_done();
	snapshot_free();
	quick_free();
	for (size_t i = 0; i < w->jobs.n; i++)
		free(w->jobs.items[i].worktree);
	for (size_t i = 0; i < w->pulls.n; i++) {
		free(w->pulls.items[i].head);
		free(w->pulls.items[i].base);
		free(w->pulls.items[i].sha);
	}
	for (size_t i = 0; i < w->files.n; i++) {
		free(w->files.items[i].path);
		free(w->files.items[i].text);
	}
	for (size_t i = 0; i < LAST_LINES; i++)
		free(w->lines[i]);
	VEC_DONE(&w->stays);
	VEC_DONE(&w->jobs);
	VEC_DONE(&w->pulls);
	VEC_DONE(&w->submissions);
	VEC_DONE(&w->files);
	map_done(&w->file_paths);
	VEC_DONE(&w->events);
	VEC_DONE(&w->works);
	VEC_DONE(&w->asked);
	VEC_DONE(&w->known);
	checker_free(w->checker);
	free(w);
	sim = NULL;
}

static void hash_line(struct world *w, struct str line)
{
	for (size_t i = 0; i < line.n; i++)
		w->log_hash = (w->log_hash ^ (unsigned char)line.p[i]) * 0x100000001b3u;
}

void say(const char *fmt, ...)
{
	struct world *w = sim;
	struct buf b CLEANUP(buf_done) = BUF_INIT;
	va_list ap;
	buf_printf(&b, "%6lld.%03lld ", (long long)w->now / 1000, (long long)w->now % 1000);
	va_start(ap, fmt);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	hash_line(w, buf_str(&b));
	if (w->log)
		(void)fprintf(w->log, "%s\n", buf_cstr(&b));
	char **slot = &w->lines[w->n_lines++ % LAST_LINES];
	free(*slot);
	*slot = buf_take(&b);
}

/* ---- events: a heap by time, then by the order they were made in ---- */

static bool sooner(const struct event *a, const struct event *b)
{
	return a->at != b->at ? a->at < b->at : a->seq < b->seq;
}

static void event_add(int64_t delay_ms, int life, void (*fn)(int64_t n), int64_t n)
{
	struct world *w = sim;
	CHECK(delay_ms >= 0);
	VEC_PUSH(&w->events, ((struct event){w->now + delay_ms, w->seq++, life, fn, n}));
	struct event *v = w->events.items;
	for (size_t i = w->events.n - 1; i > 0 && sooner(&v[i], &v[(i - 1) / 2]);) {
		struct event up = v[(i - 1) / 2];
		v[(i - 1) / 2] = v[i];
		v[i] = up;
		i = (i - 1) / 2;
	}
}

void at(int64_t delay_ms, void (*fn)(int64_t n), int64_t n)
{
	event_add(delay_ms, 0, fn, n);
}

void at_life(int64_t delay_ms, void (*fn)(int64_t n), int64_t n)
{
	event_add(delay_ms, sim->life, fn, n);
}

bool event_pop(struct event *ret)
{
	struct world *w = sim;
	struct event *v = w->events.items;
	if (!w->events.n)
		return false;
	*ret = v[0];
	v[0] = v[--w->events.n];
	for (size_t i = 0, child; (child = 2 * i + 1) < w->events.n; i = child) {
		if (child + 1 < w->events.n && sooner(&v[child + 1], &v[child]))
			child++;
		if (!sooner(&v[child], &v[i]))
			break;
		struct event down = v[i];
		v[i] = v[child];
		v[child] = down;
	}
	return true;
}

int64_t wall_now(void)
{
	return sim->now + sim->wall_off;
}

/* Most calls are quick, some take their time, a few take very long. */
int64_t latency(void)
{
	struct rng *r = &sim->rng;
	if (rng_chance(r, 0.02))
		return rng_between(r, 0, 60000);
	return rng_chance(r, 0.2) ? rng_between(r, 0, sim->weather.slow_ms) : rng_below(r, 20);
}

/* ---- what may go wrong ---- */

static enum fate draw_fate(struct world *w)
{
	const struct weather *p = &w->weather;
	if (rng_chance(&w->rng, p->crash))
		return rng_chance(&w->rng, 0.5) ? FATE_CRASH : FATE_CRASH_AFTER;
	if (rng_chance(&w->rng, p->error))
		return FATE_ERROR;
	return rng_chance(&w->rng, p->lost_answer) ? FATE_LOST_ANSWER : FATE_WELL;
}

bool may(enum count k)
{
	if (sim->did[k] >= sim->cuts.most[k])
		return false;
	sim->did[k]++;
	return true;
}

enum fate fate(const char *what)
{
	static const char *const words[] = {"", "error", "lost answer", "crash before",
					    "crash after"};
	struct world *w = sim;
	if (w->dead)
		return FATE_DEAD;
	if (w->weather.faults <= 0)
		return FATE_WELL;
	enum fate f = draw_fate(w);
	if (f == FATE_WELL)
		return f;
	w->weather.faults--;
	bool crash = f == FATE_CRASH || f == FATE_CRASH_AFTER;
	if ((crash && !may(COUNT_CRASHES)) || !may(COUNT_FAULTS))
		return FATE_WELL;
	say("!! %s: %s", what, words[f]);
	if (f == FATE_CRASH)
		w->dead = true;
	return f;
}

int refused(enum fate f, struct err *e)
{
	static const enum err_code passing[] = {ERR_BUSY, ERR_IO, ERR_IO, ERR_LIMIT};
	static const enum err_code lasting[] = {ERR_INVALID, ERR_NOT_FOUND, ERR_CONFLICT};
	struct rng *r = &sim->rng;
	if (f == FATE_CRASH || f == FATE_DEAD)
		return err_set(e, ERR_IO, "we are dead");
	if (f != FATE_ERROR)
		return 0;
	if (rng_chance(r, sim->weather.hard_error))
		return err_set(e, lasting[rng_below(r, ARRAY_LEN(lasting))], "it cannot be done");
	int rc = err_set(e, passing[rng_below(r, ARRAY_LEN(passing))], "it could not be done");
	if (rc == ERR_BUSY && e && rng_chance(r, 0.5))
		e->until_ms = wall_now() + rng_between(r, 1, 120000);
	return rc;
}

int heard(enum fate f, struct err *e)
{
	if (f == FATE_CRASH_AFTER)
		sim->dead = true;
	if (f == FATE_LOST_ANSWER || f == FATE_CRASH_AFTER)
		return err_set(e, rng_chance(&sim->rng, 0.5) ? ERR_IO : ERR_LIMIT,
			       "it was done, but nobody heard");
	return 0;
}
