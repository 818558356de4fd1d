#include "base/clean.h"
#include "base/file.h"
#include "ui/board/text.h"
#include "ui/cli/cli.h"
#include "ui/cli/commands.h"
#include "ui/cli/epic.h"
#include "ui/cli/events.h"
#include "ui/cli/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * ganger logs: what an attempt has written, as it is; on a terminal made harmless. Where there are
 * events of it, these; and where it tells what it does as JSON, that as text.
 */

#define PART     65536
#define CHECK_MS 500 /* between two looks into the journal, however often it changes */

/* A log on its way to standard output. */
struct printing {
	struct cli *c;
	int fd;
	off_t at;
	bool terminal, events;
	bool raw;        /* nothing is made of it */
	bool stream;     /* it goes line by line: on a terminal, of events, of JSON that is known */
	bool open;       /* what was printed of that JSON ends within a line */
	struct buf line; /* what there is of the last line, where it is not passed on as it is */
};

/* Without escape sequences and control bytes; tabs and indentation stay. */
static void add_harmless(struct buf *out, struct str line)
{
	struct buf plain CLEANUP(buf_done) = BUF_INIT;
	struct str rest, cell;
	bool first = true;

	if (str_ends(line, "\r"))
		line.n--;
	text_plain(&plain, line);
	for (rest = buf_str(&plain); str_next(&rest, '\t', &cell); first = false) {
		if (!first)
			buf_putc(out, '\t');
		buf_line(out, cell);
	}
	buf_putc(out, '\n');
}

static void close_line(struct printing *p, struct buf *out)
{
	if (p->open)
		buf_putc(out, '\n');
	p->open = false;
}

static void add_line(struct printing *p, struct buf *out)
{
	struct str line = buf_str(&p->line);

	if (p->events) {
		event_text(out, line);
		return;
	}
	if (!p->raw && stream_text(out, line, &p->open))
		return;
	close_line(p, out);
	if (p->terminal) {
		add_harmless(out, line);
	} else {
		buf_add(out, line.p, line.n);
		buf_putc(out, '\n');
	}
}

/* From the first such line on; what stands before it passes as it is. */
static bool begins_stream(const struct printing *p, struct str part)
{
	struct buf none CLEANUP(buf_done) = BUF_INIT;
	struct str line;
	bool open = false;

	while (!p->raw && str_next(&part, '\n', &line))
		if (stream_text(&none, line, &open))
			return true;
	return false;
}

static void print_harmless(struct printing *p, struct str text)
{
	struct buf out CLEANUP(buf_done) = BUF_INIT;

	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] != '\n') {
			buf_putc(&p->line, text.p[i]);
			continue;
		}
		add_line(p, &out);
		buf_reset(&p->line);
	}
	cli_print_buf(p->c, &out);
}

/* What is there by now and was not printed yet. */
static int print_new(struct printing *p, struct err *e)
{
	char *part CLEANUP(freep) = mem_resize(NULL, PART, 1);
	ssize_t n;

	while ((n = pread(p->fd, part, PART, p->at)) > 0) {
		struct buf b = {.p = part, .n = (size_t)n, .cap = PART, .max = PART};

		p->stream = p->stream || p->terminal || p->events || begins_stream(p, buf_str(&b));
		if (p->stream)
			print_harmless(p, (struct str){part, (size_t)n});
		else
			cli_print_buf(p->c, &b);
		p->at += n;
	}
	(void)fflush(stdout); /* what cannot be written is said at the end */
	return n < 0 ? err_sys(e, "could not read the log") : 0;
}

static void print_rest(struct printing *p)
{
	struct buf end CLEANUP(buf_done) = BUF_INIT;

	if (p->line.n)
		print_harmless(p, STR("\n"));
	buf_done(&p->line);
	close_line(p, &end);
	cli_print_buf(p->c, &end);
}

/* A log over its cap begins with a hole, and its text then within a line. */
static void skip_hole(struct printing *p)
{
	char part[4096];
	off_t data = lseek(p->fd, 0, SEEK_DATA);
	ssize_t n;

	if (data <= 0) /* ENXIO: it is empty */
		return;
	while ((n = pread(p->fd, part, sizeof(part), data)) > 0) {
		const char *end = memchr(part, '\n', (size_t)n);

		if (end) {
			data += end - part + 1;
			break;
		}
		data += n;
	}
	p->at = data;
	cli_warn(p->c, "the first %lld bytes are gone: the log was longer than limits.log",
		 (long long)data);
}

static int open_of(const char *path)
{
	return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

/* Its events where it has some, else its log. */
static int open_log(struct printing *p, const struct found_task *f, int64_t attempt, struct err *e)
{
	const struct task *t = &f->view.core.tasks.items[f->at];
	char number[24];
	char *path CLEANUP(freep) = NULL, *events CLEANUP(freep) = NULL;

	(void)snprintf(number, sizeof(number), "%" PRId64, attempt);
	path = path_log(&f->view.paths, t->id, attempt == t->attempt ? NULL : number);
	events = path_events(&f->view.paths, t->id, attempt ? number : NULL);
	p->raw = cli_flag(p->c, "raw");
	p->fd = p->raw ? -1 : open_of(events);
	p->events = p->fd >= 0;
	if (!p->events)
		p->fd = open_of(path);
	if (p->fd >= 0)
		return 0;
	if (!t->attempt)
		return err_set(e, ERR_NOT_FOUND, "there was no attempt at task '%s' yet", t->id);
	if (errno == ENOENT) {
		char *gate CLEANUP(freep) = path_log(&f->view.paths, t->id, "gate");
		(void)err_set(e, ERR_NOT_FOUND, "attempt %" PRId64 " of task '%s' has no log",
			      attempt, t->id);
		char *word CLEANUP(freep) = shell_word(gate);
		return file_exists(gate) ? err_hint(e, "its check has: less %s", word) : e->code;
	}
	return err_sys(e, "could not open '%s'", path);
}

/* ---- -f ---- */

struct following {
	int notify; /* inotify: the log, and the epic's folder for its journal; -1: none */
	int supervisor, agent; /* pidfds; -1: none */
};

static void following_done(struct following *f)
{
	closep(&f->notify);
	closep(&f->supervisor);
	closep(&f->agent);
	*f = (struct following){-1, -1, -1};
}

/* A user has few of them, 128 for all programs together; without one we look now and then. */
static void follow_begin(const struct printing *p, const struct paths *paths, struct following *ret)
{
	char name[40];

	(void)snprintf(name, sizeof(name), "/proc/self/fd/%d", p->fd);
	*ret = (struct following){inotify_init1(IN_CLOEXEC | IN_NONBLOCK), -1, -1};
	if (ret->notify < 0 ||
	    (inotify_add_watch(ret->notify, name, IN_MODIFY) >= 0 &&
	     inotify_add_watch(ret->notify, paths->epic_dir, IN_MODIFY | IN_MOVED_TO) >= 0))
		return;
	closep(&ret->notify);
	ret->notify = -1;
}

/* Whose ends are news: they may be others than the last time we looked. */
static void follow_processes(struct following *f, const struct found_task *found)
{
	const struct task *t = &found->view.core.tasks.items[found->at];

	closep(&f->supervisor);
	closep(&f->agent);
	f->supervisor = found->view.pid ? pidfd_open((pid_t)found->view.pid, 0) : -1;
	f->agent = t->pid ? pidfd_open((pid_t)t->pid, 0) : -1;
}

static void drain(int fd)
{
	char events[4096];

	while (read(fd, events, sizeof(events)) > 0)
		;
}

/*
 * Until something happens, or may have. A process that has ended stays ended: its descriptor is
 * not asked again before the next look into the journal.
 */
static bool follow_wait(struct following *f, int timeout_ms)
{
	struct pollfd p[] = {
		{.fd = f->notify,     .events = POLLIN},
		{.fd = f->supervisor, .events = POLLIN},
		{.fd = f->agent,      .events = POLLIN},
	};

	if (timeout_ms < 0 && f->notify < 0)
		timeout_ms = CHECK_MS;
	if (poll(p, ARRAY_LEN(p), timeout_ms) <= 0)
		return f->notify < 0;
	if (p[0].revents)
		drain(f->notify);
	if (p[1].revents) {
		closep(&f->supervisor);
		f->supervisor = -1;
	}
	if (p[2].revents) {
		closep(&f->agent);
		f->agent = -1;
	}
	return true;
}

/* Is anybody still at it? Asked of the journal. */
static int still_runs(struct cli *c,
		      const struct found_task *before,
		      int64_t attempt,
		      struct following *f,
		      bool *ret,
		      struct err *e)
{
	struct found_task now CLEANUP(found_task_done) = {0};

	if (epic_look_again(c, before, &now, e))
		return e->code;
	*ret = epic_attempt_runs(&now, attempt);
	follow_processes(f, &now);
	return 0;
}

static int
follow(struct printing *p, const struct found_task *found, int64_t attempt, struct err *e)
{
	struct following f CLEANUP(following_done) = {-1, -1, -1};
	int64_t asked_ms = 0;
	bool runs = true, news = true;

	follow_begin(p, &found->view.paths, &f);
	while (runs) {
		int64_t left = asked_ms + CHECK_MS - clock_now().mono_ms;

		if (news && left <= 0) {
			if (still_runs(p->c, found, attempt, &f, &runs, e))
				return e->code;
			asked_ms = clock_now().mono_ms;
			news = false;
		}
		if (print_new(p, e))
			return e->code;
		if (ferror(stdout))
			return 0; /* nobody reads any more */
		if (runs)
			news |= follow_wait(&f, news ? (int)(left > 0 ? left : 0) : -1);
	}
	return print_new(p, e);
}

static int print_log(struct cli *c, const char *task, bool follows)
{
	struct found_task found CLEANUP(found_task_done) = {0};
	struct printing p = {.c = c, .fd = -1, .line = BUF_INIT, .terminal = isatty(STDOUT_FILENO)};
	struct err e = ERR_INIT;
	int64_t attempt = 0;
	int rc;

	if (epic_find_task(c, task, &found, &e) || epic_attempt(c, &found, &attempt, &e) ||
	    open_log(&p, &found, attempt, &e))
		return cli_fail(c, &e);
	skip_hole(&p);
	rc = follows ? follow(&p, &found, attempt, &e) : print_new(&p, &e);
	print_rest(&p);
	closep(&p.fd);
	return rc ? cli_fail(c, &e) : CLI_OK;
}

int cmd_logs(struct cli *c, int argc, char **argv)
{
	(void)argc;
	return print_log(c, argv[0], cli_flag(c, "follow"));
}

int cmd_attach(struct cli *c, int argc, char **argv)
{
	(void)argc;
	return print_log(c, argv[0], true);
}
