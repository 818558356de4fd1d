#ifndef PORT_IMPORT_H
#define PORT_IMPORT_H

#include "port/tracker.h"

/* Bringing issues from a file into the built-in tracker; one transaction, all or nothing. */

struct import_spec {
	const char *path;
	const char *epic; /* --epic: made where there is none; NULL: none is named */
	bool reopen;      /* Beads: see import_beads() */
};

enum import_what {
	IMPORT_PROBLEM = 1, /* a line that could not be used */
	IMPORT_EDGE,        /* an edge that was not taken over */
	IMPORT_HIDDEN,      /* an open issue that must not be started */
	IMPORT_BLOCKED,     /* one that waits; text: ids, one a line */
	IMPORT_LEFT_OUT,    /* an issue that was not taken over */
	IMPORT_KEPT,        /* an issue that was there already and stays as it is */
	IMPORT_WHAT_COUNT,
};

struct import_note {
	enum import_what what;
	int line;   /* in the file; 0: concerns none */
	char *id;   /* of the issue; NULL: concerns none */
	char *text; /* the reason, for a person; never NULL */
};

struct import_result {
	char *epic; /* id, where one was named or made; else NULL */
	bool epic_made;
	int issues, closed;            /* new ones, without the epic; closed ones among them */
	int edges;                     /* dependencies among what was taken over */
	int copies;                    /* lines made void by another copy of the same id */
	VEC(struct import_note) notes; /* grouped by 'what', in the file's order */
	VEC(char *) ids;               /* of the new issues, in order */
};
void import_result_done(struct import_result *r);

/*
 * A Beads export (JSON lines). Without 'reopen' every issue but tombstones comes with its
 * state: closed ones closed, those that are not to be started (status other than open,
 * ephemeral, pinned, a template, an internal type, deferred) open but hidden with the
 * reason. parent-child edges make epics and children; blocks and conditional-blocks
 * dependencies; waits-for a dependency on each open child of what is waited for (with the gate
 * any-children: on all of them while none is closed, which is stricter than meant).
 * With 'reopen' every issue of type task, bug, feature or chore that is neither tombstone nor
 * ephemeral comes as open, with the blocks and conditional-blocks edges among them, and no
 * other issue or, if an epic is named, parent.
 * With an epic named all that comes is made its child (beside the parents of the file).
 * Edges to what is not in the file, to tombstones or to pinned issues are notes. An issue
 * whose id is in the tracker already stays as it is, and is only made a child.
 *
 * t         the built-in tracker; any other is INVALID
 * ret       import_result_done()
 * e         NOT_FOUND, IO: the file; INVALID: a file without any issue, or the epic's name
 */
int import_beads(struct tracker *t,
		 const struct import_spec *s,
		 struct import_result *ret,
		 struct err *e) MUST_CHECK;

/*
 * A plan in Markdown. The one '# title' is the epic (a new issue, numbered after its tasks, unless
 * one is named in s); what stands before the first task is its body. '- [ ] title' is a task ('*',
 * '+' and '1.' do as well), '- [x] title' a closed one; what is indented below it, nested lists
 * included, is its body. Lines 'after: …', 'labels: a, b' and 'priority: 0-4' at the body's
 * own indentation are taken out of it: after names tasks of the file by position (1 is the
 * first) or title, separated by commas, "in quotes" where a title has some. Inside of code
 * fences nothing means anything. Other text after the first task is a note.
 * Dependencies may point forward, and may form a cycle: 'plan' and 'run' report that.
 *
 * e         INVALID: "<path>:<line>: <reason>", and nothing was imported
 */
int import_markdown(struct tracker *t,
		    const struct import_spec *s,
		    struct import_result *ret,
		    struct err *e) MUST_CHECK;

#endif
