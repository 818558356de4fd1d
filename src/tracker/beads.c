#include "tracker/beads.h"

#include "base/check.h"
#include "base/clean.h"
#include "tracker/text.h"

#include <cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define READ_BYTES 65536
#define NS_PER_S   INT64_C(1000000000)
/* Where a date cannot be read, the issue stays deferred: the end of year 9999. */
#define FAR_MS     INT64_C(253402300799000)

static void issue_free(struct beads_issue *i)
{
	free(i->id);
	free(i->title);
	free(i->status);
	free(i->type);
	free(i->description);
	free(i->ref);
	free(i->body);
	free(i->close_reason);
	free(i->labels);
	free(i->assignee);
	free(i->notes);
	for (size_t k = 0; k < i->edges.n; k++) {
		free(i->edges.items[k].needs);
		free(i->edges.items[k].type);
	}
	VEC_DONE(&i->edges);
	for (size_t k = 0; k < i->comments.n; k++) {
		free(i->comments.items[k].author);
		free(i->comments.items[k].text);
	}
	VEC_DONE(&i->comments);
	memset(i, 0, sizeof(*i));
}

void beads_file_done(struct beads_file *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->issues.n; i++)
		issue_free(&f->issues.items[i]);
	VEC_DONE(&f->issues);
	for (size_t i = 0; i < f->problems.n; i++)
		free(f->problems.items[i].text);
	VEC_DONE(&f->problems);
	map_done(&f->index);
	map_done(&f->ready);
}

static void problem(struct beads_file *f, int line, char *text)
{
	*VEC_ADD(&f->problems) = (struct beads_problem){.line = line, .text = text};
}

/* n digits at the front of s, cut off. */
static bool digits(struct str *s, size_t n, int *ret)
{
	int64_t value;

	if (s->n < n || s->p[0] == '-' || s->p[0] == '+' || !str_i64((struct str){s->p, n}, &value))
		return false;
	s->p += n;
	s->n -= n;
	*ret = (int)value;
	return true;
}

static bool mark(struct str *s, const char *any_of)
{
	if (!s->n || !s->p[0] || !strchr(any_of, s->p[0]))
		return false;
	s->p++;
	s->n--;
	return true;
}

static int64_t fraction_ns(struct str *s)
{
	int64_t ns = 0, unit = NS_PER_S / 10;

	for (; s->n && s->p[0] >= '0' && s->p[0] <= '9'; s->p++, s->n--, unit /= 10)
		ns += (s->p[0] - '0') * unit;
	return ns;
}

static bool zone_s(struct str *s, int64_t *ret)
{
	int hours, minutes;
	bool minus = s->n && s->p[0] == '-';

	*ret = 0;
	if (mark(s, "Zz"))
		return true;
	if (!mark(s, "+-") || !digits(s, 2, &hours) || !mark(s, ":") || !digits(s, 2, &minutes))
		return false;
	*ret = (hours * 60 + minutes) * (minus ? -60 : 60);
	return true;
}

static bool clock_part(struct str *s, struct tm *tm, int64_t *ret_ns, int64_t *ret_zone_s)
{
	if (!digits(s, 2, &tm->tm_hour) || !mark(s, ":") || !digits(s, 2, &tm->tm_min) ||
	    !mark(s, ":") || !digits(s, 2, &tm->tm_sec))
		return false;
	*ret_ns = mark(s, ".,") ? fraction_ns(s) : 0;
	return zone_s(s, ret_zone_s);
}

/* Seconds since the epoch, and what is beyond them in ns. */
static bool parse_time(struct str s, int64_t *ret_s, int64_t *ret_ns)
{
	struct tm tm = {0};
	int64_t ns = 0, zone = 0;

	s = str_trim(s);
	if (!digits(&s, 4, &tm.tm_year) || !mark(&s, "-") || !digits(&s, 2, &tm.tm_mon) ||
	    !mark(&s, "-") || !digits(&s, 2, &tm.tm_mday))
		return false;
	if (tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1 || tm.tm_mday > 31)
		return false;
	if (mark(&s, "Tt ") && !clock_part(&s, &tm, &ns, &zone))
		return false;
	if (s.n || tm.tm_hour > 24 || tm.tm_min > 59 || tm.tm_sec > 60)
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	*ret_s = (int64_t)timegm(&tm) - zone;
	*ret_ns = ns;
	return true;
}

bool beads_time(struct str s, int64_t *ret_ns)
{
	int64_t seconds, ns;

	if (!parse_time(s, &seconds, &ns))
		return false;
	/* Years that do not fit (before 1678, after 2261) count as the nearest that does. */
	if (seconds > INT64_MAX / NS_PER_S - 1)
		seconds = INT64_MAX / NS_PER_S - 1;
	if (seconds < INT64_MIN / NS_PER_S + 1)
		seconds = INT64_MIN / NS_PER_S + 1;
	*ret_ns = seconds * NS_PER_S + ns;
	return true;
}

static struct str text_at(const cJSON *o, const char *key)
{
	return str_of(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, key)));
}

static bool flag_at(const cJSON *o, const char *key)
{
	return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(o, key));
}

static int64_t time_at(const cJSON *o, const char *key)
{
	int64_t seconds, ns;

	return parse_time(text_at(o, key), &seconds, &ns) ? seconds * 1000 + ns / 1000000 : 0;
}

static enum beads_edge_kind kind_of(const char *type, const cJSON *edge)
{
	static const struct {
		const char *type;
		enum beads_edge_kind kind;
	} kinds[] = {
		{"blocks",             BEADS_BLOCKS},
		{"conditional-blocks", BEADS_BLOCKS},
		{"parent-child",       BEADS_PARENT},
		{"waits-for",          BEADS_WAITS },
	};
	enum beads_edge_kind kind = BEADS_INERT;

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (streq(type, kinds[i].type))
			kind = kinds[i].kind;
	}
	if (kind != BEADS_WAITS)
		return kind;
	/* The gate is JSON in a text, or plain JSON in some versions. */
	const cJSON *metadata = cJSON_GetObjectItemCaseSensitive(edge, "metadata");
	cJSON *inner = cJSON_IsString(metadata) ? cJSON_Parse(metadata->valuestring) : NULL;
	struct str gate = text_at(inner ? inner : metadata, "gate");
	if (str_eq(gate, STR("any-children")))
		kind = BEADS_WAITS_ANY;
	cJSON_Delete(inner);
	return kind;
}

static void read_edges(struct beads_file *f, const cJSON *o, struct beads_issue *i)
{
	const cJSON *edge;

	cJSON_ArrayForEach(edge, cJSON_GetObjectItemCaseSensitive(o, "dependencies"))
	{
		struct str type = text_at(edge, "type");
		char *needs = text_line(text_at(edge, "depends_on_id"));

		if (!*needs) {
			problem(f, i->line,
				mem_printf("a dependency of '%s' has no 'depends_on_id'", i->id));
			free(needs);
			continue;
		}
		struct beads_edge *new = VEC_ADD(&i->edges);
		new->needs = needs;
		new->type = type.n ? text_line(type) : mem_strdup("blocks");
		new->kind = kind_of(new->type, edge);
	}
}

static void read_comments(const cJSON *o, struct beads_issue *i)
{
	struct str rest = str_of(i->notes);
	struct beads_piece piece;
	const cJSON *comment;

	while (beads_notes_next(&rest, &piece)) {
		if (piece.marker.p)
			*VEC_ADD(&i->comments) = (struct beads_comment){
				.author = mem_strdup("ganger"),
				.text = mem_strndup(piece.text.p, piece.text.n),
				.created_ms = time_at(o, "updated_at"),
			};
	}

	cJSON_ArrayForEach(comment, cJSON_GetObjectItemCaseSensitive(o, "comments"))
	{
		struct str text = text_at(comment, "text");

		if (!text.n)
			continue;
		*VEC_ADD(&i->comments) = (struct beads_comment){
			.author = text_line(text_at(comment, "author")),
			.text = text_clean(text),
			.created_ms = time_at(comment, "created_at"),
		};
	}
}

/* What a person wrote there. */
static char *plain_notes(struct str notes)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;
	struct beads_piece piece;

	while (beads_notes_next(&notes, &piece)) {
		if (!piece.marker.p)
			buf_add(&b, piece.text.p, piece.text.n);
	}
	struct str plain = str_trim(buf_str(&b));
	return mem_strndup(plain.p ? plain.p : "", plain.n);
}

static char *read_body(const cJSON *o)
{
	static const struct {
		const char *key, *heading;
	} parts[] = {
		{"description",         NULL                 },
		{"design",              "Design"             },
		{"acceptance_criteria", "Acceptance criteria"},
		{"notes",               "Notes"              },
	};
	struct buf b CLEANUP(buf_done) = BUF_INIT;
	char *notes CLEANUP(freep) = plain_notes(text_at(o, "notes"));

	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		bool is_notes = streq(parts[i].key, "notes");
		struct str text = is_notes ? str_of(notes) : text_at(o, parts[i].key);

		if (!text.n)
			continue;
		if (b.n)
			buf_puts(&b, "\n\n");
		if (parts[i].heading)
			buf_printf(&b, "## %s\n\n", parts[i].heading);
		buf_add(&b, text.p, text.n);
	}
	return text_clean(buf_str(&b));
}

static char *read_labels(const cJSON *o)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;
	const cJSON *label;

	cJSON_ArrayForEach(label, cJSON_GetObjectItemCaseSensitive(o, "labels"))
	{
		buf_puts(&b, cJSON_IsString(label) ? label->valuestring : "");
		buf_putc(&b, '\n');
	}
	return text_labels(buf_str(&b));
}

static int read_priority(const cJSON *o)
{
	const cJSON *p = cJSON_GetObjectItemCaseSensitive(o, "priority");

	if (!cJSON_IsNumber(p))
		return 2;
	return p->valuedouble < 0 ? 0 : p->valuedouble > 4 ? 4 : (int)p->valuedouble;
}

static char *text_or(struct str s, const char *otherwise)
{
	char *line CLEANUP(freep) = text_line(s);

	return *line ? TAKE(line) : mem_strdup(otherwise);
}

static void read_issue(struct beads_file *f, const cJSON *o, int line, struct beads_issue *i)
{
	struct str defer = text_at(o, "defer_until");

	i->line = line;
	i->title = text_or(text_at(o, "title"), i->id);
	i->status = text_or(text_at(o, "status"), "open");
	i->type = text_or(text_at(o, "issue_type"), "task");
	i->description = text_clean(text_at(o, "description"));
	i->ref = text_line(text_at(o, "external_ref"));
	i->body = read_body(o);
	i->close_reason = text_line(text_at(o, "close_reason"));
	i->labels = read_labels(o);
	i->assignee = text_line(text_at(o, "assignee"));
	i->notes = text_clean(text_at(o, "notes"));
	i->priority = read_priority(o);
	i->pinned = flag_at(o, "pinned");
	i->ephemeral = flag_at(o, "ephemeral") || flag_at(o, "wisp");
	i->is_template = flag_at(o, "is_template");
	i->created_ms = time_at(o, "created_at");
	i->closed_ms = time_at(o, "closed_at");
	i->defer_ms = time_at(o, "defer_until");
	if (defer.n && !i->defer_ms) {
		problem(f, line,
			mem_printf("'defer_until' of '%s' is not a time: '%s'", i->id, defer.p));
		i->defer_ms = FAR_MS;
	}
	if (!beads_time(text_at(o, "updated_at"), &i->updated_ns))
		i->updated_ns = INT64_MIN;
	read_edges(f, o, i);
	read_comments(o, i);
}

static int keep(struct beads_file *f, struct beads_issue *i, struct err *e)
{
	size_t at;

	if (!map_find(&f->index, i->id, &at)) {
		if (f->issues.n == BEADS_ISSUES_MAX)
			return err_set(e, ERR_LIMIT, "more than %u issues", BEADS_ISSUES_MAX);
		map_set(&f->index, i->id, f->issues.n);
		VEC_PUSH(&f->issues, *i);
		return 0;
	}
	CHECK(at < f->issues.n);
	f->copies++;
	if (i->updated_ns < f->issues.items[at].updated_ns) {
		issue_free(i);
		return 0;
	}
	issue_free(&f->issues.items[at]);
	f->issues.items[at] = *i;
	return 0;
}

static int read_object(struct beads_file *f, const cJSON *o, int line, struct err *e)
{
	struct beads_issue i = {0};
	struct str kind = text_at(o, "_type");

	if (kind.n && !str_eq(kind, STR("issue"))) {
		f->other++;
		return 0;
	}
	if (kind.n)
		f->rule = BEADS_RULE_1_0;
	i.id = text_line(text_at(o, "id"));
	if (!*i.id) {
		problem(f, line, mem_strdup("an issue without 'id'"));
		issue_free(&i);
		return 0;
	}
	read_issue(f, o, line, &i);
	return keep(f, &i, e);
}

static int read_line(struct beads_file *f, struct str text, int line, struct err *e)
{
	const char *end = NULL;

	if (line == 1 && str_starts(text, "\xef\xbb\xbf"))
		text = (struct str){text.p + 3, text.n - 3};
	text = str_trim(text);
	if (!text.n)
		return 0;
	cJSON *o = cJSON_ParseWithLengthOpts(text.p, text.n, &end, 0);
	if (!cJSON_IsObject(o) || end != text.p + text.n) {
		problem(f, line, mem_strdup(o ? "not one JSON object" : "not JSON"));
		cJSON_Delete(o);
		return 0;
	}
	int rc = read_object(f, o, line, e);
	cJSON_Delete(o);
	return rc;
}

/* The line so far is in b; over the limit only its being too long is kept. */
static int end_line(struct beads_file *f, struct buf *b, int *line, struct err *e)
{
	int rc = 0;

	++*line;
	if (b->full)
		problem(f, *line, mem_printf("longer than %u bytes", BEADS_LINE_MAX));
	else
		rc = read_line(f, buf_str(b), *line, e);
	buf_reset(b);
	return rc;
}

static int
read_chunk(struct beads_file *f, struct str chunk, struct buf *b, int *line, struct err *e)
{
	int rc = 0;

	while (rc == 0 && chunk.n) {
		const char *end = memchr(chunk.p, '\n', chunk.n);
		size_t n = end ? (size_t)(end - chunk.p) : chunk.n;

		buf_add(b, chunk.p, n);
		chunk.p += n + (end != NULL);
		chunk.n -= n + (end != NULL);
		if (end)
			rc = end_line(f, b, line, e);
	}
	return rc;
}

static int read_all(int fd, const char *path, struct beads_file *f, struct err *e)
{
	struct buf b CLEANUP(buf_done) = {.max = BEADS_LINE_MAX};
	char *chunk CLEANUP(freep) = mem_alloc(READ_BYTES);
	int line = 0, rc = 0;
	ssize_t n;

	while (rc == 0 && (n = read(fd, chunk, READ_BYTES)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "could not read '%s'", path);
		rc = read_chunk(f, (struct str){chunk, (size_t)n}, &b, &line, e);
	}
	if (rc == 0 && b.n)
		rc = end_line(f, &b, &line, e);
	return rc;
}

/* The items of an answer; NULL: it is none, but lines. */
static const cJSON *answer_items(const cJSON *o)
{
	const cJSON *data = cJSON_GetObjectItemCaseSensitive(o, "data");

	if (cJSON_IsArray(o))
		return o;
	return cJSON_IsArray(data) && !cJSON_HasObjectItem(o, "id") ? data : NULL;
}

static int read_text(struct beads_file *f, struct str text, struct err *e)
{
	struct buf b CLEANUP(buf_done) = {.max = BEADS_LINE_MAX};
	int line = 0;
	int rc = read_chunk(f, text, &b, &line, e);

	return rc || !b.n ? rc : end_line(f, &b, &line, e);
}

int beads_parse(struct str text, struct beads_file *ret, struct err *e)
{
	struct beads_file f = {0};
	const char *end = NULL;
	const cJSON *item;
	int rc = 0, line = 0;

	text = str_trim(text);
	cJSON *o = text.n ? cJSON_ParseWithLengthOpts(text.p, text.n, &end, 0) : NULL;
	const cJSON *items = o && end == text.p + text.n ? answer_items(o) : NULL;
	cJSON_ArrayForEach(item, items)
	{
		rc = rc ? rc : read_object(&f, item, ++line, e);
	}
	if (!items)
		rc = read_text(&f, text, e);
	cJSON_Delete(o);
	if (rc)
		beads_file_done(&f);
	else
		*ret = f;
	return rc;
}

int beads_load(const char *path, struct beads_file *ret, struct err *e)
{
	struct beads_file f = {0};
	int fd CLEANUP(closep) = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		bool absent = errno == ENOENT;

		(void)err_sys(e, "could not open '%s'", path);
		if (absent && e)
			e->code = ERR_NOT_FOUND;
		return absent ? ERR_NOT_FOUND : ERR_IO;
	}
	int rc = read_all(fd, path, &f, e);
	if (rc) {
		beads_file_done(&f);
		return rc;
	}
	*ret = f;
	return 0;
}

bool beads_is_tombstone(const struct beads_issue *i)
{
	return streq(i->status, "tombstone");
}

bool beads_is_closed(const struct beads_issue *i)
{
	return streq(i->status, "closed") || beads_is_tombstone(i);
}

const struct beads_issue *beads_find(const struct beads_file *f, const char *id)
{
	size_t at;

	return map_find(&f->index, id, &at) ? &f->issues.items[at] : NULL;
}
