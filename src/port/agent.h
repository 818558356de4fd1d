#ifndef PORT_AGENT_H
#define PORT_AGENT_H

#include "base/err.h"
#include "base/str.h"
#include "port/executor.h"
#include <stdbool.h>
#include <stdint.h>

/*
 * An agent kind says how to start, talk to and judge one program (DESIGN 6). Two shapes: one-shot,
 * a command that gets the prompt and ends by itself; and talking, a program that speaks a
 * protocol, is given the prompt by it, and ends when its input does.
 */

/* As in ganger.yaml: agents.NAME. Borrowed for the life of the agent. */
struct agent_settings {
	const char *name;
	const char *kind;                /* "command", … */
	const char *const *command;      /* argv; a string became { "sh", "-c", text } */
	const char *const *env;          /* "NAME=value" fixed, or "NAME" alone: passed on from the user's */
	const char *cwd;                 /* below the worktree; NULL: its root */
	const char *const *pause_on;     /* extended regular expressions, case-insensitive */
	const char *const *probe;        /* argv or NULL */
	const char *const *permissions;  /* rules, as agent/permission.h has them; NULL: none */
	int max_concurrent;              /* 0: only the total counts */
	bool push;                       /* its git may use the user's credentials */
	bool shares_server;              /* one program serves the sessions of all its attempts */
	double price_in,
		price_out; /* US dollars a million tokens, where no cost is told; 0: not set */
};

/* What one attempt gets. All borrowed until return. */
struct agent_attempt {
	const char *epic, *task, *title;
	int attempt, slot;
	const char *branch, *epic_branch, *base;
	const char *root;                /* the user's checkout */
	const char *repository;          /* its name, for COMPOSE_PROJECT_NAME */
	const char *worktree, *git_dir;  /* absolute */
	const char *prompt_path, *result_path, *log_path;
	const char *feedback_path;       /* NULL on a first try */
	const char *errors_path; /* what a talking program writes as errors; NULL: in the log */
	const char *session;     /* of an earlier attempt, to be taken up again; NULL: none */
	const char *token; /* what a shared server is shown; NULL: it serves this attempt alone */
	/* What the tracker's own program needs to reach the issues: "NAME=value", NULL-terminated;
	 * agents.NAME.env comes before it. NULL: nothing */
	const char *const *tracker_env;
	bool no_name, no_email;          /* the user's Git has none: ganger's stand-in is given */
	double cost_max;                 /* limits.attempt_cost, in US dollars; 0: none */
	const char
		*broken_off; /* for the judge: the limit it was broken off for; NULL: it was not */
};

/* A command line and environment to run as a job; agent_command_done(). */
struct agent_command {
	char **argv, **envp;
	char *cwd;
	char *stdin_path; /* NULL: nothing */
};
void agent_command_done(struct agent_command *c);

enum agent_result { AGENT_DONE = 1, AGENT_NOTHING, AGENT_LATER, AGENT_FAILED };

/* What the program itself said. Whether there is work to land is judged elsewhere, by Git. */
struct agent_verdict {
	enum agent_result result;
	char reason[512];       /* for a person; for FAILED and LATER never empty */
	int64_t until_ms;       /* LATER: wall clock of the reset it named; 0: it named none */
	bool provider_limit;    /* LATER by a provider's limit: concerns every attempt of this kind */
	int64_t tokens_in, tokens_out; /* -1 unknown */
	double cost_usd;        /* negative: unknown */
};

/* How sure it is that something is told: by no program of a kind, by some, by all. */
enum agent_sure { AGENT_NEVER, AGENT_PERHAPS, AGENT_SURELY };
/* Of what an attempt uses: once it is over, and while it works. */
struct agent_tells {
	enum agent_sure over, live;
};

struct talk_kind;

/* How a program that talks serves many sessions, each over a connection of its own on loopback. */
struct agent_serving {
	const char *arguments; /* for its command line, in GANGER_SERVE: to listen at a free port */
	const char *port_after;     /* what stands in front of the port in what it writes */
	const char *token_variable; /* in its environment: what those who connect have to show */
	const char *const
		*noise; /* methods of messages that concern other sessions; NULL-terminated */
};

struct agent_kind {
	const char *name;
	/* Files of instructions in a repository's root that the program reads by itself;
	 * NULL-terminated, or NULL: it is not known to read any. */
	const char *const *reads;
	const struct talk_kind *talk; /* how it talks; NULL: one-shot */
	const struct agent_serving *serving; /* NULL: a program serves one session */
	int64_t silence_ms; /* how long it may be silent where no limit is set; 0: for ever */
	struct agent_tells cost, tokens;
	/* The command of an attempt, or (probe true) of the probe in the same environment.
	 * Idempotent: asked again for an attempt under way it gives the same. */
	int (*command)(const struct agent_settings *s,
		       const struct agent_attempt *a,
		       bool probe,
		       struct agent_command *ret,
		       struct err *e);
};

/* The kinds there are, NULL-terminated; NULL where there is none of that name. */
extern const struct agent_kind *const agent_kinds[];
const struct agent_kind *agent_kind_find(const char *name);

/*
 * After the job ended: what its exit status, its result file and its log say. Reads files, writes
 * none. In this order:
 *   not started: FAILED
 *   a result file decides, however the job ended
 *   broken off for a limit before it had succeeded: FAILED with that
 *   ended by a limit, a signal, on request, lost: FAILED with how
 *   exit 0: DONE, or NOTHING where the last line says so. What pause_on finds in a success does
 *     not count: agents write about rate limits, too
 *   any other exit, and exit 0 where the program's own final record says that it failed, or is
 *     missing behind what known programs write before it: LATER
 *     with exit 75 or a match of pause_on at the end of the log, else FAILED
 * A kind that talks is DONE or NOTHING only with a record of its last turn that says success,
 * whatever its exit status; and pause_on is searched for in what its program says of its errors
 * alone, not in what it works on.
 *
 * e         INVALID: an entry of pause_on is not a regular expression; IO
 */
int agent_judge(const struct agent_kind *k,
		const struct agent_settings *s,
		const struct agent_attempt *a,
		const struct job_end *end,
		int64_t now_wall_ms,
		struct agent_verdict *ret,
		struct err *e) MUST_CHECK;

/*
 * A talk: all that is said to a program, as it follows from the settings, the prompt, what the
 * program has written so far, and what people ordered meanwhile. It holds no clock and does no
 * I/O: given the same once more it says the same, which is how a talk goes on after a crash.
 */
struct agent_talk;

struct agent_talk_to {
	void *ctx;
	/* The nth input, from 1; empty: its end. Each is one whole; borrowed. */
	void (*say)(void *ctx, uint64_t nth, struct str input);
	/* What happened, alike for all kinds: one object of JSON, with its newline (events.h). */
	void (*event)(void *ctx, struct str line);
	/* A person is to decide, by AGENT_ALLOW or AGENT_DENY with this name: may it do this? */
	void (*ask)(void *ctx, const char *name, const char *question);
};

enum agent_order {
	AGENT_SAY = 1, /* words to the agent: into its turn where it takes that, else behind it */
	AGENT_BREAK,   /* break the turn off, and end */
	AGENT_ALLOW,   /* a question */
	AGENT_DENY,
};

/*
 * Begin a talk of a kind that talks: the first inputs are said before this returns. All is
 * copied but 'to', whose functions may be NULL. The caller frees with agent_talk_free().
 */
struct agent_talk *agent_talk_new(const struct agent_kind *k,
				  const struct agent_settings *s,
				  const struct agent_attempt *a,
				  struct str prompt,
				  const struct agent_talk_to *to);
/* More of what the program wrote, from its first byte on. */
void agent_talk_output(struct agent_talk *t, struct str piece);
/*
 * text      of AGENT_SAY; of AGENT_BREAK why, or NULL; of AGENT_ALLOW and AGENT_DENY the
 *           question's name, or NULL: the oldest
 * e         INVALID there is nothing to allow or deny; NOT_FOUND the talk is over
 */
int agent_talk_order(struct agent_talk *t, enum agent_order order, const char *text, struct err *e)
	MUST_CHECK;
/*
 * The question that a person means: of this name, or with NULL the only one. The caller owns *ret.
 *
 * e         INVALID it is not open, or several are; NOT_FOUND the talk is over
 */
int agent_talk_question(const struct agent_talk *t, const char *name, char **ret, struct err *e)
	MUST_CHECK;
void agent_talk_free(struct agent_talk *t);
/* What has been used so far: of tools and, where that is told before the end, tokens and money;
 * else 0. */
struct agent_used {
	int64_t tools, tokens;
	double cost_usd;
};
struct agent_used agent_talk_used(const struct agent_talk *t);

/*
 * The session that the log of an earlier attempt tells of, if one begun in this worktree can be
 * taken up again; the caller frees it. NULL: none. Reads the file.
 */
char *agent_talk_session(const struct agent_kind *k, const char *log_path, const char *worktree);

/*
 * The environment of anything run in a worktree (agents, set-up, gates): the short list of
 * CONTRACT.md from the user's own, GANGER_*, COMPOSE_PROJECT_NAME, ILOOM_*; no credentials
 * for Git or gh unless s->push. s may be NULL (set-up, gates). The caller frees with
 * agent_env_free().
 */
char **agent_env(const struct agent_settings *s, const struct agent_attempt *a);
void agent_env_free(char **envp);

#endif
