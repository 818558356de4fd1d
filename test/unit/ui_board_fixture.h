#ifndef TEST_UNIT_UI_BOARD_FIXTURE_H
#define TEST_UNIT_UI_BOARD_FIXTURE_H

#include "ui/board/board.h"
#include "unit/test.h"

/* A run in its middle, with what a board has to cope with in it. */
static const struct board_task sample_tasks[] = {
	{.id = "14",
	 .title = "Make the parser read the dates it writes",
	 .state = "working",
	 .attempt = 1,
	 .agent = "claude",
	 .since_ms = 124000,
	 .last_line = "\033[32mPASS\033[0m tests/dates (12 of 40)\r\n"},
	{.id = "19",
	 .title = "Export to CSV",
	 .state = "working",
	 .attempt = 2,
	 .agent = "codex",
	 .since_ms = 41000,
	 .last_line = "wrote src/csv.c"                               },
	{.id = "21",
	 .title = "日本語の見出しを正しく数える",
	 .state = "set-up",
	 .attempt = 1,
	 .agent = "claude",
	 .since_ms = 3000,
	 .last_line = "10%\r55%\r98% npm ci"                          },
	{.id = "7",
	 .title = "Do not crash on an empty file",
	 .state = "resolving",
	 .tone = BOARD_WARN,
	 .attempt = 3,
	 .agent = "claude",
	 .since_ms = -1					       },
};

static const struct board_entry sample_queue[] = {
	{.id = "12",         .title = "Read the time zone", .pr = 12,        .state = "gating"},
	{.id = "9",                  .title = "Count lines, not newlines",                                       .pr = 13, .state = "queued"},
	{.id = "30", .title = "Say which line is wrong",                              .state = "queued"                                   },
};

static const char *const sample_messages[] = {
	"12:01:07  8 landed",
	"12:03:44  5 failed: no changes",
	"12:04:10  11 landed",
};

static inline struct board_view sample(void)
{
	return (struct board_view){
		.epic = "3",
		.title = "Read and write every date format",
		.elapsed_ms = 724000,
		.totals = {.total = 40,
			   .merged = 13,
			   .closed = 1,
			   .working = 4,
			   .queued = 3,
			   .ready = 5,
			   .blocked = 12,
			   .failed = 1,
			   .skipped = 1},
		.tasks = sample_tasks,
		.n_tasks = ARRAY_LEN(sample_tasks),
		.queue = sample_queue,
		.n_queue = ARRAY_LEN(sample_queue),
		.messages = sample_messages,
		.n_messages = ARRAY_LEN(sample_messages),
		.untested = true,
		.paused = "codex: usage limit until 14:05",
	};
}

#endif
