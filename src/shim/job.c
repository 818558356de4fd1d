#include "shim/job.h"

#include "shim/input.h"
#include "shim/log.h"
#include "shim/proc.h"
#include "shim/quiet.h"
#include "shim/spawn.h"
#include "shim/status.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WAIT_MAX_MS  3600000
#define LOOK_MAX_MS  100 /* between two rounds of killing */
#define REMOVE_TRIES 50  /* of 2 ms */
#define NAMES_MAX    4   /* processes named in the text of the end */
#define BOOT_ID_FILE "/proc/sys/kernel/random/boot_id"

enum phase {
	PHASE_RUN = 1, /* the program runs, within its limits */
	PHASE_CLOSE,   /* its input ends, which it is to understand; at until_ms it is asked */
	PHASE_ASK,     /* everything was sent SIGTERM; at until_ms it is killed */
	PHASE_KILL,    /* killing, round by round; at until_ms what is left is unkillable */
};

struct job {
	const struct job_options *o;
	struct input input;
	struct log_cap log, errors; /* the second: where errors go apart */
	struct quiet quiet;
	struct status_end end; /* how is 0 while the program is on its own */
	pid_t program;         /* 0 once it was waited for */
	int wait_status;
	bool all_gone; /* no child is left, and so, as we are the subreaper, no descendant */
	enum phase phase;
	int64_t timeout_at_ms; /* INT64_MAX: never */
	int64_t until_ms;      /* of the phase */
	int64_t look_ms;       /* next round of killing; 0: none was yet */
	int64_t look_step_ms;
	int signal_fd;
	bool terminated; /* SIGTERM came once */
};

static int64_t clock_ms(clockid_t id)
{
	struct timespec t = {0};

	(void)clock_gettime(id, &t); /* these clocks exist */
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t job_now_ms(void)
{
	return clock_ms(CLOCK_MONOTONIC);
}

int64_t job_wall_ms(void)
{
	return clock_ms(CLOCK_REALTIME);
}

static void say(struct job *j, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Append to the text of the end; what does not fit is cut. */
static void say(struct job *j, const char *fmt, ...)
{
	size_t n = strlen(j->end.text);
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(j->end.text + n, sizeof(j->end.text) - n, fmt, ap);
	va_end(ap);
}

static int record_write(const struct job *j, const void *record, size_t size, off_t at)
{
	return pwrite(j->o->status_fd, record, size, at) == (ssize_t)size ? 0 : -1;
}

static int start_write(struct job *j)
{
	struct status_start s = {
		.number = j->o->number,
		.pid = getpid(),
		.start_time = proc_start_time(getpid()),
		.started_ms = j->end.started_ms,
	};
	int fd = open(BOOT_ID_FILE, O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		if (read(fd, s.boot_id, 36) != 36)
			memset(s.boot_id, 0, sizeof(s.boot_id));
		(void)close(fd);
	}
	if (j->o->cgroup)
		(void)snprintf(s.cgroup, sizeof(s.cgroup), "%s", j->o->cgroup);
	status_seal(&s, sizeof(s), STATUS_START);
	return record_write(j, &s, sizeof(s), STATUS_START_AT);
}

/* Nobody there, or busy: it will read the file. */
static void tell(const struct job *j, const struct status_ready *r)
{
	if (j->o->ready_fd >= 0)
		(void)!write(j->o->ready_fd, r, sizeof(*r));
}

/* The program runs: into the file, to the supervisor, and only then to the disk. */
static void child_write(struct job *j)
{
	struct status_child c = {
		.number = j->o->number,
		.pid = j->program,
		.start_time = proc_start_time(j->program),
	};
	struct status_ready r = {.number = c.number, .start_time = c.start_time, .pid = c.pid};

	status_seal(&c, sizeof(c), STATUS_CHILD);
	(void)record_write(j, &c, sizeof(c), STATUS_CHILD_AT); /* the file has its room */
	tell(j, &r);
	(void)fdatasync(j->o->status_fd); /* only the end record must be there for sure */
}

/* One that has just died may hold it for a moment; the unkillable hold it for good. */
static void leaf_remove(const char *leaf)
{
	for (int i = 0; leaf && i < REMOVE_TRIES && rmdir(leaf) < 0 && errno == EBUSY; i++)
		(void)nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
}

/*
 * Returns the exit status of the shim. The supervisor is told at once: all that is left to us is to
 * give back the watch on the log, which takes the kernel longer than all the rest.
 */
static int end_write(struct job *j)
{
	const struct status_ready over = {.number = j->o->number};

	leaf_remove(j->o->cgroup);
	j->end.ended_ms = job_wall_ms();
	status_seal(&j->end, sizeof(j->end), STATUS_END);
	if (record_write(j, &j->end, sizeof(j->end), STATUS_END_AT) < 0)
		return 1;
	if (fdatasync(j->o->status_fd) < 0)
		return 1;
	tell(j, &over);
	return 0;
}

/* Everything is blocked; what we want arrives at signal_fd, the rest never. */
static int signals_open(void)
{
	sigset_t all, ours;

	sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, NULL); /* cannot fail with these arguments */
	sigemptyset(&ours);
	sigaddset(&ours, SIGCHLD);
	sigaddset(&ours, SIGTERM);
	sigaddset(&ours, SIGUSR1);
	sigaddset(&ours, SIGUSR2);
	return signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void name_process(struct job *j, const struct proc_stat *st, int nth)
{
	if (nth <= NAMES_MAX)
		say(j, "%s'%s' (pid %d)", nth > 1 ? ", " : "", st->name, (int)st->pid);
	else if (nth == NAMES_MAX + 1)
		say(j, ", ...");
}

static void ask_process(int dir, const struct proc_stat *st)
{
	(void)proc_signal(dir, st, SIGTERM); /* gone, or not ours to signal: killing says so */
	(void)proc_signal(dir, st, SIGCONT); /* a stopped one could not obey */
}

static void visit_ask(void *ctx, int dir, const struct proc_stat *st)
{
	const struct job *j = ctx;

	/* The program's group has been asked as one; twice would mean "at once" to many. */
	if (!j->program || st->pgrp != j->program)
		ask_process(dir, st);
}

static void visit_left_over(void *ctx, int dir, const struct proc_stat *st)
{
	struct job *j = ctx;

	name_process(j, st, ++j->end.left_over);
	if (j->phase < PHASE_ASK)
		ask_process(dir, st);
}

static void visit_kill(void *ctx, int dir, const struct proc_stat *st)
{
	(void)ctx;
	(void)proc_signal(dir, st, SIGKILL); /* one that stays is counted at the end */
}

static void visit_unkillable(void *ctx, int dir, const struct proc_stat *st)
{
	struct job *j = ctx;

	(void)dir;
	if (!j->end.unkillable)
		say(j, "%scould not end ", j->end.text[0] ? "; " : "");
	name_process(j, st, ++j->end.unkillable);
}

static void set_phase(struct job *j, enum phase phase, int64_t until_ms)
{
	j->phase = phase;
	j->until_ms = until_ms;
}

/* Whose doing the end of the program is: its own, once it has ended or we have begun to end it. */
static void set_how(struct job *j, enum status_how how)
{
	if (j->program && !j->end.how)
		j->end.how = (int32_t)how;
}

static void ask_all(struct job *j, int64_t grace_ms)
{
	if (j->program) {
		(void)kill(-j->program, SIGTERM); /* not waited for yet, so the number is its own */
		(void)kill(-j->program, SIGCONT);
	}
	(void)proc_tree(getpid(), visit_ask, j); /* how many does not matter */
	set_phase(j, PHASE_ASK, job_now_ms() + grace_ms);
}

/*
 * A program that is talked to has half of its grace for ending by itself: it may have been told
 * to break off, and the end of its input says the rest.
 */
static void end_all(struct job *j, enum status_how how)
{
	if (j->phase != PHASE_RUN)
		return;
	set_how(j, how);
	if (!input_is_open(&j->input)) {
		ask_all(j, j->o->grace_ms);
		return;
	}
	input_end(&j->input);
	input_step(&j->input);
	set_phase(j, PHASE_CLOSE, job_now_ms() + j->o->grace_ms / 2);
}

static void kill_all(struct job *j, enum status_how how)
{
	if (j->phase == PHASE_KILL)
		return;
	set_how(j, how);
	set_phase(j, PHASE_KILL, job_now_ms() + j->o->bound_ms);
	j->look_ms = 0;
	j->look_step_ms = 1;
}

static void cgroup_kill(const char *cgroup)
{
	char path[1024];
	int fd;

	if (!cgroup || snprintf(path, sizeof(path), "%s/cgroup.kill", cgroup) >= (int)sizeof(path))
		return;
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return; /* before Linux 5.14; the tree is walked in any case */
	(void)!write(fd, "1", 1);
	(void)close(fd);
}

static void kill_round(struct job *j, int64_t now_ms)
{
	if (now_ms < j->look_ms)
		return;
	cgroup_kill(j->o->cgroup);
	if (j->program)
		(void)kill(-j->program, SIGKILL);
	(void)proc_tree(getpid(), visit_kill, j); /* until none is left, whatever the number */
	j->look_ms = now_ms + j->look_step_ms;
	j->look_step_ms = j->look_step_ms * 2 < LOOK_MAX_MS ? j->look_step_ms * 2 : LOOK_MAX_MS;
}

/* The program ended: what it left behind is named, counted, and asked to end as well. */
static void program_ended(struct job *j)
{
	size_t n = strlen(j->end.text);

	if (j->all_gone)
		return;
	say(j, "%sleft behind ", n ? "; " : "");
	if (!proc_tree(getpid(), visit_left_over, j))
		j->end.text[n] = '\0'; /* only zombies, about to be waited for */
	if (j->phase < PHASE_ASK)
		set_phase(j, PHASE_ASK, job_now_ms() + j->o->grace_ms);
}

static void reap(struct job *j)
{
	bool program_died = false;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG | __WALL)) > 0) {
		if (pid != j->program)
			continue;
		j->wait_status = status;
		j->program = 0;
		program_died = true;
	}
	j->all_gone = pid < 0 && errno == ECHILD;
	if (program_died)
		program_ended(j);
}

static void on_signal(struct job *j, uint32_t sig)
{
	if (sig == SIGUSR1 || (sig == SIGTERM && j->terminated))
		kill_all(j, STATUS_STOPPED);
	else if (sig == SIGTERM || sig == SIGUSR2)
		end_all(j, STATUS_STOPPED);
	j->terminated |= sig == SIGTERM;
}

static void signals_take(struct job *j)
{
	struct signalfd_siginfo infos[8];
	ssize_t n;

	do {
		n = read(j->signal_fd, infos, sizeof(infos));
		for (ssize_t i = 0; i < n / (ssize_t)sizeof(infos[0]); i++)
			on_signal(j, infos[i].ssi_signo);
	} while (n == sizeof(infos));
}

static void running_step(struct job *j, int64_t now_ms)
{
	if (now_ms >= j->timeout_at_ms) {
		say(j, "over its time limit of %lld s", (long long)(j->o->timeout_ms / 1000));
		end_all(j, STATUS_TIMEOUT);
	} else if (quiet_is_over(&j->quiet, now_ms)) {
		say(j, "no sign of life for %lld s", (long long)(j->o->silence_ms / 1000));
		end_all(j, STATUS_SILENCE);
	}
}

/* Do what is due; false when there is nothing more to wait for. */
static bool step(struct job *j)
{
	int64_t now_ms = job_now_ms();

	if (j->all_gone)
		return false;
	if (j->phase == PHASE_RUN)
		running_step(j, now_ms);
	if (j->phase == PHASE_CLOSE && now_ms >= j->until_ms)
		ask_all(j, j->o->grace_ms - j->o->grace_ms / 2);
	if (j->phase == PHASE_ASK && now_ms >= j->until_ms)
		kill_all(j, STATUS_STOPPED);
	if (j->phase != PHASE_KILL)
		return true;
	if (now_ms < j->until_ms || !j->look_ms) { /* one round at least, however late */
		kill_round(j, now_ms);
		return true;
	}
	(void)proc_tree(getpid(), visit_unkillable, j); /* it counts by itself */
	return false;
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t due_ms(const struct job *j)
{
	int64_t due = earlier(j->log.look_ms, j->errors.look_ms);

	if (j->phase == PHASE_RUN)
		return earlier(due, earlier(j->timeout_at_ms, quiet_due_ms(&j->quiet)));
	if (j->phase == PHASE_KILL)
		due = earlier(due, j->look_ms);
	return earlier(due, j->until_ms);
}

/*
 * Its input has ended, as whoever talks to it wanted, and it is to end by itself. One that does not
 * is asked to as one that left something behind: how it ends is still its own.
 */
static void input_ended(struct job *j)
{
	if (j->phase != PHASE_RUN)
		return;
	set_how(j, STATUS_EXITED);
	set_phase(j, PHASE_CLOSE, job_now_ms() + j->o->grace_ms);
}

static void wait_for_news(struct job *j)
{
	struct pollfd fds[] = {
		{.fd = j->signal_fd,                .events = POLLIN},
		{.fd = log_cap_poll_fd(&j->log),                                 .events = POLLIN},
		{.fd = log_cap_poll_fd(&j->errors),.events = POLLIN},
		{.fd = -1},
	};
	int64_t left_ms = earlier(due_ms(j) - job_now_ms(), WAIT_MAX_MS);
	bool was_open = input_is_open(&j->input);

	fds[3].fd = input_poll_fd(&j->input, &fds[3].events);
	if (poll(fds, 4, left_ms > 0 ? (int)left_ms : 0) < 0)
		fds[0].revents = fds[1].revents = fds[2].revents = fds[3].revents = 0;
	if (fds[3].revents)
		input_step(&j->input);
	if (was_open && !input_is_open(&j->input))
		input_ended(j);
	log_cap_step(&j->log, job_now_ms(), fds[1].revents != 0);
	log_cap_step(&j->errors, job_now_ms(), fds[2].revents != 0);
	/* Deaths before wishes: what had ended by itself was not stopped. */
	if (fds[0].revents) {
		reap(j);
		signals_take(j);
		reap(j);
	}
}

static void end_fill(struct job *j)
{
	int status = j->wait_status;
	int code = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);

	if (!j->end.how) {
		j->end.how = WIFSIGNALED(status) ? STATUS_SIGNALED : STATUS_EXITED;
		j->end.code = code;
	} else {
		j->end.code = WIFSIGNALED(status) ? 128 + code : code;
	}
	if (j->log.unable)
		say(j, "%sthe file system cannot hold the log cap", j->end.text[0] ? "; " : "");
}

/*
 * What is said depends on all that was heard: the log of a talk has its cap when it is over, and what
 * goes into a file of its own meanwhile.
 */
static void logs_init(struct job *j)
{
	int64_t cap = j->o->log_bytes, now_ms = job_now_ms();
	bool talks = input_is_open(&j->input);

	log_cap_init(&j->log, STDOUT_FILENO, talks ? 0 : cap, now_ms);
	log_cap_init(&j->errors, STDERR_FILENO, talks ? cap : 0, now_ms);
}

static void logs_settle(struct job *j)
{
	j->log.cap = j->o->log_bytes;
	log_cap_settle(&j->log);
	log_cap_settle(&j->errors);
}

static int run_program(struct job *j)
{
	struct spawn_failure failure;
	int rc;

	if (input_init(&j->input, j->o->input_fd) < 0)
		return 1; /* without a word of it: lost, and nothing ran */
	j->program = spawn_program(j->o, &failure);
	input_started(&j->input);
	if (j->program < 0) {
		j->end.how = STATUS_NOT_STARTED;
		j->end.code = failure.sys;
		say(j, "could not %s '%s': %s", failure.step, failure.name, strerror(failure.sys));
		return end_write(j);
	}
	child_write(j);
	quiet_init(&j->quiet, j->o->silence_ms, STDOUT_FILENO, j->o->watch);
	logs_init(j);
	set_phase(j, PHASE_RUN, INT64_MAX);
	if (j->o->timeout_ms)
		j->timeout_at_ms = job_now_ms() + j->o->timeout_ms;
	while (step(j))
		wait_for_news(j);
	logs_settle(j);
	end_fill(j);
	rc = end_write(j);
	log_cap_done(&j->log);
	log_cap_done(&j->errors);
	return rc;
}

int job_run(const struct job_options *o)
{
	struct job j = {
		.o = o,
		.end = {.number = o->number, .started_ms = job_wall_ms()},
		.timeout_at_ms = INT64_MAX,
		.signal_fd = signals_open(),
	};

	if (j.signal_fd < 0 || prctl(PR_SET_CHILD_SUBREAPER, 1) < 0 || start_write(&j) < 0) {
		(void)dprintf(STDERR_FILENO, "error: could not start the job: %s\n",
			      strerror(errno));
		return 1;
	}
	return run_program(&j);
}
