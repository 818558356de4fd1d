/*
 * What is written to a terminal, as a terminal understands it: the frames go through a small
 * one of ours, which knows the sequences that the board uses and fails at any other.
 */
#include "base/clean.h"
#include "base/mem.h"
#include "unit/ui_board_fixture.h"

#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define ROWS_MAX 60
#define COLS_MAX 200

/* A terminal: what went off its top is kept in 'scrolled'. ASCII only. */
struct vt {
	char cell[ROWS_MAX][COLS_MAX + 1];
	int rows, cols, row, col;
	bool hidden;
	struct buf scrolled;
};

static void vt_clear(struct vt *t, int row, int col)
{
	memset(t->cell[row] + col, ' ', (size_t)(t->cols - col));
	t->cell[row][t->cols] = '\0';
}

static struct vt *vt_new(int rows, int cols)
{
	struct vt *t = mem_alloc(sizeof(*t));

	*t = (struct vt){.rows = rows, .cols = cols, .scrolled = BUF_INIT};
	for (int i = 0; i < rows; i++)
		vt_clear(t, i, 0);
	return t;
}

static void vt_free(struct vt *t)
{
	buf_done(&t->scrolled);
	free(t);
}

static void put_trimmed(struct buf *b, const char *line)
{
	size_t n = strlen(line);

	while (n && line[n - 1] == ' ')
		n--;
	buf_add(b, line, n);
	buf_putc(b, '\n');
}

static void vt_down(struct vt *t)
{
	if (t->row + 1 < t->rows) {
		t->row++;
		return;
	}
	put_trimmed(&t->scrolled, t->cell[0]);
	memmove(t->cell[0], t->cell[1], (size_t)(t->rows - 1) * sizeof(t->cell[0]));
	vt_clear(t, t->rows - 1, 0);
}

static void vt_sequence(struct vt *t, int n, bool private, char final)
{
	if (private) {
		assert_int_equal(n, 25);
		t->hidden = final == 'l';
		return;
	}
	switch (final) {
	case 'A':
		t->row = t->row > n ? t->row - n : 0;
		break;
	case 'B':
		t->row = t->row + n < t->rows ? t->row + n : t->rows - 1;
		break;
	case 'J':
		for (int i = t->row + 1; i < t->rows; i++)
			vt_clear(t, i, 0);
		vt_clear(t, t->row, t->col);
		break;
	case 'K':
		vt_clear(t, t->row, t->col);
		break;
	case 'm':
		break;
	default:
		fail_msg("a sequence that ends with '%c'", final);
	}
}

static void vt_feed(struct vt *t, const char *p, size_t n)
{
	const char *end = p + n;

	while (p < end) {
		if (*p == '\033') {
			char *rest;
			bool private = p[2] == '?';
			long number = strtol(p + (private ? 3 : 2), &rest, 10);

			assert_int_equal(p[1], '[');
			vt_sequence(t, (int)number, private, *rest);
			p = rest + 1;
			continue;
		}
		if (*p == '\r') {
			t->col = 0;
		} else if (*p == '\n') {
			vt_down(t);
		} else {
			assert_true(t->col < t->cols - 1); /* never into the last column */
			t->cell[t->row][t->col++] = *p;
		}
		p++;
	}
}

/* As terminals do that keep lines whole when they are made narrower. */
static struct vt *vt_rewrap(struct vt *old, int cols)
{
	struct vt *t = vt_new(old->rows, cols);

	for (int i = 0; i < old->row; i++) {
		struct buf line CLEANUP(buf_done) = BUF_INIT;

		put_trimmed(&line, old->cell[i]);
		for (size_t at = 0; at + 1 < line.n; at += (size_t)cols) {
			size_t n = line.n - 1 - at;

			if (at)
				vt_down(t);
			memcpy(t->cell[t->row], line.p + at, n < (size_t)cols ? n : (size_t)cols);
		}
		vt_down(t);
	}
	vt_free(old);
	return t;
}

/* Everything it shows and has shown, without the empty lines at the end. */
static char *vt_text(const struct vt *t)
{
	struct buf b = BUF_INIT;

	buf_add(&b, t->scrolled.p, t->scrolled.n);
	for (int i = 0; i < t->rows; i++)
		put_trimmed(&b, t->cell[i]);
	while (b.n > 1 && b.p[b.n - 1] == '\n' && b.p[b.n - 2] == '\n')
		b.p[--b.n] = '\0';
	return buf_take(&b);
}

struct fixture {
	struct vt *vt;
	struct board_screen *screen;
	struct board_size size;
	struct board_style style;
	int in, out;
	size_t n_bytes; /* of the last frame */
};

static int fixture_setup(void **state)
{
	struct fixture *f = mem_alloc(sizeof(*f));
	int p[2];

	assert_int_equal(pipe2(p, O_CLOEXEC | O_NONBLOCK), 0);
	f->in = p[0];
	f->out = p[1];
	f->size = (struct board_size){12, 60};
	f->vt = vt_new(f->size.rows, f->size.cols);
	f->screen = board_screen_new(f->out, f->size, &f->style);
	*state = f;
	return 0;
}

static int fixture_done(void **state)
{
	struct fixture *f = *state;

	board_screen_free(f->screen);
	vt_free(f->vt);
	(void)close(f->in);
	(void)close(f->out);
	free(f);
	return 0;
}

/* Give to the terminal what was written. */
static void take(struct fixture *f)
{
	char chunk[32768];
	ssize_t n = read(f->in, chunk, sizeof(chunk) - 1);

	f->n_bytes = n > 0 ? (size_t)n : 0;
	chunk[f->n_bytes] = '\0';
	vt_feed(f->vt, chunk, f->n_bytes);
	assert_false(f->vt->hidden);
	assert_int_equal(f->vt->col, 0);
}

static void draw(struct fixture *f, const struct board_view *v)
{
	board_screen_draw(f->screen, v);
	take(f);
}

/* All that the terminal has is this text, and below it the board. */
static void expect(const struct fixture *f, const char *above, const struct board_view *v)
{
	struct buf want CLEANUP(buf_done) = BUF_INIT;
	char *got CLEANUP(freep) = vt_text(f->vt);

	buf_puts(&want, above);
	board_render(v, (struct board_size){f->size.rows - 1, f->size.cols - 1}, &f->style, &want);
	assert_string_equal(got, buf_cstr(&want));
}

static void test_screen__leaves_alone_what_is_above(void **state)
{
	struct fixture *f = *state;
	struct board_view v = sample();

	vt_feed(f->vt, "$ ganger run 3\r\n", 16);
	draw(f, &v);
	expect(f, "$ ganger run 3\n", &v);
	v.elapsed_ms += 1000;
	v.totals.merged++;
	v.n_tasks = 2;
	draw(f, &v);
	expect(f, "$ ganger run 3\n", &v);
}

static void test_screen__writes_only_what_changed(void **state)
{
	struct fixture *f = *state;
	struct board_view v = sample();
	size_t whole;

	draw(f, &v);
	whole = f->n_bytes;
	draw(f, &v);
	assert_int_equal(f->n_bytes, 0);
	v.elapsed_ms += 1000; /* the first line alone */
	draw(f, &v);
	assert_true(f->n_bytes > 0 && f->n_bytes < whole / 4);
	expect(f, "", &v);
}

static void test_screen__grows_and_shrinks(void **state)
{
	struct fixture *f = *state;
	struct board_view v = sample();

	v.n_tasks = v.n_queue = v.n_messages = 0;
	vt_feed(f->vt, "before\r\n", 8);
	draw(f, &v);
	for (int n = 0; n <= 4; n++) {
		v.n_tasks = n;
		draw(f, &v);
		expect(f, "before\n", &v);
	}
	v = sample(); /* now as high as the terminal: 'before' scrolls away */
	draw(f, &v);
	expect(f, "before\n", &v);
	v.n_tasks = 1;
	v.n_queue = 0;
	draw(f, &v);
	expect(f, "before\n", &v);
}

static void test_screen__what_is_said_stays_above(void **state)
{
	struct fixture *f = *state;
	struct board_view v = sample();

	v.n_tasks = 1;
	v.n_queue = v.n_messages = 0;
	draw(f, &v);
	board_screen_say(f->screen, "8 landed\033[2J");
	take(f);
	board_screen_say(f->screen, "5 failed");
	take(f);
	v.elapsed_ms += 5000;
	draw(f, &v);
	expect(f, "8 landed\\x1b[2J\n5 failed\n", &v);
}

static void test_screen__a_new_size_draws_anew(void **state)
{
	struct fixture *f = *state;
	struct board_view v = sample();

	vt_feed(f->vt, "before\r\n", 8);
	v.n_tasks = 2;
	v.n_queue = v.n_messages = 0;
	draw(f, &v);
	f->size = (struct board_size){12, 50};
	f->vt = vt_rewrap(f->vt, 50);
	board_screen_resize(f->screen, f->size);
	draw(f, &v);
	expect(f, "before\n", &v);
}

static void test_screen__begins_below_what_others_wrote(void **state)
{
	struct fixture *f = *state;
	struct board_view v = {.epic = "3"};

	draw(f, &v);
	vt_feed(f->vt, "[1]+ Stopped\r\n$ fg", 18);
	board_screen_lost(f->screen);
	draw(f, &v);
	expect(f,
	       "3                                                        0s\n"
	       "..............................................  0 of 0 done\n"
	       "nothing under way\n"
	       "[1]+ Stopped\n$ fg\n",
	       &v);
}

static void test_screen__a_terminal_that_is_held_blocks_nobody(void **state)
{
	struct fixture *f = *state;
	struct board_view v = sample();
	char junk[4096];
	ssize_t n = 1;

	draw(f, &v);
	memset(junk, ' ', sizeof(junk));
	while (n > 0) /* now it takes nothing more */
		n = write(f->out, junk, sizeof(junk));
	for (int i = 0; i < 1000; i++) {
		v.elapsed_ms += 1000;
		board_screen_draw(f->screen, &v);
	}
	do
		n = read(f->in, junk, sizeof(junk));
	while (n > 0 && junk[n - 1] == ' ');
	draw(f, &v); /* the one that waited */
	draw(f, &v);
	expect(f, "", &v);
}

static void test_screen__a_terminal_that_is_gone_is_no_matter(void **state)
{
	struct fixture *f = *state;
	struct board_view v = sample();

	assert_true(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
	(void)close(f->in);
	f->in = open("/dev/null", O_RDONLY | O_CLOEXEC);
	board_screen_draw(f->screen, &v);
	board_screen_say(f->screen, "nobody hears it");
	board_screen_draw(f->screen, &v);
}

static void test_terminal__is_not_a_pipe_nor_a_dumb_one(void **state)
{
	struct fixture *f = *state;
	struct board_size size;
	int fd CLEANUP(closep) = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

	assert_int_equal(setenv("TERM", "xterm", 1), 0);
	assert_false(board_terminal(f->out, &size));
	assert_int_equal(setenv("TERM", "dumb", 1), 0);
	assert_false(board_terminal(fd, &size));
}

static bool echoes(void)
{
	struct termios t;

	return tcgetattr(STDOUT_FILENO, &t) == 0 && (t.c_lflag & ECHO);
}

/* In a process whose terminal it is. The exit code says what went wrong. */
static int use_terminal(void)
{
	const struct board_style style = {0};
	struct board_view v = sample();
	struct board_screen *s;
	struct board_size size = {0};

	(void)alarm(20);
	(void)setenv("TERM", "xterm", 1);
	if (!board_terminal(STDOUT_FILENO, &size) || size.rows != 33 || size.cols != 77)
		return 1;
	if (!echoes())
		return 2;
	s = board_screen_new(STDOUT_FILENO, size, &style);
	board_screen_draw(s, &v);
	if (echoes())
		return 3;
	(void)tcflow(STDOUT_FILENO, TCOOFF); /* as with Ctrl-S */
	for (int i = 0; i < 1000; i++) {
		v.elapsed_ms += 1000;
		board_screen_draw(s, &v);
	}
	(void)tcflow(STDOUT_FILENO, TCOON);
	board_screen_draw(s, &v);
	board_screen_free(s);
	return echoes() ? 0 : 4;
}

static void test_terminal__is_given_back_as_it_was(void **state)
{
	const struct winsize w = {.ws_row = 33, .ws_col = 77};
	char chunk[4096];
	int master = -1, status = -1;
	pid_t pid = forkpty(&master, NULL, NULL, &w);

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(use_terminal());
	while (read(master, chunk, sizeof(chunk)) > 0)
		;
	(void)close(master);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* As a shell does with Ctrl-Z, 'bg' and 'fg': another job has the terminal for a while. */
static int lend_terminal(void)
{
	const struct board_style style = {0};
	struct board_view v = sample();
	struct board_screen *s;
	pid_t other = fork();

	if (other == 0) {
		(void)pause();
		_exit(0);
	}
	(void)alarm(20);
	(void)signal(SIGTTOU, SIG_IGN);
	s = board_screen_new(STDOUT_FILENO, (struct board_size){33, 77}, &style);
	board_screen_draw(s, &v);
	if (setpgid(other, other) || tcsetpgrp(STDOUT_FILENO, other))
		return 1;
	(void)!write(STDOUT_FILENO, "<", 1);
	v.elapsed_ms += 1000000;
	board_screen_draw(s, &v);
	board_screen_say(s, "said");
	if (tcsetpgrp(STDOUT_FILENO, getpgrp()))
		return 2;
	(void)!write(STDOUT_FILENO, ">", 1);
	board_screen_draw(s, &v);
	board_screen_free(s);
	return kill(other, SIGKILL) ? 3 : 0;
}

static void test_terminal__is_left_alone_while_another_job_has_it(void **state)
{
	const struct winsize w = {.ws_row = 33, .ws_col = 77};
	struct buf all CLEANUP(buf_done) = BUF_INIT;
	char chunk[4096];
	int master = -1, status = -1;
	ssize_t n;
	pid_t pid = forkpty(&master, NULL, NULL, &w);

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(lend_terminal());
	while ((n = read(master, chunk, sizeof(chunk))) > 0)
		buf_add(&all, chunk, (size_t)n);
	(void)close(master);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	/* What is said is a line; then it begins below, and goes up over nothing. */
	assert_non_null(strstr(buf_cstr(&all), "<said\r\r\n\033[?25h>\r\r\n\033[?25l\r3 "));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_done)
	const struct CMUnitTest tests[] = {
		T(test_screen__leaves_alone_what_is_above),
		T(test_screen__writes_only_what_changed),
		T(test_screen__grows_and_shrinks),
		T(test_screen__what_is_said_stays_above),
		T(test_screen__a_new_size_draws_anew),
		T(test_screen__begins_below_what_others_wrote),
		T(test_screen__a_terminal_that_is_held_blocks_nobody),
		T(test_screen__a_terminal_that_is_gone_is_no_matter),
		T(test_terminal__is_not_a_pipe_nor_a_dumb_one),
		T(test_terminal__is_given_back_as_it_was),
		T(test_terminal__is_left_alone_while_another_job_has_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
