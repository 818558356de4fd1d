#include "shim/quiet.h"

#include "shim/job.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPTH_MAX  48
#define STEP_MS    1000 /* a difference of the clocks over this is a step, not drift */
#define LOOK_EVERY 1024 /* entries between two looks at the clock and for signals */

/* One open folder on the way down. */
struct level {
	int fd;
	long n, at;
	_Alignas(8) char bytes[4096];
};

struct walk {
	struct level levels[DEPTH_MAX];
	int depth;
	int64_t newest_ms;
	int64_t until_ms;
	long seen;
	bool given_up;
};

void quiet_init(struct quiet *q, int64_t limit_ms, int log_fd, const char *watch)
{
	struct stat st = {0};
	int64_t now_ms = job_now_ms();

	(void)fstat(log_fd, &st); /* no log: its size stays 0, which is silence */
	*q = (struct quiet){
		.limit_ms = limit_ms,
		.life_ms = now_ms,
		.offset_ms = job_wall_ms() - now_ms,
		.log_size = st.st_size,
		.log_fd = log_fd,
		.watch = watch,
	};
}

int64_t quiet_due_ms(const struct quiet *q)
{
	return q->limit_ms ? q->life_ms + q->limit_ms : INT64_MAX;
}

static int64_t stamp_ms(struct timespec t)
{
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* A sign of life at a wall clock time, which never moves the last one back or past now. */
static void sign_of_life(struct quiet *q, int64_t wall_ms, int64_t now_ms)
{
	int64_t at = wall_ms - q->offset_ms;

	at = at > now_ms ? now_ms : at;
	q->life_ms = at > q->life_ms ? at : q->life_ms;
}

static void ask_log(struct quiet *q, int64_t now_ms)
{
	struct stat st;

	if (fstat(q->log_fd, &st) < 0 || st.st_size == q->log_size)
		return;
	q->log_size = st.st_size;
	sign_of_life(q, stamp_ms(st.st_mtim), now_ms);
}

static void ask_folder(struct quiet *q, int64_t now_ms)
{
	int64_t newest_ms = q->watch ? quiet_newest_ms(q->watch) : 0;

	if (newest_ms == INT64_MAX)
		q->life_ms = now_ms;
	else
		sign_of_life(q, newest_ms, now_ms);
}

/* Times before a step of the wall clock cannot be compared with times after it. */
static bool clock_stepped(struct quiet *q, int64_t now_ms)
{
	int64_t offset_ms = job_wall_ms() - now_ms;
	int64_t step_ms = offset_ms - q->offset_ms;

	q->offset_ms = offset_ms;
	return step_ms > STEP_MS || step_ms < -STEP_MS;
}

bool quiet_is_over(struct quiet *q, int64_t now_ms)
{
	if (now_ms < quiet_due_ms(q))
		return false;
	if (clock_stepped(q, now_ms))
		q->life_ms = now_ms;
	ask_log(q, now_ms);
	if (now_ms >= quiet_due_ms(q))
		ask_folder(q, now_ms);
	return now_ms >= quiet_due_ms(q);
}

static bool signal_waiting(void)
{
	sigset_t set;

	return sigpending(&set) == 0 &&
	       (sigismember(&set, SIGTERM) == 1 || sigismember(&set, SIGUSR1) == 1 ||
		sigismember(&set, SIGUSR2) == 1);
}

static void count_entry(struct walk *w)
{
	if (++w->seen >= QUIET_WALK_MAX)
		w->given_up = true;
	else if (w->seen % LOOK_EVERY == 0)
		w->given_up = job_now_ms() > w->until_ms || signal_waiting();
}

/* Go down into a folder; one that went meanwhile has left its trace in its parent. */
static void enter(struct walk *w, int at_fd, const char *name)
{
	struct level *l = &w->levels[w->depth];

	if (w->depth == DEPTH_MAX) {
		w->given_up = true;
		return;
	}
	l->fd = openat(at_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	l->n = l->at = 0;
	if (l->fd >= 0)
		w->depth++;
}

static void look_at(struct walk *w, int at_fd, const char *name)
{
	struct stat st;

	count_entry(w);
	if (fstatat(at_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	/* The change time, since programs set the other one as they like. */
	if (stamp_ms(st.st_ctim) > w->newest_ms)
		w->newest_ms = stamp_ms(st.st_ctim);
	if (S_ISDIR(st.st_mode))
		enter(w, at_fd, name);
}

static bool is_skipped(const char *name)
{
	return !strcmp(name, ".") || !strcmp(name, "..") || !strcmp(name, ".git");
}

/* Look at the next entry of the deepest open folder, or leave it. */
static void walk_step(struct walk *w)
{
	struct level *l = &w->levels[w->depth - 1];
	struct dirent64 *d;

	if (l->at >= l->n) {
		l->n = getdents64(l->fd, l->bytes, sizeof(l->bytes));
		l->at = 0;
	}
	if (l->n <= 0) {
		(void)close(l->fd); /* only read */
		w->depth--;
		return;
	}
	d = (struct dirent64 *)(l->bytes + l->at);
	l->at += d->d_reclen;
	if (!is_skipped(d->d_name))
		look_at(w, l->fd, d->d_name);
}

int64_t quiet_newest_ms(const char *folder)
{
	static struct walk w; /* too large for a small stack; one thread walks */

	w.depth = 0;
	w.newest_ms = 0;
	w.seen = 0;
	w.given_up = false;
	w.until_ms = job_now_ms() + QUIET_WALK_MS;
	look_at(&w, AT_FDCWD, folder);
	while (w.depth > 0 && !w.given_up)
		walk_step(&w);
	while (w.depth > 0)
		(void)close(w.levels[--w.depth].fd); /* only read */
	return w.given_up ? INT64_MAX : w.newest_ms;
}
