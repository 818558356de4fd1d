/*
 * How fast the output of an agent that is talked to is taken apart: stream-json lines of Claude
 * Code, in pieces as the loop reads them, with the events that follow from them made. CPU time of
 * one core, best of the rounds. usage: parse [MIB]
 */
#include "agent/kinds.h"
#include "base/mem.h"
#include "port/agent.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define PIECE  65536
#define ROUNDS 5

static size_t told;

static void on_event(void *ctx, struct str line)
{
	(void)ctx;
	told += line.n;
}

static void on_say(void *ctx, uint64_t nth, struct str input)
{
	(void)ctx;
	(void)nth;
	told += input.n;
}

static void put_text(struct buf *b, size_t n)
{
	static const char words[] = "int main(void)\\n{\\n\\treturn \\\"ok\\\";\\n}\\n and so on, ";

	while (n > sizeof(words)) {
		buf_puts(b, words);
		n -= sizeof(words) - 1;
	}
}

/* A step: what it says, a tool, and what came of it, the most of it. */
static void put_step(struct buf *b, unsigned i)
{
	buf_puts(b, "{\"type\":\"assistant\",\"message\":{\"id\":\"msg_1\",\"type\":\"message\","
		    "\"role\":"
		    "\"assistant\",\"model\":\"m\",\"content\":[{\"type\":\"text\",\"text\":\"");
	put_text(b, 300);
	buf_printf(
		b,
		"\"},{\"type\":\"tool_use\",\"id\":\"toolu_%u\",\"name\":\"Bash\",\"input\":"
		"{\"command\":\"make test\",\"description\":\"Run the "
		"tests\"}}],\"stop_reason\":null,"
		"\"usage\":{\"input_tokens\":600,\"cache_read_input_tokens\":400,"
		"\"output_tokens\":50}},\"parent_tool_use_id\":null,\"session_id\":"
		"\"5f0c6a3e-0000-4000-8000-000000000000\"}\n"
		"{\"type\":\"user\",\"message\":{\"role\":\"user\",\"content\":[{\"tool_use_id\":"
		"\"toolu_%u\",\"type\":\"tool_result\",\"content\":\"",
		i, i);
	put_text(b, i % 8 ? 1500 : 12000);
	buf_puts(b, "\",\"is_error\":false}]},\"parent_tool_use_id\":null,\"session_id\":"
		    "\"5f0c6a3e-0000-4000-8000-000000000000\"}\n");
}

static double now_s(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double take_all(const struct buf *log)
{
	const struct agent_talk_to to = {.say = on_say, .event = on_event};
	const struct agent_settings s = {.name = "claude", .kind = "claude"};
	const struct agent_attempt a = {.worktree = "/w"};
	struct agent_talk *t =
		agent_talk_new(agent_kind_find("claude"), &s, &a, STR("prompt"), &to);
	double start = now_s();

	for (size_t at = 0; at < log->n; at += PIECE) {
		size_t n = log->n - at < PIECE ? log->n - at : PIECE;

		agent_talk_output(t, (struct str){log->p + at, n});
	}
	start = now_s() - start;
	agent_talk_free(t);
	return start;
}

int main(int argc, char **argv)
{
	size_t mib = argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) : 64;
	struct buf log = {.max = (mib + 1) << 20};
	double best = 0;

	for (unsigned i = 0; log.n < mib << 20; i++)
		put_step(&log, i);
	for (int i = 0; i < ROUNDS; i++) {
		double took = take_all(&log), rate = (double)log.n / took / 1e6;

		printf("round %d: %.0f MB/s\n", i + 1, rate);
		best = rate > best ? rate : best;
	}
	printf("parse: %.0f MB/s a core (best of %d), %.1f MB of lines, %.1f MB of events\n", best,
	       ROUNDS, (double)log.n / 1e6, (double)told / ROUNDS / 1e6);
	buf_done(&log);
	return 0;
}
