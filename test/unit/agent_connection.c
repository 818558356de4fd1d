/* Talks of sessions on a shared server, whose connection is lost and made again. */
#include "unit/talk_fixture.h"

#define EVENT(type, data)                                                                          \
	"{\"method\":\"session.event\",\"params\":{\"event\":{\"type\":\"" type                    \
	"\",\"data\":" data "}}}"
#define AGAIN "{\"jsonrpc\":\"2.0\",\"method\":\"ganger.reconnected\",\"params\":{}}"

static void hear_message(struct talking *k, const char *message)
{
	char *framed CLEANUP(freep) =
		mem_printf("Content-Length: %zu\r\n\r\n%s", strlen(message), message);

	hear(k, framed);
}

static void test_copilot__goes_on_over_another_connection(void **state)
{
	struct talking k CLEANUP(talk_done) = {0};

	(void)state;
	talk_begin_at(&k, "copilot", NULL, NULL, "t");
	said_has(&k, "\"connect\",\"params\":{\"token\":\"t\"}");
	hear_message(&k, "{\"id\":1,\"result\":{\"ok\":true}}");
	/* It was lost before there was a session. */
	hear_message(&k, AGAIN);
	said_has(&k, "\"id\":3,\"method\":\"connect\"");
	hear_message(&k, "{\"id\":2,\"error\":{\"message\":\"AUTHENTICATION_REQUIRED\"}}");
	said_is(&k, "");
	hear_message(&k, "{\"id\":3,\"result\":{\"ok\":true}}");
	said_has(&k, "\"session.create\"");
	hear_message(&k, "{\"id\":4,\"result\":{\"sessionId\":\"c-1\"}}");
	said_has(&k, "\"prompt\":\"do it\"");
	assert_int_equal(order(&k, AGENT_SAY, "and that"), 0);
	said_has(&k, "\"prompt\":\"and that\"");

	/* In the turn; the second text had not arrived. */
	hear_message(&k, AGAIN);
	said_has(&k, "\"connect\"");
	hear_message(&k, "{\"id\":7,\"result\":{\"ok\":true}}");
	said_has(&k, "\"session.resume\",\"params\":{\"sessionId\":\"c-1\"");
	hear_message(&k, "{\"id\":8,\"result\":{\"sessionId\":\"c-1\"}}");
	said_has(&k, "\"session.getMessages\",\"params\":{\"sessionId\":\"c-1\"}");
	hear_message(&k, "{\"id\":9,\"result\":{\"events\":[{\"type\":\"user.message\",\"data\":{"
			 "\"content\":\"do it\"}},{\"type\":\"assistant.message\",\"data\":{}}]}}");
	{
		char *got CLEANUP(freep) = said(&k);

		assert_null(strstr(got, "\"do it\""));
		assert_non_null(strstr(got, "\"prompt\":\"You were interrupted"));
		assert_non_null(strstr(got, "\"prompt\":\"and that\",\"mode\":\"immediate\""));
	}
	hear_message(&k, EVENT("session.idle", "{}"));
	said_has(&k, "\"session.destroy\",\"params\":{\"sessionId\":\"c-1\"}}<end>");
	hear_message(&k, AGAIN);
	said_is(&k, "");
}

static void test_copilot__is_lost_so_often_and_no_more(void **state)
{
	struct talking k CLEANUP(talk_done) = {0};
	int n = 0;

	(void)state;
	talk_begin_at(&k, "copilot", NULL, NULL, "t");
	while (n < 100 && !strstr(buf_cstr(&k.said), "<end>")) {
		hear_message(&k, AGAIN);
		n++;
	}
	assert_int_equal(n, 6);
	events_have(&k, "\"status\":\"failed\"");
	events_have(&k, "was lost too often");
}

/* Its number is not given again: who saw it there does not answer another. */
static void test_copilot__what_it_asked_is_gone_with_the_connection(void **state)
{
	const char *const rules[] = {"ask run", NULL};
	struct talking k CLEANUP(talk_done) = {0};

	(void)state;
	talk_begin_at(&k, "copilot", rules, NULL, "t");
	hear_message(&k, EVENT("permission.requested",
			       "{\"requestId\":\"p1\",\"permissionRequest\":{\"kind\":\"shell\","
			       "\"fullCommandText\":\"ls\"}}"));
	hear_message(&k, AGAIN);
	events_have(&k, "{\"type\":\"decided\",\"question\":\"3.1\",\"decision\":\"gone\"}\n");
	assert_int_equal(order(&k, AGENT_ALLOW, "3.1"), ERR_INVALID);
	hear_message(&k, EVENT("permission.requested",
			       "{\"requestId\":\"p2\",\"permissionRequest\":{\"kind\":\"shell\","
			       "\"fullCommandText\":\"rm x\"}}"));
	assert_string_equal(buf_cstr(&k.asked),
			    "3.1 may it use shell: ls\n3.2 may it use shell: rm x\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_copilot__goes_on_over_another_connection),
		cmocka_unit_test(test_copilot__is_lost_so_often_and_no_more),
		cmocka_unit_test(test_copilot__what_it_asked_is_gone_with_the_connection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
