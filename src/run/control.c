#include "run/control.h"

#include "base/clean.h"
#include "base/file.h"
#include "run/request.h"
#include "run/rows.h"
#include "run/socket.h"
#include "run/supervisor-impl.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_WAIT_S 30
#define LOOK_MS       5 /* between two looks at one that begins or ends */

/* ---- asking ---- */

static int say(int fd, const char *line, struct err *e)
{
	size_t n = strlen(line);
	if (send(fd, line, n, MSG_NOSIGNAL) != (ssize_t)n || send(fd, "\n", 1, MSG_NOSIGNAL) != 1)
		return err_sys(e, "could not ask the supervisor");
	return 0;
}

static int exchange(int fd, const char *line, struct buf *answer, struct err *e)
{
	struct timeval wait = {.tv_sec = ANSWER_WAIT_S};
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait,
			 sizeof(wait)); /* else it waits longer */
	if (say(fd, line, e))
		return e->code;
	for (;;) {
		char part[4096];
		ssize_t got = recv(fd, part, sizeof(part), 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_set(e, ERR_BUSY, "the supervisor does not answer");
		if (got == 0)
			return 0;
		buf_add(answer, part, (size_t)got);
	}
}

static int read_answer(const struct buf *answer, struct buf *ret, struct err *e)
{
	cJSON *j = cJSON_ParseWithLength(buf_cstr(answer), answer->n);
	const cJSON *text = cJSON_GetObjectItem(j, "text"), *code = cJSON_GetObjectItem(j, "code");
	int rc = ERR_BUSY;
	if (!cJSON_IsString(text) || !cJSON_IsNumber(code)) {
		rc = err_set(e, ERR_BUSY, "the supervisor went away before it answered");
	} else if (code->valueint) {
		rc = err_set(e, (enum err_code)code->valueint, "%s", text->valuestring);
	} else {
		buf_puts(ret, text->valuestring);
		rc = 0;
	}
	cJSON_Delete(j);
	return rc;
}

/* 1: nobody listens. */
static int
ask(const char *socket_path, const struct control_request *r, struct buf *ret, struct err *e)
{
	int fd CLEANUP(closep) = -1;
	int rc = socket_connect(socket_path, &fd, e);
	if (rc)
		return rc;
	char *line CLEANUP(freep) = request_write(r);
	struct buf answer CLEANUP(buf_done) = BUF_INIT;
	if (exchange(fd, line, &answer, e))
		return e->code;
	return read_answer(&answer, ret, e);
}

int control_watch(const struct paths *p, int *ret, struct err *e)
{
	int fd CLEANUP(closep) = -1;
	int rc = socket_connect(p->socket, &fd, e);
	if (rc)
		return rc;
	char *line CLEANUP(freep) = request_write(&(struct control_request){.verb = CONTROL_WATCH});
	if (say(fd, line, e) || fcntl(fd, F_SETFL, O_NONBLOCK) != 0)
		return e->code ? e->code : err_sys(e, "could not watch the supervisor");
	*ret = fd;
	fd = -1;
	return 0;
}

/* ---- doing it without a supervisor ---- */

/* A change being made: the core it is made to, and its rows of the trace. */
struct change {
	struct core core;
	VEC(struct traced) trace;
};

static void step_now(void *ctx, const struct core_event *given)
{
	struct change *x = ctx;
	struct buf b = BUF_INIT;
	struct core_event ev = *given;
	ev.at = clock_now();
	core_step(&x->core, &ev);
	trace_event(&b, &ev);
	VEC_PUSH(&x->trace,
		 ((struct traced){event_name(ev.kind), ev.task, ev.at.wall_ms, buf_take(&b)}));
}

static void change_done(struct change *x)
{
	for (size_t i = 0; i < x->trace.n; i++)
		free(x->trace.items[i].text);
	VEC_DONE(&x->trace);
	core_done(&x->core);
}

static int change_begin(struct change *x,
			struct store *store,
			const struct config *config,
			const char *epic,
			enum control_verb verb,
			struct err *e)
{
	struct supervisor_spec spec = {.config = config};
	struct policy policy;
	struct buf b = BUF_INIT;
	settings_policy(&spec, &policy);
	core_init(&x->core, &policy);
	if (rows_load(store, &x->core, e))
		return e->code;
	if (!x->core.run.epic[0]) {
		x->core.run.epic = arena_strdup(&x->core.arena, epic);
		x->core.run.dispatch = verb == CONTROL_DISPATCH;
	}
	if (x->core.run.dispatch)
		settings_dispatch(&x->core.policy);
	policy = x->core.policy;
	trace_begin(&b, &(struct trace_begin){.version = GANGER_VERSION,
					      .epic = epic,
					      .dispatch = x->core.run.dispatch,
					      .policy = policy});
	VEC_PUSH(&x->trace, ((struct traced){TRACE_BEGIN, -1, clock_now().wall_ms, buf_take(&b)}));
	/* Only what was asked is done here: nothing is due, starts or lands before a START. */
	core_reissue(&x->core);
	return 0;
}

static int change_write(struct change *x, struct store *store, struct err *e)
{
	if (store_begin(store, e) || rows_save(store, &x->core, e))
		return e->code;
	for (size_t i = 0; i < x->trace.n; i++) {
		const struct traced *t = &x->trace.items[i];
		const char *task = t->task >= 0 ? x->core.tasks.items[t->task].id : NULL;
		if (store_trace(store, t->wall_ms, t->kind, task, t->text, e))
			return e->code;
	}
	return store_commit(store, e);
}

int control_change(struct store *store,
		   const struct config *config,
		   const char *epic,
		   const struct control_request *r,
		   struct buf *ret,
		   struct err *e)
{
	struct change x CLEANUP(change_done) = {0};
	if (change_begin(&x, store, config, epic, r->verb, e) ||
	    request_events(&x.core, r, ret, step_now, &x, e) || request_check(&x.core, r, e))
		return e->code;
	int rc = change_write(&x, store, e);
	if (rc)
		store_rollback(store);
	return rc;
}

static int do_offline(const struct paths *p,
		      const struct config *config,
		      const char *epic,
		      const struct control_request *r,
		      struct buf *ret,
		      struct err *e)
{
	int lock CLEANUP(closep) = -1;
	struct store *store = NULL;
	bool makes = r->verb == CONTROL_SUBMIT || r->verb == CONTROL_DISPATCH;
	if (!makes && !file_exists(p->journal))
		return err_set(e, ERR_NOT_FOUND, "there was no run of epic '%s' yet", epic);
	if (r->verb == CONTROL_STOP || r->verb == CONTROL_STOP_NOW || r->verb >= CONTROL_SAY)
		return err_set(e, ERR_NOT_FOUND, "no supervisor runs epic '%s'", epic);
	char *lock_dir CLEANUP(freep) =
		mem_strndup(p->lock, (size_t)(strrchr(p->lock, '/') - p->lock));
	if (dir_make(p->epic_dir, e) || dir_make(lock_dir, e) || store_lock(p->lock, &lock, e) ||
	    store_open(p->journal, STORE_WRITE, rows_tables, ROWS_TABLE_COUNT, &store, e))
		return e->code;
	int rc = control_change(store, config, epic, r, ret, e);
	store_close(store);
	return rc;
}

int control_send(const struct place *place,
		 const struct config *config,
		 const char *epic,
		 const struct control_request *r,
		 struct buf *ret,
		 struct err *e)
{
	struct paths p CLEANUP(paths_done) = {0};
	paths_find(place, epic, config->worktree_dir, &p);
	int rc = ask(p.socket, r, ret, e);
	return rc == 1 ? do_offline(&p, config, epic, r, ret, e) : rc;
}

static void look_one(void *ctx, const char *name)
{
	char *path CLEANUP(freep) = mem_printf("%s/%s/control.sock", (const char *)ctx, name);
	struct buf said CLEANUP(buf_done) = BUF_INIT;
	struct err none = ERR_INIT;
	IGNORE(ask(path, &(struct control_request){.verb = CONTROL_LOOK}, &said, &none));
}

void control_look(const struct place *place)
{
	struct err none = ERR_INIT; /* no folder: no run */
	IGNORE(dir_each(place->state_dir, look_one, place->state_dir, &none));
}

int control_order(const struct place *place,
		  const struct config *config,
		  const char *epic,
		  const struct control_request *r,
		  struct buf *ret,
		  struct err *e)
{
	for (int64_t until = clock_now().mono_ms + CONTROL_WAIT_MS;;) {
		*e = (struct err)ERR_INIT;
		int rc = control_send(place, config, epic, r, ret, e);
		if (rc != ERR_BUSY || clock_now().mono_ms >= until)
			return rc;
		(void)poll(NULL, 0, LOOK_MS);
	}
}
