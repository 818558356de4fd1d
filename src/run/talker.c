#include "run/talker.h"

#include "base/clean.h"
#include "base/file.h"
#include "base/mem.h"
#include "run/supervisor-impl.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A talk cannot do without its log; one that grows beyond this many times the cap is broken off. */
#define LOG_TIMES_MAX 4
static_assert(LOG_TIMES_MAX == 4, "over() says so");

struct order {
	int64_t at; /* bytes of the log that were heard before it */
	enum agent_order order;
	char *text; /* or NULL */
};

struct talker {
	struct supervisor *s;
	int64_t job;
	char *task;
	struct agent_talk *talk;
	int orders_fd, events_fd; /* -1: could not be opened */
	int64_t heard;            /* bytes of the log */
	int64_t past;             /* bytes of the log that an earlier supervisor may have heard */
	bool is_over;             /* a limit, which was said */
	bool is_broken_off;       /* for that */
	bool is_stopped;          /* told to break off, and for no limit */
	int64_t told;             /* bytes of events so far */
	int64_t known;            /* bytes of events that an earlier supervisor wrote */
	VEC(struct order) orders; /* of the past, in order */
	size_t n_done;            /* of them, done by now */
};

static const char *const words[] = {
	[AGENT_SAY] = "say",
	[AGENT_BREAK] = "break",
	[AGENT_ALLOW] = "allow",
	[AGENT_DENY] = "deny",
};

/* ---- to others ---- */

static void on_say(void *ctx, uint64_t nth, struct str input)
{
	struct talker *t = ctx;
	struct executor *x = t->s->executor;

	x->ops->say(x, (uint64_t)t->job, nth, input);
}

/* Only what is not in the file yet; what cannot be written there is still in the log. */
static void on_event(void *ctx, struct str line)
{
	struct talker *t = ctx;
	int64_t skip = t->known - t->told;

	t->told += (int64_t)line.n;
	if (skip >= (int64_t)line.n || t->events_fd < 0)
		return;
	if (skip > 0) {
		line.p += skip;
		line.n -= (size_t)skip;
	}
	(void)!write(t->events_fd, line.p, line.n);
}

static void on_ask(void *ctx, const char *name, const char *question)
{
	struct talker *t = ctx;

	if (t->known > t->told)
		return; /* it was asked before */
	char *id CLEANUP(freep) = shell_word(t->task);
	char *text CLEANUP(freep) = mem_printf(
		"asks: %s ('ganger send %s --allow %s' or '--deny %s')", question, id, name, name);
	supervisor_message(t->s, "task %s %s", t->task, text);
	outbox_ask(t->s, t->task, text);
}

/* ---- orders ---- */

static void order_take(struct talker *t, const cJSON *o)
{
	const char *word = cJSON_GetStringValue(cJSON_GetObjectItem(o, "order"));
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItem(o, "text"));
	const cJSON *at = cJSON_GetObjectItem(o, "at");

	for (int i = AGENT_SAY; i <= AGENT_DENY && cJSON_IsNumber(at); i++)
		if (streq(words[i], word) && (text || i != AGENT_SAY))
			VEC_PUSH(&t->orders,
				 ((struct order){(int64_t)at->valuedouble, (enum agent_order)i,
						 mem_strdup(text)}));
	t->is_stopped = t->is_stopped || (streq(words[AGENT_BREAK], word) && !text);
}

/* The next order of a file, or NULL. A line that was cut short by a crash was not done. */
static cJSON *orders_next(struct str *text)
{
	struct str line;
	cJSON *o = NULL;

	while (!o && text->n && memchr(text->p, '\n', text->n) && str_next(text, '\n', &line))
		o = cJSON_ParseWithLength(line.p, line.n);
	return o;
}

static void orders_read(struct talker *t, struct str text)
{
	cJSON *o;

	while ((o = orders_next(&text))) {
		order_take(t, o);
		cJSON_Delete(o);
	}
}

char *talker_broken_off(struct str orders)
{
	char *why = NULL;
	cJSON *o;

	while ((o = orders_next(&orders))) {
		const char *text = cJSON_GetStringValue(cJSON_GetObjectItem(o, "text"));

		if (text && !why &&
		    streq(cJSON_GetStringValue(cJSON_GetObjectItem(o, "order")),
			  words[AGENT_BREAK]))
			why = mem_strdup(text);
		cJSON_Delete(o);
	}
	return why;
}

/* Those of the past that came here. One that was refused then is refused now. */
static void orders_do(struct talker *t)
{
	while (t->n_done < t->orders.n && t->orders.items[t->n_done].at <= t->heard) {
		const struct order *o = &t->orders.items[t->n_done++];
		struct err refused = ERR_INIT;

		IGNORE(agent_talk_order(t->talk, o->order, o->text, &refused));
	}
}

/* What was refused is not to be done by whoever reads the file after a crash. */
static int order_refused(struct talker *t, off_t before, struct err *e)
{
	int rc = err_sys(e, "could not keep what is to be said");

	if (before >= 0 && ftruncate(t->orders_fd, before) < 0) {
		closep(&t->orders_fd); /* half of it must not become whole by the next */
		t->orders_fd = -1;
	}
	return rc;
}

static int order_write(struct talker *t, enum agent_order order, const char *text, struct err *e)
{
	cJSON *o = cJSON_CreateObject();
	struct buf line CLEANUP(buf_done) = BUF_INIT;
	struct stat st = {.st_size = -1};
	char *json;

	cJSON_AddNumberToObject(o, "at", (double)t->heard);
	cJSON_AddStringToObject(o, "order", words[order]);
	if (text)
		cJSON_AddStringToObject(o, "text", text);
	json = cJSON_PrintUnformatted(o);
	cJSON_Delete(o);
	buf_printf(&line, "\n%s\n", json); /* what was cut short before stays a line of its own */
	free(json);
	errno = EIO;
	if (t->orders_fd < 0 || fstat(t->orders_fd, &st) < 0 ||
	    write(t->orders_fd, line.p, line.n) != (ssize_t)line.n || fdatasync(t->orders_fd) < 0)
		return order_refused(t, st.st_size, e);
	return 0;
}

int talker_order(struct talker *t, enum agent_order order, const char *text, struct err *e)
{
	char *question CLEANUP(freep) = NULL;

	/* Before that, it would be said under a number that was something else's. */
	if (t->heard < t->past || t->n_done < t->orders.n)
		return err_set(e, ERR_BUSY, "its log is still being read");
	if (order == AGENT_ALLOW || order == AGENT_DENY) {
		/* By its name: what is asked when the file is read again may be something else. */
		if (agent_talk_question(t->talk, text, &question, e))
			return e->code;
		text = question;
	}
	if (order_write(t, order, text, e))
		return e->code;
	t->is_stopped = t->is_stopped || (order == AGENT_BREAK && !text);
	return agent_talk_order(t->talk, order, text, e);
}

/* ---- its life ---- */

/* The limit that it is over; NULL: none. */
static const char *over(const struct talker *t)
{
	const struct config *c = t->s->config;
	struct agent_used used = agent_talk_used(t->talk);

	if (t->heard / LOG_TIMES_MAX > c->limits_log)
		return "it writes more than 4 times limits.log";
	if (c->limits_tools > 0 && used.tools > c->limits_tools)
		return "it uses more tools than limits.tools";
	if (c->limits_attempt_tokens > 0 && used.tokens > c->limits_attempt_tokens)
		return "it uses more than limits.attempt_tokens";
	if (c->limits_attempt_cost > 0 && used.cost_usd > c->limits_attempt_cost)
		return "it costs more than limits.attempt_cost";
	return NULL;
}

static void check_limits(struct talker *t)
{
	struct err refused = ERR_INIT;
	const char *why = t->is_broken_off || t->heard <= t->past ? NULL : over(t);

	if (!why)
		return;
	if (!t->is_over)
		supervisor_message(t->s, "task %s: %s, and is broken off", t->task, why);
	t->is_over = true;
	/* Its talk is over as well, or it could not be kept: then it is tried again as it goes on. */
	t->is_broken_off =
		talker_order(t, AGENT_BREAK, why, &refused) == 0 || refused.code == ERR_NOT_FOUND;
}

void talker_output(struct talker *t, struct str piece)
{
	while (piece.n) {
		size_t n = piece.n;

		if (t->n_done < t->orders.n &&
		    t->orders.items[t->n_done].at - t->heard < (int64_t)n)
			n = (size_t)(t->orders.items[t->n_done].at - t->heard);
		agent_talk_output(t->talk, (struct str){piece.p, n});
		t->heard += (int64_t)n;
		piece.p += n;
		piece.n -= n;
		orders_do(t);
	}
	check_limits(t);
}

bool talker_is_stopped(const struct talker *t)
{
	return t->is_stopped;
}

static int open_file(const char *dir, const char *name)
{
	char *path CLEANUP(freep) = path_join(dir, name);

	return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
}

struct talker *talker_new(struct supervisor *s, const struct talker_spec *spec)
{
	struct talker *t = mem_alloc(sizeof(*t));
	const struct agent_talk_to to = {.ctx = t, .say = on_say, .event = on_event, .ask = on_ask};
	char *log CLEANUP(freep) = path_join(spec->dir, "log");
	struct stat st = {0};

	if (stat(log, &st) == 0)
		t->past = st.st_size;
	t->s = s;
	t->job = spec->job;
	t->task = mem_strdup(spec->task);
	t->orders_fd = open_file(spec->dir, TALKER_ORDERS);
	t->events_fd = open_file(spec->dir, TALKER_EVENTS);
	if (t->events_fd >= 0 && fstat(t->events_fd, &st) == 0)
		t->known = st.st_size;
	orders_read(t, spec->orders);
	t->talk = agent_talk_new(spec->worker->kind, &spec->worker->settings, spec->attempt, spec->prompt, &to);
	orders_do(t);
	return t;
}

void talker_free(struct talker *t)
{
	if (!t)
		return;
	agent_talk_free(t->talk);
	for (size_t i = 0; i < t->orders.n; i++)
		free(t->orders.items[i].text);
	VEC_DONE(&t->orders);
	closep(&t->orders_fd);
	closep(&t->events_fd);
	free(t->task);
	free(t);
}
