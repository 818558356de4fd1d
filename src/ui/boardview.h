#ifndef UI_BOARDVIEW_H
#define UI_BOARDVIEW_H

#include "core/core.h"
#include "run/paths.h"
#include "ui/board/board.h"

/* What the board shows of a run, from the core's tables and the ends of the agents' logs. */

struct boardview {
	struct board_view view; /* points into what follows, and into the core */
	VEC(struct board_task) tasks;
	VEC(struct board_entry) queue;
	VEC(char *) owned;
};

struct boardview_spec {
	const struct core *core;   /* borrowed */
	const struct paths *paths; /* borrowed */
	const char *title;         /* of the epic; NULL: not known */
	int64_t wall_ms;           /* now */
	int64_t since_ms;          /* when it began, by the same clock */
	bool untested;
};

/* Fill ret, which boardview_done() gives back; it holds until the core's next step. */
void boardview_fill(const struct boardview_spec *s, struct boardview *ret);
void boardview_done(struct boardview *v);

/* Colour where it is wanted (no-color.org), UTF-8 where the locale's variables say it. */
struct board_style boardview_style(bool colour);

#endif
