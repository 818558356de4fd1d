#include "base/clean.h"
#include "port/store.h"
#include "run/rows.h"
#include "run/view.h"

#include <cjson/cJSON.h>
#include <string.h>

/* What the trace remembers of attempts that the tables have forgotten. */

struct search {
	const char *task, *head;
	struct oid start; /* of the attempt being read */
	struct oid found;
};

static void take_oid(const cJSON *j, const char *name, struct oid *ret)
{
	const char *hex = cJSON_GetStringValue(cJSON_GetObjectItem(j, name));
	*ret = (struct oid){{0}};
	if (hex)
		memcpy(ret->hex, hex, strnlen(hex, OID_SIZE - 1));
}

/*
 * An agent's attempt: PREPARED has the start as a (and a base, b, as a check's worktree has not),
 * COLLECTED the end. A person's: FIXED and BRANCH have the end as a and what it began with as b.
 */
static void look_at(struct search *s, const char *kind, const cJSON *j)
{
	struct oid a, b;
	take_oid(j, "a", &a);
	take_oid(j, "b", &b);
	bool ends = streq(a.hex, s->head);
	if (streq(kind, "PREPARED")) {
		if (b.hex[0])
			s->start = a;
	} else if (streq(kind, "COLLECTED")) {
		if (ends)
			s->found = s->start;
	} else if (ends && b.hex[0]) {
		s->found = b;
	}
}

static bool is_of(const struct search *s, const struct store_event *ev, const cJSON *j)
{
	if (streq(ev->kind, "BRANCH"))
		return streq(cJSON_GetStringValue(cJSON_GetObjectItem(j, "text")), s->task);
	return streq(ev->task, s->task);
}

static int on_event(void *ctx, const struct store_event *ev, struct err *e)
{
	static const char *const kinds[] = {"PREPARED", "COLLECTED", "FIXED", "BRANCH"};
	struct search *s = ctx;
	(void)e;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (!streq(ev->kind, kinds[i]) || !ev->text)
			continue;
		cJSON *j = cJSON_Parse(ev->text);
		if (is_of(s, ev, j))
			look_at(s, ev->kind, j);
		cJSON_Delete(j);
	}
	return 0;
}

int view_attempt_start(const struct view *v,
		       const char *task,
		       const struct oid *head,
		       struct oid *ret,
		       struct err *e)
{
	struct store *store = NULL;
	struct search s = {.task = task, .head = head->hex};
	if (store_open(v->paths.journal, STORE_READ, rows_tables, ROWS_TABLE_COUNT, &store, e))
		return e->code;
	int rc = store_events(store, 0, on_event, &s, e);
	store_close(store);
	if (rc)
		return rc;
	if (!s.found.hex[0])
		return err_set(e, ERR_NOT_FOUND, "the journal does not say where %.12s began",
			       head->hex);
	*ret = s.found;
	return 0;
}
