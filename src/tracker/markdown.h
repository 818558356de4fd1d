#ifndef TRACKER_MARKDOWN_H
#define TRACKER_MARKDOWN_H

#include "base/mem.h"
#include "base/str.h"

/* A plan as it is written, before anything of it is looked up. See import_markdown(). */
#define MARKDOWN_BYTES_MAX (16u << 20)
#define MARKDOWN_TASKS_MAX 100000u

struct markdown_task {
	int line;
	char *title, *body, *labels;
	char *after; /* the references as written; NULL: none */
	int after_line;
	int priority; /* -1: none given */
	bool closed;
};

struct markdown_note {
	int line;
	char *text;
};

struct markdown {
	char *title; /* NULL: there is none */
	char *body;
	VEC(struct markdown_task) tasks;
	VEC(struct markdown_note) notes; /* text that belongs to nothing */
};

/*
 * Read a plan.
 *
 * name      of the file, for messages
 * ret       markdown_done()
 * e         INVALID: "<name>:<line>: <reason>"; LIMIT: more than MARKDOWN_TASKS_MAX
 */
int markdown_parse(struct str text, const char *name, struct markdown *ret, struct err *e)
	MUST_CHECK;
void markdown_done(struct markdown *p);

/* Places in 'tasks', from 0. */
struct markdown_places {
	VEC(size_t) at;
};
/* Add the tasks that a task's 'after:' line names; VEC_DONE(&ret->at). INVALID as above. */
int markdown_references(const struct markdown *p,
			size_t task,
			const char *name,
			struct markdown_places *ret,
			struct err *e) MUST_CHECK;

#endif
