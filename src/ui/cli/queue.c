#include "base/clean.h"
#include "run/control.h"
#include "run/facts.h"
#include "ui/cli/cli.h"
#include "ui/cli/commands.h"
#include "ui/cli/control.h"
#include "ui/cli/epic.h"

#include <inttypes.h>
#include <limits.h>
#include <string.h>

/* ganger queue: the merge queue of an epic, and a person's order in it. */

/* The one that is being merged has its place; those that wait are numbered as 'move' takes it. */
static int64_t place_of(const struct facts *f, size_t i)
{
	int64_t place = 0;

	for (size_t k = 0; k <= i; k++) {
		const struct task *t = &f->core->tasks.items[f->queue.items[k]];

		place += t->state == TASK_QUEUED;
	}
	return f->core->tasks.items[f->queue.items[i]].state == TASK_QUEUED ? place : 0;
}

/* What an entry is waiting for, in a line; nothing where it is being merged. */
static void add_waits(struct buf *b, const struct facts *f, size_t i)
{
	const struct core *c = f->core;
	const struct task *t = &c->tasks.items[f->queue.items[i]];

	if (t->state == TASK_STANDING)
		facts_standing(b, t);
	if (t->state != TASK_QUEUED)
		return;
	if (core_waits_for(t) != WAIT_NONE || t->due_ms) {
		facts_reason(b, f, f->queue.items[i]);
		if (t->due_ms > c->now.wall_ms) {
			buf_puts(b, b->n ? "; tries again at " : "tries again at ");
			buf_until(b, t->due_ms, c->now.wall_ms);
		}
	} else if (c->run.paused) {
		buf_puts(b, "paused: nothing lands");
	} else if (i > 0) {
		buf_puts(b, "its turn");
	} else {
		buf_puts(b, "a supervisor");
	}
}

static int id_cols(const struct facts *f)
{
	int most = 1;

	for (size_t i = 0; i < f->queue.n; i++) {
		int n = (int)strlen(f->core->tasks.items[f->queue.items[i]].id);

		most = n > most ? n : most;
	}
	return most > 14 ? 14 : most;
}

static void entry_row(struct cli *c, const struct facts *f, size_t i, int cols)
{
	const struct task *t = &f->core->tasks.items[f->queue.items[i]];
	struct buf b CLEANUP(buf_done) = BUF_INIT;
	struct buf place CLEANUP(buf_done) = BUF_INIT;
	struct buf id CLEANUP(buf_done) = BUF_INIT;
	struct buf pr CLEANUP(buf_done) = BUF_INIT;
	struct buf waits CLEANUP(buf_done) = BUF_INIT;

	if (place_of(f, i))
		buf_printf(&place, "%" PRId64, place_of(f, i));
	buf_line(&id, str_of(t->id));
	if (t->pull)
		buf_printf(&pr, "#%" PRId64, t->pull);
	buf_printf(&b, "%3s  %*s  %-10s  %6s  %12.12s  ", buf_cstr(&place), cols, buf_cstr(&id),
		   task_word(t), buf_cstr(&pr), t->head.hex);
	add_waits(&waits, f, i);
	char *said CLEANUP(freep) =
		waits.n ? mem_printf("  (waits for: %s)", buf_cstr(&waits)) : NULL;
	cli_print_row(c, buf_cstr(&b), t->title, said);
}

static cJSON *entry_json(const struct facts *f, size_t i)
{
	const struct task *t = &f->core->tasks.items[f->queue.items[i]];
	struct buf waits CLEANUP(buf_done) = BUF_INIT;
	cJSON *x = cJSON_CreateObject();
	int64_t place = place_of(f, i);

	add_waits(&waits, f, i);
	cJSON_AddItemToObject(x, "id", cli_json_text(t->id));
	cJSON_AddItemToObject(x, "title", cli_json_text(t->title));
	cJSON_AddStringToObject(x, "state", task_word(t));
	cJSON_AddItemToObject(x, "place",
			      place ? cJSON_CreateNumber((double)place) : cJSON_CreateNull());
	cJSON_AddItemToObject(x, "pr",
			      t->pull ? cJSON_CreateNumber((double)t->pull) : cJSON_CreateNull());
	cJSON_AddItemToObject(x, "head", cli_json_text(t->head.hex[0] ? t->head.hex : NULL));
	cJSON_AddBoolToObject(x, "held", t->hold);
	cJSON_AddBoolToObject(x, "needs_approval", t->approval);
	cJSON_AddItemToObject(x, "waits_for", cli_json_text(waits.n ? buf_cstr(&waits) : NULL));
	return x;
}

static cJSON *queue_json(const struct view *v, const struct facts *f)
{
	cJSON *j = cJSON_CreateObject(), *entries;

	cJSON_AddItemToObject(j, "epic", cli_json_text(v->epic));
	entries = cJSON_AddArrayToObject(j, "queue");
	for (size_t i = 0; i < f->queue.n; i++)
		cJSON_AddItemToArray(entries, entry_json(f, i));
	return j;
}

static int show_queue(struct cli *c, const char *epic)
{
	struct view v CLEANUP(view_done) = {0};
	struct facts f CLEANUP(facts_done) = {0};
	struct err e = ERR_INIT;

	if (epic_view(c, epic, &v, &e))
		return cli_fail(c, &e);
	facts_find(&v.core, &f);
	if (cli_flag(c, "json")) {
		cli_print_json(c, queue_json(&v, &f));
		return CLI_OK;
	}
	for (size_t i = 0; i < f.queue.n; i++)
		entry_row(c, &f, i, id_cols(&f));
	if (!f.queue.n)
		cli_hint(c, "nothing is in the queue of epic '%s'", v.epic);
	return CLI_OK;
}

/* "first" or a number from 1; 0: it is neither. */
static int read_place(const char *text)
{
	int64_t n;

	if (streq(text, "first"))
		return 1;
	return str_i64(str_of(text), &n) && n >= 1 && n <= INT_MAX ? (int)n : 0;
}

static int move_entry(struct cli *c, int argc, char **argv)
{
	struct control_request r = {.verb = CONTROL_MOVE};
	struct err e = ERR_INIT;

	r.place = argc == 2 ? read_place(argv[1]) : 0;
	if (!r.place) {
		(void)err_set(&e, ERR_INVALID,
			      "an entry is moved to 'first' or to a number from 1");
		(void)err_hint(&e, "ganger queue move ID first|N");
		return cli_fail(c, &e);
	}
	return control_ask_tasks(c, &r, 1, argv);
}

int cmd_queue(struct cli *c, int argc, char **argv)
{
	static const struct {
		const char *name;
		enum control_verb verb;
	} verbs[] = {
		{"hold",    CONTROL_HOLD   },
                {"release", CONTROL_RELEASE},
                {"move",    CONTROL_MOVE   }
        };
	struct err e = ERR_INIT;

	for (size_t i = 0; argc && i < ARRAY_LEN(verbs); i++) {
		if (!streq(argv[0], verbs[i].name))
			continue;
		if (verbs[i].verb == CONTROL_MOVE)
			return move_entry(c, argc - 1, argv + 1);
		if (argc > 1)
			return control_ask_tasks(c,
						 &(struct control_request){.verb = verbs[i].verb},
						 argc - 1, argv + 1);
		(void)err_set(&e, ERR_INVALID, "'queue %s' needs ID...", argv[0]);
		(void)err_hint(&e, "'ganger queue --epic %s' shows that of an epic of this name",
			       argv[0]);
		return cli_fail(c, &e);
	}
	if (argc > 1) {
		(void)err_set(&e, ERR_INVALID, "'%s' is nothing to do with a queue", argv[0]);
		(void)err_hint(&e, "hold ID, release ID, move ID first|N");
		return cli_fail(c, &e);
	}
	return show_queue(c, argc ? argv[0] : cli_value(c, "epic"));
}
