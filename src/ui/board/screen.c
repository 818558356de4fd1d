#include "base/clean.h"
#include "base/mem.h"
#include "ui/board/board.h"
#include "ui/board/text.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define DEFAULT_ROWS 24
#define DEFAULT_COLS 80
#define PENDING_MAX  (256u << 10)
#define LAST_WAIT_MS 500 /* for the terminal to take the last frame */

/* ECMA-48; the cursor is hidden within a frame only. */
#define HIDE   "\033[?25l"
#define SHOW   "\033[?25h"
#define UP     "\033[%dA"
#define DOWN   "\033[%dB"
#define TO_EOL "\033[K"
#define TO_END "\033[J"

struct board_screen {
	int fd;  /* the caller's */
	int out; /* what is written to: never blocks where it is a terminal */
	struct board_size size;
	struct board_style style;
	VEC(char *) shown;  /* lines on the terminal, the cursor below them */
	struct buf pending; /* what the terminal has not taken of the last frame */
	struct termios before;
	bool echo_off, gone; /* gone: it cannot be written to any more */
	bool away;           /* others have written since: nothing that is shown is where it was */
};

bool board_terminal_size(int fd, struct board_size *ret)
{
	struct winsize w = {0};

	if (!isatty(fd))
		return false;
	if (ioctl(fd, TIOCGWINSZ, &w) < 0 || !w.ws_row || !w.ws_col)
		w = (struct winsize){.ws_row = DEFAULT_ROWS, .ws_col = DEFAULT_COLS};
	*ret = (struct board_size){w.ws_row, w.ws_col};
	return true;
}

bool board_terminal(int fd, struct board_size *ret)
{
	const char *term = getenv("TERM");

	return term && *term && !streq(term, "dumb") && board_terminal_size(fd, ret) &&
	       tcgetpgrp(fd) == getpgrp();
}

/* Has another job the terminal? One that is not ours at all was given to us. */
static bool is_others(int fd)
{
	pid_t in_front = tcgetpgrp(fd);

	return in_front > 0 && in_front != getpgrp();
}

/*
 * O_NONBLOCK belongs to what was opened, and that is shared with the shell; so the terminal
 * is opened once more.
 */
static int open_again(int fd)
{
	char name[256];

	if (!isatty(fd) || ttyname_r(fd, name, sizeof(name)) != 0)
		return -1;
	return open(name, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

/* What is typed would be written into the board. Where echo is off already, it is not ours. */
static void echo_off(struct board_screen *s)
{
	struct termios t;

	if (!isatty(s->fd) || tcgetpgrp(s->fd) != getpgrp() || tcgetattr(s->fd, &t) < 0 ||
	    !(t.c_lflag & ECHO))
		return;
	s->before = t;
	t.c_lflag &= ~(tcflag_t)ECHO;
	s->echo_off = tcsetattr(s->fd, TCSANOW, &t) == 0;
}

struct board_screen *
board_screen_new(int fd, struct board_size size, const struct board_style *style)
{
	struct board_screen *s = mem_alloc(sizeof(*s));

	*s = (struct board_screen){.fd = fd, .size = size, .style = *style, .pending = BUF_INIT};
	s->out = open_again(fd);
	if (s->out < 0)
		s->out = fd;
	echo_off(s);
	return s;
}

static void forget(struct board_screen *s)
{
	for (size_t i = 0; i < s->shown.n; i++)
		free(s->shown.items[i]);
	s->shown.n = 0;
}

/* True once the terminal has taken everything. */
static bool flush(struct board_screen *s)
{
	size_t done = 0;

	while (!s->gone && done < s->pending.n) {
		ssize_t n = write(s->out, s->pending.p + done, s->pending.n - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0)
			s->gone = true; /* hung up: the run goes on without its board */
		else
			done += (size_t)n;
	}
	if (done < s->pending.n && !s->gone) {
		struct buf rest = BUF_INIT;

		buf_add(&rest, s->pending.p + done, s->pending.n - done);
		buf_done(&s->pending);
		s->pending = rest;
		return false;
	}
	buf_reset(&s->pending);
	return !s->gone;
}

void board_screen_free(struct board_screen *s)
{
	struct pollfd p;

	if (!s)
		return;
	p = (struct pollfd){.fd = s->out, .events = POLLOUT};
	while (!flush(s) && !s->gone && poll(&p, 1, LAST_WAIT_MS) > 0)
		;
	/* Who sets it from the background is stopped; there the shell has seen to it. */
	if (s->echo_off && !is_others(s->fd)) {
		/* What was typed unseen is not for the shell. Neither waits for a held terminal. */
		(void)tcflush(s->fd, TCIFLUSH);
		(void)tcsetattr(s->fd, TCSANOW, &s->before);
	}
	if (s->out != s->fd)
		(void)close(s->out);
	forget(s);
	VEC_DONE(&s->shown);
	buf_done(&s->pending);
	free(s);
}

/* The cursor never stands in the last column, where terminals differ in what comes next. */
static struct board_size usable(struct board_size size)
{
	return (struct board_size){size.rows > 1 ? size.rows - 1 : 1,
				   size.cols > 1 ? size.cols - 1 : 1};
}

/* Step over lines that stay as they are. */
static void skip_lines(struct buf *b, int *n)
{
	if (*n)
		buf_printf(b, DOWN, *n);
	*n = 0;
}

/* Write what differs; the cursor is at the first line shown and ends below the last. */
static bool paint(struct board_screen *s, struct str page, struct buf *b)
{
	size_t i = 0, n_before = s->shown.n;
	int same = 0;
	bool changed = false;
	struct str line;

	while (str_next(&page, '\n', &line)) {
		char *old = i < n_before ? s->shown.items[i] : NULL;

		if (old && str_eq(str_of(old), line)) {
			same++;
			i++;
			continue;
		}
		changed = true;
		skip_lines(b, &same);
		buf_add(b, line.p, line.n);
		buf_puts(b, TO_EOL "\r\n");
		if (old)
			s->shown.items[i] = (free(old), NULL);
		else
			(void)VEC_ADD(&s->shown);
		s->shown.items[i++] = mem_strndup(line.p, line.n);
	}
	skip_lines(b, &same);
	if (i < n_before) {
		changed = true;
		buf_puts(b, TO_END);
		for (size_t k = i; k < n_before; k++)
			free(s->shown.items[k]);
		s->shown.n = i;
	}
	return changed;
}

static void go_up(struct buf *b, size_t n)
{
	buf_putc(b, '\r');
	if (n)
		buf_printf(b, UP, (int)n);
}

/* May it be written to? In the background it is the shell's, and what follows begins anew. */
static bool is_ours(struct board_screen *s)
{
	if (is_others(s->fd)) {
		s->away = true;
		return false;
	}
	if (s->away) {
		forget(s);
		buf_puts(&s->pending, "\r\n");
		echo_off(s); /* the shell has turned it on again */
	}
	s->away = false;
	return true;
}

void board_screen_draw(struct board_screen *s, const struct board_view *v)
{
	struct buf page CLEANUP(buf_done) = BUF_INIT;
	struct buf frame CLEANUP(buf_done) = BUF_INIT;

	if (!is_ours(s))
		return;
	/* A frame of which a part is still to be taken comes first, and whole. */
	if (!flush(s))
		return;
	board_render(v, usable(s->size), &s->style, &page);
	buf_puts(&frame, HIDE);
	go_up(&frame, s->shown.n);
	if (!paint(s, buf_str(&page), &frame))
		return;
	buf_puts(&frame, SHOW);
	buf_add(&s->pending, frame.p, frame.n);
	(void)flush(s);
}

void board_screen_say(struct board_screen *s, const char *line)
{
	struct text_locale l;
	struct buf *b = &s->pending;
	bool ours;

	if (b->n > PENDING_MAX)
		return; /* the user holds the terminal: what is said here is in the report as well */
	ours = is_ours(s);
	l = text_wide();
	if (ours) {
		buf_puts(b, HIDE);
		go_up(b, s->shown.n);
		buf_puts(b, TO_END);
	}
	(void)text_cut(b, str_of(line), 1 << 20, s->style.utf8); /* wrapped, not cut */
	buf_puts(b, "\r\n");
	for (size_t i = 0; ours && i < s->shown.n; i++)
		buf_printf(b, "%s\r\n", s->shown.items[i]);
	buf_puts(b, SHOW);
	text_narrow(l);
	(void)flush(s);
}

/* Rows a line takes on a terminal of so many columns. */
static int rows_of(const char *line, int cols, bool utf8)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;
	int n;

	text_plain(&b, str_of(line));
	n = text_cols(buf_str(&b), utf8);
	return n > cols ? (n + cols - 1) / cols : 1;
}

void board_screen_resize(struct board_screen *s, struct board_size size)
{
	struct text_locale l = text_wide();
	int rows = 0;

	for (size_t i = 0; i < s->shown.n; i++)
		rows += rows_of(s->shown.items[i], size.cols > 0 ? size.cols : 1, s->style.utf8);
	text_narrow(l);
	s->size = size;
	if (!s->shown.n)
		return;
	/* The terminal stops at its first row by itself. */
	go_up(&s->pending, (size_t)rows);
	buf_puts(&s->pending, TO_END);
	forget(s);
}

void board_screen_lost(struct board_screen *s)
{
	s->away = true;
}
