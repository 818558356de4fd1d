#ifndef AGENT_TALK_H
#define AGENT_TALK_H

#include "agent/permission.h"
#include "agent/record.h"
#include "base/mem.h"
#include "port/agent.h"
#include "wire/frames.h"

#include <cjson/cJSON.h>

/*
 * A talk (port/agent.h) as the kinds see it: talk.c takes messages apart, hands each to the kind,
 * and has the functions below for what follows from it. A kind keeps nothing but what is here.
 */

/* A message longer than this is stepped over; the executor takes no longer ones either. */
#define TALK_MESSAGE_MAX EXECUTOR_SAY_MAX
/* How much of a tool's input or output an event shows. */
#define TALK_SHOWN_MAX   2000
/* How often a connection may be lost: it may be this very session that the server dies of. */
#define TALK_LOSSES_MAX  5
/* What people say while it is busy. */
#define TALK_WAITING_MAX 64

struct talk_kind {
	enum frames_how frames;
	/* The first words: t->prompt, in the session t->wanted where there is one. */
	void (*begin)(struct agent_talk *t);
	/* One message. */
	void (*take)(struct agent_talk *t, const cJSON *o);
	/* A person's words. False: not now; they are kept until the turn is over. */
	bool (*say)(struct agent_talk *t, const char *text);
	/* Break the turn off. */
	void (*interrupt)(struct agent_talk *t);
	/* Say farewell, before the input ends; NULL: there is nothing to be said. */
	void (*leave)(struct agent_talk *t);
	/* Answer a request for permission, as it came. why: of a denial. */
	void (*answer)(struct agent_talk *t, const cJSON *request, bool allow, const char *why);
};

/* What a person is to decide. */
struct talk_question {
	char name[32];  /* "1.2": the second of the first attempt */
	cJSON *request; /* as it came */
	char *text;     /* of it, for a person */
};

struct agent_talk {
	const struct talk_kind *kind;
	struct agent_talk_to to;
	char *prompt, *worktree;
	char *wanted; /* the session to take up again; NULL: a new one */
	char *token;  /* what a shared server is shown; NULL: it serves this talk alone */
	char **rules; /* agents.NAME.permissions; or NULL */
	char **env;   /* agents.NAME.env */
	double price_in, price_out; /* as in struct agent_settings */
	struct frames frames;
	uint64_t said;        /* the number of the last input */
	bool is_closed;       /* the end of the input was said */
	struct record record; /* what the last turn came to, tokens and cost of all */
	struct buf errors;    /* lines in which the program says what went wrong */
	struct str line;      /* the message being taken */
	VEC(char *) waiting;  /* what people said, to be given when the turn is over */
	int attempt;          /* whose talk this is */
	int n_asked;          /* questions to a person so far */
	VEC(struct talk_question) asked; /* those that are open, the oldest first */

	/* For the kind. */
	char *session, *turn;      /* ids, as the program has them; or NULL */
	char *program;             /* as it calls itself; or NULL */
	char *folder;              /* where its session is at home; or NULL */
	int64_t next_id;           /* of a request of ours; the first is 1 */
	int open;                  /* inputs whose turn has not ended */
	bool has_echo;             /* it tells of each input that it has taken it */
	cJSON *items;              /* texts and objects to be found again by an id; or NULL */
	int64_t base_in, base_out; /* tokens that are not of this attempt */
	struct buf chunk;          /* a message that arrives in pieces, so far */
	bool is_begun;             /* its session is open */
	bool has_acted;            /* it used a tool in this turn */
	int64_t tools;             /* that it used, of all turns */
	int64_t turn_tokens;       /* of the turn under way, where the record has whole turns */
	double base_cost;          /* of its session before this attempt, as it tells it */
	VEC(char *) given;         /* what it was told since its last turn ended, in order */
	int losses;                /* of its connection */
	int64_t first_id;          /* of the first request of ours over this connection */
	int64_t opening, history; /* requests of ours: for the session, for what is in it; 0 none */
};

/* ---- saying ---- */

/* Takes over and frees o. */
void talk_say(struct agent_talk *t, cJSON *o);
/* The input ends; nothing is said any more. */
void talk_close(struct agent_talk *t);
/* Decide, and answer or keep the request. */
void talk_permission(struct agent_talk *t, const cJSON *request, const struct permission_ask *ask);

/*
 * The connection was lost, and with it what it asked for that nobody had decided. False: that was
 * once too often, and the talk has failed.
 */
bool talk_lost(struct agent_talk *t);
/* Keep what a person said until the turn is over. */
void talk_wait(struct agent_talk *t, const char *text);
/* t->items, made where there are none. */
cJSON *talk_items(struct agent_talk *t);

/* ---- what happened ---- */

/* The value that agents.NAME.env gives a variable; NULL: none. */
const char *talk_env(const struct agent_talk *t, const char *name);
/* Replace a text of the talk; NULL leaves it. */
void talk_set(char **place, const char *text);
void talk_session(struct agent_talk *t, const char *id, const char *model);
void talk_turn(struct agent_talk *t);
void talk_message(struct agent_talk *t, const char *text);
/* input: a command, a path, or an object of which one is shown; may be NULL */
void talk_tool(struct agent_talk *t, const char *id, const char *name, const cJSON *input);
void talk_tool_end(struct agent_talk *t, const char *id, bool ok, const char *output);
/* As the record has them by now. */
void talk_tokens(struct agent_talk *t);
/* The message being taken says what went wrong; the last such before the end counts. */
void talk_error(struct agent_talk *t, const char *text);
/*
 * The turn has ended, and t->record says how. What people said meanwhile is given, or else the
 * input ends.
 */
void talk_turn_end(struct agent_talk *t);
/* It cannot go on: the same as a turn that failed for this reason. */
void talk_fail(struct agent_talk *t, const char *why);

#endif
