#ifndef GANGER_H
#define GANGER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * libganger: issues to agents' sessions, each session's work to a pull request.
 *
 * A handle stands for one run of dispatched issues of one repository. What it is asked to dispatch
 * is written to that run's journal, durably, before anything begins; the work itself is done by the
 * program 'ganger', which is started in the background when it is needed, sees to it that never more
 * than 'limits.max_concurrent' sessions are at work, and ends when nothing is left to do. All others
 * wait their turn; none is refused. When this program ends or dies the sessions go on; whoever opens
 * the same name again has them all, as they are by then. When 'ganger' itself dies, ganger_next()
 * starts it again, and it goes on with the agents that are at work.
 *
 * Names and meanings here stay; the version counts what is added.
 *
 * Errors    a negative enum ganger_code; what it was is in the struct ganger_error given (NULL: not
 *           wanted). A call that failed changed nothing, but where it says so.
 * Threads   a handle is used by one thread at a time; different handles have nothing in common.
 * Memory    what is filled in for the caller points into the handle and is good until the next call
 *           with it, unless the function says that the caller owns it. Out of memory ends the
 *           program with a message.
 * Signals   none is caught, sent or ignored. A child process is started and waited for in ganger_open(),
 *           in ganger_dispatch() and in ganger_next(); SIGCHLD must not be ignored.
 */
#define GANGER_API_VERSION 1

/* The version of the library that is linked: GANGER_API_VERSION of its header. */
int ganger_api_version(void);
/* Its release, "0.1.0". */
const char *ganger_version(void);

enum ganger_code {
	GANGER_OK = 0,
	GANGER_INVALID = -1,   /* the request or the settings are wrong; again changes nothing */
	GANGER_NOT_FOUND = -2, /* what was named is not there */
	GANGER_BUSY = -3,      /* somebody holds it; try again later */
	GANGER_IO = -4,        /* the system refused */
	GANGER_LIMIT = -5,     /* a limit was reached: a full disk, a deadline */
	GANGER_CONFLICT = -6,  /* the world is not as expected: a person must look */
	GANGER_CORRUPT = -7    /* stored data does not hold together: a person must look */
};

struct ganger_error {
	int code;           /* enum ganger_code */
	char message[1024]; /* one line */
	char hint[512];     /* what to do about it, or empty */
};

enum ganger_state {
	GANGER_NONE = 0,
	GANGER_CREATED,    /* registered; waits its turn, or for its next try */
	GANGER_DISPATCHED, /* its agent is being started */
	GANGER_RUNNING,    /* its agent works */
	GANGER_IDLE,       /* its agent has ended; its work is saved, judged and submitted */
	GANGER_COMPLETED,  /* there is a pull request, or there was nothing to do */
	GANGER_FAILED      /* see reason; 'over' says whether it is tried again */
};

struct ganger_session {
	const char *id;    /* "<run>/<issue>/<attempt>", as 'ganger logs' and others take it */
	const char *issue; /* as the tracker calls it */
	const char *title;
	const char *reason; /* why it stands as it does, or empty */
	enum ganger_state state;
	int attempt;        /* from 1; a retry is the issue's next session */
	int over;           /* 1: nothing more happens to the issue by itself */
	int64_t created_ms; /* registered. All by the wall clock, in ms since 1970; 0: not (yet) */
	int64_t updated_ms; /* the latest change */
	int64_t ended_ms;   /* over */
	int64_t pull;       /* number of the pull request; 0: none */
};

/* A session came to be in another state, or an issue to have another session. */
struct ganger_event {
	struct ganger_session session; /* as it is from then on */
	enum ganger_state before;      /* GANGER_NONE: it was not known here */
};

struct ganger;

struct ganger_options {
	const char *dir;     /* in the repository; NULL: the current folder */
	const char *name;    /* of a run of before, ganger_name(); NULL: a new one, "dispatch-<n>" */
	const char *program; /* 'ganger'; NULL: as found on PATH */
	const char *const *settings; /* "KEY=VALUE" over ganger.yaml, ended by NULL; or NULL */
};

/*
 * Open a repository for dispatching. Nothing is started yet, unless the run named has work left.
 *
 * options   borrowed; zeroed members are the defaults
 * ret       the caller owns it; ganger_close()
 */
int ganger_open(const struct ganger_options *options,
		struct ganger **ret,
		struct ganger_error *error);

/* The sessions go on. NULL is nothing. */
void ganger_close(struct ganger *g);

/* The name of the run; good as long as the handle. 'ganger status NAME' shows it. */
const char *ganger_name(const struct ganger *g);

/*
 * One issue to a session. Returns once that is durable; the agent starts when it is its turn. An
 * issue that was dispatched before has the session it has, also where that is over: see
 * ganger_retry().
 *
 * ret_id    its session, for the caller to free(); NULL: not wanted
 * error     NOT_FOUND: there is no such issue. Where registering went well and only 'ganger' could not
 *           be started, the issue is registered: dispatch it again, or call ganger_next().
 */
int ganger_dispatch(struct ganger *g,
		    const char *issue,
		    char **ret_id,
		    struct ganger_error *error);

/*
 * Many at once: in the order given, the first max_concurrent at once, all others when one ends.
 *
 * ret_ids   room for n, each for the caller to free(); NULL: not wanted
 * error     as above. NOT_FOUND: one of them, and none is registered. After LIMIT, BUSY and IO a part
 *           of them may be; to dispatch all of them again is harmless.
 */
int ganger_dispatch_batch(struct ganger *g,
			  const char *const *issues,
			  size_t n,
			  char **ret_ids,
			  struct ganger_error *error);

/*
 * The session of an issue, as of now. GANGER_NOT_FOUND: it was not dispatched here.
 * An id of an earlier attempt names the same issue: what is filled in is the latest.
 */
int ganger_session_of_issue(struct ganger *g, const char *issue, struct ganger_session *ret);
int ganger_session_by_id(struct ganger *g, const char *id, struct ganger_session *ret);

/* All that were dispatched here, by their number from 0 in the order of registration. */
size_t ganger_count(struct ganger *g);
int ganger_session_at(struct ganger *g, size_t number, struct ganger_session *ret);
/* How many issues are not over. */
size_t ganger_count_active(struct ganger *g);

/*
 * A descriptor to poll for input: readable when ganger_next() may have something. It stays the same
 * for the life of the handle, and is closed with it. Nobody else reads from it.
 */
int ganger_fd(const struct ganger *g);

/*
 * The next event, if there is one. All that happened is told, also what happened while 'ganger' was
 * being started again; of what happened while no handle was open, only how it is now. Up to 100,000
 * events are kept for a program that does not ask; then the oldest are lost.
 *
 * Returns 1 with ret filled, 0 where nothing is to be told now, or an error: 'ganger' has ended with
 * work left, and cannot be started.
 */
int ganger_next(struct ganger *g, struct ganger_event *ret, struct ganger_error *error);

/* Try an issue again whose session failed or was cancelled. INVALID: it stands otherwise. */
int ganger_retry(struct ganger *g, const char *issue, struct ganger_error *error);
/* End the session of an issue; its work is kept. INVALID: it is over. */
int ganger_cancel(struct ganger *g, const char *issue, struct ganger_error *error);

/*
 * Start nothing more: sessions at work finish (now 0), or are ended and their work is kept (now 1).
 * Returns at once; what is left is begun again by the next ganger_dispatch(), ganger_retry() or
 * ganger_open(). NOT_FOUND: nothing runs.
 */
int ganger_stop(struct ganger *g, int now, struct ganger_error *error);

#ifdef __cplusplus
}
#endif

#endif
