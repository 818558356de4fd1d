#include "shim/proc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int proc_list_open(struct proc_list *l)
{
	l->n = l->at = 0;
	l->fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return l->fd < 0 ? -1 : 0;
}

void proc_list_close(struct proc_list *l)
{
	if (l->fd >= 0)
		(void)close(l->fd); /* only read */
	l->fd = -1;
}

/* A whole name as a process number; 0 for anything else. */
static pid_t pid_parse(const char *name)
{
	long pid = 0;

	for (; *name >= '0' && *name <= '9' && pid < 100000000; name++)
		pid = pid * 10 + (*name - '0');
	return *name ? 0 : (pid_t)pid;
}

pid_t proc_list_next(struct proc_list *l)
{
	for (;;) {
		struct dirent64 *d;
		pid_t pid;

		if (l->at >= l->n) {
			l->n = getdents64(l->fd, l->bytes, sizeof(l->bytes));
			l->at = 0;
			if (l->n <= 0)
				return 0;
		}
		d = (struct dirent64 *)(l->bytes + l->at);
		l->at += d->d_reclen;
		pid = pid_parse(d->d_name);
		if (pid)
			return pid;
	}
}

int proc_open(pid_t pid)
{
	char path[32];

	(void)snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Step over n fields; NULL where there are fewer. */
static const char *skip_fields(const char *p, int n)
{
	while (p && n-- > 0) {
		p = strchr(p, ' ');
		if (p)
			p++;
	}
	return p;
}

static uint64_t number_at(const char *p)
{
	uint64_t n = 0;
	bool negative = p && *p == '-';

	if (negative)
		p++;
	for (; p && *p >= '0' && *p <= '9'; p++)
		n = n * 10 + (uint64_t)(*p - '0');
	return negative ? -n : n;
}

/* The name may hold anything, also blanks and parentheses: what counts begins after the last one. */
static int stat_parse(const char *text, struct proc_stat *ret)
{
	const char *open_at = strchr(text, '('), *end = strrchr(text, ')');
	const char *p = end && end[1] == ' ' ? end + 2 : NULL;
	size_t n;

	if (!open_at || !p || !*p)
		return -1;
	n = (size_t)(end - open_at) - 1;
	n = n < PROC_NAME_SIZE ? n : PROC_NAME_SIZE - 1;
	memset(ret, 0, sizeof(*ret));
	memcpy(ret->name, open_at + 1, n);
	ret->pid = (pid_t)number_at(text);
	ret->state = *p;
	ret->ppid = (pid_t)number_at(skip_fields(p, 1));
	ret->pgrp = (pid_t)number_at(skip_fields(p, 2));
	ret->tty = (int)number_at(skip_fields(p, 4));
	ret->alive = (*p != 'Z' && *p != 'X') || number_at(skip_fields(p, 17)) > 1;
	ret->start_time = number_at(skip_fields(p, 19));
	return 0;
}

int proc_stat(int dir, struct proc_stat *ret)
{
	char text[1024];
	int fd = openat(dir, "stat", O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = read(fd, text, sizeof(text) - 1);
	(void)close(fd); /* only read */
	if (n <= 0)
		return -1;
	text[n] = '\0';
	return stat_parse(text, ret);
}

int proc_signal(int dir, const struct proc_stat *st, int sig)
{
	struct proc_stat now;

	if (syscall(SYS_pidfd_send_signal, dir, sig, NULL, 0) == 0)
		return 0;
	if (errno == ESRCH)
		return -1;
	/* No such call here, or a filter forbids it: by number, as late after a look as can be. */
	if (proc_stat(dir, &now) < 0 || now.start_time != st->start_time) {
		errno = ESRCH;
		return -1;
	}
	return kill(st->pid, sig);
}

uint64_t proc_start_time(pid_t pid)
{
	struct proc_stat st = {0};
	int dir = proc_open(pid);

	if (dir < 0)
		return 0;
	if (proc_stat(dir, &st) < 0)
		st.start_time = 0;
	(void)close(dir); /* only read */
	return st.start_time;
}

/* Known descendants, sorted. */
struct pid_set {
	pid_t pids[PROC_TREE_MAX];
	int n;
};

/* Where pid is, or would be. */
static int set_place(const struct pid_set *s, pid_t pid)
{
	int low = 0, high = s->n;

	while (low < high) {
		int middle = (low + high) / 2;

		if (s->pids[middle] < pid)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool set_has(const struct pid_set *s, pid_t pid)
{
	int i = set_place(s, pid);

	return i < s->n && s->pids[i] == pid;
}

static bool set_add(struct pid_set *s, pid_t pid)
{
	int i = set_place(s, pid);

	if (s->n == PROC_TREE_MAX || (i < s->n && s->pids[i] == pid))
		return false;
	memmove(s->pids + i + 1, s->pids + i, (size_t)(s->n - i) * sizeof(*s->pids));
	s->pids[i] = pid;
	s->n++;
	return true;
}

struct tree_walk {
	struct pid_set known;
	pid_t root;
	bool again; /* a parent may be listed after its child: numbers wrapped round */
	int found;
	proc_visit_fn *visit;
	void *ctx;
};

static void tree_look(struct tree_walk *w, pid_t pid)
{
	struct proc_stat st;
	int dir;

	if (pid == w->root || set_has(&w->known, pid))
		return;
	dir = proc_open(pid);
	if (dir < 0)
		return;
	if (proc_stat(dir, &st) == 0 && st.alive) {
		if (st.ppid != w->root && !set_has(&w->known, st.ppid)) {
			w->again |= st.ppid > pid;
		} else if (set_add(&w->known, pid)) {
			w->found++;
			w->visit(w->ctx, dir, &st);
		}
	}
	(void)close(dir); /* only read */
}

int proc_tree(pid_t root, proc_visit_fn *visit, void *ctx)
{
	static struct tree_walk w; /* too large for a small stack; one thread walks */
	static struct proc_list list;
	int before;

	w.known.n = w.found = 0;
	w.root = root;
	w.visit = visit;
	w.ctx = ctx;
	do {
		before = w.found;
		w.again = false;
		if (proc_list_open(&list) < 0)
			break;
		for (pid_t pid = proc_list_next(&list); pid; pid = proc_list_next(&list))
			tree_look(&w, pid);
		proc_list_close(&list);
	} while (w.again && w.found > before);
	return w.found;
}
