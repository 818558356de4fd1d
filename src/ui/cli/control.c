#include "run/control.h"

#include "base/clean.h"
#include "port/store.h"
#include "ui/cli/cli.h"
#include "ui/cli/commands.h"
#include "ui/cli/control.h"
#include "ui/cli/epic.h"

/* retry, cancel, approve, pause, resume, stop: what people ask of a run. */

/* Who runs it? 0: nobody; what cannot be told is taken as somebody. */
static int64_t epic_pid(struct cli *c, const char *epic)
{
	struct paths p CLEANUP(paths_done) = {0};
	struct err none = ERR_INIT;
	int64_t pid = 0;

	paths_find(&c->place, epic, c->config.worktree_dir, &p);
	return store_lock_holder(p.lock, &pid, &none) ? -1 : pid;
}

static void hint_run(struct cli *c, const char *epic)
{
	char *word CLEANUP(freep) = shell_word(epic);

	cli_hint(c, "no supervisor runs it; 'ganger run %s' goes on from here", word);
}

/* Ask, and print what was done. */
static int send_to(struct cli *c, const char *epic, const struct control_request *r)
{
	struct err e = ERR_INIT;
	struct buf said CLEANUP(buf_done) = BUF_INIT;
	struct str rest, line;

	if (control_send(&c->place, &c->config, epic, r, &said, &e))
		return cli_fail(c, &e);
	for (rest = buf_str(&said); str_next(&rest, '\n', &line);) {
		char *text CLEANUP(freep) = mem_strndup(line.p, line.n);

		if (line.n)
			cli_print_line(c, text);
	}
	if (r->verb != CONTROL_PAUSE && r->verb != CONTROL_CANCEL && r->verb != CONTROL_HOLD &&
	    r->verb != CONTROL_MOVE && epic_pid(c, epic) == 0 && r->verb != CONTROL_STOP &&
	    r->verb != CONTROL_STOP_NOW)
		hint_run(c, epic);
	return CLI_OK;
}

/* The tasks of one epic: they are asked for together, all or none. */
struct asked {
	char *epic;
	VEC(char *) ids;
};
struct asked_all {
	VEC(struct asked) epics;
};

static void asked_done(struct asked_all *a)
{
	for (size_t i = 0; i < a->epics.n; i++) {
		struct asked *one = &a->epics.items[i];

		free(one->epic);
		for (size_t k = 0; k < one->ids.n; k++)
			free(one->ids.items[k]);
		VEC_DONE(&one->ids);
	}
	VEC_DONE(&a->epics);
}

static struct asked *asked_for(struct asked_all *a, const char *epic)
{
	for (size_t i = 0; i < a->epics.n; i++) {
		if (streq(a->epics.items[i].epic, epic))
			return &a->epics.items[i];
	}
	VEC_PUSH(&a->epics, ((struct asked){.epic = mem_strdup(epic)}));
	return &a->epics.items[a->epics.n - 1];
}

/* What is meant for one session is not for the next one of its issue. */
static int check_present(struct cli *c, const char *id, struct err *e)
{
	struct found_task found CLEANUP(found_task_done) = {0};

	return epic_find_present(c, id, &found, e);
}

int control_ask_tasks(struct cli *c, const struct control_request *r, int argc, char **argv)
{
	struct asked_all all CLEANUP(asked_done) = {0};
	struct err e = ERR_INIT;
	int worst = CLI_OK;

	/* Where one cannot be found, nothing is asked of the others either. */
	for (int i = 0; i < argc; i++) {
		struct session_id named CLEANUP(session_id_done) = {0};

		if (epic_of_id(c, argv[i], &named, &e) ||
		    (named.attempt && check_present(c, argv[i], &e)))
			return cli_fail(c, &e);
		VEC_PUSH(&asked_for(&all, named.epic)->ids, mem_strdup(named.issue));
	}
	for (size_t i = 0; i < all.epics.n; i++) {
		struct asked *a = &all.epics.items[i];

		VEC_PUSH(&a->ids, NULL);
		struct control_request asked = *r;

		asked.ids = (const char *const *)a->ids.items;
		int code = send_to(c, a->epic, &asked);
		worst = code > worst ? code : worst;
	}
	return worst;
}

int cmd_retry(struct cli *c, int argc, char **argv)
{
	return control_ask_tasks(c, &(struct control_request){.verb = CONTROL_RETRY}, argc, argv);
}

int cmd_cancel(struct cli *c, int argc, char **argv)
{
	return control_ask_tasks(c, &(struct control_request){.verb = CONTROL_CANCEL}, argc, argv);
}

int cmd_approve(struct cli *c, int argc, char **argv)
{
	return control_ask_tasks(c, &(struct control_request){.verb = CONTROL_APPROVE}, argc, argv);
}

/* The epic named, else the only one that is run, else the only one there is. */
static int choose_run(struct cli *c, int argc, char **argv, char **ret, struct err *e)
{
	struct view_epics all CLEANUP(view_epics_done) = {0};
	struct buf names CLEANUP(buf_done) = BUF_INIT;
	const char *running = NULL;
	int n_running = 0;

	if (argc > 0)
		return epic_latest(c, argv[0], ret, e);
	if (view_epics(&c->place, &all, e))
		return e->code;
	for (size_t i = 0; i < all.ids.n; i++) {
		buf_printf(&names, "%s'%s'", i ? ", " : "", all.ids.items[i]);
		if (epic_pid(c, all.ids.items[i]) == 0)
			continue;
		running = all.ids.items[i];
		n_running++;
	}
	if (n_running == 1 || all.ids.n < 2)
		return epic_latest(c, running, ret, e);
	(void)err_set(e, ERR_INVALID, "which epic? there are %s", buf_cstr(&names));
	return err_hint(e, "name it: ganger %s EPIC", c->command->name);
}

static int ask_run(struct cli *c, enum control_verb verb, int argc, char **argv)
{
	struct control_request r = {.verb = verb};
	char *epic CLEANUP(freep) = NULL;
	struct err e = ERR_INIT;

	if (choose_run(c, argc, argv, &epic, &e))
		return cli_fail(c, &e);
	return send_to(c, epic, &r);
}

int cmd_pause(struct cli *c, int argc, char **argv)
{
	return ask_run(c, CONTROL_PAUSE, argc, argv);
}

int cmd_resume(struct cli *c, int argc, char **argv)
{
	return ask_run(c, CONTROL_RESUME, argc, argv);
}

int cmd_stop(struct cli *c, int argc, char **argv)
{
	return ask_run(c, cli_flag(c, "now") ? CONTROL_STOP_NOW : CONTROL_STOP, argc, argv);
}
