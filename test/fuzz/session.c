/* What a supervisor tells those who watch it, a line a session; and ids of sessions. */
#include "run/session.h"

#include "fuzz.h"

static void check_session(const struct session *s)
{
	CHECK(s->issue[0] && str_utf8(str_of(s->issue)));
	CHECK(str_utf8(str_of(s->title)) && str_utf8(str_of(s->reason)));
	CHECK(s->state >= SESSION_CREATED && s->state <= SESSION_FAILED);
	CHECK(s->attempt > 0 && s->pull >= 0);
	CHECK(s->created_ms >= 0 && s->updated_ms >= 0 && s->ended_ms >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct str rest = fuzz_text(data, n), line;

	while (str_next(&rest, '\n', &line)) {
		struct session s CLEANUP(session_done) = {0};
		struct err e = ERR_INIT;
		char *id CLEANUP(freep) = mem_strndup(line.p, line.n);
		struct session_id named CLEANUP(session_id_done) = {0};
		struct buf again CLEANUP(buf_done) = BUF_INIT;

		if (session_id_parse(id, &named)) {
			buf_session_id(&again, named.epic, named.issue, named.attempt);
			CHECK(streq(buf_cstr(&again), id));
		} else {
			CHECK(!named.epic && !named.issue);
		}
		if (session_parse(line, &s, &e) == 0)
			check_session(&s);
		else
			CHECK(e.code == ERR_INVALID && !s.issue && !s.title);
	}
	return 0;
}
