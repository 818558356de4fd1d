#ifndef RUN_SUPERVISOR_IMPL_H
#define RUN_SUPERVISOR_IMPL_H

#include "base/child.h"
#include "config/config.h"
#include "core/core.h"
#include "port/agent.h"
#include "port/executor.h"
#include "port/forge.h"
#include "port/git.h"
#include "port/store.h"
#include "port/tracker.h"
#include "run/host.h"
#include "run/overlap.h"
#include "run/parts.h"
#include "run/paths.h"
#include "run/place.h"
#include "run/prompt.h"
#include "run/servers.h"
#include "run/supervisor.h"
#include "run/talker.h"
#include "run/trace.h"

/* Shared by the files of run that make up the supervisor. */

/* An event on its way to the core, with the texts it needs. */
struct arrived {
	struct core_event ev;
	char *text, *text2, *text3; /* owned; may be NULL */
	int64_t forget;             /* a job whose folder may go once this is durable; 0 none */
};

/* A line of the trace, to be written with its turn. */
struct traced {
	const char *kind; /* static */
	int task;
	int64_t wall_ms;
	char *text; /* owned */
};

/* A process we have asked for; known by its number until its end was handed to the core. */
struct job {
	int64_t number;
	int task; /* -1: the run's own */
	int64_t serial;
	enum action_kind kind;
	bool begun;  /* the executor knows it */
	int stop;    /* 0, or enum job_stop + 1, wished before it was begun */
	bool orphan; /* of an earlier supervisor; nobody waits for its end */
	struct talker *talker; /* of an agent that talks, once it is begun; else NULL */
	int server;            /* it serves attempts: enum worker_index + 1; else 0 */
};

/* An agent in use; the core knows them by the same numbers. The first is there in any case. */
enum worker_index { WORKER_TASK, WORKERS_MAX = 2 + CONFIG_FOR_SOME_MAX };
struct worker {
	const struct config_agent *config; /* NULL: there is none */
	struct agent_settings settings;
	const struct agent_kind *kind;
	struct buf template_; /* what prompts are made by; empty: the built-in one */
};

struct supervisor {
	struct host *host;
	struct supervisor_spec spec;
	const struct config *config;
	struct paths paths;
	struct child_env child_env;
	/* That of the key 'agent', of conflicts where there is one, and those of labels. */
	struct worker workers[WORKERS_MAX];
	struct server servers[WORKERS_MAX];  /* theirs, where their attempts share one */
	int n_workers;                       /* 0: there is none at all */
	int64_t last_server;                 /* its job's number */
	VEC(struct buf) templates, roles; /* the files of prompt.templates and prompt.roles */
	char *epic_branch;
	char *epic_title;
	char *epic_body; /* NULL: none, or no epic */
	char *who; /* for claims */
	char **tracker_env; /* what agents need to reach the tracker; NULL: nothing */
	struct git_epic_spec git_spec;
	struct git *git;
	struct tracker *tracker;
	struct forge *forge;
	struct executor *executor;
	struct store *store;
	int lock_fd;

	struct core core;
	VEC(struct arrived) inbox;
	VEC(struct traced) trace; /* of the turn being made durable */
	VEC(int64_t) forget;      /* likewise */
	VEC(struct job) jobs;
	VEC(struct action) later; /* durable, to be sent once the repository is open */
	struct overlaps overlaps; /* with queue.overlap "wait": what is known of each task */
	bool opened;
	int works; /* under way off the loop's thread */
	bool started; /* the core was told START */
	bool held; /* a turn is stepped and not yet durable */
	bool full; /* the reserve is released */
	int stop;  /* enum core_stop: what was asked of this supervisor; the core's may be older */
	struct err fatal;
	int64_t published_mono; /* when the files were written last */
	bool unpublished;
	bool looking, look_wanted; /* the tracker is being read; it is to be read, soon */
	int64_t looked_mono;      /* when it was read last */
	bool peeking;             /* it is being seen what those at work have changed */
	int64_t peek_mono;        /* not before then again */
	char *found;              /* issues that came up on the way, as found.h has them */
	bool found_new;           /* … is to be journaled */
	char *look_said;          /* why that could not be taken in; empty: it was */
	/* Who is told of each task that changed, once that is durable; NULL: nobody. */
	void (*watch)(void *ctx, const struct task *t);
	void *watch_ctx;
	char *meta_config; /* values in force, to be journaled with the first turn */
};

/* turn.c: for the next turn. ev and its texts are copied; forget: a job whose folder may go once that
 * is durable; 0: none. */
void inbox_add(struct supervisor *s, const struct core_event *ev, int64_t forget);

/*
 * asked.c: do what a person asks of a run that is alive. Done, and durable, before it returns.
 *
 * said      for people, as request_events() has it
 * e         as request_events(); LIMIT: it is not durable yet
 */
struct control_request;
int supervisor_asked(struct supervisor *s,
		     const struct control_request *r,
		     struct buf *said,
		     struct err *e) MUST_CHECK;

/* At once, before core_reissue(): what is asked for again follows from it. Durable with the first turn. */
void supervisor_step(struct supervisor *s, const struct core_event *ev);
/* A line for people, whoever watches; what is not plain text in it is escaped there. */
void supervisor_message(struct supervisor *s, const char *fmt, ...) PRINTF_LIKE(2, 3);
void supervisor_stop(struct supervisor *s, int how); /* enum core_stop; also says so */
bool disk_is_full(const struct supervisor *s); /* hardly any room where state is kept */

/* outbox.c: carry it out, off the thread where it may take long; its answer is an event. */
void outbox_send(struct supervisor *s, const struct action *a);
/* What waited for the epic to be open goes out, once the core has heard where it is. */
void outbox_opened(struct supervisor *s);

/* What a piece of work knows: copies, since the core goes on while it runs. */
struct task_work {
	struct work work;
	struct supervisor *s; /* only its constant parts: drivers, settings, paths */
	struct action action;
	struct task t; /* texts are the arena's and stay; of the run: zero */
	struct run_row run;
	struct core_event answer;
	struct buf text, text2, text3;
	struct err e;
	VEC(struct prompt_landed) needs; /* direct dependencies; texts are the arena's */
	bool busy;                       /* AGENT: a check or the like is under way */
	bool number_taken;               /* "<task>.<attempt>" is the id of another task */
	bool is_other_check;             /* GATE: not the one it was chosen for, by its key */
	bool begun;                      /* of a job: by an earlier supervisor */
	char pause[200];                 /* NOTIFY: why a kind is paused */
	const char *status;              /* NOTIFY: of the run; static */
	struct buf touched;   /* COLLECT: the paths that it changed, a zero byte after each */
	char *old_log;        /* AGENT: log that says why the last try did not land, or NULL */
	struct job_spec spec; /* of a job: filled off the thread, pointing into 'command' */
	struct agent_command command;
	char *dir, *log, *watch, *cwd;
	char *errors, *session;    /* of an agent that talks: see struct agent_attempt */
	struct buf prompt, orders; /* likewise; as in the job's folder */
};

/* act.c: what an action does, off the thread; fills answer, or e. */
typedef void work_fn(struct task_work *w);
work_fn act_claim, act_prepare, act_collect, act_submit, act_merge, act_gate_prepare,
	act_land, act_close, act_look, act_release, act_open, act_tidy, act_notify;

/* act_land.c: "Closes #12", or what says as much to people alone. */
void act_closes(const struct task_work *w, struct buf *b);
/* The same: the task's title for a commit, which calls nobody where the forge would read it. */
void act_title(const struct task_work *w, struct buf *b);

/* jobs.c */
void job_send(struct supervisor *s, struct task_work *w); /* takes over w */
void job_stop(struct supervisor *s, int64_t number, enum job_stop how); /* its end is told as any */
/* What the executor tells; ctx is the supervisor. */
void job_started(void *ctx, const struct job_started *j);
void job_ended(void *ctx, const struct job_end *end);
void job_waits(void *ctx, const struct err *why);
/* No row waits for it: it is ended, and its folder goes. */
void job_adopt_orphan(struct supervisor *s, int64_t number);
struct job *job_find(struct supervisor *s,
		     int64_t number); /* or NULL; until the next comes or goes */

/* talks.c: of an agent that is talked to. attempt: the number, NULL: it has no name by that. */
bool work_talks(const struct task_work *w);
int talk_link(struct task_work *w, const char *attempt);
int talk_prepare(struct task_work *w);
struct talker *talk_begin(struct task_work *w);
int talk_broken_off(struct task_work *w, char **ret); /* for which limit; NULL: it was not */
void job_output(void *ctx, uint64_t number, struct str piece);
/* An order to the agent at work on a task. NOT_FOUND: there is none, or none that talks. */
int job_order(struct supervisor *s,
	      const char *task,
	      enum agent_order order,
	      const char *text,
	      struct err *e) MUST_CHECK;

/* Where an attempt happens, with the texts it is made of. */
struct attempt {
	struct agent_attempt a;
	char *branch, *worktree, *prompt, *result, *log, *feedback, *errors;
};
int64_t work_gate(const struct task_work *w);
void attempt_init(const struct task_work *w, struct attempt *ret);
void attempt_done(struct attempt *a);

/* recovery.c: who makes this task's attempt. */
const struct worker *worker_of(const struct supervisor *s, const struct task *t);

/* outbox.c: an action on its way, with copies of all it needs. work_defer(): fn is run off the thread,
 * then work.done on it, by default what sends the answer and frees w. */
void work_free(struct task_work *w);
struct task_work *work_new(struct supervisor *s, const struct action *a);
void work_defer(struct task_work *w, work_fn *fn);
void work_answer_error(struct task_work *w);
/* hooks.notify hears what an agent asks a person: no event, the machine knows nothing of talks. */
void outbox_ask(struct supervisor *s, const char *task, const char *asks);

/* graph.c: what the tracker has, as events. CONFLICT names the members of a cycle. */
int graph_sync(struct supervisor *s, struct err *e) MUST_CHECK;
/* The two halves of it: reading may be done off the thread; what is applied is what has changed. */
int graph_read(const struct supervisor *s,
	       struct issue *ret_epic,
	       struct issue_graph *ret,
	       struct err *e) MUST_CHECK;
void graph_apply(struct supervisor *s, const struct issue_graph *g); /* on the loop's thread */
/* What came up on the way: said once, and journaled with the next turn. */
void graph_found(struct supervisor *s, const struct issue_graph *g);

/* look.c: reads the tracker, off the loop's thread; in how many ms it is to be, -1: not */
void look(struct supervisor *s);
int64_t look_due_ms(const struct supervisor *s);
/* peek.c: what those at work touch, for queue.overlap: wait; when to look, -1: not */
void peek(struct supervisor *s);
int64_t peek_due_ms(const struct supervisor *s);
/* What a task was seen to touch: paths with a zero byte after each. */
void graph_touched(struct supervisor *s, int task, struct str paths);

/* lost.c: before anything is asked for again. After a reboot: are the journal's commits there? */
int recovery_lost(struct supervisor *s, struct err *e) MUST_CHECK;

/* recovery.c */
void recovery_orphans(struct supervisor *s); /* ends the jobs that no row waits for */
void recovery_start(struct supervisor *s); /* START, once no orphan is left */

/* publish.c: swarm-pids.json, swarm-progress.json, report.md, at most once a second. */
void publish_files(struct supervisor *s, bool now);

/* brief.c: what agents are told. Its files are read, and tried, before anything starts. */
int brief_template(const struct supervisor *s, struct worker *w, struct err *e) MUST_CHECK;
int brief_read(struct supervisor *s, struct err *e) MUST_CHECK;
void brief_done(struct supervisor *s);
int brief_write(struct task_work *w) MUST_CHECK; /* an attempt's prompt and feedback */

/* settings.c */
void settings_policy(const struct supervisor_spec *spec, struct policy *ret);
void settings_dispatch(struct policy *p); /* what is different where nothing is merged */
void settings_agent(const struct config_agent *a, struct agent_settings *ret);

#endif
