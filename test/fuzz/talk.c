/*
 * What a program that is talked to wrote, for every kind that talks. The input: a byte for the length
 * of the pieces in which it arrives, then the output, in which each 0xff is an order of a person. The
 * same in one piece must say the same, since that is how a talk goes on after a crash.
 */
#include "fuzz.h"
#include "port/agent.h"
#include "wire/frames.h"

#include <cjson/cJSON.h>

#define FRAME_MAX 4096

struct heard {
	struct buf said, events;
	uint64_t nth;
	bool over;
};

static void on_say(void *ctx, uint64_t nth, struct str input)
{
	struct heard *h = ctx;

	CHECK(nth == h->nth + 1 && !h->over);
	CHECK(input.n <= EXECUTOR_SAY_MAX);
	h->nth = nth;
	h->over = !input.n;
	buf_add(&h->said, input.p, input.n);
}

static void on_event(void *ctx, struct str line)
{
	struct heard *h = ctx;
	cJSON *o = cJSON_ParseWithLength(line.p, line.n);

	CHECK(line.n && line.p[line.n - 1] == '\n' && !memchr(line.p, '\n', line.n - 1));
	CHECK(cJSON_IsString(cJSON_GetObjectItem(o, "type")));
	cJSON_Delete(o);
	buf_add(&h->events, line.p, line.n);
}

static void on_ask(void *ctx, const char *name, const char *question)
{
	fuzz_check_line(str_of(name));
	(void)ctx;
	fuzz_check_line(str_of(question));
}

static void talk(const struct agent_kind *k, struct str output, size_t piece, struct heard *h)
{
	static const char *const rules[] = {"ask write", "deny run(rm *)", NULL};
	const struct agent_settings s = {.name = "x", .permissions = rules};
	const struct agent_attempt a = {.worktree = "/w", .session = piece % 2 ? NULL : "s"};
	const struct agent_talk_to to = {h, on_say, on_event, on_ask};
	struct agent_talk *t = agent_talk_new(k, &s, &a, STR("do it"), &to);
	enum agent_order order = AGENT_SAY;

	while (output.n) {
		bool answers = order == AGENT_ALLOW || order == AGENT_DENY;
		struct str part = fuzz_piece(&output, '\xff');
		struct err refused = ERR_INIT;

		while (part.n) {
			size_t n = part.n < piece ? part.n : piece;

			agent_talk_output(t, (struct str){part.p, n});
			part.p += n;
			part.n -= n;
		}
		IGNORE(agent_talk_order(t, order, answers ? NULL : "and that", &refused));
		order = order == AGENT_DENY ? AGENT_SAY : (enum agent_order)(order + 1);
		order = order == AGENT_BREAK ? AGENT_ALLOW : order;
	}
	agent_talk_free(t);
}

static void heard_done(struct heard *h)
{
	buf_done(&h->said);
	buf_done(&h->events);
}

static void frames(enum frames_how how, struct str output, size_t piece)
{
	struct frames f;
	struct str message;

	frames_init(&f, how, FRAME_MAX);
	while (output.n) {
		size_t n = output.n < piece ? output.n : piece;

		frames_add(&f, (struct str){output.p, n});
		while (frames_next(&f, &message))
			CHECK(message.n <= FRAME_MAX);
		CHECK(f.held.n - f.at <= 2 * FRAME_MAX + 1024);
		output.p += n;
		output.n -= n;
	}
	frames_done(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct str rest = fuzz_text(data, n);
	size_t piece = fuzz_byte(&rest) + 1;

	frames(FRAMES_LINES, rest, piece);
	frames(FRAMES_LENGTHS, rest, piece);
	for (const struct agent_kind *const *k = agent_kinds; *k; k++) {
		struct heard one CLEANUP(heard_done) = {BUF_INIT, BUF_INIT, 0, false};
		struct heard two CLEANUP(heard_done) = {BUF_INIT, BUF_INIT, 0, false};

		if (!(*k)->talk)
			continue;
		talk(*k, rest, piece, &one);
		talk(*k, rest, 2 * (piece / 2) + 65536 + piece % 2, &two);
		CHECK(str_eq(buf_str(&one.said), buf_str(&two.said)));
		CHECK(str_eq(buf_str(&one.events), buf_str(&two.events)));
	}
	return 0;
}
