#include "base/clean.h"
#include "ui/board/board.h"
#include "ui/board/text.h"

#include <inttypes.h>
#include <stdio.h>

#define ID_MAX       14 /* columns */
#define WORD_MAX     16
#define TIME_COLS    7  /* "59m 59s" */
#define TITLE_LEAST  16 /* other columns give way before the title gets narrower */
#define LOG_LEAST    20
#define NOTES_MAX    2
#define SPACED_LEAST 18 /* rows from which sections are set apart */

/* A look is an SGR parameter list; they are set per piece and always reset. */
#define LOOK_NONE   ""
#define LOOK_STRONG "1"
#define LOOK_DIM    "2"

static const char *look_of(enum board_tone tone)
{
	switch (tone) {
	case BOARD_PLAIN:
		return LOOK_NONE;
	case BOARD_GOOD:
		return "32";
	case BOARD_WARN:
		return "33";
	case BOARD_BAD:
		return "31";
	}
	CHECK(!"tone");
	return LOOK_NONE;
}

/* The text under construction: lines come one after the other, pieces from left to right. */
struct page {
	struct buf *b;
	struct board_style style;
	int rows_left, cols;
	int at; /* column */
};

static void put(struct page *p, const char *look, struct str s, int cols_max)
{
	int room = p->cols - p->at < cols_max ? p->cols - p->at : cols_max;
	bool coloured = p->style.colour && *look;

	if (room <= 0 || !s.n)
		return;
	if (coloured)
		buf_printf(p->b, "\033[%sm", look);
	p->at += text_cut(p->b, s, room, p->style.utf8);
	if (coloured)
		buf_puts(p->b, "\033[0m");
}

static void put_all(struct page *p, const char *look, const char *s)
{
	put(p, look, str_of(s), p->cols);
}

static void move_to(struct page *p, int col)
{
	for (; p->at < col && p->at < p->cols; p->at++)
		buf_putc(p->b, ' ');
}

static void end_line(struct page *p)
{
	buf_putc(p->b, '\n');
	p->at = 0;
	p->rows_left--;
}

static const char *separator(const struct page *p)
{
	return p->style.utf8 ? " · " : ", ";
}

static int max_int(int a, int b)
{
	return a > b ? a : b;
}

static int min_int(int a, int b)
{
	return a < b ? a : b;
}

static int cols_of(const struct page *p, const char *s)
{
	return text_cols(str_of(s), p->style.utf8);
}

static int n_done(const struct board_totals *t)
{
	return t->merged + t->closed;
}

static void title_line(struct page *p, const struct board_view *v)
{
	struct buf time CLEANUP(buf_done) = BUF_INIT;
	int n;

	buf_duration(&time, v->elapsed_ms);
	n = (int)time.n;
	put(p, LOOK_STRONG, str_of(v->epic), max_int(p->cols - n - 2, 0));
	if (v->title && p->at + 2 < p->cols - n - 2) {
		move_to(p, p->at + 2);
		put(p, LOOK_NONE, str_of(v->title), p->cols - n - 2 - p->at);
	}
	move_to(p, p->cols - n);
	put(p, LOOK_DIM, buf_str(&time), n);
	end_line(p);
}

/* Cells that stand for n of total; of what is there at all there is at least one. */
static int cells_of(int n, int total, int width)
{
	if (n <= 0 || total <= 0)
		return 0;
	return max_int(1, (int)((int64_t)n * width / total));
}

static void put_cells(struct page *p, const char *look, const char *cell, int n)
{
	struct buf cells CLEANUP(buf_done) = BUF_INIT;

	for (int i = 0; i < n; i++)
		buf_puts(&cells, cell);
	put(p, look, buf_str(&cells), n);
}

/* Done, under way, not done for good, still to do. */
static void put_bar(struct page *p, const struct board_totals *t, int width)
{
	bool utf8 = p->style.utf8;
	int bad = min_int(width, cells_of(t->failed + t->skipped + t->conflicted + t->cancelled,
					  t->total, width));
	int done = min_int(width - bad, cells_of(n_done(t), t->total, width));
	int active = min_int(width - bad - done, cells_of(t->working + t->queued, t->total, width));

	put_cells(p, look_of(BOARD_GOOD), utf8 ? "█" : "#", done);
	put_cells(p, LOOK_NONE, utf8 ? "▒" : "=", active);
	put_cells(p, look_of(BOARD_BAD), utf8 ? "×" : "x", bad);
	put_cells(p, LOOK_DIM, utf8 ? "░" : ".", width - done - active - bad);
}

static void bar_line(struct page *p, const struct board_view *v)
{
	char count[64];
	int n = snprintf(count, sizeof(count), "%d of %d done", n_done(&v->totals),
			 v->totals.total);

	if (p->cols - n - 2 >= 8) {
		put_bar(p, &v->totals, p->cols - n - 2);
		move_to(p, p->at + 2);
	}
	put_all(p, LOOK_NONE, count);
	end_line(p);
}

/* One piece of a list; the first that does not fit, and all after it, become an ellipsis. */
static bool put_item(struct page *p, const char *look, const char *text, bool last)
{
	int gap = p->at ? cols_of(p, separator(p)) : 0;
	int dots = last ? 0 : cols_of(p, separator(p)) + (p->style.utf8 ? 1 : 3);

	if (p->at && p->at + gap + cols_of(p, text) + dots > p->cols) {
		put_all(p, LOOK_NONE, p->style.utf8 ? " …" : " ...");
		return false;
	}
	if (gap)
		put_all(p, LOOK_DIM, separator(p));
	put_all(p, look, text);
	return true;
}

/* What a person must know of comes first, so that it is not what is left out. */
static void counts_line(struct page *p, const struct board_totals *t)
{
	const struct {
		int n;
		const char *word;
		enum board_tone tone;
	} counts[] = {
		{t->failed,     "failed",             BOARD_BAD  },
		{t->conflicted, "conflicted",         BOARD_WARN },
		{t->working,    "working",            BOARD_PLAIN},
		{t->queued,     "in queue",           BOARD_PLAIN},
		{t->ready,      "ready",              BOARD_PLAIN},
		{t->blocked,    "blocked",            BOARD_PLAIN},
		{t->skipped,    "skipped",            BOARD_WARN },
		{t->cancelled,  "cancelled",          BOARD_WARN },
		{t->closed,     "with nothing to do", BOARD_PLAIN},
	};
	size_t last = 0;
	bool fits = true;

	for (size_t i = 0; i < ARRAY_LEN(counts); i++)
		last = counts[i].n ? i : last;
	for (size_t i = 0; fits && i < ARRAY_LEN(counts); i++) {
		char text[64];

		(void)snprintf(text, sizeof(text), "%d %s", counts[i].n, counts[i].word);
		if (counts[i].n)
			fits = put_item(p, look_of(counts[i].tone), text, i == last);
	}
	if (!p->at)
		put_all(p, LOOK_DIM, "nothing under way");
	end_line(p);
}

static void one_row(struct page *p, const struct board_view *v)
{
	char count[64];
	struct buf time CLEANUP(buf_done) = BUF_INIT;

	(void)snprintf(count, sizeof(count), "%d of %d done", n_done(&v->totals), v->totals.total);
	buf_duration(&time, v->elapsed_ms);
	if (put_item(p, LOOK_NONE, count, false)) {
		(void)snprintf(count, sizeof(count), "%d failed", v->totals.failed);
		if (!v->totals.failed || put_item(p, look_of(BOARD_BAD), count, false)) {
			(void)snprintf(count, sizeof(count), "%d working", v->totals.working);
			if (put_item(p, LOOK_NONE, count, false))
				(void)put_item(p, LOOK_DIM, buf_cstr(&time), true);
		}
	}
	end_line(p);
}

static void note_lines(struct page *p, const struct board_view *v)
{
	if (v->untested && p->rows_left > 0) {
		put_all(p, look_of(BOARD_WARN), "untested: no queue.check");
		end_line(p);
	}
	if (v->paused && p->rows_left > 0) {
		put_all(p, look_of(BOARD_WARN), "paused: ");
		put_all(p, look_of(BOARD_WARN), v->paused);
		end_line(p);
	}
}

/* The columns of the lines of tasks; 0: not shown. */
struct columns {
	int id, state, agent, time, title, log;
};

/* "working", from the second attempt on "working (2)" */
static void state_text(struct buf *b, const struct board_task *t)
{
	buf_puts(b, t->state);
	if (t->attempt > 1)
		buf_printf(b, " (%d)", t->attempt);
}

/* Give a column what it wants if the title then still has enough. */
static int claim(int *left, int want)
{
	if (!want || *left - want - 2 < TITLE_LEAST)
		return 0;
	*left -= want + 2;
	return want;
}

static struct columns columns_of(const struct page *p, const struct board_task *tasks, int n)
{
	struct columns c = {0};
	int state = 0, agent = 0, title = 0, left;

	for (int i = 0; i < n; i++) {
		struct buf b CLEANUP(buf_done) = BUF_INIT;

		state_text(&b, &tasks[i]);
		c.id = max_int(c.id, min_int(cols_of(p, tasks[i].id), ID_MAX));
		state = max_int(state, min_int(cols_of(p, buf_cstr(&b)), WORD_MAX));
		agent = max_int(agent, min_int(cols_of(p, tasks[i].agent), WORD_MAX));
		title = max_int(title, cols_of(p, tasks[i].title));
	}
	left = p->cols - 1 - c.id - 2;
	c.time = claim(&left, TIME_COLS);
	c.state = claim(&left, state);
	c.agent = c.state ? claim(&left, agent) : 0;
	c.title = max_int(left, 0);
	if (left >= TITLE_LEAST + 2 + LOG_LEAST) {
		c.title = min_int(title, max_int(TITLE_LEAST, left * 2 / 5));
		c.log = left - c.title - 2;
	}
	return c;
}

static void column(struct page *p, const char *look, struct str s, int cols)
{
	int end = p->at + cols + 2;

	if (!cols)
		return;
	put(p, look, s, cols);
	move_to(p, end);
}

static void task_line(struct page *p, const struct columns *c, const struct board_task *t)
{
	struct buf state CLEANUP(buf_done) = BUF_INIT;
	struct buf time CLEANUP(buf_done) = BUF_INIT;
	struct buf log CLEANUP(buf_done) = BUF_INIT;

	state_text(&state, t);
	if (t->since_ms >= 0)
		buf_duration(&time, t->since_ms);
	move_to(p, 1);
	column(p, LOOK_STRONG, str_of(t->id), c->id);
	column(p, look_of(t->tone), buf_str(&state), c->state);
	column(p, LOOK_NONE, str_of(t->agent), c->agent);
	if (c->time) {
		int end = p->at + c->time + 2;

		move_to(p, p->at + max_int(0, c->time - (int)time.n));
		put(p, LOOK_DIM, buf_str(&time), c->time);
		move_to(p, end);
	}
	if (c->log && t->last_line) {
		text_plain(&log, str_trim(str_of(t->last_line)));
		column(p, LOOK_NONE, str_of(t->title), c->title);
		put(p, LOOK_DIM, buf_str(&log), c->log);
	} else {
		put_all(p, LOOK_NONE, t->title);
	}
	end_line(p);
}

/* How many items of n are shown in so many rows: the last row says how many are not. */
static int n_shown(int n, int rows)
{
	return n <= rows ? n : rows >= 2 ? rows - 1 : rows;
}

static void more_line(struct page *p, int n, int rows)
{
	char text[64];

	if (n <= rows || rows < 2)
		return;
	(void)snprintf(text, sizeof(text), " and %d more", n - (rows - 1));
	put_all(p, LOOK_DIM, text);
	end_line(p);
}

static void task_lines(struct page *p, const struct board_view *v, int rows)
{
	int n = n_shown(v->n_tasks, rows);
	struct columns c = columns_of(p, v->tasks, n);

	for (int i = 0; i < n; i++)
		task_line(p, &c, &v->tasks[i]);
	more_line(p, v->n_tasks, rows);
}

static void queue_lines(struct page *p, const struct board_view *v, int rows)
{
	int n = n_shown(v->n_queue, rows), id = 0, state = 0, pr = 0;

	for (int i = 0; i < n; i++) {
		char number[24];

		(void)snprintf(number, sizeof(number), "#%" PRId64, v->queue[i].pr);
		pr = max_int(pr, v->queue[i].pr ? cols_of(p, number) : 0);
		id = max_int(id, min_int(cols_of(p, v->queue[i].id), ID_MAX));
		state = max_int(state, min_int(cols_of(p, v->queue[i].state), WORD_MAX));
	}
	for (int i = 0; i < n; i++) {
		const struct board_entry *q = &v->queue[i];
		char number[24] = "";

		if (q->pr)
			(void)snprintf(number, sizeof(number), "#%" PRId64, q->pr);
		move_to(p, 1);
		column(p, LOOK_STRONG, str_of(q->id), id);
		column(p, look_of(q->tone), str_of(q->state), state);
		column(p, LOOK_NONE, str_of(number), pr);
		put_all(p, LOOK_NONE, q->title);
		end_line(p);
	}
	more_line(p, v->n_queue, rows);
}

/* The latest ones: they are what a person looks for. */
static void message_lines(struct page *p, const struct board_view *v, int rows)
{
	for (int i = max_int(0, v->n_messages - rows); i < v->n_messages; i++) {
		move_to(p, 1);
		put_all(p, LOOK_NONE, v->messages[i]);
		end_line(p);
	}
}

enum section { S_TASKS, S_QUEUE, S_MESSAGES, S_COUNT };

/*
 * Share rows among the sections: each a part for certain (a half, a quarter, a quarter), what
 * is left to those that want more, in their order.
 */
static void share(int rows, const int want[S_COUNT], int ret[S_COUNT])
{
	const int certain[S_COUNT] = {(rows + 1) / 2, rows / 4, rows / 4};
	int left = rows;

	for (int i = 0; i < S_COUNT; i++) {
		ret[i] = min_int(want[i], min_int(certain[i], left));
		left -= ret[i];
	}
	for (int i = 0; i < S_COUNT; i++) {
		int more = min_int(want[i] - ret[i], left);

		ret[i] += more;
		left -= more;
	}
}

static void sections(struct page *p, const struct board_view *v, bool spaced)
{
	static const char *const heads[S_COUNT] = {"working", "queue", "lately"};
	const int want[S_COUNT] = {v->n_tasks, v->n_queue, v->n_messages};
	int rows[S_COUNT], heads_rows = 0;

	for (int i = 0; spaced && i < S_COUNT; i++)
		heads_rows += want[i] ? 2 : 0;
	share(max_int(p->rows_left - heads_rows, 0), want, rows);
	for (int i = 0; i < S_COUNT; i++) {
		if (!rows[i])
			continue;
		if (spaced) {
			end_line(p);
			put_all(p, LOOK_DIM, heads[i]);
			end_line(p);
		}
		if (i == S_TASKS)
			task_lines(p, v, rows[i]);
		else if (i == S_QUEUE)
			queue_lines(p, v, rows[i]);
		else
			message_lines(p, v, rows[i]);
	}
}

void board_render(const struct board_view *v,
		  struct board_size size,
		  const struct board_style *style,
		  struct buf *b)
{
	struct page p = {.b = b, .style = *style, .rows_left = size.rows, .cols = size.cols};
	struct text_locale l;

	if (size.rows < 1 || size.cols < 1)
		return;
	l = text_wide();
	if (size.rows == 1) {
		one_row(&p, v);
	} else {
		if (size.rows > 2)
			title_line(&p, v);
		bar_line(&p, v);
		counts_line(&p, &v->totals);
		note_lines(&p, v);
		sections(&p, v, size.rows >= SPACED_LEAST);
	}
	text_narrow(l);
}
