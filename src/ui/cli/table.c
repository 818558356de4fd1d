#include "ui/cli/cli.h"
#include "ui/cli/commands.h"

static const struct cli_option init_options[] = {
	{"github", NULL, "keep issues and pull requests on GitHub", 0},
	{NULL,     NULL, NULL,				      0},
};

static const struct cli_option plan_options[] = {
	{"from", "beads:FILE", "look at a tracker without importing it", 0},
	{"json", NULL,         "the plan as JSON",                       0},
	{NULL,   NULL,         NULL,				     0},
};

static const struct cli_option run_options[] = {
	{"agent",          "NAME", "use this agent",					    0},
	{"max-concurrent", "N",    "sessions at once, over limits.max_concurrent",              0},
	{"allow-red",      NULL,   "start although the check fails on the base",                0},
	{"yes",            NULL,   "do not ask before anything leaves this machine",            0},
	{"detach",         NULL,   "go on in the background; prints pid, log and how to watch", 0},
	{"json",           NULL,   "the result alone, as JSON",                                 0},
	{NULL,             NULL,   NULL,							0},
};

static const struct cli_option dispatch_options[] = {
	{"agent",  "NAME", "use this agent",                                      0},
	{"file",   "FILE", "a JSON object a line: id, title, body",               0},
	{"as",     "NAME", "another dispatch to add it to; not given: a new one", 0},
	{"yes",    NULL,   "do not ask before anything leaves this machine",        0},
	{"detach", NULL,   "return when all are accepted; the run goes on",       0},
	{"json",   NULL,   "the result alone, as JSON",                           0},
	{NULL,     NULL,   NULL,						  0},
};

static const struct cli_option submit_options[] = {
	{"epic", "ID", "into this epic, made if need be", 0},
	{NULL,   NULL, NULL,			      0},
};

static const struct cli_option finish_options[] = {
	{"merge", NULL, "move the base to the epic branch, or have the forge merge it", 0},
	{NULL,    NULL, NULL,							   0},
};

static const struct cli_option doctor_options[] = {
	{"agent", "NAME", "also try this agent's set-up, probe and check", 0},
	{"json",  NULL,   "the checks as JSON",                            0},
	{NULL,    NULL,   NULL,					    0},
};

static const struct cli_option gc_options[] = {
	{"dry-run", NULL, "print the same list, and do nothing", 0},
	{"json",    NULL, "the list as JSON",                    0},
	{NULL,      NULL, NULL,				  0},
};

static const struct cli_option serve_options[] = {
	{"listen", "ADDR:PORT", "where; not given: 127.0.0.1 and a free port", 0},
	{NULL,     NULL,        NULL,					  0},
};

static const struct cli_option help_options[] = {
	{"man", NULL, "as the source of a manual page", 0},
	{NULL,  NULL, NULL,			     0},
};

static const struct cli_option json_options[] = {
	{"json", NULL, "the same as JSON", 0},
	{NULL,   NULL, NULL,               0},
};

static const struct cli_option queue_options[] = {
	{"json", NULL,   "the list as JSON",                                    0},
	{"epic", "EPIC", "whose task it is, where several have one of that id", 0},
	{NULL,   NULL,   NULL,						  0},
};

static const struct cli_option task_options[] = {
	{"epic", "EPIC", "whose task it is, where several have one of that id", 0},
	{NULL,   NULL,   NULL,						  0},
};

static const struct cli_option logs_options[] = {
	{"follow",  NULL,   "go on as it grows, to the end of the attempt",        'f'},
	{"attempt", "N",    "this attempt's; not given: the latest's",             0  },
	{"raw",     NULL,   "what its program wrote, byte for byte",               0  },
	{"epic",    "EPIC", "whose task it is, where several have one of that id", 0  },
	{NULL,      NULL,   NULL,						  0  },
};

static const struct cli_option send_options[] = {
	{"allow", NULL,   "what it asks; where that is several things: QUESTION", 0},
	{"deny",  NULL,   "the same",					     0},
	{"epic",  "EPIC", "whose task it is, where several have one of that id",  0},
	{NULL,    NULL,   NULL,						   0},
};

static const struct cli_option diff_options[] = {
	{"attempt", "N",    "this attempt; not given: the latest",                 0},
	{"epic",    "EPIC", "whose task it is, where several have one of that id", 0},
	{NULL,      NULL,   NULL,						  0},
};

static const struct cli_option stop_options[] = {
	{"now", NULL, "end the agents too; their work is kept", 0},
	{NULL,  NULL, NULL,				     0},
};

static const struct cli_option add_options[] = {
	{"body",     "TEXT",       "what is to be done; - reads standard input", 0},
	{"after",    "ID[,ID...]", "what has to be done before",                 0},
	{"epic",     "ID",         "make it a child of this issue",              0},
	{"label",    "LABEL",      "may be given several times",                 0},
	{"priority", "0-4",        "0 is the highest; 2 where none is given",    0},
	{NULL,       NULL,         NULL,					 0},
};

static const struct cli_option edit_options[] = {
	{"title",    "TEXT",        "a new title",                                       0},
	{"body",     "TEXT",        "a new body; - reads standard input",                0},
	{"after",    "ID[,ID...]",  "instead of what it depends on now; '' for nothing", 0},
	{"label",    "LABEL",       "instead of its labels; may be given several times", 0},
	{"priority", "0-4",         "0 is the highest",                                  0},
	{"status",   "open|closed", "open also lets a held issue go",                    0},
	{NULL,       NULL,          NULL,						0},
};

static const struct cli_option close_options[] = {
	{"reason",  "REASON", "completed (if none is given) or not_planned", 0},
	{"comment", "TEXT",   "a comment with it",                           0},
	{NULL,      NULL,     NULL,					  0},
};

static const struct cli_option import_options[] = {
	{"epic",   "ID", "make all children of this issue, new or existing",           0},
	{"reopen", NULL, "beads: all work as open, whatever its status; nothing else", 0},
	{"json",   NULL, "what was imported and what was not, as JSON",                0},
	{NULL,     NULL, NULL,							 0},
};

/* One row a command, in the order of the help. The formatter would align what is no table. */
/* clang-format off */
const struct cli_command cli_commands[] = {
	{
		.name = "init",
		.usage = "",
		.help = "look around and write ganger.yaml",
		.about = "Asks nothing: what it finds is guessed aloud, with the key that changes it.\n"
			 "Nothing is pushed; issues and pull requests stay on this machine unless\n"
			 "--github is given. A ganger.yaml that is there already is left as it is.\n",
		.options = init_options,
		.needs = CLI_PLACE,
		.run = cmd_init,
	},
	{
		.name = "add",
		.usage = "TITLE",
		.help = "add an issue; prints its id",
		.about = "An epic is an issue that has children. What --after and --epic name must be\n"
			 "there; a cycle is refused.\n",
		.options = add_options,
		.operands_min = 1,
		.operands_max = 1,
		.needs = CLI_CONFIG,
		.run = cmd_add,
		.changes_issues = true,
	},
	{
		.name = "list",
		.usage = "[EPIC]",
		.help = "list issues: id, state, title, what they wait for",
		.about = "States: ready, blocked (waits for others), claimed (somebody works on it), held\n"
			 "(must not be started, with the reason), epic, closed.\n",
		.options = json_options,
		.operands_max = 1,
		.needs = CLI_CONFIG,
		.run = cmd_list,
	},
	{
		.name = "show",
		.usage = "ID",
		.help = "show an issue with its body and comments",
		.options = json_options,
		.operands_min = 1,
		.operands_max = 1,
		.needs = CLI_CONFIG,
		.run = cmd_show,
	},
	{
		.name = "edit",
		.usage = "ID",
		.help = "change an issue",
		.about = "What is not given stays as it is.\n",
		.options = edit_options,
		.operands_min = 1,
		.operands_max = 1,
		.needs = CLI_CONFIG,
		.run = cmd_edit,
		.changes_issues = true,
	},
	{
		.name = "close",
		.usage = "ID...",
		.help = "close issues",
		.options = close_options,
		.operands_min = 1,
		.operands_max = -1,
		.needs = CLI_CONFIG,
		.run = cmd_close,
		.changes_issues = true,
	},
	{
		.name = "comment",
		.usage = "ID TEXT",
		.help = "comment on an issue; - reads standard input",
		.about = "Comments are part of what an agent is told.\n",
		.operands_min = 2,
		.operands_max = 2,
		.needs = CLI_CONFIG,
		.run = cmd_comment,
	},
	{
		.name = "import",
		.usage = "beads|markdown FILE",
		.help = "bring issues from a file into the built-in tracker",
		.about = "markdown: the '# title' is the epic, '- [ ] title' a task, '- [x] title' a\n"
			 "closed one; what is indented below it is its body. In a body 'after: 1, \"a\n"
			 "title\"' names what it depends on, by position or title; 'labels: a, b' and\n"
			 "'priority: 0-4' do as they say. A line that is wrong is named, and nothing is\n"
			 "imported.\n"
			 "beads: a JSONL export. What cannot be used is named, and the rest is imported.\n"
			 "An issue that is there already stays as it is. Prints the epic's id.\n",
		.options = import_options,
		.operands_min = 2,
		.operands_max = 2,
		.needs = CLI_CONFIG,
		.run = cmd_import,
		.changes_issues = true,
	},
	{
		.name = "mirror",
		.usage = "EPIC",
		.help = "copy an epic of GitHub into Beads, or bring its copy up to date",
		.about = "The epic, its sub-issues and what they wait for become issues of Beads (bd),\n"
			 "known by their address; given again it does what has changed and nothing twice.\n"
			 "Nothing is changed on GitHub. With github.graph: beads a run does the same,\n"
			 "takes what both say waits, and closes each issue in both.\n",
		.options = json_options,
		.operands_min = 1,
		.operands_max = 1,
		.needs = CLI_CONFIG,
		.run = cmd_mirror,
	},
	{
		.name = "plan",
		.usage = "[EPIC]",
		.help = "show what a run would do: waves, cycles, what it may cost",
		.about = "A dry run: nothing is started, changed or stored. A cycle exits with 3. With\n"
			 "forge 'github' notes say what the branches there ask for, as far as may be\n"
			 "read.\n",
		.options = plan_options,
		.operands_max = 1,
		.needs = CLI_CONFIG,
		.run = cmd_plan,
	},
	{
		.name = "run",
		.usage = "[EPIC...]",
		.help = "bring an epic home",
		.about = "The supervisor, in the foreground, to the end. Run again it goes on where it\n"
			 "was; of one that has ended it says how, without an agent too. Several epics are\n"
			 "run one after another.\n",
		.options = run_options,
		.operands_max = -1,
		.needs = CLI_CONFIG,
		.run = cmd_run_epics,
	},
	{
		.name = "dispatch",
		.usage = "[ID...]",
		.help = "each issue to a session, each to a pull request into the base",
		.about = "No graph and no merging. Returns when all are done; 'ganger run' on the epic it\n"
			 "names goes on with what was cut short.\n",
		.options = dispatch_options,
		.operands_max = -1,
		.needs = CLI_CONFIG,
		.run = cmd_dispatch,
	},
	{
		.name = "submit",
		.usage = "BRANCH...",
		.help = "put branches into the merge queue of an epic",
		.about = "Each becomes a child issue and is pinned to its commit; 'ganger run' lands it.\n"
			 "A branch that has moved since is submitted again. The branch itself is never\n"
			 "written; a conflict goes to agents.resolver where that is set, else to a\n"
			 "person.\n",
		.options = submit_options,
		.operands_min = 1,
		.operands_max = -1,
		.needs = CLI_CONFIG,
		.run = cmd_submit,
	},
	{
		.name = "finish",
		.usage = "EPIC",
		.help = "bring the base into the epic, checked, and print how to take it back",
		.about = "With forge 'github' the way back is a pull request: it is opened with a summary\n"
			 "of every task, and merged only with --merge. What its base asks for is said\n"
			 "before anything is done. Where the base takes no merge commits, queue.method\n"
			 "'squash' makes one commit of the epic there; what a person squashed is found.\n"
			 "What somebody added to the epic branch by hand nobody tested: that is said,\n"
			 "too. An issue whose work somebody took out of it again stays open.\n",
		.options = finish_options,
		.operands_min = 1,
		.operands_max = 1,
		.needs = CLI_CONFIG,
		.run = cmd_finish,
	},
	{
		.name = "status",
		.usage = "[EPIC]",
		.help = "where an epic stands",
		.about = "From the journal: also while a supervisor runs, and after it died. Without EPIC:\n"
			 "the one that changed last.\n",
		.options = json_options,
		.operands_max = 1,
		.needs = CLI_CONFIG,
		.run = cmd_status,
	},
	{
		.name = "report",
		.usage = "[EPIC]",
		.help = "what happened, and what to do next",
		.about = "Also kept as report.md in the epic's folder; readable in mid-run.\n",
		.operands_max = 1,
		.needs = CLI_CONFIG,
		.run = cmd_report,
	},
	{
		.name = "queue",
		.usage = "[EPIC] | hold ID... | release ID... | move ID first|N",
		.help = "list the merge queue, its head first; hold entries, or change its order",
		.about = "What is held stays in the queue, and those behind it go on, until 'release'. N\n"
			 "is the place among those that wait, as the list numbers them; all up to there\n"
			 "keep their order, whatever arrives. What is being merged has its place.\n",
		.options = queue_options,
		.operands_max = -1,
		.needs = CLI_CONFIG,
		.run = cmd_queue,
	},
	{
		.name = "top",
		.usage = "[EPIC]",
		.help = "watch a run on the terminal",
		.about = "The board of 'run', read from the journal: it may be closed and opened again\n"
			 "as you like.\n",
		.operands_max = 1,
		.needs = CLI_CONFIG,
		.run = cmd_top,
	},
	{
		.name = "logs",
		.usage = "ID",
		.help = "print what an attempt has written",
		.about = "Of an agent that is talked to, or that tells what it does as JSON (Claude Code,\n"
			 "Codex, Copilot): what it said and did, and what it was denied; with --raw\n"
			 "what it wrote.\n",
		.options = logs_options,
		.operands_min = 1,
		.operands_max = 1,
		.needs = CLI_CONFIG,
		.run = cmd_logs,
	},
	{
		.name = "attach",
		.usage = "ID",
		.help = "watch an attempt to its end; 'send' talks to it",
		.about = "As 'logs -f' of the latest attempt.\n",
		.options = task_options,
		.operands_min = 1,
		.operands_max = 1,
		.needs = CLI_CONFIG,
		.run = cmd_attach,
	},
	{
		.name = "send",
		.usage = "ID [TEXT | QUESTION]",
		.help = "say something to the agent at work on a task, or answer it",
		.about = "For kinds that are talked to: claude, codex, copilot, acp. What is said goes\n"
			 "into its turn where the program takes that, else behind it. What it asks a\n"
			 "person follows from agents.NAME.permissions, and is answered by --allow or\n"
			 "--deny with the question as it is shown, '1.2'; an answer to what is no longer\n"
			 "asked is refused.\n",
		.options = send_options,
		.operands_min = 1,
		.operands_max = 2,
		.needs = CLI_CONFIG,
		.run = cmd_send,
	},
	{
		.name = "diff",
		.usage = "ID",
		.help = "show what an attempt changed",
		.about = "From where it began to where it ended, by git, as you have it show differences.\n"
			 "Of an attempt that is still at work: what its files have by now.\n",
		.options = diff_options,
		.operands_min = 1,
		.operands_max = 1,
		.needs = CLI_CONFIG,
		.run = cmd_diff,
	},
	{
		.name = "wait",
		.usage = "EPIC",
		.help = "wait for a run to end, and exit as it does",
		.operands_min = 1,
		.operands_max = 1,
		.needs = CLI_CONFIG,
		.run = cmd_wait,
	},
	{
		.name = "retry",
		.usage = "ID...",
		.help = "try failed, conflicted or cancelled tasks again",
		.about = "What was left on the task's branch is looked at first: a conflict that a person\n"
			 "resolved there goes into the queue without another attempt.\n",
		.options = task_options,
		.operands_min = 1,
		.operands_max = -1,
		.needs = CLI_CONFIG,
		.run = cmd_retry,
	},
	{
		.name = "cancel",
		.usage = "ID...",
		.help = "end tasks; 'retry' takes it back",
		.about = "What their agents did is kept. Tasks that need them are held or skipped, as\n"
			 "policy.failed_dependency says.\n",
		.options = task_options,
		.operands_min = 1,
		.operands_max = -1,
		.needs = CLI_CONFIG,
		.run = cmd_cancel,
	},
	{
		.name = "approve",
		.usage = "ID...",
		.help = "let queued work land, where queue.approve is 'person'",
		.about = "The commit that is queued is approved; what is added to it later is asked for\n"
			 "anew. 'diff' shows what it changes, 'queue' what waits.\n",
		.options = task_options,
		.operands_min = 1,
		.operands_max = -1,
		.needs = CLI_CONFIG,
		.run = cmd_approve,
	},
	{
		.name = "pause",
		.usage = "[EPIC]",
		.help = "start and land nothing for now; agents go on",
		.operands_max = 1,
		.needs = CLI_CONFIG,
		.run = cmd_pause,
	},
	{
		.name = "resume",
		.usage = "[EPIC]",
		.help = "take 'pause' back",
		.operands_max = 1,
		.needs = CLI_CONFIG,
		.run = cmd_resume,
	},
	{
		.name = "stop",
		.usage = "[EPIC]",
		.help = "end a run once its agents have finished",
		.about = "As the first interrupt does: nothing new is started, what is finished still\n"
			 "lands. With --now, as the second: agents are ended, their work is kept, and\n"
			 "'ganger run' goes on from there.\n",
		.options = stop_options,
		.operands_max = 1,
		.needs = CLI_CONFIG,
		.run = cmd_stop,
	},
	{
		.name = "serve",
		.usage = "",
		.help = "take GitHub's webhooks, so that runs see changes at once",
		.about = "In the foreground, until it is interrupted. A webhook only makes the\n"
			 "supervisors of this repository ask GitHub, as they do at every 'poll'. The\n"
			 "secret is read from $GANGER_WEBHOOK_SECRET (github.webhook_secret_env). The\n"
			 "events to choose on GitHub: issues, sub-issues, issue dependencies, labels,\n"
			 "repositories.\n",
		.options = serve_options,
		.needs = CLI_CONFIG,
		.run = cmd_serve,
	},
	{
		.name = "doctor",
		.usage = "",
		.help = "check that a run can work here",
		.about = "Every check with ok, warn or fail, and what to do. Exits with 4 where\n"
			 "something needed is missing.\n",
		.options = doctor_options,
		.needs = CLI_NOTHING,
		.run = cmd_doctor,
	},
	{
		.name = "gc",
		.usage = "",
		.help = "remove what is merged or unreferenced; list what stays, and why",
		.about = "Worktrees, anchors, jobs and files that runs left; branches of tasks whose\n"
			 "commit is in the epic branch. The work of attempts (refs/ganger/...) stays\n"
			 "until the epic is finished, is in the base, and 14 days have passed. An epic\n"
			 "that is being run is left as it is.\n",
		.options = gc_options,
		.needs = CLI_CONFIG,
		.run = cmd_gc,
	},
	{
		.name = "replay",
		.usage = "JOURNAL",
		.help = "check a journal: do its events lead to what it says?",
		.about = "JOURNAL is the path of a journal.db, also of another machine. The first\n"
			 "difference is printed, and the exit code is 1.\n",
		.options = json_options,
		.operands_min = 1,
		.operands_max = 1,
		.run = cmd_replay,
	},
	{
		.name = "help",
		.usage = "[COMMAND | config]",
		.help = "list the commands, or explain one, or the keys of ganger.yaml",
		.options = help_options,
		.operands_max = 1,
		.run = cmd_help,
	},
	{
		.name = "version",
		.usage = "",
		.help = "print the version",
		.run = cmd_version,
	},
	{
		.name = "completion",
		.usage = "bash",
		.help = "print the completion for a shell",
		.operands_min = 1,
		.operands_max = 1,
		.run = cmd_completion,
	},
	{.name = NULL},
};
/* clang-format on */
