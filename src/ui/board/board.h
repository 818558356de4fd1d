#ifndef UI_BOARD_BOARD_H
#define UI_BOARD_BOARD_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * The board of a run on a terminal. What it shows is plain data, filled in by the caller
 * and borrowed for the call; texts are bytes from anywhere and made safe here.
 */
enum board_tone {
	BOARD_PLAIN = 0,
	BOARD_GOOD, /* green */
	BOARD_WARN, /* yellow: it waits, or a person should look */
	BOARD_BAD,  /* red */
};

/* Tasks by state; those that are nowhere here count as neither done nor under way. */
struct board_totals {
	int total;
	int merged, closed; /* done: landed, or nothing was to be done */
	int working, queued;
	int ready, blocked;
	int failed, skipped, conflicted, cancelled;
};

struct board_task {
	const char *id, *title;
	const char *state;     /* a word: "working", "resolving", "set-up", … */
	enum board_tone tone;  /* of that word */
	int attempt;           /* shown from the second on */
	const char *agent;     /* NULL: none */
	int64_t since_ms;      /* how long it has been in this state; negative: not known */
	const char *last_line; /* of its log, as it is there; NULL: none */
};

struct board_entry {
	const char *id, *title;
	int64_t pr;        /* 0: none */
	const char *state; /* "queued", "gating", "landing", … */
	enum board_tone tone;
};

struct board_view {
	const char *epic, *title; /* title may be NULL */
	int64_t elapsed_ms;
	struct board_totals totals;
	const struct board_task *tasks; /* those under way, in the order to show */
	int n_tasks;
	const struct board_entry *queue; /* its head first */
	int n_queue;
	const char *const *messages; /* the latest last */
	int n_messages;
	bool untested;      /* no queue.check */
	const char *paused; /* why and until when; NULL: it is not */
};

struct board_style {
	bool colour;
	bool utf8; /* else nothing but ASCII is written */
};

struct board_size {
	int rows, cols;
};

/*
 * The board as text: at most size.rows lines, each at most size.cols columns wide and ended
 * by a newline; nothing where either is below 1. What does not fit goes by importance: the
 * last thing left in one row is how far the epic is.
 */
void board_render(const struct board_view *v,
		  struct board_size size,
		  const struct board_style *style,
		  struct buf *b);

/* The size of the terminal that fd is; where it does not say, 24 by 80. False: it is none. */
bool board_terminal_size(int fd, struct board_size *ret);
/*
 * Can a board be drawn on fd (a terminal that is not dumb, and we are in its foreground)?
 * Says its size; also the way to ask anew after SIGWINCH.
 */
bool board_terminal(int fd, struct board_size *ret);

/*
 * A board drawn in place at the end of what the terminal shows: no alternate screen, so
 * that scrollback stays what it is and the last state remains. Between two calls the
 * terminal is as it was, but for its echo, so that death at any moment leaves no mess.
 * Writing never blocks: while the user holds the terminal (Ctrl-S) frames are dropped.
 */
struct board_screen;

/* fd is kept open by the caller until board_screen_free(), which takes NULL. */
struct board_screen *
board_screen_new(int fd, struct board_size size, const struct board_style *style);
/* The board stays as drawn last, the cursor below it; echo is as it was, unread input is dropped. */
void board_screen_free(struct board_screen *s);

/* Repaint what differs from the frame before. Nothing is written where nothing does, nor in the
 * background, where the terminal is the shell's. */
void board_screen_draw(struct board_screen *s, const struct board_view *v);
/* A line that stays, above the board, and scrolls away as output does; in the background by itself. */
void board_screen_say(struct board_screen *s, const char *line);
/*
 * After SIGWINCH: the next draw is a whole one. Lines are taken to have been rewrapped; what
 * of the old board then no longer fits the terminal stays in its scrollback.
 */
void board_screen_resize(struct board_screen *s, struct board_size size);
/* After SIGCONT, or when others wrote to the terminal: the next draw begins on a new line. */
void board_screen_lost(struct board_screen *s);

#endif
