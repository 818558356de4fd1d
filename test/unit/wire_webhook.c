#include "base/clean.h"
#include "base/mem.h"
#include "unit/test.h"
#include "wire/webhook.h"

#include <stdio.h>
#include <string.h>

/* GitHub's published vector. */
#define SECRET    "It's a Secret to Everybody"
#define BODY      "Hello, World!"
#define SIGNATURE "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
#define MUTATIONS 1000

static bool verifies(struct str secret, struct str body, const char *signature)
{
	struct webhook_body *b = webhook_body_new(secret);
	bool ok = webhook_body_add(b, body) && webhook_body_verify(b, signature);

	webhook_body_free(b);
	return ok;
}

static void test_webhook__published_vector(void **state)
{
	(void)state;
	assert_true(verifies(STR(SECRET), STR(BODY), SIGNATURE));

	/* In pieces it is the same. */
	struct webhook_body *b = webhook_body_new(STR(SECRET));
	assert_true(webhook_body_add(b, STR("Hello")));
	assert_true(webhook_body_add(b, STR("")));
	assert_true(webhook_body_add(b, STR(", World!")));
	assert_true(webhook_body_verify(b, SIGNATURE));
	webhook_body_free(b);
}

static uint64_t draw(uint64_t *seed)
{
	*seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *seed >> 33;
}

/* One change: another byte in place of one, one more, or one less. The text is never what it was. */
static void mutate(const char *text, uint64_t *seed, struct buf *ret)
{
	size_t n = strlen(text), at = draw(seed) % n;
	char c = (char)(1 + draw(seed) % 255);

	buf_add(ret, text, at);
	switch (draw(seed) % 3) {
	case 0:
		buf_putc(ret, c == text[at] ? (char)(c ^ 1 ? c ^ 1 : 2) : c);
		break;
	case 1:
		buf_putc(ret, c);
		buf_putc(ret, text[at]);
		break;
	default:
		break;
	}
	buf_puts(ret, text + at + 1);
}

static void test_webhook__no_mutation_verifies(void **state)
{
	const char *const right[] = {SECRET, BODY, SIGNATURE};
	uint64_t seed = 20;

	(void)state;
	for (int i = 0; i < MUTATIONS; i++) {
		struct buf changed CLEANUP(buf_done) = BUF_INIT;
		const char *now[] = {SECRET, BODY, SIGNATURE};

		mutate(right[i % 3], &seed, &changed);
		now[i % 3] = buf_cstr(&changed);
		assert_string_not_equal(now[i % 3], right[i % 3]);
		assert_false(verifies(str_of(now[0]), str_of(now[1]), now[2]));
	}
}

static void test_webhook__other_spellings_do_not_verify(void **state)
{
	static const char *const wrong[] = {
		NULL,
		"",
		"sha256=",
		"757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
		"sha1=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
		"SHA256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
		"sha256=757107EA0EB2509FC211221CCE984B8A37570B6D7586C22C46F4379C8B043E17",
		"sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17 ",
		"sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e1",
		"sha256=0000000000000000000000000000000000000000000000000000000000000000",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		assert_false(verifies(STR(SECRET), STR(BODY), wrong[i]));
}

static void test_webhook__a_body_has_a_size(void **state)
{
	char *most CLEANUP(freep) = mem_alloc(WEBHOOK_BODY_MAX);
	struct webhook_body *b = webhook_body_new(STR(SECRET));

	(void)state;
	assert_true(webhook_body_add(b, (struct str){most, WEBHOOK_BODY_MAX}));
	assert_false(webhook_body_add(b, STR("x")));
	assert_false(webhook_body_add(b, STR("")));
	assert_false(webhook_body_verify(b, SIGNATURE));
	webhook_body_free(b);
}

static struct webhook_head whole(void)
{
	return (struct webhook_head){.method = "POST",
				     .path = WEBHOOK_PATH,
				     .length = "13",
				     .signature = SIGNATURE,
				     .delivery = "72d3162e-cc78-11e3-81ab-4c9367dc0958",
				     .event = "issues"};
}

static void test_webhook__heads(void **state)
{
	static const struct {
		size_t field;
		const char *value;
		enum webhook_answer want;
	} cases[] = {
#define FIELD(f) offsetof(struct webhook_head, f)
		{FIELD(method),    "POST",                 WEBHOOK_GO_ON    },
		{FIELD(path),      "/",                    WEBHOOK_ELSEWHERE},
		{FIELD(path),      "/webhook/",            WEBHOOK_ELSEWHERE},
		{FIELD(method),    "GET",                  WEBHOOK_NO_POST  },
		{FIELD(length),    NULL,                   WEBHOOK_NO_LENGTH},
		{FIELD(length),    "-1",                   WEBHOOK_NO_LENGTH},
		{FIELD(coding),    "chunked",              WEBHOOK_NO_LENGTH},
		{FIELD(length),    "26214400",             WEBHOOK_GO_ON    },
		{FIELD(length),    "26214401",             WEBHOOK_TOO_LARGE},
		{FIELD(length),    "99999999999999999999", WEBHOOK_TOO_LARGE},
		{FIELD(signature), NULL,                   WEBHOOK_UNSIGNED },
		{FIELD(delivery),  NULL,                   WEBHOOK_MALFORMED},
		{FIELD(delivery),  "",                     WEBHOOK_MALFORMED},
		{FIELD(delivery),  "two words",            WEBHOOK_MALFORMED},
		{FIELD(event),     "projects_v2_item",     WEBHOOK_GO_ON    },
		{FIELD(event),     NULL,                   WEBHOOK_MALFORMED},
		{FIELD(event),     "\x1b[2J",              WEBHOOK_MALFORMED},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct webhook_head h = whole();

		memcpy((char *)&h + cases[i].field, &cases[i].value, sizeof(cases[i].value));
		assert_int_equal(webhook_head_check(&h), cases[i].want);
	}
	struct webhook_head h = whole();
	char *id CLEANUP(freep) = mem_alloc(WEBHOOK_ID_MAX + 2);
	h.delivery = memset(id, 'a', WEBHOOK_ID_MAX);
	assert_int_equal(webhook_head_check(&h), WEBHOOK_GO_ON);
	id[WEBHOOK_ID_MAX] = 'a';
	assert_int_equal(webhook_head_check(&h), WEBHOOK_MALFORMED);
}

static enum webhook_answer take(struct webhook_seen *seen, const char *event, int id)
{
	char text[WEBHOOK_ID_MAX];
	struct webhook_head h = whole();

	(void)snprintf(text, sizeof(text), "id-%d", id);
	h.delivery = text;
	h.event = event;
	return webhook_take(seen, &h);
}

static void test_webhook__a_delivery_counts_once(void **state)
{
	struct webhook_seen *seen CLEANUP(freep) = mem_alloc(sizeof(*seen));

	(void)state;
	assert_int_equal(take(seen, "issues", 0), WEBHOOK_NEWS);
	assert_int_equal(take(seen, "issues", 0), WEBHOOK_NO_NEWS);
	assert_int_equal(take(seen, "sub_issues", 0), WEBHOOK_NO_NEWS);
	for (int i = 1; i < WEBHOOK_SEEN_MAX; i++)
		assert_int_equal(take(seen, "issues", i), WEBHOOK_NEWS);
	assert_int_equal(take(seen, "issues", 0), WEBHOOK_NO_NEWS);
	/* The oldest makes room, and no other. */
	assert_int_equal(take(seen, "issues", WEBHOOK_SEEN_MAX), WEBHOOK_NEWS);
	assert_int_equal(take(seen, "issues", 1), WEBHOOK_NO_NEWS);
	assert_int_equal(take(seen, "issues", 0), WEBHOOK_NEWS);
}

static void test_webhook__what_no_tracker_reads_is_no_news(void **state)
{
	static const char *const none[] = {"ping", "push", "check_run", "star", "issue_comment"};
	static const char *const news[] = {"issues", "sub_issues", "issue_dependencies", "label"};
	struct webhook_seen *seen CLEANUP(freep) = mem_alloc(sizeof(*seen));
	int id = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(none); i++)
		assert_int_equal(take(seen, none[i], id++), WEBHOOK_NO_NEWS);
	for (size_t i = 0; i < ARRAY_LEN(news); i++)
		assert_int_equal(take(seen, news[i], id++), WEBHOOK_NEWS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_webhook__published_vector),
		cmocka_unit_test(test_webhook__no_mutation_verifies),
		cmocka_unit_test(test_webhook__other_spellings_do_not_verify),
		cmocka_unit_test(test_webhook__a_body_has_a_size),
		cmocka_unit_test(test_webhook__heads),
		cmocka_unit_test(test_webhook__a_delivery_counts_once),
		cmocka_unit_test(test_webhook__what_no_tracker_reads_is_no_news),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
