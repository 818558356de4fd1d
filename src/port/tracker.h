#ifndef PORT_TRACKER_H
#define PORT_TRACKER_H

#include "base/err.h"
#include "base/mem.h"
#include <stdbool.h>
#include <stdint.h>

/*
 * Where issues live. All texts are bytes from outside, UTF-8 checked by the tracker
 * (what is not well-formed is replaced). Calls block and are made off the loop's thread.
 */
struct issue {
	char *id;
	char *title;
	char *body;            /* may be empty */
	char *comments;        /* rendered for a prompt, oldest first; may be empty */
	char *labels;          /* one a line; may be empty */
	char *parent;          /* id or NULL */
	char *type;            /* "task", "epic", …; empty where the tracker has none */
	char *status;          /* the tracker's own word */
	int priority;          /* 0 highest to 4; 2 where the tracker has none */
	int64_t created_ms, updated_ms, closed_ms; /* wall clock; 0 unknown */
	bool open;
	bool reopened;         /* open after it was closed, where the tracker says so */
	char *closed_reason;   /* "completed", "not_planned", …, may be empty */
	char *claimed_by;      /* who works on it; empty: nobody */
	char *hidden;          /* why it must not be started although open ("ephemeral", …); empty: it may */
};

/* 'task' cannot start before 'needs' is done. Both are ids; only edges that block are here. */
struct issue_edge {
	char *task;
	char *needs;
};

/* An open issue that work on a child brought to light, and that is no child itself. */
struct issue_found {
	char *id, *title;
	char *from; /* the child, or the epic */
};

struct issue_graph {
	VEC(struct issue) issues;    /* an epic's children (open and closed), or all */
	VEC(struct issue_edge) edges; /* among them, or to issues outside (which are in 'outside') */
	VEC(struct issue) outside;   /* targets of edges that are not children: only id, title, open */
	VEC(struct issue_found)
	found; /* where the tracker knows such a thing; never run, and block nothing */
	VEC(char *) notes;           /* what was left out and why, a line each, for 'plan' */
};

void issue_done(struct issue *i);
void issue_graph_done(struct issue_graph *g);

/* A change to one issue; NULL fields stay as they are. */
struct issue_change {
	const char *title, *body, *status, *labels;
	const char *const *after; /* replaces what it depends on; NULL-terminated */
	int priority;             /* -1: stays */
};

struct issue_new {
	const char *title, *body, *labels, *type;
	const char *parent;       /* epic id or NULL; must exist */
	const char *const *after; /* ids; must exist (INVALID names the one that does not) */
	const char *id;           /* wanted id (import); NULL: the tracker numbers it */
	int priority;             /* -1: the default, 2 */
};

/* Who works on an issue, for which epic's run; a claim is for one 'who' over all epics. */
struct issue_claim {
	const char *epic, *id, *who;
};

struct tracker;

struct tracker_ops {
	const char *name;
	bool polled; /* others change it, and we are not told */
	bool agents_write; /* among them agents: it is read again when one has ended */
	/* The epic itself and its graph. NOT_FOUND: no such issue. A dependency that cannot be read
	 * is an error, never "none". epic NULL: every issue. */
	int (*load)(struct tracker *t, const char *epic, struct issue *ret_epic,
		    struct issue_graph *ret, struct err *e);
	/* load(), for a run: an error where nothing can be changed; a copy that it has elsewhere is
	 * brought up to date first, and 'notes' say how. NULL: load() will do. */
	int (*follow)(struct tracker *t,
		      const char *epic,
		      struct issue *ret_epic,
		      struct issue_graph *ret,
		      struct err *e);
	/* Idempotent for the same 'who'. CONFLICT: somebody else's, or closed; text says who. */
	int (*claim)(struct tracker *t, const struct issue_claim *c, struct err *e);
	/* Of a closed issue as well; what is not claimed, or by somebody else, stays as it is. */
	int (*release)(struct tracker *t, const struct issue_claim *c, struct err *e);
	/* Idempotent: closed already is success. reason: "completed" | "not_planned". */
	int (*close)(struct tracker *t, const char *id, const char *reason, const char *comment,
		     struct err *e);
	/* marker: at most one comment with it ever exists; the text of an existing one is replaced. */
	int (*comment)(struct tracker *t, const char *id, const char *marker, const char *text,
		       struct err *e);
	int (*add)(struct tracker *t, const struct issue_new *n, char **ret_id, struct err *e);
	int (*edit)(struct tracker *t, const char *id, const struct issue_change *c, struct err *e);
	int (*get)(struct tracker *t, const char *id, struct issue *ret, struct issue_graph *ret_edges,
		   struct err *e);
	/* Ids of open issues that have children, for 'run' without an epic. */
	int (*epics)(struct tracker *t, struct issue_graph *ret, struct err *e);
	/* What an agent at work for 'who' needs in its environment so that the tracker's own program
	 * reaches these issues: "NAME=value" each, NULL-terminated, the caller's. NULL: nothing. */
	char **(*agent_env)(struct tracker *t, const char *who);
	/* From any thread: each call gets each_ms from now on; once one took longer all fail at once,
	 * with IO. NULL: none takes long. */
	void (*hurry)(struct tracker *t, int64_t each_ms);
	void (*free)(struct tracker *t);
};

struct tracker {
	const struct tracker_ops *ops;
};

#endif
