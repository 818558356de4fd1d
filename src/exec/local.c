#include "exec/local.h"

#include "base/clean.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "exec/cgroup.h"
#include "exec/local-impl.h"
#include "exec/talk.h"
#include "shim/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define BOUND_MS        10000
#define LOOK_EVERY_MS   10   /* at a job that cannot be adopted yet */
#define LOOK_LIMIT_MS   5000 /* then it is taken for what it looks like */
#define LOOK_DAMAGED_MS 500  /* the same, where a record is wrong and not just missing */
#define READY_AT_ONCE   64   /* records read from the ready pipe in one go */

static void job_look(struct job *j);
static void on_turn(uv_idle_t *handle);

static struct executor_local *local(struct executor *x)
{
	return (struct executor_local *)x;
}

/* --- the table --- */

struct job *exec_job_find(const struct executor_local *x, uint64_t number)
{
	for (size_t i = 0; i < x->jobs.n; i++) {
		if (x->jobs.items[i]->number == number)
			return x->jobs.items[i];
	}
	return NULL;
}

static struct job *job_find_in_state(const struct executor_local *x, enum job_state state)
{
	for (size_t i = 0; i < x->jobs.n; i++) {
		if (x->jobs.items[i]->state == state)
			return x->jobs.items[i];
	}
	return NULL;
}

static struct job *job_new(struct executor_local *x, const struct job_spec *s)
{
	struct job *j = mem_alloc(sizeof(*j));

	j->x = x;
	j->number = s->number;
	j->dir = mem_strdup(s->dir);
	j->worktree = mem_strdup(s->watch);
	j->sweeps = s->sweeps && s->watch;
	if (s->talks)
		j->talk = exec_talk_new(x, s);
	VEC_PUSH(&x->jobs, j);
	return j;
}

void exec_free_if_unused(struct executor_local *x)
{
	if (!x->is_freeing || x->n_handles || x->is_sweeping)
		return;
	closep(&x->ready_in);
	closep(&x->ready_out);
	free(x->shim);
	free(x->cgroup_base);
	free(x->description);
	VEC_DONE(&x->jobs);
	free(x);
}

static void on_watch_closed(uv_handle_t *handle)
{
	struct watch *w = handle->data;
	struct executor_local *x = w->x;

	closep(&w->pid_fd);
	free(w);
	x->n_handles--;
	exec_free_if_unused(x);
}

static void job_unwatch(struct job *j)
{
	if (!j->watch)
		return;
	j->watch->job = NULL;
	uv_close((uv_handle_t *)&j->watch->poll, on_watch_closed);
	j->watch = NULL;
}

static void job_free(struct job *j)
{
	struct executor_local *x = j->x;

	job_unwatch(j);
	exec_talk_free(j->talk);
	for (size_t i = 0; i < x->jobs.n; i++) {
		if (x->jobs.items[i] == j) {
			x->jobs.items[i] = x->jobs.items[--x->jobs.n];
			break;
		}
	}
	free(j->dir);
	free(j->worktree);
	free(j);
}

/* --- telling --- */

static void tell_started(struct job *j, pid_t pid, uint64_t start_time)
{
	struct job_started s = {
		.number = j->number,
		.pid = pid,
		.start_time = start_time,
		.adopted = j->adopted,
	};

	if (j->told_started)
		return;
	j->told_started = true;
	if (j->x->ev.started)
		j->x->ev.started(j->x->ev.ctx, &s);
	if (j->talk && !j->x->is_freeing)
		exec_talk_begin(j->talk);
}

/* The job is out of the table before anybody hears of it: they may ensure it again. */
static void tell_ended(struct job *j)
{
	const struct executor_events ev = j->x->ev;
	struct job_end end = j->end;

	if (j->talk)
		exec_talk_end(j->talk);
	job_free(j);
	ev.ended(ev.ctx, &end);
}

void exec_job_ended(struct job *j)
{
	j->state = JOB_ENDED;
	j->end.number = j->number;
	CHECK(uv_idle_start(&j->x->turn, on_turn) == 0);
}

/* --- watching and adopting --- */

/* Nobody has the lock, or the end is there: what the file says is the last word. */
static void job_settle(struct job *j)
{
	const struct executor_local *x = j->x;
	const struct record *r = &j->record;

	if (r->has_child)
		tell_started(j, r->child.pid, r->child.start_time);
	if (x->is_freeing)
		return; /* by those who were told */
	/* The end of an earlier boot may be on the disk where what the job wrote is not. Whose shim we
	 * watched is of this one. */
	if (r->has_end && (j->state == JOB_WATCHED || record_is_of_this_boot(r))) {
		record_end(r, &j->end);
		if (j->sweeps)
			exec_job_sweep(j);
		else
			exec_job_ended(j);
	} else if (r->damaged) {
		exec_job_lost(j, "its status file is damaged");
	} else {
		exec_job_lost(j, r->has_start ? "its shim died" : "cut short before it started");
	}
}

static void job_signal(const struct job *j)
{
	int sig = j->is_killed ? SIGUSR1 : j->is_asked ? SIGUSR2 : 0;

	if (sig && j->watch)
		(void)pidfd_send_signal(j->watch->pid_fd, sig, NULL, 0); /* gone: we will hear */
}

static void on_shim_gone(uv_poll_t *handle, int status, int events)
{
	struct watch *w = handle->data;
	struct job *j = w->job;
	siginfo_t info;

	(void)status, (void)events; /* whatever it is, the file knows */
	/* Ours to wait for unless it was adopted; then somebody else does. */
	(void)waitid(P_PIDFD, (id_t)w->pid_fd, &info, WEXITED | WNOHANG);
	if (!j) { /* its job was over before */
		uv_close((uv_handle_t *)&w->poll, on_watch_closed);
		return;
	}
	job_unwatch(j);
	job_look(j);
}

/* Watch the shim by its pidfd, which becomes the watch's. -1: the loop has no room for it. */
static int job_watch(struct job *j, int pid_fd)
{
	struct watch *w = mem_alloc(sizeof(*w));

	w->x = j->x;
	w->job = j;
	w->pid_fd = pid_fd;
	w->poll.data = w;
	if (uv_poll_init(j->x->loop, &w->poll, pid_fd) < 0) {
		(void)close(pid_fd);
		free(w);
		return -1;
	}
	CHECK(uv_poll_start(&w->poll, UV_READABLE, on_shim_gone) == 0);
	j->x->n_handles++;
	j->watch = w;
	j->state = JOB_WATCHED;
	job_signal(j);
	return 0;
}

static bool is_shortage(int sys)
{
	return sys == EMFILE || sys == ENFILE || sys == ENOMEM;
}

static void on_look(uv_timer_t *timer)
{
	struct executor_local *x = timer->data;

	for (size_t i = x->jobs.n; i-- > 0;) {
		if (i < x->jobs.n && x->jobs.items[i]->state == JOB_LOOKING)
			job_look(x->jobs.items[i]);
	}
	if (!x->is_freeing && !job_find_in_state(x, JOB_LOOKING)) {
		x->told_waits = false;
		(void)uv_timer_stop(timer);
	}
}

static void tell_waits(const struct job *j, int sys)
{
	struct executor_local *x = j->x;
	struct rlimit limit = {0};
	struct err e = ERR_INIT;

	if (x->told_waits || !x->ev.waits)
		return;
	x->told_waits = true;
	(void)getrlimit(RLIMIT_NOFILE, &limit);
	errno = sys;
	(void)err_sys(&e, "could not see how job %" PRIu64 " goes on, trying again", j->number);
	if (sys == EMFILE)
		(void)err_hint(
			&e,
			"'ulimit -n' is %" PRIu64 ": raise it before the next run, or lower "
			"limits.max_concurrent; for this run: prlimit --pid %d --nofile=%" PRIu64
			":",
			(uint64_t)limit.rlim_cur, (int)getpid(), 2 * (uint64_t)limit.rlim_cur);
	else
		(void)err_hint(&e, "end what this machine can do without");
	x->ev.waits(x->ev.ctx, &e);
}

/*
 * It cannot be told yet: look again soon. After some time it is lost, but never for want of our
 * own descriptors.
 */
static void job_look_again(struct job *j, int64_t now_ms, int sys, const char *why)
{
	int64_t limit_ms = j->record.damaged ? LOOK_DAMAGED_MS : LOOK_LIMIT_MS;

	if (j->state != JOB_LOOKING || is_shortage(sys))
		j->look_until_ms = now_ms + limit_ms;
	if (is_shortage(sys))
		tell_waits(j, sys);
	if (now_ms >= j->look_until_ms) {
		exec_job_lost(j, why);
		return;
	}
	j->state = JOB_LOOKING;
	if (!uv_is_active((uv_handle_t *)&j->x->look))
		CHECK(uv_timer_start(&j->x->look, on_look, LOOK_EVERY_MS, LOOK_EVERY_MS) == 0);
}

/*
 * A pidfd of the job's shim, or -1 and errno. Between our reading of the file and our opening of
 * the process it may have died and its number gone to another: so the lock, the boot and the
 * start time are asked once more, with the pidfd in hand.
 */
static int shim_open(struct job *j)
{
	int fd = pidfd_open(j->record.start.pid, 0);
	struct err e = ERR_INIT;

	if (fd < 0)
		return -1;
	if (record_read(j->dir, j->number, &j->record, &e) == 0 && j->record.held &&
	    j->record.has_start && record_is_of_this_boot(&j->record) &&
	    proc_start_time(j->record.start.pid) == j->record.start.start_time)
		return fd;
	(void)close(fd);
	errno = e.sys ? e.sys : ESRCH;
	return -1;
}

/* Look at the status file of a job whose shim we do not watch, and do what follows. */
static void job_look(struct job *j)
{
	const struct record *r = &j->record;
	struct err e = ERR_INIT;
	int64_t now_ms = clock_now().mono_ms;
	bool in_time = j->state != JOB_LOOKING || now_ms < j->look_until_ms;
	int fd;

	if (record_read(j->dir, j->number, &j->record, &e) < 0) {
		job_look_again(j, now_ms, e.sys, e.msg);
	} else if (!r->held) {
		job_settle(j);
	} else if (!r->has_start || !record_is_of_this_boot(r)) {
		job_look_again(j, now_ms, 0, "its start record is damaged");
	} else if (!r->has_child && !r->has_end && in_time) {
		job_look_again(j, now_ms, 0, "its program did not start");
	} else {
		fd = shim_open(j);
		if (fd < 0)
			job_look_again(j, now_ms, errno, "its shim could not be found");
		else if (job_watch(j, fd) < 0)
			job_look_again(j, now_ms, ENOMEM, "it could not be watched");
		else if (r->has_child)
			tell_started(j, r->child.pid, r->child.start_time);
	}
}

static struct job *job_find_due(const struct executor_local *x)
{
	struct job *j = job_find_in_state(x, JOB_FOUND);

	return j ? j : job_find_in_state(x, JOB_ENDED);
}

/* Adopt what was found and tell what has ended: from the loop, never from within a call to us. */
static void on_turn(uv_idle_t *handle)
{
	struct executor_local *x = handle->data;
	struct job *j = NULL;

	/* Bounded, as those who are told may add more. */
	for (size_t n = 2 * x->jobs.n; n && !x->is_freeing && (j = job_find_due(x)); n--) {
		if (j->state == JOB_FOUND)
			job_look(j);
		else
			tell_ended(j);
	}
	if (!x->is_freeing && !job_find_due(x))
		(void)uv_idle_stop(&x->turn);
}

/* --- the port --- */

static void job_not_started(struct job *j, const struct err *e)
{
	j->end = (struct job_end){.how = JOB_NOT_STARTED, .code = e->sys};
	(void)snprintf(j->end.text, sizeof(j->end.text), "%.*s", (int)sizeof(j->end.text) - 1,
		       e->msg);
	exec_job_ended(j);
}

static void local_ensure(struct executor *base, const struct job_spec *s)
{
	struct executor_local *x = local(base);
	struct err e = ERR_INIT;
	struct job *j;
	pid_t pid;
	int rc, fd;

	if (exec_job_find(x, s->number))
		return;
	j = job_new(x, s);
	rc = start_job(&x->env, s, &pid, &e);
	if (rc && rc != ERR_CONFLICT) {
		job_not_started(j, &e);
		return;
	}
	j->adopted = rc == ERR_CONFLICT;
	fd = j->adopted ? -1 : pidfd_open(pid, 0);
	if (fd >= 0 && job_watch(j, fd) == 0)
		return;
	j->state = JOB_FOUND;
	CHECK(uv_idle_start(&x->turn, on_turn) == 0);
}

static void local_say(struct executor *base, uint64_t number, uint64_t nth, struct str input)
{
	const struct job *j = exec_job_find(local(base), number);

	if (j && j->talk)
		exec_talk_say(j->talk, nth, input);
}

static void local_stop(struct executor *base, uint64_t number, enum job_stop how)
{
	struct job *j = exec_job_find(local(base), number);

	if (!j)
		return;
	j->is_asked = true;
	j->is_killed |= how == JOB_KILL;
	job_signal(j);
}

static void local_forget(struct executor *base, uint64_t number, const char *dir)
{
	/* A live job keeps its folder: its shim's word is in it. An error leaves it for gc. */
	if (!exec_job_find(local(base), number))
		(void)!dir_remove(dir, NULL);
}

static void on_closed(uv_handle_t *handle)
{
	struct executor_local *x = handle->data;

	x->n_handles--;
	exec_free_if_unused(x);
}

static void local_free(struct executor *base)
{
	struct executor_local *x = local(base);

	if (!x)
		return;
	x->is_freeing = true;
	while (x->jobs.n)
		job_free(x->jobs.items[x->jobs.n - 1]);
	uv_close((uv_handle_t *)&x->ready, on_closed);
	uv_close((uv_handle_t *)&x->look, on_closed);
	uv_close((uv_handle_t *)&x->turn, on_closed);
}

static const struct executor_ops local_ops = {
	.name = "local",
	.ensure = local_ensure,
	.say = local_say,
	.stop = local_stop,
	.forget = local_forget,
	.free = local_free,
};

/* --- making --- */

/* Its shim has said its last word, and only has to go: it is waited for, but not waited on. */
static void job_over(struct job *j)
{
	if (record_read(j->dir, j->number, &j->record, NULL) < 0 || !j->record.has_end)
		return; /* its going tells the same */
	j->watch->job = NULL;
	j->watch = NULL;
	job_settle(j);
}

static void on_ready(uv_poll_t *handle, int status, int events)
{
	struct executor_local *x = handle->data;
	struct status_ready records[READY_AT_ONCE];
	ssize_t n;

	(void)status, (void)events; /* reading tells */
	n = read(x->ready_in, records, sizeof(records));
	for (ssize_t i = 0; i < n / (ssize_t)sizeof(records[0]) && !x->is_freeing; i++) {
		struct job *j = exec_job_find(x, records[i].number);

		if (j && !records[i].pid && j->state == JOB_WATCHED)
			job_over(j);
		else if (j && records[i].pid &&
			 (j->state == JOB_WATCHED || j->state == JOB_LOOKING))
			tell_started(j, (pid_t)records[i].pid, records[i].start_time);
	}
}

static int ready_open(struct executor_local *x, struct err *e)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0)
		return err_sys(e, "could not make a pipe");
	x->ready_in = fd_above_standard(fds[0]);
	x->ready_out = fd_above_standard(fds[1]);
	return x->ready_in < 0 || x->ready_out < 0 ? err_sys(e, "could not make a pipe") : 0;
}

static void cgroups_set_up(struct executor_local *x, bool wanted)
{
	struct err why = ERR_INIT;

	if (wanted)
		x->cgroup_base = cgroup_find(x->shim, &why);
	else
		(void)err_set(&why, ERR_NOT_FOUND, "not asked for");
	x->description = x->cgroup_base ? mem_printf("cgroup v2 in '%s'", x->cgroup_base)
					: mem_printf("without cgroups: %s", why.msg);
}

static void handles_init(struct executor_local *x)
{
	CHECK(uv_poll_init(x->loop, &x->ready, x->ready_in) == 0);
	CHECK(uv_timer_init(x->loop, &x->look) == 0);
	CHECK(uv_idle_init(x->loop, &x->turn) == 0);
	x->n_handles = 3;
	x->ready.data = x->look.data = x->turn.data = x;
	CHECK(uv_poll_start(&x->ready, UV_READABLE, on_ready) == 0);
	uv_unref((uv_handle_t *)&x->ready); /* without jobs there is nothing to wait for */
}

int executor_local_new(struct uv_loop_s *loop,
		       const struct executor_local_options *o,
		       const struct executor_events *ev,
		       struct executor **ret,
		       struct err *e)
{
	struct executor_local *x = mem_alloc(sizeof(*x));
	int rc;

	x->base.ops = &local_ops;
	x->ev = *ev;
	x->loop = loop;
	x->ready_in = x->ready_out = -1;
	rc = ready_open(x, e);
	if (rc) {
		x->is_freeing = true;
		exec_free_if_unused(x);
		return rc;
	}
	x->shim = mem_strdup(o->shim);
	cgroups_set_up(x, o->cgroup);
	x->env = (struct start_env){
		.shim = x->shim,
		.cgroup_base = x->cgroup_base,
		.ready_fd = x->ready_out,
		.bound_ms = o->bound_ms ? o->bound_ms : BOUND_MS,
	};
	handles_init(x);
	*ret = &x->base;
	return 0;
}

const char *executor_local_describe(const struct executor *x)
{
	return ((const struct executor_local *)x)->description;
}
