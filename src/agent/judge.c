#include "agent/judge.h"

#include "agent/logtext.h"
#include "agent/record.h"
#include "agent/reset.h"
#include "agent/talk.h"
#include "base/clean.h"
#include "base/mem.h"
#include "base/utf8.h"

#include <cjson/cJSON.h>
#include <regex.h>
#include <stdio.h>
#include <string.h>

#define EXIT_LATER   75 /* EX_TEMPFAIL */
#define NOTHING_LINE "ganger: nothing to do"
/* How much of a line is quoted in a reason. */
#define QUOTE_MAX    240
/* How far behind the words about a limit its end is looked for. */
#define RESET_BYTES  400
/* A pattern may match this often in the end of the log; more tell nothing new. */
#define MATCHES_MAX  64

/* The end of the log, read once. */
struct evidence {
	struct buf log;  /* cleaned, the last LOG_RECORD_BYTES */
	struct buf tail; /* cleaned, the last LOG_PAUSE_BYTES, and the record's last words */
	struct record record;
	bool talks;
};

/* What pause_on found. */
struct limit {
	bool found;
	char *line;       /* the line with the last match */
	size_t at;        /* where that was */
	int64_t until_ms; /* 0: no time was named */
};

static void evidence_done(struct evidence *ev)
{
	buf_done(&ev->log);
	buf_done(&ev->tail);
	record_done(&ev->record);
}

static int evidence_read(const char *path, struct evidence *ev, struct err *e)
{
	struct buf raw CLEANUP(buf_done) = BUF_INIT;
	int rc = path ? log_read_tail(path, LOG_RECORD_BYTES, &raw, e) : 0;
	struct str end;

	if (rc && rc != ERR_NOT_FOUND)
		return rc;
	end = buf_str(&raw);
	log_clean(&ev->log, end);
	record_find(buf_str(&ev->log), &ev->record);
	if (end.n > LOG_PAUSE_BYTES) {
		end.p += end.n - LOG_PAUSE_BYTES;
		end.n = LOG_PAUSE_BYTES;
	}
	log_clean(&ev->tail, end);
	if (ev->record.failed && ev->record.text) {
		buf_putc(&ev->tail, '\n');
		buf_puts(&ev->tail, ev->record.text);
	}
	return 0;
}

static void take_piece(void *ctx, struct str piece)
{
	agent_talk_output(ctx, piece);
}

/* What it wrote as errors, what it said of them in its protocol, and how its last turn ended. */
static int evidence_hear(const struct agent_kind *k,
			 const struct agent_settings *s,
			 const struct agent_attempt *a,
			 struct evidence *ev,
			 struct err *e)
{
	struct agent_talk *t = agent_talk_new(k, s, a, STR(""), &(struct agent_talk_to){0});
	struct buf errors CLEANUP(buf_done) = BUF_INIT;
	int rc = a->log_path ? log_read(a->log_path, take_piece, t, e) : 0;

	if (!rc || rc == ERR_NOT_FOUND)
		rc = a->errors_path ? log_read_tail(a->errors_path, LOG_PAUSE_BYTES, &errors, e)
				    : 0;
	ev->talks = true;
	ev->record = t->record;
	t->record = (struct record){0};
	log_clean(&ev->tail, buf_str(&errors));
	if (ev->tail.n)
		buf_putc(&ev->tail, '\n');
	log_clean(&ev->tail, buf_str(&t->errors));
	if (ev->record.failed && ev->record.text)
		buf_puts(&ev->tail, ev->record.text);
	agent_talk_free(t);
	return rc == ERR_NOT_FOUND ? 0 : rc;
}

/* What the program said last, in words rather than in a record of them. */
static struct str last_words(const struct evidence *ev)
{
	struct str line = {0};

	if (ev->talks)
		return log_last_line(ev->record.text ? str_of(ev->record.text)
						     : buf_str(&ev->tail));
	if (ev->record.text && (ev->record.last || ev->record.failed))
		line = log_last_line(str_of(ev->record.text));
	return line.n ? line : log_last_line(buf_str(&ev->log));
}

static void set_reason(struct agent_verdict *v, const char *what, struct str words)
{
	struct buf b CLEANUP(buf_done) = {.max = sizeof(v->reason) - 1};

	buf_puts(&b, what);
	if (words.n > 0) {
		buf_puts(&b, ": ");
		log_quote(&b, words, QUOTE_MAX);
	}
	(void)snprintf(v->reason, sizeof(v->reason), "%s", buf_cstr(&b));
	utf8_mend(v->reason);
}

static int failed(struct agent_verdict *v, const char *what, struct str words)
{
	v->result = AGENT_FAILED;
	set_reason(v, what, words);
	return 0;
}

static bool is_mark(char c)
{
	return strchr("*_`\"'.> \t", c) != NULL;
}

/* The line that says so, also where it was dressed up as Markdown. */
static bool says_nothing(struct str line)
{
	while (line.n > 0 && is_mark(line.p[0])) {
		line.p++;
		line.n--;
	}
	while (line.n > 0 && is_mark(line.p[line.n - 1]))
		line.n--;
	return str_eq(line, STR(NOTHING_LINE));
}

static int compile(const char *pattern, regex_t *ret, struct err *e)
{
	int rc = regcomp(ret, pattern, REG_EXTENDED | REG_ICASE | REG_NEWLINE);
	char text[128];

	if (!rc)
		return 0;
	(void)regerror(rc, ret, text, sizeof(text));
	return err_set(e, ERR_INVALID, "pause_on '%s' is not a pattern: %s", pattern, text);
}

int agent_patterns_check(const struct agent_settings *s, struct err *e)
{
	regex_t re;

	for (const char *const *p = s->pause_on; p && *p; p++) {
		if (compile(*p, &re, e))
			return e ? e->code : ERR_INVALID;
		regfree(&re);
	}
	return 0;
}

/* The whole line around a match. */
static struct str line_around(const char *text, size_t from, size_t to)
{
	while (from > 0 && text[from - 1] != '\n')
		from--;
	while (text[to] != '\0' && text[to] != '\n')
		to++;
	return str_trim((struct str){text + from, to - from});
}

static void note_match(struct limit *l, const char *text, size_t from, size_t to, int64_t now_ms)
{
	struct str line = line_around(text, from, to);
	size_t after = strnlen(text + from, RESET_BYTES);
	int64_t until = reset_find((struct str){text + from, after}, now_ms);

	if (!until)
		until = reset_find((struct str){line.p, (size_t)(text + from - line.p)}, now_ms);
	if (l->found && from < l->at && (l->until_ms || !until))
		return;
	if (until)
		l->until_ms = until;
	if (!l->found || from >= l->at) {
		free(l->line);
		l->line = mem_strndup(line.p, line.n);
		l->at = from;
	}
	l->found = true;
}

static void match_all(const regex_t *re, const char *text, int64_t now_ms, struct limit *l)
{
	size_t at = 0;
	regmatch_t m;

	for (int i = 0; i < MATCHES_MAX; i++) {
		if (regexec(re, text + at, 1, &m, at > 0 ? REG_NOTBOL : 0))
			return;
		note_match(l, text, at + (size_t)m.rm_so, at + (size_t)m.rm_eo, now_ms);
		at += (size_t)m.rm_eo + (m.rm_eo == m.rm_so);
		if (at >= strlen(text))
			return;
	}
}

static int find_limit(const struct agent_settings *s,
		      const struct evidence *ev,
		      int64_t now_ms,
		      struct limit *ret,
		      struct err *e)
{
	for (const char *const *p = s->pause_on; p && *p; p++) {
		regex_t re;
		int rc = compile(*p, &re, e);

		if (rc)
			return rc;
		match_all(&re, buf_cstr(&ev->tail), now_ms, ret);
		regfree(&re);
	}
	return 0;
}

static int64_t result_until(const cJSON *o, int64_t now_ms)
{
	const cJSON *until = cJSON_GetObjectItemCaseSensitive(o, "until");

	if (cJSON_IsString(until))
		return reset_parse(str_of(until->valuestring), now_ms);
	if (cJSON_IsNumber(until) && until->valuedouble > 0 && until->valuedouble < 1e14) {
		char *text CLEANUP(freep) = mem_printf("%.0f", until->valuedouble);

		return reset_parse(str_of(text), now_ms);
	}
	return 0;
}

static int read_result(const cJSON *o, int64_t now_ms, struct agent_verdict *v)
{
	static const struct {
		const char *word, *what;
		enum agent_result result;
	} results[] = {
		{"done",    "",			      AGENT_DONE   },
		{"nothing", "nothing to do",                 AGENT_NOTHING},
		{"later",   "asked to be tried again later", AGENT_LATER  },
		{"failed",  "said that it failed",           AGENT_FAILED },
	};
	const char *word = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, "result"));
	const char *reason = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, "reason"));

	for (size_t i = 0; i < ARRAY_LEN(results); i++) {
		if (!streq(word, results[i].word))
			continue;
		v->result = results[i].result;
		set_reason(v, results[i].what, (struct str){0});
		if (reason && *reason && v->result != AGENT_DONE)
			set_reason(v, results[i].what, str_of(reason));
		if (v->result == AGENT_LATER)
			v->until_ms = result_until(o, now_ms);
		return 0;
	}
	if (!word)
		return failed(v, "its result file has no \"result\"", (struct str){0});
	return failed(v, "its result file has a \"result\" that there is not", str_of(word));
}

/* *ret_decided: there is a result file with something in it. */
static int judge_result_file(
	const char *path, int64_t now_ms, struct agent_verdict *v, bool *ret_decided, struct err *e)
{
	struct buf text CLEANUP(buf_done) = BUF_INIT;
	int rc = path ? log_read_tail(path, RESULT_FILE_MAX + 1, &text, e) : ERR_NOT_FOUND;
	struct str trimmed = str_trim(buf_str(&text));
	cJSON *o;

	*ret_decided = rc == 0 && trimmed.n > 0;
	if (!*ret_decided)
		return rc == ERR_NOT_FOUND ? 0 : rc;
	if (text.n > RESULT_FILE_MAX)
		return failed(v, "its result file is over 64 KiB", (struct str){0});
	o = cJSON_ParseWithLength(trimmed.p, trimmed.n);
	if (cJSON_IsObject(o))
		rc = read_result(o, now_ms, v);
	else
		rc = failed(v, "its result file is not a JSON object", trimmed);
	cJSON_Delete(o);
	return rc;
}

static int judge_exit(const struct agent_settings *s,
		      const struct evidence *ev,
		      int code,
		      int64_t now_ms,
		      struct agent_verdict *v,
		      struct err *e)
{
	struct limit l = {0};
	struct str words = last_words(ev);
	char what[64];
	int rc = find_limit(s, ev, now_ms, &l, e);

	if (ev->talks && ev->record.failed)
		(void)snprintf(what, sizeof(what), "its turn failed");
	else if (code == 0 && ev->record.failed)
		(void)snprintf(what, sizeof(what),
			       "exit 0, but its own record says that it failed");
	else
		(void)snprintf(what, sizeof(what), "exit %d%s", code,
			       ev->talks || code == 0 ? ", but without a record of success"
			       : words.n              ? ""
						      : ", no output");
	if (rc) {
		free(l.line);
		return rc;
	}
	if (!l.found && code != EXIT_LATER)
		return failed(v, what, words);
	v->result = AGENT_LATER;
	v->provider_limit = l.found;
	v->until_ms = l.until_ms;
	if (l.found)
		set_reason(v, "its provider refused", str_of(l.line));
	else
		set_reason(v, "asked to be tried again later (exit 75)", words);
	free(l.line);
	return 0;
}

static int judge_success(const struct evidence *ev, struct agent_verdict *v)
{
	struct str words = last_words(ev);

	v->result = says_nothing(words) ? AGENT_NOTHING : AGENT_DONE;
	if (v->result == AGENT_NOTHING && ev->record.denied[0])
		return failed(v, "nothing done, but it was denied a tool",
			      str_of(ev->record.denied));
	if (v->result == AGENT_NOTHING)
		set_reason(v, "nothing to do", (struct str){0});
	return 0;
}

/* However it ended but by its own exit. */
static int
judge_ended(const struct job_end *end, const struct evidence *ev, struct agent_verdict *v)
{
	struct str words = last_words(ev);
	struct buf what CLEANUP(buf_done) = BUF_INIT;
	int64_t ran_ms = end->started_ms && end->ended_ms ? end->ended_ms - end->started_ms : 0;

	switch (end->how) {
	case JOB_TIMEOUT:
		buf_puts(&what, "ended by its time limit");
		break;
	case JOB_SILENCE:
		buf_puts(&what, "ended because it was silent");
		break;
	case JOB_STOPPED:
		buf_puts(&what, "stopped");
		break;
	case JOB_SIGNALED:
		buf_printf(&what, "ended by signal %d (%s)", end->code, strsignal(end->code));
		break;
	case JOB_LOST:
		buf_puts(&what, "lost: the process that watched it is gone");
		break;
	case JOB_NOT_STARTED:
		buf_puts(&what, "could not be started");
		words = str_of(end->text);
		break;
	case JOB_EXITED:
	case JOB_HOW_COUNT:
		CHECK(false);
	}
	if (ran_ms > 0 && (end->how == JOB_TIMEOUT || end->how == JOB_SILENCE)) {
		buf_puts(&what, " after ");
		buf_duration(&what, ran_ms);
	}
	return failed(v, buf_cstr(&what), words);
}

/* Whatever the exit status: its own last word is failure, or is missing. */
static bool is_no_success(const struct record *r)
{
	return (r->failed && r->last) || r->cut;
}

static int judge(const struct agent_settings *s,
		 const struct agent_attempt *a,
		 const struct job_end *end,
		 int64_t now_ms,
		 const struct evidence *ev,
		 struct agent_verdict *v,
		 struct err *e)
{
	bool decided = false;
	int rc;

	if (end->how == JOB_NOT_STARTED)
		return judge_ended(end, ev, v);
	rc = judge_result_file(a->result_path, now_ms, v, &decided, e);
	if (rc || decided)
		return rc;
	if (a->broken_off && (!ev->record.found || ev->record.failed))
		return failed(v, "broken off", str_of(a->broken_off));
	if (a->cost_max > 0 && ev->record.failed && ev->record.over_budget)
		return failed(v, "broken off: it costs more than limits.attempt_cost",
			      (struct str){0});
	if (end->how != JOB_EXITED)
		return judge_ended(end, ev, v);
	if (ev->talks && ev->record.found && !ev->record.failed)
		return judge_success(ev, v);
	if (end->code == 0 && !ev->talks && !is_no_success(&ev->record))
		return judge_success(ev, v);
	return judge_exit(s, ev, end->code, now_ms, v, e);
}

int agent_judge(const struct agent_kind *k,
		const struct agent_settings *s,
		const struct agent_attempt *a,
		const struct job_end *end,
		int64_t now_wall_ms,
		struct agent_verdict *ret,
		struct err *e)
{
	struct evidence ev CLEANUP(evidence_done) = {.log = BUF_INIT, .tail = BUF_INIT};
	struct agent_verdict v = {0};
	int rc = k->talk ? evidence_hear(k, s, a, &ev, e) : evidence_read(a->log_path, &ev, e);

	v.tokens_in = ev.record.tokens_in;
	v.tokens_out = ev.record.tokens_out;
	v.cost_usd = record_cost(&ev.record, s->price_in, s->price_out);
	rc = rc ? rc : judge(s, a, end, now_wall_ms, &ev, &v, e);
	if (rc)
		return err_wrap(e, "could not judge agent '%s'", s->name);
	*ret = v;
	return 0;
}
