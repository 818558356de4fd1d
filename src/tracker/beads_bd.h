#ifndef TRACKER_BEADS_BD_H
#define TRACKER_BEADS_BD_H

#include "base/str.h"
#include "tracker/beads.h"

#include <pthread.h>

/* Calls of Beads' own program. From 1.0.4 on it no longer locks its store itself. */
#define BD_TIMEOUT_MS 60000  /* a call */
#define BD_TEXT_MAX   100000 /* bytes; texts go as arguments, and the kernel takes 128 KiB of one */
#define BD_ARGS_MAX   16

struct bd {
	char *dir;  /* BEADS_DIR */
	char *root; /* where it runs */
	char *lock; /* a file: one call at a time, over all processes of ours */
	int64_t timeout_ms;
	pthread_mutex_t mutex;
	int lock_fd; /* while held */
};

/* Arguments being put together. */
struct bd_args {
	const char *argv[BD_ARGS_MAX + 1];
	char *owned[BD_ARGS_MAX];
	size_t n;
};

/* "text", or where there is a value "text=value". */
void bd_arg(struct bd_args *a, const char *text, const char *value);
void bd_args_done(struct bd_args *a);

/* One or more calls that nobody else's of ours come between. */
int bd_begin(struct bd *b, struct err *e) MUST_CHECK;
void bd_end(struct bd *b);

/*
 * Run bd between bd_begin() and bd_end().
 *
 * argv      what follows "bd", NULL-terminated, at most BD_ARGS_MAX; --json is added in front of it
 * ret       standard output; may be NULL
 * e         NOT_FOUND: there is no bd; LIMIT: the deadline; INVALID: it refused, in its own words;
 *           BUSY: after some seconds still another program had the store
 */
int bd_run(struct bd *b, const char *const *argv, struct buf *ret, struct err *e) MUST_CHECK;

/* The environment in which somebody else's bd uses the store as ours does, as 'who'; NULL-terminated,
 * the caller's, as is each. */
char **bd_env_for(const struct bd *b, const char *who);

/* Everything that is in the store, and what blocks something although an export leaves it out. */
int bd_read(struct bd *b, struct beads_file *ret, struct err *e) MUST_CHECK;
/* Who is ready, by its own word: into f->ready. */
int bd_ask_ready(struct bd *b, struct beads_file *f, struct err *e) MUST_CHECK;
/* The rule of the bd that answers 'version' so: the old one up to 0.50, else that of 1.0. */
enum beads_rule bd_rule(struct str answer);
/* The id in what 'bd create' answered; the caller's, NULL: there is none. */
char *bd_created(struct str answer);

#endif
