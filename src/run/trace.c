#include "run/trace.h"

#include "base/clean.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* Up to here a double, and so a number of JSON, tells every integer apart. */
#define EXACT_MAX (INT64_C(1) << 53)

/* ---- writing: a number that is 0 and a text that is empty are left out ---- */

static void put_int(cJSON *j, const char *name, int64_t n)
{
	char text[32];
	if (!n)
		return;
	(void)snprintf(text, sizeof(text), "%" PRId64, n);
	if (n > EXACT_MAX || n < -EXACT_MAX)
		cJSON_AddStringToObject(j, name, text);
	else
		cJSON_AddRawToObject(j, name, text);
}

/* With all its digits: sums of it are compared bit by bit. */
static void put_real(cJSON *j, const char *name, double n)
{
	char text[40];
	if (n == 0 || !isfinite(n))
		return;
	(void)snprintf(text, sizeof(text), "%.17g", n);
	cJSON_AddRawToObject(j, name, text);
}

static void put_text(cJSON *j, const char *name, const char *s)
{
	if (s && s[0])
		cJSON_AddStringToObject(j, name, s);
}

static void print(struct buf *b, cJSON *j)
{
	char *line CLEANUP(freep) = cJSON_PrintUnformatted(j);
	cJSON_Delete(j);
	buf_puts(b, line);
}

/* ---- both ways: the fields of an event, and of the policy ---- */

struct int_field {
	const char *name;
	size_t at;
};
static const struct int_field event_ints[] = {
	{"serial",    offsetof(struct core_event, serial)    },
	{"n",         offsetof(struct core_event, n)         },
	{"m",         offsetof(struct core_event, m)         },
	{"pid",       offsetof(struct core_event, pid)       },
	{"pid_start", offsetof(struct core_event, pid_start) },
	{"how",       offsetof(struct core_event, how)       },
	{"code",      offsetof(struct core_event, code)      },
	{"started",   offsetof(struct core_event, started_ms)},
	{"ended",     offsetof(struct core_event, ended_ms)  },
	{"stay",      offsetof(struct core_event, stay)      },
	{"ahead",     offsetof(struct core_event, ahead)     },
	{"leftovers", offsetof(struct core_event, leftovers) },
	{"result",    offsetof(struct core_event, result)    },
	{"until",     offsetof(struct core_event, until_ms)  },
	{"provider",  offsetof(struct core_event, provider)  },
};

enum policy_type { P_INT, P_INT64, P_BOOL, P_REAL };
struct policy_field {
	const char *name;
	enum policy_type type;
	size_t at;
};
#define POLICY(type, name)                                                                         \
	{                                                                                          \
#name, type, offsetof(struct policy, name)                                         \
	}
static const struct policy_field policy_fields[] = {
	POLICY(P_INT, max_concurrent),    POLICY(P_INT, attempts),
	POLICY(P_INT, interruptions),     POLICY(P_INT, deferrals),
	POLICY(P_INT64, retry_delay_ms),  POLICY(P_INT64, retry_max_ms),
	POLICY(P_INT, retry_from),        POLICY(P_INT, gate_slots),
	POLICY(P_BOOL, skip_dependents),  POLICY(P_BOOL, fail_uncommitted),
	POLICY(P_BOOL, has_setup),        POLICY(P_INT64, probes),
	POLICY(P_BOOL, allow_red),        POLICY(P_BOOL, until_submitted),
	POLICY(P_BOOL, no_agents),        POLICY(P_INT, gate_retries),
	POLICY(P_BOOL, flaky_fails),      POLICY(P_INT, batch),
	POLICY(P_BOOL, approve),          POLICY(P_REAL, cost_limit),
	POLICY(P_REAL, task_cost_limit),  POLICY(P_INT64, token_limit),
	POLICY(P_INT, conflict_attempts), POLICY(P_INT, resolver),
	POLICY(P_BOOL, overlap_wait),     POLICY(P_INT64, task_token_limit),
};
static_assert(sizeof(struct policy) == 128 + CORE_CHECKS_MAX * sizeof(struct core_check),
	      "a new member has its row above");

static cJSON *policy_json(const struct policy *p)
{
	cJSON *j = cJSON_CreateObject();
	for (size_t i = 0; i < ARRAY_LEN(policy_fields); i++) {
		const struct policy_field *f = &policy_fields[i];
		const void *at = (const char *)p + f->at;
		switch (f->type) {
		case P_INT:
			put_int(j, f->name, *(const int *)at);
			break;
		case P_INT64:
			put_int(j, f->name, *(const int64_t *)at);
			break;
		case P_BOOL:
			put_int(j, f->name, *(const bool *)at);
			break;
		case P_REAL:
			put_real(j, f->name, *(const double *)at);
			break;
		}
	}
	put_text(j, "checks_key", p->checks_key);
	cJSON *checks = cJSON_AddArrayToObject(j, "checks");
	for (int i = 0; i < p->n_checks; i++) {
		cJSON *x = cJSON_CreateObject();
		put_text(x, "name", p->checks[i].name);
		put_text(x, "key", p->checks[i].key);
		cJSON_AddItemToArray(checks, x);
	}
	return j;
}

void trace_begin(struct buf *b, const struct trace_begin *t)
{
	cJSON *j = cJSON_CreateObject();
	put_text(j, "version", t->version);
	put_text(j, "epic", t->epic);
	cJSON *kinds = cJSON_AddArrayToObject(j, "kinds");
	for (int i = 0; i < t->n_kinds; i++) {
		cJSON *k = cJSON_CreateObject();
		put_text(k, "name", t->kinds[i].name);
		put_int(k, "max", t->kinds[i].max);
		cJSON_AddItemToArray(kinds, k);
	}
	put_int(j, "dispatch", t->dispatch);
	cJSON_AddItemToObject(j, "policy", policy_json(&t->policy));
	print(b, j);
}

void trace_event(struct buf *b, const struct core_event *ev)
{
	cJSON *j = cJSON_CreateObject();
	put_int(j, "t", ev->at.mono_ms);
	put_text(j, "a", ev->a.hex);
	put_text(j, "b", ev->b.hex);
	for (size_t i = 0; i < ARRAY_LEN(event_ints); i++)
		put_int(j, event_ints[i].name,
			*(const int64_t *)(const void *)((const char *)ev + event_ints[i].at));
	if (ev->kind == EV_COLLECTED) { /* no other is asked for them */
		put_int(j, "in", ev->tokens_in);
		put_int(j, "out", ev->tokens_out);
		put_real(j, "cost", ev->cost);
	}
	put_text(j, "text", ev->text);
	put_text(j, "text2", ev->text2);
	put_text(j, "text3", ev->text3);
	print(b, j);
}

/* ---- reading ---- */

static int64_t get_int(const cJSON *j, const char *name)
{
	const cJSON *n = cJSON_GetObjectItem(j, name);
	int64_t ret = 0;
	if (cJSON_IsString(n) && str_i64(str_of(n->valuestring), &ret))
		return ret;
	return cJSON_IsNumber(n) ? (int64_t)n->valuedouble : 0;
}

static double get_real(const cJSON *j, const char *name)
{
	const cJSON *n = cJSON_GetObjectItem(j, name);
	return cJSON_IsNumber(n) ? n->valuedouble : 0;
}

static const char *get_text(const cJSON *j, const char *name)
{
	return cJSON_GetStringValue(cJSON_GetObjectItem(j, name));
}

static void get_oid(const cJSON *j, const char *name, struct oid *ret)
{
	const char *hex = get_text(j, name);
	if (hex)
		memcpy(ret->hex, hex, strnlen(hex, OID_SIZE - 1));
}

static void read_policy(const cJSON *j, struct policy *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(policy_fields); i++) {
		const struct policy_field *f = &policy_fields[i];
		void *at = (char *)ret + f->at;
		switch (f->type) {
		case P_INT:
			*(int *)at = (int)get_int(j, f->name);
			break;
		case P_INT64:
			*(int64_t *)at = get_int(j, f->name);
			break;
		case P_BOOL:
			*(bool *)at = get_int(j, f->name) != 0;
			break;
		case P_REAL:
			*(double *)at = get_real(j, f->name);
			break;
		}
	}
	if (get_int(j, "has_probe")) /* as earlier versions had it, of the first kind alone */
		ret->probes = 1;
	const char *all = get_text(j, "checks_key");
	(void)snprintf(ret->checks_key, sizeof(ret->checks_key), "%s", all ? all : "");
	const cJSON *x = NULL;
	cJSON_ArrayForEach(x, cJSON_GetObjectItem(j, "checks"))
	{
		const char *name = get_text(x, "name"), *key = get_text(x, "key");
		if (ret->n_checks == CORE_CHECKS_MAX)
			break;
		struct core_check *to = &ret->checks[ret->n_checks++];
		(void)snprintf(to->name, sizeof(to->name), "%s", name ? name : "");
		(void)snprintf(to->key, sizeof(to->key), "%s", key ? key : "");
	}
}

static void read_kind(struct trace_row *r, const char *name, int64_t max)
{
	if (name && r->begin.n_kinds < TRACE_KINDS_MAX)
		r->kinds[r->begin.n_kinds++] = (struct kind){.name = name, .max = max};
}

static void read_begin(const cJSON *j, struct trace_row *ret)
{
	ret->begin = (struct trace_begin){.version = get_text(j, "version"),
					  .epic = get_text(j, "epic"),
					  .kinds = ret->kinds,
					  .dispatch = get_int(j, "dispatch") != 0};
	/* Earlier versions had two, each with names of its own. */
	read_kind(ret, get_text(j, "agent"), get_int(j, "agent_max"));
	read_kind(ret, get_text(j, "resolver"), get_int(j, "resolver_max"));
	const cJSON *k = NULL;
	cJSON_ArrayForEach(k, cJSON_GetObjectItem(j, "kinds"))
		read_kind(ret, get_text(k, "name"), get_int(k, "max"));
	read_policy(cJSON_GetObjectItem(j, "policy"), &ret->begin.policy);
}

static enum core_event_kind kind_of(const char *name)
{
	for (int k = EV_NONE + 1; k < EV_COUNT; k++)
		if (streq(event_name((enum core_event_kind)k), name))
			return (enum core_event_kind)k;
	return EV_NONE;
}

static void read_event(const cJSON *j, struct core_event *ret)
{
	ret->at.mono_ms = get_int(j, "t");
	get_oid(j, "a", &ret->a);
	get_oid(j, "b", &ret->b);
	for (size_t i = 0; i < ARRAY_LEN(event_ints); i++)
		*(int64_t *)(void *)((char *)ret + event_ints[i].at) =
			get_int(j, event_ints[i].name);
	ret->tokens_in = get_int(j, "in");
	ret->tokens_out = get_int(j, "out");
	ret->cost = get_real(j, "cost");
	ret->text = get_text(j, "text");
	ret->text2 = get_text(j, "text2");
	ret->text3 = get_text(j, "text3");
}

static int damaged(const struct store_event *row, const char *why, struct err *e)
{
	return err_set(e, ERR_CORRUPT, "could not read event %" PRId64 " of the trace: %s", row->id,
		       why);
}

int trace_read(const struct core *c,
	       const struct store_event *row,
	       struct trace_row *ret,
	       struct err *e)
{
	*ret = (struct trace_row){.json = cJSON_Parse(row->text ? row->text : "")};
	if (!cJSON_IsObject(ret->json))
		return damaged(row, "it is not a JSON object", e);
	ret->begins = streq(row->kind, TRACE_BEGIN);
	if (ret->begins) {
		read_begin(ret->json, ret);
		return 0;
	}
	ret->ev.kind = kind_of(row->kind);
	if (ret->ev.kind == EV_NONE)
		return damaged(row, "there is no event of its kind", e);
	ret->ev.task = row->task ? core_find(c, row->task) : -1;
	if (row->task && (ret->ev.task < 0 || ret->ev.kind > EV_TASK_LAST))
		return damaged(row, "its task was never there", e);
	ret->ev.at.wall_ms = row->wall_ms;
	read_event(ret->json, &ret->ev);
	return 0;
}

void trace_row_done(struct trace_row *r)
{
	cJSON_Delete(r->json);
	*r = (struct trace_row){0};
}
