#include "run/host_uv.h"

#include "base/clean.h"
#include "run/control.h"
#include "run/supervisor-impl.h"

#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
#include <uv.h>

/* The real host: libuv's loop, its threads for what blocks, signals, and the control socket. */

struct host_uv {
	struct host host;
	uv_loop_t loop;
	uv_timer_t wake, tick;
	uv_signal_t interrupt, terminate, hangup, resumed;
	struct supervisor *s;
	struct control *control;
	int ready_fd; /* as the spec's */
};

struct uv_loop_s *host_uv_loop(struct host *h)
{
	return &((struct host_uv *)h)->loop;
}

static struct moment uv_now_moment(struct host *h)
{
	(void)h;
	return clock_now();
}

struct uv_work {
	uv_work_t req;
	struct work *work;
};

static void run_work(uv_work_t *req)
{
	struct work *w = ((struct uv_work *)req)->work;
	w->run(w);
}

static void work_done(uv_work_t *req, int status)
{
	struct uv_work *u = (struct uv_work *)req;
	CHECK(status == 0); /* nothing cancels work */
	u->work->done(u->work);
	free(u);
}

static void uv_defer(struct host *h, struct work *w)
{
	struct uv_work *u = mem_alloc(sizeof(*u));
	u->work = w;
	CHECK(uv_queue_work(host_uv_loop(h), &u->req, run_work, work_done) == 0);
}

static void say_ready(struct host_uv *h);

static void on_wake(uv_timer_t *t)
{
	struct host_uv *h = t->data;
	if (!h->s)
		return;
	supervisor_turn(h->s);
	if (h->ready_fd > 0 && !h->s->held)
		say_ready(h);
	/* Timers come before the loop waits: it must not wait for what will not come any more. */
	if (supervisor_over(h->s))
		uv_stop(&h->loop);
}

static void uv_wake_in(struct host *host, int64_t ms)
{
	struct host_uv *h = (struct host_uv *)host;
	if (ms < 0)
		(void)uv_timer_stop(&h->wake); /* never fails */
	else
		CHECK(uv_timer_start(&h->wake, on_wake, (uint64_t)ms, 0) == 0);
}

static void on_tick(uv_timer_t *t)
{
	const struct host_uv *h = t->data;
	const struct observer *o = &h->s->spec.observer;
	if (o->turn)
		o->turn(o->ctx, &h->s->core);
}

/*
 * The first asks for a calm end, the second for an end; a third changes nothing: it is under way.
 * 'ganger stop' counts as the first.
 */
static void on_stop_signal(uv_signal_t *sig, int signum)
{
	struct host_uv *h = sig->data;
	(void)signum;
	supervisor_stop(h->s, h->s->stop == STOP_NO ? STOP_GRACEFUL : STOP_NOW);
}

static void on_continue(uv_signal_t *sig, int signum)
{
	const struct host_uv *h = sig->data;
	(void)signum;
	if (h->s && h->s->spec.observer.resumed)
		h->s->spec.observer.resumed(h->s->spec.observer.ctx);
}

/* Output goes on to run.log, and so does the run. */
static void output_to_log(const struct host_uv *h)
{
	int fd CLEANUP(closep) =
		open(h->s->paths.run_log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	(void)fflush(stdout);
	(void)fflush(stderr);
	(void)dup2(fd, STDOUT_FILENO); /* the descriptors are there: this cannot fail */
	(void)dup2(fd, STDERR_FILENO);
}

/* The terminal is gone. */
static void on_hangup(uv_signal_t *sig, int signum)
{
	(void)signum;
	output_to_log(sig->data);
}

/* Whoever started us in the background may go: what was asked for is durable. */
static void say_ready(struct host_uv *h)
{
	output_to_log(h);
	if (write(h->ready_fd, "+", 1) != 1)
		supervisor_message(h->s, "whoever started this run is gone; it goes on");
	(void)close(h->ready_fd);
	h->ready_fd = -1;
}

static void watch_signal(struct host_uv *h, uv_signal_t *sig, uv_signal_cb cb, int signum)
{
	CHECK(uv_signal_init(&h->loop, sig) == 0);
	sig->data = h;
	CHECK(uv_signal_start(sig, cb, signum) == 0);
}

static void host_init(struct host_uv *h)
{
	h->host = (struct host){uv_now_moment, uv_defer, uv_wake_in};
	int rc = uv_loop_init(&h->loop);
	if (rc == UV_ENOMEM)
		(void)mem_must_have(NULL);
	CHECK(rc == 0);
	CHECK(uv_timer_init(&h->loop, &h->wake) == 0);
	CHECK(uv_timer_init(&h->loop, &h->tick) == 0);
	h->wake.data = h->tick.data = h;
	watch_signal(h, &h->interrupt, on_stop_signal, SIGINT);
	watch_signal(h, &h->terminate, on_stop_signal, SIGTERM);
	watch_signal(h, &h->hangup, on_hangup, SIGHUP);
	watch_signal(h, &h->resumed, on_continue, SIGCONT);
}

static void host_done(struct host_uv *h)
{
	uv_handle_t *const all[] = {(uv_handle_t *)&h->wake,      (uv_handle_t *)&h->tick,
				    (uv_handle_t *)&h->interrupt, (uv_handle_t *)&h->terminate,
				    (uv_handle_t *)&h->hangup,    (uv_handle_t *)&h->resumed};
	control_close(h->control);
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		uv_close(all[i], NULL);
	(void)uv_run(&h->loop, UV_RUN_DEFAULT); /* until every handle is closed */
	CHECK(uv_loop_close(&h->loop) == 0);
}

static int begin(struct host_uv *h, const struct supervisor_spec *spec, struct err *e)
{
	if (supervisor_new(spec, &h->host, &h->s, e) ||
	    control_listen(h->s, &h->loop, &h->control, e))
		return e->code;
	if (spec->observer.tick_ms)
		CHECK(uv_timer_start(&h->tick, on_tick, (uint64_t)spec->observer.tick_ms,
				     (uint64_t)spec->observer.tick_ms) == 0);
	return 0;
}

int supervisor_run(const struct supervisor_spec *spec, int *ret_exit, struct err *e)
{
	struct host_uv *h = mem_alloc(sizeof(*h));
	(void)signal(SIGPIPE, SIG_IGN); /* writes say it themselves */
	/* git and the tracker block. Those that wait for their turn at a forge elsewhere hold up no other. */
	const struct config *k = spec->config;
	bool elsewhere = !streq(k->tracker, "local") || !streq(k->forge, "local");
	(void)setenv("UV_THREADPOOL_SIZE", elsewhere ? "24" : "8", 0);
	/* They seldom allocate at once; a heap for each would only keep what it once held. */
	(void)mallopt(M_ARENA_MAX, 2);
	host_init(h);
	h->ready_fd = spec->ready_fd;
	int rc = begin(h, spec, e);
	while (rc == 0 && !supervisor_over(h->s))
		(void)uv_run(&h->loop, UV_RUN_ONCE); /* its return only says whether handles live */
	if (rc == 0 && supervisor_fatal(h->s)) {
		*e = *supervisor_fatal(h->s);
		rc = e->code;
	}
	if (rc == 0)
		*ret_exit = core_exit_code(&h->s->core);
	if (rc == 0 && spec->ret_stopped)
		*spec->ret_stopped = h->s->stop != STOP_NO;
	struct supervisor *s = TAKE(h->s);
	if (s && s->executor) {
		s->executor->ops->free(s->executor);
		s->executor = NULL;
	}
	host_done(h);
	supervisor_free(s);
	free(h);
	return rc;
}
