#include "tracker/beads_bd.h"

#include "base/child.h"
#include "base/clean.h"
#include "base/clock.h"
#include "base/map.h"
#include "tracker/text.h"

#include <cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define SHOWN_MAX    256 /* issues that an export lacks, asked for one by one */
#define BD_AGAIN_MS  100
#define BD_IN_USE_MS 5000 /* that long it is asked again where somebody else has the store */

void bd_args_done(struct bd_args *a)
{
	for (size_t i = 0; i < a->n; i++)
		free(a->owned[i]);
}

void bd_arg(struct bd_args *a, const char *text, const char *value)
{
	CHECK(a->n < BD_ARGS_MAX);
	a->owned[a->n] = value ? mem_printf("%s=%s", text, value) : mem_strdup(text);
	a->argv[a->n] = a->owned[a->n];
	a->n++;
}

int bd_begin(struct bd *b, struct err *e)
{
	CHECK(pthread_mutex_lock(&b->mutex) == 0);
	b->lock_fd = open(b->lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	int rc = b->lock_fd < 0 ? -1 : 0;
	/* Every holder's calls have a deadline, so this ends. */
	while (rc == 0 && flock(b->lock_fd, LOCK_EX)) {
		if (errno != EINTR)
			rc = -1;
	}
	if (rc == 0)
		return 0;
	(void)err_sys(e, "could not lock '%s'", b->lock);
	bd_end(b);
	return ERR_IO;
}

void bd_end(struct bd *b)
{
	closep(&b->lock_fd);
	b->lock_fd = -1;
	CHECK(pthread_mutex_unlock(&b->mutex) == 0);
}

/* {"error": …} or plain text with "Error: " in front: what it says. NULL: nothing. */
static char *words_of(struct str s)
{
	const char *brace = s.n ? memchr(s.p, '{', s.n) : NULL;
	cJSON *o = brace ? cJSON_ParseWithLength(brace, s.n - (size_t)(brace - s.p)) : NULL;
	const char *error = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, "error"));
	struct str rest = error ? str_of(error) : s;

	rest = str_trim(rest);
	if (!error && str_starts(rest, "Error: "))
		rest = (struct str){rest.p + 7, rest.n - 7};
	char *line = rest.n ? text_line(rest) : NULL;
	cJSON_Delete(o);
	return line;
}

/* In the words of SQLite, of embedded Dolt, of its server, and of a bd that looks at a lock first. */
static bool is_in_use(const char *words)
{
	static const char *const in_use[] = {"database is locked", "lock busy",
					     "holds the exclusive lock",
					     "try restarting transaction"};

	for (size_t i = 0; i < ARRAY_LEN(in_use); i++) {
		if (strcasestr(words, in_use[i]))
			return true;
	}
	return false;
}

static int refused(const char *verb, const struct child_result *r, struct err *e)
{
	char *words CLEANUP(freep) = words_of(buf_str(&r->errout));

	if (!words)
		words = words_of(buf_str(&r->out));
	if (!words)
		return err_set(e, ERR_INVALID, "bd %s: exit %d", verb, r->exit_code);
	return err_set(e, is_in_use(words) ? ERR_BUSY : ERR_INVALID, "bd %s: %s", verb, words);
}

char **bd_env_for(const struct bd *b, const char *who)
{
	VEC(char *) v = {0};

	VEC_PUSH(&v, mem_printf("BEADS_DIR=%s", b->dir));
	VEC_PUSH(&v, mem_strdup("BEADS_NO_DAEMON=1"));
	VEC_PUSH(&v, mem_strdup("BD_NON_INTERACTIVE=1"));
	/* Who claims what is claimed for it already is not told that somebody else has it. */
	VEC_PUSH(&v, mem_printf("BD_ACTOR=%s", who));
	VEC_PUSH(&v, NULL);
	return v.items;
}

static int run_once(struct bd *b,
		    const char *const *all,
		    const char *verb,
		    struct child_result *r,
		    struct err *e)
{
	char *dir CLEANUP(freep) = mem_printf("BEADS_DIR=%s", b->dir);
	/* Both of what 1.x answers without and with it are read; its shape is settled with it. No
	 * daemon: it would answer from what it knew before, and outlive us. */
	const char *const set[] = {dir, "BD_JSON_ENVELOPE=1", "BEADS_NO_DAEMON=1",
				   "BD_NON_INTERACTIVE=1", NULL};
	int rc = child_run(
		&(struct child_spec){
			.cwd = b->root, .argv = all, .set = set, .timeout_ms = b->timeout_ms},
		r, e);

	if (rc == 0 && r->exit_code)
		return refused(verb, r, e);
	if (rc == 0 && r->out.full)
		return err_set(e, ERR_LIMIT, "bd %s: its answer is too long", verb);
	return rc;
}

int bd_run(struct bd *b, const char *const *argv, struct buf *ret, struct err *e)
{
	const char *all[BD_ARGS_MAX + 4] = {"bd", argv[0], "--json"};
	struct child_result r = {0};
	size_t n = 3;
	int64_t most_ms = b->timeout_ms < BD_IN_USE_MS ? b->timeout_ms : BD_IN_USE_MS;
	int64_t until = clock_now().mono_ms + most_ms;
	int rc;

	for (size_t i = 1; argv[i]; i++) {
		CHECK(n < ARRAY_LEN(all) - 1);
		all[n++] = argv[i];
	}
	/* Agents and people call it as well, and some versions do not wait for one another. Others do,
	 * for longer than this. */
	while ((rc = run_once(b, all, argv[0], &r, e)) == ERR_BUSY && clock_now().mono_ms < until) {
		child_result_done(&r);
		(void)poll(NULL, 0, BD_AGAIN_MS);
	}
	if (rc == 0 && ret) {
		*ret = r.out;
		r.out = (struct buf)BUF_INIT;
	}
	child_result_done(&r);
	return rc;
}

/* The ids that something waits for and the export does not have. */
static void missing(const struct beads_file *f, struct map *ret)
{
	for (size_t i = 0; i < f->issues.n; i++) {
		const struct beads_issue *issue = &f->issues.items[i];

		for (size_t k = 0; k < issue->edges.n; k++) {
			const struct beads_edge *edge = &issue->edges.items[k];

			if (edge->kind != BEADS_INERT && edge->needs[0] != '-' &&
			    !str_starts(str_of(edge->needs), "external:") &&
			    !beads_find(f, edge->needs))
				map_set(ret, edge->needs, 0);
		}
	}
}

/* In the words of every version: "issue ID not found", "no issue found matching ID". */
static bool is_unknown(const struct err *e)
{
	return e->code == ERR_INVALID &&
	       (strcasestr(e->msg, "not found") || strcasestr(e->msg, "no issue found"));
}

/* As a line of an export. What bd does not know blocks nothing; any other refusal is an error. */
static int show_one(struct bd *b, const char *id, struct buf *text, struct err *e)
{
	struct buf out CLEANUP(buf_done) = BUF_INIT;
	const char *const argv[] = {"show", "--", id, NULL};
	struct err why = ERR_INIT;

	if (bd_run(b, argv, &out, &why))
		return is_unknown(&why) ? 0 : err_set(e, why.code, "%s", why.msg);
	cJSON *o = cJSON_Parse(buf_cstr(&out));
	const cJSON *data = cJSON_GetObjectItemCaseSensitive(o, "data");
	const cJSON *one = data ? data : o;
	if (cJSON_IsArray(one))
		one = one->child;
	char *line = one ? cJSON_PrintUnformatted(one) : NULL;
	bool is_there = line != NULL;
	if (is_there)
		buf_printf(text, "\n%s", line);
	free(line);
	cJSON_Delete(o);
	return is_there ? 0 : err_set(e, ERR_CORRUPT, "bd show: could not read issue '%s'", id);
}

/* Exports leave out gates and other internal types; work waits for those all the same. */
static int read_missing(struct bd *b, struct buf *text, struct beads_file *f, struct err *e)
{
	struct map ids CLEANUP(map_done) = {0};
	struct beads_file whole = {0};
	size_t at = 0;

	missing(f, &ids);
	for (size_t i = 0; i < f->issues.n; i++) {
		const struct beads_issue *issue = &f->issues.items[i];

		for (size_t k = 0; k < issue->edges.n; k++) {
			size_t shown;

			if (!map_find(&ids, issue->edges.items[k].needs, &shown) || shown)
				continue;
			if (at == SHOWN_MAX)
				return err_set(e, ERR_LIMIT,
					       "bd export: over %d issues that others wait for are "
					       "not in it",
					       SHOWN_MAX);
			int rc = show_one(b, issue->edges.items[k].needs, text, e);
			if (rc)
				return rc;
			map_set(&ids, issue->edges.items[k].needs, ++at);
		}
	}
	if (!at)
		return 0;
	int rc = beads_parse(buf_str(text), &whole, e);
	if (rc)
		return rc;
	beads_file_done(f);
	*f = whole;
	return 0;
}

int bd_read(struct bd *b, struct beads_file *ret, struct err *e)
{
	struct buf text CLEANUP(buf_done) = BUF_INIT;
	struct beads_file f = {0};
	const char *const argv[] = {"export", NULL};
	int rc = bd_run(b, argv, &text, e);

	if (rc == 0)
		rc = beads_parse(buf_str(&text), &f, e);
	if (rc)
		return rc;
	if (f.problems.n)
		rc = err_set(e, ERR_CORRUPT, "bd export: line %d: %s", f.problems.items[0].line,
			     f.problems.items[0].text);
	if (rc == 0)
		rc = read_missing(b, &text, &f, e);
	if (rc)
		beads_file_done(&f);
	else
		*ret = f;
	return rc;
}

int bd_ask_ready(struct bd *b, struct beads_file *f, struct err *e)
{
	/* Every version has a limit that it takes without being asked, and none by 0. */
	const char *const argv[] = {"ready", "--limit=0", NULL};
	struct buf out CLEANUP(buf_done) = BUF_INIT;
	const cJSON *item;
	int rc = bd_run(b, argv, &out, e);

	if (rc)
		return rc;
	cJSON *o = cJSON_Parse(buf_cstr(&out));
	const cJSON *list = cJSON_IsArray(o) ? o : cJSON_GetObjectItemCaseSensitive(o, "data");
	if (!cJSON_IsArray(list))
		rc = err_set(e, ERR_CORRUPT, "bd ready: its answer is no list");
	cJSON_ArrayForEach(item, list)
	{
		const char *id = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(item, "id"));

		if (rc == 0 && !id)
			rc = err_set(e, ERR_CORRUPT, "bd ready: an issue without 'id'");
		else if (rc == 0)
			map_set(&f->ready, id, 0);
	}
	f->asked = rc == 0;
	cJSON_Delete(o);
	return rc;
}

/* A field of the object that an answer is or holds; the caller's, NULL: there is none. */
static char *field_of(struct str answer, const char *key)
{
	cJSON *o = cJSON_ParseWithLength(answer.p, answer.n);
	const cJSON *data = cJSON_GetObjectItemCaseSensitive(o, "data");
	const cJSON *one = data ? data : o;

	if (cJSON_IsArray(one))
		one = one->child;
	char *text = mem_strdup(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(one, key)));
	cJSON_Delete(o);
	return text;
}

char *bd_created(struct str answer)
{
	return field_of(answer, "id");
}

enum beads_rule bd_rule(struct str answer)
{
	char *version CLEANUP(freep) = field_of(answer, "version");
	int64_t minor = 0;

	if (!version || !str_starts(str_of(version), "0."))
		return BEADS_RULE_1_0;
	const char *from = version + 2;
	size_t n = strspn(from, "0123456789");
	return str_i64((struct str){from, n}, &minor) && minor <= 50 ? BEADS_RULE_0_49
								     : BEADS_RULE_1_0;
}
