#ifndef TRACKER_BEADS_H
#define TRACKER_BEADS_H

#include "base/map.h"
#include "base/str.h"
#include "port/tracker.h"

/*
 * A Beads export: JSON lines, one issue a line (reference: the fields of its v1.0.5). Unknown
 * fields are ignored, unknown types of edges kept as such. Of several copies of an id the
 * newest updated_at counts, of equals the last. Lines that cannot be used are listed as
 * problems and the rest is read.
 */
#define BEADS_LINE_MAX   (16u << 20) /* bytes; longer lines are a problem */
#define BEADS_ISSUES_MAX 1000000u

enum beads_edge_kind {
	BEADS_INERT = 1, /* related, discovered-from, custom ones, …: never block */
	BEADS_BLOCKS,    /* blocks, conditional-blocks */
	BEADS_WAITS,     /* waits-for: while the other has an open child */
	BEADS_WAITS_ANY, /* … and none of its children is closed */
	BEADS_PARENT,    /* parent-child: the other is the parent */
};

struct beads_edge {
	char *needs; /* depends_on_id; may name no issue of the file */
	char *type;  /* as written */
	enum beads_edge_kind kind;
};

struct beads_comment {
	char *author, *text;
	int64_t created_ms;
};

struct beads_issue {
	char *id, *title, *status, *type;
	char *description;  /* alone, as it is */
	char *ref;          /* external_ref; may be empty */
	char *body;         /* description, design, acceptance criteria and notes, with headings */
	char *close_reason; /* may be empty, as labels */
	char *labels;       /* one a line */
	char *assignee;     /* may be empty */
	char *notes;        /* as they are, our sections in them */
	int priority;       /* 0-4 */
	int line;           /* where it stands */
	bool pinned, ephemeral, is_template;
	bool taken; /* set by a reader that wants it: in progress and somebody's counts as open */
	int64_t created_ms, closed_ms, defer_ms; /* 0: none */
	int64_t updated_ns; /* INT64_MIN: none; nanoseconds, since copies differ by less than 1 ms */
	VEC(struct beads_edge) edges;
	VEC(struct beads_comment) comments;
};

/* Whose rule says who is ready; see beads_judge(). */
enum beads_rule {
	BEADS_RULE_UNSAID = 0, /* taken for 1.0; beads_graph() notes where that matters */
	BEADS_RULE_1_0,
	BEADS_RULE_0_49, /* to 0.50, the last with SQLite */
};

struct beads_problem {
	int line;
	char *text;
};

struct beads_file {
	VEC(struct beads_issue) issues; /* in order of their first line; ids are unique */
	struct map index;               /* id to its place in issues */
	VEC(struct beads_problem) problems;
	enum beads_rule
		rule;     /* as exports say it ("_type" on issues); who reads may say otherwise */
	bool asked;       /* bd was asked who is ready: */
	struct map ready; /* the ids that it named */
	int copies; /* lines that another copy of the same id made void */
	int other;  /* lines that are no issue ("_type": "memory") */
};

/*
 * Read an export.
 *
 * ret       beads_file_done(); also filled where there are problems
 * e         NOT_FOUND, IO: the file; LIMIT: more than BEADS_ISSUES_MAX
 */
int beads_load(const char *path, struct beads_file *ret, struct err *e) MUST_CHECK;
void beads_file_done(struct beads_file *f);
/* The same from memory: JSON lines, an array, or {"schema_version":…, "data": …} around one. */
int beads_parse(struct str text, struct beads_file *ret, struct err *e) MUST_CHECK;

/*
 * bd can neither change nor remove a comment. What must exist once and be replaced is a section of
 * the issue's notes, between two marks; it is read as a comment, and is no part of the body.
 */
struct beads_piece {
	struct str marker; /* p NULL: a person's text */
	struct str text;
};
bool beads_notes_next(struct str *rest, struct beads_piece *ret);
/* The notes with this one section put in, or in place of the one there was; the caller's. */
char *beads_notes_put(const char *notes, const char *marker, const char *text);

/* RFC 3339 ("2025-11-02T21:58:07.295058-08:00"), or a date alone: an instant in ns. */
bool beads_time(struct str s, int64_t *ret_ns);

bool beads_is_closed(const struct beads_issue *i);    /* closed or tombstone */
bool beads_is_tombstone(const struct beads_issue *i); /* deleted: as if it were not there */
/* NULL where the file has no such issue. */
const struct beads_issue *beads_find(const struct beads_file *f, const char *id);

/* "1.0", "0.49"; anything else and NULL: UNSAID. */
enum beads_rule beads_rule_named(const char *word);

/*
 * Who is ready: where bd was asked, what it said of issues whose status is open (a template stays
 * hidden all the same); else by the rule of v1.0.5: status exactly open; not pinned, ephemeral, a
 * template or of an internal type; neither it nor its parent deferred to the future; not
 * blocked. It is blocked by every existing target of its blocks and conditional-blocks that is
 * neither closed nor pinned, by the open children of what it waits for, and by what blocks a
 * parent of it that is neither closed nor pinned (open parents by themselves do not block).
 *
 * The rule of v0.49.6 differs: its ids with "-mol-" or "-wisp-" are hidden; deferred parents hide
 * nothing; what blocks a closed or pinned parent blocks as well; conditional-blocks waits until
 * the other is closed with a reason that tells of failure; any-children until a child is closed.
 */
enum beads_state { BEADS_READY = 1, BEADS_CLOSED, BEADS_HIDDEN, BEADS_BLOCKED };

struct beads_verdict {
	bool by_date; /* HIDDEN only until a date */
	enum beads_state state;
	char *reason;   /* HIDDEN: why, for a person; else NULL */
	VEC(char *) by; /* BLOCKED: ids, in order of the file, never none; else empty */
};

struct beads_verdicts {
	VEC(struct beads_verdict) items; /* one an issue, in the file's order */
};

/* now_ms: wall clock, for what is deferred. */
void beads_judge(const struct beads_file *f, int64_t now_ms, struct beads_verdicts *ret);
void beads_verdicts_done(struct beads_verdicts *v);

/*
 * The file as the port's graph, for 'plan --from': an issue of it is ready by the rule above if
 * and only if it is open, not hidden, and every target of its edges is closed.
 *
 * epic      its children alone, and what was discovered from them; NULL: every issue but tombstones
 * e         NOT_FOUND: no such epic
 */
int beads_graph(const struct beads_file *f,
		const char *epic,
		int64_t now_ms,
		struct issue_graph *ret,
		struct err *e) MUST_CHECK;

#endif
