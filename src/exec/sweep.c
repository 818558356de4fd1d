#include "exec/sweep.h"

#include "base/clean.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "exec/cgroup.h"
#include "exec/start.h"
#include "shim/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define ENVIRON_MAX (8u << 20)
#define READ_CHUNK  65536u
#define PAUSE_MAX   50 /* ms between two looks */
#define NAMES_MAX   3  /* processes named in a text */
#define DELETED     " (deleted)"
#define NO_TARGET   SIZE_MAX

/* A process that was looked at. */
struct seen {
	struct proc_stat st;
	size_t target; /* NO_TARGET: of none */
	bool spared;   /* 1, ourselves, our ancestors */
};

/* One that was ended, so that it is counted once. */
struct ended {
	pid_t pid;
	uint64_t start_time;
};

struct sweep {
	struct sweep_target *targets;
	size_t n_targets;
	char **folders; /* targets' worktree as the kernel names it; an item may be NULL */
	VEC(struct seen) seen;
	VEC(struct ended) ended;
	struct buf environ_text;
	char *chunk; /* READ_CHUNK bytes */
	bool blind;  /* something could not be looked at, for want of a descriptor or memory */
	struct proc_list list;
};

static void target_say(struct sweep_target *t, const char *fmt, ...) PRINTF_LIKE(2, 3);

static void target_say(struct sweep_target *t, const char *fmt, ...)
{
	size_t n = strlen(t->text);
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(t->text + n, sizeof(t->text) - n, fmt, ap);
	va_end(ap);
}

static void target_name(struct sweep_target *t, const struct proc_stat *st, int nth)
{
	if (nth <= NAMES_MAX)
		target_say(t, "%s'%s' (pid %d)", nth > 1 ? ", " : "", st->name, (int)st->pid);
	else if (nth == NAMES_MAX + 1)
		target_say(t, ", ...");
}

/* Could something not be opened because it is gone or somebody else's, or could we not look? */
static void note_blind(struct sweep *w)
{
	w->blind |= errno == EMFILE || errno == ENFILE || errno == ENOMEM;
}

static void environ_read(struct sweep *w, int dir)
{
	int fd CLEANUP(closep) = openat(dir, "environ", O_RDONLY | O_CLOEXEC);
	struct buf *b = &w->environ_text;
	ssize_t n;

	buf_reset(b);
	if (fd < 0)
		note_blind(w);
	while (fd >= 0 && b->n < ENVIRON_MAX && (n = read(fd, w->chunk, READ_CHUNK)) > 0)
		buf_add(b, w->chunk, (size_t)n);
}

/* The job that a process' environment names. */
static size_t target_by_environ(struct sweep *w, int dir)
{
	struct str rest, variable;

	environ_read(w, dir);
	rest = buf_str(&w->environ_text);
	while (str_next(&rest, '\0', &variable)) {
		const size_t n = sizeof(START_JOB_VARIABLE);

		if (!str_starts(variable, START_JOB_VARIABLE "="))
			continue;
		variable = (struct str){variable.p + n, variable.n - n};
		for (size_t i = 0; i < w->n_targets; i++) {
			if (str_eq(variable, str_of(w->targets[i].dir)))
				return i;
		}
	}
	return NO_TARGET;
}

static bool is_inside(struct str path, const char *folder)
{
	size_t n = strlen(folder);

	return str_starts(path, folder) && (path.n == n || path.p[n] == '/');
}

/* The job in whose worktree a process stands. */
static size_t target_by_cwd(const struct sweep *w, int dir, const struct proc_stat *st)
{
	char link[PATH_MAX];
	struct str path = {link, 0};
	ssize_t n = st->tty ? -1 : readlinkat(dir, "cwd", link, sizeof(link));

	if (n <= 0)
		return NO_TARGET;
	path.n = (size_t)n;
	if (str_ends(path, DELETED))
		path.n -= sizeof(DELETED) - 1;
	for (size_t i = 0; i < w->n_targets; i++) {
		if (w->folders[i] && st->start_time >= w->targets[i].since &&
		    is_inside(path, w->folders[i]))
			return i;
	}
	return NO_TARGET;
}

static void look_at(struct sweep *w, pid_t pid)
{
	struct seen s = {.target = NO_TARGET};
	int dir CLEANUP(closep) = proc_open(pid);

	if (dir < 0 || proc_stat(dir, &s.st) < 0) {
		note_blind(w);
		return;
	}
	if (s.st.alive && pid != 1) {
		s.target = target_by_environ(w, dir);
		if (s.target == NO_TARGET)
			s.target = target_by_cwd(w, dir, &s.st);
	}
	VEC_PUSH(&w->seen, s);
}

static int seen_compare(const void *a, const void *b)
{
	const struct seen *x = a, *y = b;

	return (x->st.pid > y->st.pid) - (x->st.pid < y->st.pid);
}

/* /proc lists its numbers in ascending order, and so they are seen. */
static struct seen *seen_find(const struct sweep *w, pid_t pid)
{
	const struct seen key = {.st.pid = pid};

	if (!w->seen.n)
		return NULL;
	return bsearch(&key, w->seen.items, w->seen.n, sizeof(key), seen_compare);
}

static void spare_ancestors(struct sweep *w)
{
	struct seen *s = seen_find(w, getpid());

	/* Bounded, since a list made while processes come and go may contradict itself. */
	for (size_t i = 0; s && i < w->seen.n; i++) {
		s->spared = true;
		s->target = NO_TARGET;
		s = seen_find(w, s->st.ppid);
	}
}

/* Descendants share the fate of their parent: it cannot be told of them once it is gone. */
static void include_descendants(struct sweep *w)
{
	bool changed = true;

	while (changed) {
		changed = false;
		for (size_t i = 0; i < w->seen.n; i++) {
			struct seen *s = &w->seen.items[i], *parent;

			if (s->target != NO_TARGET || s->spared || !s->st.alive || s->st.ppid <= 2)
				continue;
			parent = seen_find(w, s->st.ppid);
			if (parent && parent->target != NO_TARGET) {
				s->target = parent->target;
				changed = true;
			}
		}
	}
}

/* Returns how many processes of the jobs are alive. */
static size_t look(struct sweep *w)
{
	size_t n = 0;

	w->seen.n = 0;
	w->blind = proc_list_open(&w->list) < 0;
	if (w->blind)
		return 0;
	for (pid_t pid = proc_list_next(&w->list); pid; pid = proc_list_next(&w->list))
		look_at(w, pid);
	proc_list_close(&w->list);
	spare_ancestors(w);
	include_descendants(w);
	for (size_t i = 0; i < w->seen.n; i++)
		n += w->seen.items[i].target != NO_TARGET;
	return n;
}

static bool is_counted(const struct sweep *w, const struct seen *s)
{
	for (size_t i = 0; i < w->ended.n; i++) {
		if (w->ended.items[i].pid == s->st.pid &&
		    w->ended.items[i].start_time == s->st.start_time)
			return true;
	}
	return false;
}

static void count_once(struct sweep *w, const struct seen *s)
{
	struct sweep_target *t = &w->targets[s->target];

	if (is_counted(w, s))
		return;
	VEC_PUSH(&w->ended, ((struct ended){s->st.pid, s->st.start_time}));
	target_name(t, &s->st, ++t->n_found);
}

static void kill_one(struct sweep *w, const struct seen *s)
{
	int dir CLEANUP(closep) = proc_open(s->st.pid);
	struct proc_stat now;

	if (dir < 0 || proc_stat(dir, &now) < 0 || now.start_time != s->st.start_time)
		return;
	count_once(w, s);
	(void)proc_signal(dir, &s->st, SIGKILL); /* the next look tells */
}

static void kill_seen(struct sweep *w)
{
	for (size_t i = 0; i < w->seen.n; i++) {
		if (w->seen.items[i].target != NO_TARGET)
			kill_one(w, &w->seen.items[i]);
	}
}

static void kill_cgroups(const struct sweep *w)
{
	for (size_t i = 0; i < w->n_targets; i++) {
		if (w->targets[i].cgroup)
			cgroup_leaf_kill(w->targets[i].cgroup);
	}
}

/* What may be there and could not be looked at counts: its place must not be given away. */
static void count_unseen(struct sweep *w)
{
	for (size_t i = 0; i < w->n_targets; i++) {
		w->targets[i].n_unkillable++;
		target_say(&w->targets[i], "; could not look at all processes");
	}
}

/* Those found in the last look could not be ended. */
static void count_unkillable(struct sweep *w)
{
	for (size_t i = 0; i < w->seen.n; i++) {
		const struct seen *s = &w->seen.items[i];
		struct sweep_target *t;

		if (s->target == NO_TARGET)
			continue;
		t = &w->targets[s->target];
		if (!t->n_unkillable)
			target_say(t, "; could not end ");
		target_name(t, &s->st, ++t->n_unkillable);
		t->n_found -= is_counted(w, s);
	}
}

static void sweep_init(struct sweep *w)
{
	w->environ_text.max = ENVIRON_MAX;
	w->chunk = mem_alloc(READ_CHUNK);
	w->folders = mem_resize(NULL, w->n_targets, sizeof(*w->folders));
	for (size_t i = 0; i < w->n_targets; i++) {
		const char *worktree = w->targets[i].worktree;

		w->folders[i] = worktree ? realpath(worktree, NULL) : NULL;
		if (worktree && !w->folders[i])
			w->folders[i] =
				mem_strdup(worktree); /* gone; processes may still be in it */
	}
}

static void sweep_done(struct sweep *w)
{
	for (size_t i = 0; i < w->n_targets; i++) {
		cgroup_leaf_remove(w->targets[i].cgroup);
		free(w->folders[i]);
	}
	free(w->folders);
	free(w->chunk);
	VEC_DONE(&w->seen);
	VEC_DONE(&w->ended);
	buf_done(&w->environ_text);
}

void sweep_run(struct sweep_target *targets, size_t n_targets, int64_t bound_ms)
{
	struct sweep w = {.targets = targets, .n_targets = n_targets};
	int64_t until_ms = clock_now().mono_ms + bound_ms;
	int pause_ms = 0; /* 0: nothing was killed yet, and so nothing is given up */

	sweep_init(&w);
	for (int empty = 0; empty < 2;) {
		kill_cgroups(&w);
		if (look(&w) == 0 && !w.blind) {
			empty++;
			continue;
		}
		empty = 0;
		if (pause_ms && clock_now().mono_ms >= until_ms) {
			count_unkillable(&w);
			if (w.blind)
				count_unseen(&w);
			break;
		}
		kill_seen(&w);
		pause_ms = pause_ms * 2 < PAUSE_MAX ? pause_ms * 2 + 1 : PAUSE_MAX;
		(void)poll(NULL, 0, pause_ms); /* they need a moment to go */
	}
	sweep_done(&w);
}
