/*
 * What an agent wrote: its log (records, words about limits, escape sequences) and its result file,
 * and the verdict on them. The input: a byte for how it ended, then log and result file with a
 * byte 0xff between.
 */
#include "agent/judge.h"
#include "agent/logtext.h"
#include "agent/record.h"
#include "agent/reset.h"
#include "base/child.h"
#include "fuzz.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

#define NOW_MS   INT64_C(1750000000000)
#define HOUR_MS  INT64_C(3600000)
#define COST_MAX 1e9

static struct str log_file, result_file;

/* In place of the files, and of date(1), which is asked for zones by name. */
int __wrap_log_read_tail(const char *path, size_t max, struct buf *out, struct err *e);
int __wrap_log_read(const char *path,
		    void (*take)(void *ctx, struct str piece),
		    void *ctx,
		    struct err *e);
int __wrap_child_ok(const struct child_spec *s, struct child_result *ret, struct err *e);

int __wrap_log_read_tail(const char *path, size_t max, struct buf *out, struct err *e)
{
	struct str s = streq(path, "log") ? log_file : result_file;
	size_t n = s.n < max ? s.n : max;

	if (!s.n)
		return err_set(e, ERR_NOT_FOUND, "could not read '%s': no such file", path);
	buf_add(out, s.p + s.n - n, n);
	return 0;
}

int __wrap_log_read(const char *path,
		    void (*take)(void *ctx, struct str piece),
		    void *ctx,
		    struct err *e)
{
	(void)path;
	(void)e;
	take(ctx, log_file);
	return 0;
}

int __wrap_child_ok(const struct child_spec *s, struct child_result *ret, struct err *e)
{
	(void)s;
	(void)e;
	*ret = (struct child_result){.out = BUF_INIT, .errout = BUF_INIT};
	buf_puts(&ret->out, "+0530\n");
	return 0;
}

static void check_until(int64_t until)
{
	CHECK(until == 0 ||
	      (until > NOW_MS && until <= NOW_MS + RESET_DATE_AHEAD_MAX_MS + HOUR_MS));
}

static void check_verdict(const struct agent_verdict *v)
{
	CHECK(v->result >= AGENT_DONE && v->result <= AGENT_FAILED);
	CHECK(v->reason[0] || v->result == AGENT_DONE || v->result == AGENT_NOTHING);
	CHECK(memchr(v->reason, '\0', sizeof(v->reason)));
	fuzz_check_line(str_of(v->reason));
	check_until(v->until_ms);
	CHECK(v->tokens_in >= -1 && v->tokens_out >= -1);
	CHECK(isfinite(v->cost_usd));
}

static void judge(unsigned how)
{
	static const char *const pause_on[] = {"rate limit|usage limit|quota", "resets? (at|in)",
					       NULL};
	const struct agent_settings s = {.name = "x", .kind = "command", .pause_on = pause_on};
	const struct agent_attempt a = {.task = "1", .log_path = "log", .result_path = "result"};
	const struct job_end end = {
		.how = JOB_EXITED + how % (JOB_HOW_COUNT - 1),
		.code = how % 3 == 0   ? 0
			: how % 3 == 1 ? 75
				       : 1,
		.text = "why",
	};
	struct agent_verdict v = {0};
	struct err e = ERR_INIT;

	for (const struct agent_kind *const *k = agent_kinds; *k; k++) {
		CHECK(agent_judge(*k, &s, &a, &end, NOW_MS, &v, &e) == 0);
		check_verdict(&v);
	}
}

static void check_log(struct str log)
{
	struct buf clean CLEANUP(buf_done) = BUF_INIT, quote CLEANUP(buf_done) = BUF_INIT;
	struct record r CLEANUP(record_done) = {0};

	log_clean(&clean, log);
	CHECK(!memchr(buf_cstr(&clean), '\x1b', clean.n) &&
	      !memchr(buf_cstr(&clean), '\r', clean.n));
	CHECK(strlen(buf_cstr(&clean)) == clean.n);
	log_quote(&quote, log_last_line(buf_str(&clean)), 100);
	fuzz_check_line(buf_str(&quote));
	record_find(buf_str(&clean), &r);
	CHECK(!r.failed || r.found);
	CHECK(!r.last || r.found);
	CHECK(r.tokens_in >= -1 && r.tokens_out >= -1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static bool is_set_up;
	struct str rest = fuzz_text(data, n);
	unsigned how = fuzz_byte(&rest);

	if (!is_set_up) {
		CHECK(setenv("TZ", "Europe/Berlin", 1) == 0);
		tzset();
		is_set_up = true;
	}
	check_until(reset_find(rest, NOW_MS));
	check_until(reset_parse(rest, NOW_MS));
	check_log(rest);
	log_file = fuzz_piece(&rest, '\xff');
	result_file = rest;
	judge(how);
	return 0;
}
