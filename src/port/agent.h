#ifndef PORT_AGENT_H
#define PORT_AGENT_H

#include "base/err.h"
#include "base/str.h"
#include "port/executor.h"
#include <stdbool.h>
#include <stdint.h>

/*
 * An agent kind says how to start, talk to and judge one program (DESIGN 6). Here is the
 * one-shot shape: a command that gets the prompt and ends by itself.
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
	int max_concurrent;              /* 0: only the total counts */
	bool push;                       /* its git may use the user's credentials */
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
	bool no_name, no_email;          /* the user's Git has none: ganger's stand-in is given */
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

struct agent_kind {
	const char *name;
	/* The command of an attempt, or (probe true) of the probe in the same environment.
	 * Idempotent: asked again for an attempt under way it gives the same. */
	int (*command)(const struct agent_settings *s, const struct agent_attempt *a, bool probe,
		       struct agent_command *ret, struct err *e);
	/* After the job ended: exit status, result file, the end of the log. Reads files, writes none. */
	int (*judge)(const struct agent_settings *s, const struct agent_attempt *a,
		     const struct job_end *end, int64_t now_wall_ms, struct agent_verdict *ret,
		     struct err *e);
};

/* The kinds there are, NULL-terminated; NULL where there is none of that name. */
extern const struct agent_kind *const agent_kinds[];
const struct agent_kind *agent_kind_find(const char *name);

/*
 * The environment of anything run in a worktree (agents, set-up, gates): the short list of
 * CONTRACT.md from the user's own, GANGER_*, COMPOSE_PROJECT_NAME, ILOOM_*; no credentials
 * for Git or gh unless s->push. s may be NULL (set-up, gates). The caller frees with
 * agent_env_free().
 */
char **agent_env(const struct agent_settings *s, const struct agent_attempt *a);
void agent_env_free(char **envp);

#endif
