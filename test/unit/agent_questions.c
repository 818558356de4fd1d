/* What a person is asked, by which name it is answered, and what is left of it. */
#include "unit/talk_fixture.h"

#define INIT "{\"type\":\"system\",\"subtype\":\"init\",\"cwd\":\"/w\",\"session_id\":\"s\"}\n"
#define ASK(id, command)                                                                           \
	"{\"type\":\"control_request\",\"request_id\":\"" id                                       \
	"\",\"request\":{\"subtype\":\"can_use_tool\",\"tool_name\":\"Bash\","                     \
	"\"input\":{\"command\":\"" command "\"}}}\n"

#define TEN "\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9"

static const char *const rules[] = {"ask Bash", NULL};

/* What is meant by this name; or why it cannot be told, code first. The caller frees it. */
static char *meant(struct talking *k, const char *name)
{
	struct err e = ERR_INIT;
	char *ret = NULL;

	if (agent_talk_question(k->t, name, &ret, &e))
		return mem_printf("%d: %s", e.code, e.msg);
	return ret;
}

static void meant_is(struct talking *k, const char *name, const char *text)
{
	char *got CLEANUP(freep) = meant(k, name);

	assert_string_equal(got, text);
}

static void begin(struct talking *k)
{
	talk_begin(k, "claude", rules, NULL);
	hear(k, INIT);
	free(said(k));
}

static void test_question__is_answered_by_its_name(void **state)
{
	struct talking k CLEANUP(talk_done) = {0};

	(void)state;
	begin(&k);
	hear(&k, ASK("q1", "ls") ASK("q2", "rm x"));
	events_have(&k, "\"decision\":\"ask\",\"why\":\"not permitted here: ask Bash\","
			"\"question\":\"3.2\"}\n");
	assert_int_equal(order(&k, AGENT_ALLOW, "3.2"), 0);
	said_has(&k, "\"request_id\":\"q2\",\"response\":{\"behavior\":\"allow\"");
	events_have(&k, "{\"type\":\"decided\",\"question\":\"3.2\",\"decision\":\"allow\"}\n");
	assert_int_equal(order(&k, AGENT_ALLOW, "3.2"), ERR_INVALID);
	said_is(&k, "");
	assert_int_equal(order(&k, AGENT_DENY, "3.1"), 0);
	said_has(&k, "\"request_id\":\"q1\",\"response\":{\"behavior\":\"deny\"");
}

static void test_question__that_is_gone_is_not_the_next_one(void **state)
{
	struct talking k CLEANUP(talk_done) = {0};

	(void)state;
	begin(&k);
	meant_is(&k, NULL, "-1: it asks for nothing");
	hear(&k, ASK("q1", "ls"));
	meant_is(&k, NULL, "3.1");
	meant_is(&k, "3.1", "3.1");
	meant_is(&k, "2.1", "-1: it does not ask '2.1', but 3.1 (may it use Bash: ls)");
	assert_int_equal(order(&k, AGENT_ALLOW, "3.1"), 0);
	meant_is(&k, "3.1", "-1: it does not ask '3.1', and for nothing else");
	hear(&k, ASK("q2", "rm x"));
	meant_is(&k, "3.1", "-1: it does not ask '3.1', but 3.2 (may it use Bash: rm x)");
	assert_int_equal(order(&k, AGENT_BREAK, NULL), 0);
	meant_is(&k, "3.2", "-2: its session is over");
}

static void test_question__is_to_be_named_where_there_are_several(void **state)
{
	struct talking k CLEANUP(talk_done) = {0};
	char *got CLEANUP(freep) = NULL;

	(void)state;
	begin(&k);
	hear(&k, ASK("q1", "ls") ASK("q2", "rm x"));
	meant_is(&k, NULL,
		 "-1: it asks several things; name the one that is meant: 3.1 (may it use Bash: "
		 "ls), 3.2 (may it use Bash: rm x)");
	/* Shortened, and not within a character: an odd number of bytes is before those of two. */
	hear(&k, ASK("q3", TEN TEN TEN TEN TEN "x" TEN TEN TEN TEN TEN));
	got = meant(&k, NULL);
	assert_true(str_utf8(str_of(got)));
	assert_true(str_ends(str_of(got), "...)"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_question__is_answered_by_its_name),
		cmocka_unit_test(test_question__that_is_gone_is_not_the_next_one),
		cmocka_unit_test(test_question__is_to_be_named_where_there_are_several),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
