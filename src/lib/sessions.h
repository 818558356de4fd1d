#ifndef LIB_SESSIONS_H
#define LIB_SESSIONS_H

#include "base/map.h"
#include "base/mem.h"
#include "run/paths.h"
#include "run/session.h"

struct config;
struct place;

/* A change that was not told yet; session is owned. */
struct session_change {
	struct session now;
	enum core_session before; /* NONE: it was not known */
};

#define CHANGES_MAX 100000

/*
 * The sessions of a run as one who watches it knows them: from its journal, and from then on from
 * the supervisor, as long as one lives. Either gives whole sessions, so it is no matter if one is
 * told twice.
 */
struct sessions {
	const struct place *place;
	const struct config *config;
	const char *epic;
	struct paths paths;
	VEC(struct session) items;
	struct map by_issue;
	VEC(struct session_change) changes;
	size_t told; /* of changes */
	int fd;      /* the supervisor; -1: none is watched */
	struct buf unread;
	int64_t pid;   /* of the supervisor when the journal was read; 0: none */
	bool can_go_on; /* as the journal says: one that was stopped, or cannot, has ended */
	bool stopping;  /* as the journal says */
	char *why;     /* it cannot; owned */
};

/* All borrowed until sessions_done(). */
void sessions_init(struct sessions *s,
		   const struct place *p,
		   const struct config *c,
		   const char *epic);
void sessions_done(struct sessions *s);

/* As the journal has them; where there is none yet, nothing. */
int sessions_load(struct sessions *s, struct err *e) MUST_CHECK;
/* Watch the supervisor; 1 where none listens. */
int sessions_watch(struct sessions *s, struct err *e) MUST_CHECK;
/* What it has told until now. Where it has gone, fd is -1 afterwards. */
int sessions_read(struct sessions *s, struct err *e) MUST_CHECK;

/* NULL: not there. Good until the next of the calls above. */
const struct session *sessions_find(const struct sessions *s, const char *issue);
size_t sessions_active(const struct sessions *s);

/* The oldest change that was not told; the caller owns it. False: there is none. */
bool sessions_next(struct sessions *s, struct session_change *ret);
bool sessions_pending(const struct sessions *s);

#endif
