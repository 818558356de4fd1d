#ifndef UI_PROGRESS_H
#define UI_PROGRESS_H

#include "run/supervisor.h"

#include <stdio.h>

/*
 * The live output of a run: a board on a terminal, a line an event in a pipe. It only looks:
 * the run goes as well without it. What came of the run is said by ui/result.h.
 */
struct progress_options {
	const char *epic; /* all borrowed until progress_free() */
	const struct place *place;
	const struct config *config;
	FILE *events;   /* the lines, or the board where it is a terminal that can show one */
	FILE *messages; /* what the supervisor says, where there is no board */
	bool board;     /* is one wanted? */
	bool colour;
};

struct progress;

/* ret       filled in for supervisor_spec; valid until progress_free() */
struct progress *progress_new(const struct progress_options *o, struct observer *ret);

/* The board stays as it was drawn last. NULL is fine. */
void progress_free(struct progress *p);

#endif
