#include "forge_github_fixture.h"

/* Landing through the API of GitHub, and what its base asks for first. */

#define HIDDEN "what only its administrators may read, perhaps reviews"

static struct forge_merge_spec spec_of(int64_t number, const char *head)
{
	return (struct forge_merge_spec){.number = number,
					 .head_sha = head,
					 .method = "merge",
					 .title = "one (#1)",
					 .message = "Ganger-Task: 1"};
}

static struct forge_merge merge(int64_t number, const char *head)
{
	struct forge_merge_spec s = spec_of(number, head);
	struct forge_merge m = {0};
	int rc = ERR_BUSY;

	for (int i = 0; rc && i < 5; i++) {
		rc = f->ops->merge(f, &s, &m, &e);
		if (rc && rc != ERR_BUSY && rc != ERR_IO && rc != ERR_LIMIT)
			fail_msg("%d: %s", rc, e.msg);
	}
	if (rc)
		fail_msg("%d: %s", rc, e.msg);
	return m;
}

static int merge_fails(int64_t number, const char *head)
{
	struct forge_merge_spec s = spec_of(number, head);
	struct forge_merge m;

	return f->ops->merge(f, &s, &m, &e);
}

static void assert_merged(const struct forge_merge *m)
{
	char *tip CLEANUP(freep) = github_fake_git(&hub, "git rev-parse epic/e");

	assert_int_equal(m->result, FORGE_MERGED);
	assert_string_equal(m->sha.hex, tip);
}

static void test_forge_github__merges_once_whatever_is_cut(void **state)
{
	(void)state;
	for (int async = 0; async < 2; async++) {
		github_fake_tell(&hub, "conf", async ? "{\"async\": true}" : "{\"async\": false}");
		open_forge(false);
		for (size_t i = 0; i < ARRAY_LEN(cuts) - 1; i++) {
			char *head CLEANUP(freep) =
				github_fake_push(&hub, first.head, (int)i + 100 * async);
			int before = times("merge");
			int64_t number = ensure();
			fault("PUT", async ? "*/merge-async" : "*/merge", cuts[i]);
			struct forge_merge m = merge(number, head);
			assert_merged(&m);
			assert_int_equal(times("merge"), before + 1);
			m = merge(number, head); /* from before */
			assert_merged(&m);
			github_fake_tell(&hub, "heal", "{}");
		}
	}
}

static void test_forge_github__merges_only_what_was_tested(void **state)
{
	(void)state;
	char *head CLEANUP(freep) = github_fake_push(&hub, first.head, 1);
	int64_t number = ensure();
	fault("PUT", "*/merge", "\"human\", \"do\": \"push_head\"");
	assert_int_equal(merge_fails(number, head), ERR_CONFLICT);
	assert_non_null(strstr(e.hint, "bring what they did to another branch"));
	assert_int_equal(merge_fails(number, head), ERR_CONFLICT);
	assert_int_equal(times("merge"), 0);
}

static void test_forge_github__a_405_has_many_reasons(void **state)
{
	static const struct {
		const char *act;
		int rc;
	} rows[] = {
		{"\"status\", \"status\": 405, \"message\": \"Base branch was modified. Review and "
		 "try the merge again.\"",				     0          },
		{"\"status\", \"status\": 405, \"message\": \"Pull Request is not mergeable\"", 0          },
		{"\"status\", \"status\": 405, \"message\": \"Required status check \\\"ci\\\" is "
		 "expected.\"",						ERR_BUSY   },
		{"\"status\", \"status\": 405, \"message\": \"At least 1 approving review is "
		 "required by reviewers with write access.\"",		 ERR_BUSY   },
		{"\"status\", \"status\": 405, \"message\": \"Changes must be made through the "
		 "merge queue\"",					      ERR_BUSY   },
		{"\"status\", \"status\": 405, \"message\": \"Squash merges are not allowed on "
		 "this repository.\"",					 ERR_INVALID},
		{"\"status\", \"status\": 403, \"message\": \"Resource not accessible by "
		 "integration\"",					      ERR_INVALID},
	};

	(void)state;
	char *head CLEANUP(freep) = github_fake_push(&hub, first.head, 1);
	struct forge_merge_spec s = spec_of(ensure(), head);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct forge_merge m = {0};
		fault("PUT", "*/merge", rows[i].act);
		int rc = f->ops->merge(f, &s, &m, &e);
		if (rc != rows[i].rc || (rc == 0 && m.result != FORGE_MOVED))
			fail_msg("%s: %d %s", rows[i].act, rc, e.msg);
		if (rc == ERR_BUSY)
			assert_true(e.until_ms > clock_now().wall_ms);
	}
	assert_int_equal(times("merge"), 0);
	assert_int_equal(times("enqueue"), 1);
	assert_int_equal(merge(s.number, head).result, FORGE_MERGED);
}

/* A job of the asynchronous call that failed: its words are in its details. */
static void test_forge_github__a_job_that_fails_says_why(void **state)
{
	(void)state;
	github_fake_tell(&hub, "conf", "{\"async\": true}");
	char *head CLEANUP(freep) = github_fake_push(&hub, first.head, 1);
	int64_t number = ensure();
	fault("PUT", "*/merge-async", "\"human\", \"do\": \"draft\"");
	assert_int_equal(merge_fails(number, head), ERR_BUSY);
	assert_non_null(strstr(e.msg, "still a draft"));
	fault("PUT", "*/merge-async",
	      "\"human\", \"do\": \"rules\", \"rules\": [{\"type\": \"required_status_checks\", "
	      "\"parameters\": {\"required_status_checks\": [{\"context\": \"ci\"}]}}]");
	assert_int_equal(merge_fails(number, head), ERR_BUSY);
	assert_non_null(strstr(e.msg, "\"ci\" is expected"));
	github_fake_tell(&hub, "human", "{\"do\": \"rules\", \"rules\": []}");
	fault("PUT", "*/merge-async",
	      "\"human\", \"do\": \"rules\", \"rules\": [{\"type\": \"merge_queue\"}]");
	assert_int_equal(merge_fails(number, head), ERR_BUSY);
	assert_non_null(strstr(e.msg, "merge queue"));
	github_fake_tell(&hub, "human", "{\"do\": \"run_queue\"}");
	struct forge_merge m = merge(number, head);
	assert_merged(&m);
}

/* An earlier request is not ours where it is for another head, and is not waited for as if it were. */
static void test_forge_github__a_job_of_another_head_is_not_ours(void **state)
{
	(void)state;
	github_fake_tell(&hub, "conf", "{\"async\": true, \"async_reads\": 3}");
	char *old CLEANUP(freep) = github_fake_push(&hub, first.head, 1);
	int64_t number = ensure();
	fault("GET", "*/merge-async/{uuid}", "\"status\", \"status\": 500, \"times\": 3");
	assert_int_equal(merge_fails(number, old), ERR_IO);
	github_fake_tell(&hub, "heal", "{}");
	char *head CLEANUP(freep) = github_fake_push(&hub, first.head, 2);
	assert_int_equal(merge_fails(number, head), ERR_BUSY);
	assert_non_null(strstr(e.msg, "of another head"));
}

static void test_forge_github__waits_for_required_checks(void **state)
{
	(void)state;
	char *head CLEANUP(freep) = github_fake_push(&hub, first.head, 1);
	int64_t number = ensure();
	github_fake_tell(
		&hub, "human",
		"{\"do\": \"rules\", \"rules\": [{\"type\": \"required_status_checks\", "
		"\"parameters\": {\"required_status_checks\": [{\"context\": \"ci\"}]}}]}");
	assert_int_equal(merge_fails(number, head), ERR_BUSY);
	assert_non_null(strstr(e.msg, "waits for the check 'ci'"));
	assert_true(e.until_ms > clock_now().wall_ms);
	github_fake_tell(&hub, "human", "{\"do\": \"check\", \"name\": \"ci\"}");
	assert_int_equal(merge_fails(number, head), ERR_BUSY);
	github_fake_tell(&hub, "human",
			 "{\"do\": \"check\", \"name\": \"ci\", \"conclusion\": \"failure\"}");
	assert_int_equal(merge_fails(number, head), ERR_INVALID);
	assert_non_null(strstr(e.msg, "'ci', which failed"));
	github_fake_tell(&hub, "human",
			 "{\"do\": \"check\", \"name\": \"ci\", \"conclusion\": \"success\"}");
	assert_int_equal(asked("PUT */merge"), 0);
	struct forge_merge m = merge(number, head);
	assert_merged(&m);
}

/* The older protection asks for checks as well, and for those of one app alone. */
static void test_forge_github__waits_for_checks_of_protection(void **state)
{
	(void)state;
	char *head CLEANUP(freep) = github_fake_push(&hub, first.head, 1);
	int64_t number = ensure();
	github_fake_tell(&hub, "human",
			 "{\"do\": \"protect\", \"protection\": {\"epic/e\": "
			 "{\"required_status_checks\": [{\"context\": \"ci\", \"app_id\": 7}]}}}");
	github_fake_tell(
		&hub, "human",
		"{\"do\": \"check\", \"name\": \"ci\", \"app\": 8, \"conclusion\": \"success\"}");
	assert_int_equal(merge_fails(number, head), ERR_BUSY);
	assert_non_null(strstr(e.msg, "waits for the check 'ci'"));
	github_fake_tell(
		&hub, "human",
		"{\"do\": \"check\", \"name\": \"ci\", \"app\": 7, \"conclusion\": \"neutral\"}");
	struct forge_merge m = merge(number, head);
	assert_merged(&m);
}

static void assert_asks_by(enum forge_way way, const char *branch, const char *expected)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;

	if (f->ops->asks(f, branch, way, &b, &e))
		fail_msg("%s", e.msg);
	assert_string_equal(buf_cstr(&b), expected);
}

static void assert_asks(const char *branch, const char *expected)
{
	assert_asks_by(FORGE_BY_PUSH, branch, expected);
}

static void assert_waits(int64_t number, const char *expected)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;

	if (f->ops->waits(f, number, &b, &e))
		fail_msg("%s", e.msg);
	assert_string_equal(buf_cstr(&b), expected);
}

/* What stands against a push, by rules and by protection; nothing of it is said twice. */
static void test_forge_github__knows_what_a_push_would_lack(void **state)
{
	(void)state;
	assert_asks("epic/e", "");
	github_fake_tell(
		&hub, "human",
		"{\"do\": \"rules\", \"rules\": [{\"type\": \"creation\"}, {\"type\": "
		"\"deletion\"}, "
		"{\"type\": \"non_fast_forward\"}, {\"type\": \"update\"}, "
		"{\"type\": \"required_linear_history\"}, {\"type\": \"required_signatures\"}, "
		"{\"type\": \"pull_request\"}, {\"type\": \"pull_request\"}, "
		"{\"type\": \"merge_queue\"}, {\"type\": \"required_status_checks\", "
		"\"parameters\": {\"required_status_checks\": [{\"context\": \"ci\"}]}}]}");
	github_fake_tell(
		&hub, "human",
		"{\"do\": \"protect\", \"protection\": {\"epic/e\": "
		"{\"required_status_checks\": [{\"context\": \"ci\"}, {\"context\": \"b\"}]}}}");
	assert_asks("epic/e",
		    "a login that may change it, no merge commits, signed commits, "
		    "a pull request, its merge queue, the check 'ci', the check 'b', " HIDDEN);
	/* One that is not there yet has to be made. */
	assert_asks("epic/new",
		    "a login that may make it, a login that may change it, "
		    "no merge commits, signed commits, a pull request, its merge queue, "
		    "the check 'ci'");
	github_fake_tell(&hub, "human", "{\"do\": \"rules\", \"rules\": []}");
	github_fake_tell(&hub, "human",
			 "{\"do\": \"protect\", \"protection\": {\"epic/e\": {\"reviews\": 1}}}");
	assert_asks("epic/e", HIDDEN);
}

/* The older protection has more than checks, for administrators. */
static void test_forge_github__reads_protection_where_it_may(void **state)
{
	static const char protect[] = "{\"do\": \"protect\", \"protection\": {\"epic/e\": "
				      "{\"reviews\": 2, \"linear\": true, "
				      "\"required_status_checks\": [{\"context\": \"ci\"}]}}}";

	(void)state;
	github_fake_tell(&hub, "conf", "{\"admin\": true}");
	github_fake_tell(&hub, "human", protect);
	assert_asks("epic/e",
		    "a pull request, 2 approving reviews, no merge commits, the check 'ci'");
	assert_asks_by(FORGE_BY_PULL, "epic/e",
		       "2 approving reviews, no merge commits, the check 'ci'");
	/* A token that may not read it is refused by 404, or by 403; it is not asked again for that. */
	fault("GET", "*/protection",
	      "\"status\", \"status\": 403, \"message\": \"Resource not accessible\"");
	open_forge(false);
	int before = asked("GET */protection");
	for (int i = 0; i < 2; i++)
		assert_asks(
			"epic/e",
			"the check 'ci', what only its administrators may read, perhaps reviews");
	assert_int_equal(asked("GET */protection"), before + 1);
	/* What GitHub does not say for the moment is no answer. */
	open_forge(false);
	fault("GET", "*/protection", "\"status\", \"status\": 500, \"times\": 3");
	struct buf b CLEANUP(buf_done) = BUF_INIT;
	assert_int_equal(f->ops->asks(f, "epic/e", FORGE_BY_PUSH, &b, &e), ERR_IO);
	/* That rulesets protect it is no protection of the older kind. */
	github_fake_tell(&hub, "conf", "{\"admin\": false}");
	github_fake_tell(&hub, "human", "{\"do\": \"protect\", \"protection\": {}}");
	github_fake_tell(&hub, "human",
			 "{\"do\": \"rules\", \"rules\": [{\"type\": \"deletion\"}]}");
	assert_asks("epic/e", "");
}

/* That it is one is no news to a pull request; what it lacks goes as people and their checks come. */
static void test_forge_github__knows_what_a_pull_request_would_lack(void **state)
{
	(void)state;
	free(github_fake_push(&hub, first.head, 1));
	int64_t number = ensure();
	assert_asks_by(FORGE_BY_PULL, "epic/e", "");
	assert_waits(number, "");
	github_fake_tell(
		&hub, "human",
		"{\"do\": \"rules\", \"rules\": [{\"type\": \"creation\"}, {\"type\": "
		"\"pull_request\", \"parameters\": {\"required_approving_review_count\": 2}}, "
		"{\"type\": \"pull_request\", \"parameters\": "
		"{\"required_approving_review_count\": 1}}, "
		"{\"type\": \"merge_queue\"}, {\"type\": \"required_status_checks\", "
		"\"parameters\": {\"required_status_checks\": [{\"context\": \"ci\"}]}}]}");
	assert_asks_by(FORGE_BY_PULL, "epic/e",
		       "2 approving reviews, 1 approving review, its merge queue, the check 'ci'");
	assert_asks("epic/e", "a pull request, 2 approving reviews, 1 approving review, "
			      "its merge queue, the check 'ci'");
	assert_waits(number, "0 of 2 approving reviews, 0 of 1 approving reviews, the check 'ci', "
			     "its merge queue");
	github_fake_tell(&hub, "human", "{\"do\": \"review\", \"user\": \"ann\"}");
	github_fake_tell(&hub, "human",
			 "{\"do\": \"check\", \"name\": \"ci\", \"conclusion\": \"success\"}");
	assert_waits(number, "1 of 2 approving reviews, its merge queue");
	github_fake_tell(&hub, "human", "{\"do\": \"draft\"}");
	assert_waits(number,
		     "1 of 2 approving reviews, its merge queue, its draft made ready for review");
	github_fake_tell(&hub, "human", "{\"do\": \"close_pull\"}");
	assert_waits(number, "");
	assert_int_equal(times("merge") + times("enqueue") + times("merge_asked"), 0);
}

static void test_forge_github__waits_for_reviews(void **state)
{
	(void)state;
	char *head CLEANUP(freep) = github_fake_push(&hub, first.head, 1);
	int64_t number = ensure();
	github_fake_tell(&hub, "human",
			 "{\"do\": \"rules\", \"rules\": [{\"type\": \"pull_request\", "
			 "\"parameters\": {\"required_approving_review_count\": 2}}]}");
	assert_int_equal(merge_fails(number, head), ERR_BUSY);
	assert_non_null(strstr(e.msg, "0 of 2 approving reviews"));
	github_fake_tell(&hub, "human", "{\"do\": \"review\", \"user\": \"ann\"}");
	github_fake_tell(&hub, "human", "{\"do\": \"review\", \"user\": \"ann\"}");
	github_fake_tell(
		&hub, "human",
		"{\"do\": \"review\", \"user\": \"bob\", \"state\": \"CHANGES_REQUESTED\"}");
	assert_int_equal(merge_fails(number, head), ERR_BUSY);
	assert_non_null(strstr(e.msg, "a review that asks for changes"));
	github_fake_tell(&hub, "human", "{\"do\": \"review\", \"user\": \"bob\"}");
	github_fake_tell(&hub, "human",
			 "{\"do\": \"review\", \"user\": \"ann\", \"state\": \"COMMENTED\"}");
	assert_int_equal(asked("PUT */merge"), 0);
	struct forge_merge m = merge(number, head);
	assert_merged(&m);
}

static void test_forge_github__waits_for_reviews_of_protection(void **state)
{
	(void)state;
	github_fake_tell(&hub, "conf", "{\"admin\": true}");
	char *head CLEANUP(freep) = github_fake_push(&hub, first.head, 1);
	int64_t number = ensure();
	github_fake_tell(&hub, "human",
			 "{\"do\": \"protect\", \"protection\": {\"epic/e\": {\"reviews\": 1}}}");
	assert_int_equal(merge_fails(number, head), ERR_BUSY);
	assert_non_null(strstr(e.msg, "waits for 0 of 1 approving reviews"));
	assert_waits(number, "0 of 1 approving reviews");
	assert_int_equal(asked("PUT */merge"), 0);
	github_fake_tell(&hub, "human", "{\"do\": \"review\"}");
	struct forge_merge m = merge(number, head);
	assert_merged(&m);
}

/* They may not be read: GitHub is asked to merge it, once, and its reason is what is waited for. */
static void test_forge_github__waits_for_reviews_that_it_may_not_read(void **state)
{
	(void)state;
	for (int async = 0; async < 2; async++) {
		const char *call = async ? "PUT */merge-async" : "PUT */merge";
		github_fake_tell(&hub, "conf", async ? "{\"async\": true}" : "{\"async\": false}");
		github_fake_tell(&hub, "human", "{\"do\": \"protect\", \"protection\": {}}");
		open_forge(false);
		char *head CLEANUP(freep) = github_fake_push(&hub, first.head, 1 + async);
		int64_t number = ensure();
		github_fake_tell(
			&hub, "human",
			"{\"do\": \"protect\", \"protection\": {\"epic/e\": {\"reviews\": 1}}}");
		int before = asked(call);
		for (int i = 0; i < 3; i++) {
			assert_int_equal(merge_fails(number, head), ERR_BUSY);
			assert_non_null(strstr(e.msg, "At least 1 approving review is required"));
			assert_true(e.until_ms > clock_now().wall_ms);
		}
		assert_int_equal(asked(call), before + 1);
		assert_waits(number, HIDDEN);
		github_fake_tell(&hub, "human", "{\"do\": \"review\"}");
		struct forge_merge m = merge(number, head);
		assert_merged(&m);
	}
}

/* What GitHub blocks for another reason waits for people, too; what is set wrongly does not. */
static void test_forge_github__what_is_blocked_waits_for_people(void **state)
{
	(void)state;
	char *head CLEANUP(freep) = github_fake_push(&hub, first.head, 1);
	int64_t number = ensure();
	github_fake_tell(&hub, "human",
			 "{\"do\": \"protect\", \"protection\": {\"epic/e\": {\"reviews\": 1}}}");
	fault("PUT", "*/merge",
	      "\"status\", \"status\": 405, \"message\": \"All comments must be resolved.\"");
	assert_int_equal(merge_fails(number, head), ERR_BUSY);
	assert_non_null(strstr(e.msg, "not merged yet: All comments must be resolved"));
	open_forge(false);
	fault("PUT", "*/merge",
	      "\"status\", \"status\": 405, \"message\": \"Squash merges are not allowed.\"");
	assert_int_equal(merge_fails(number, head), ERR_INVALID);
	assert_int_equal(times("merge"), 0);
}

/* It says no for want of a review, again and again, and calls it clean: that does not go on for ever. */
static void test_forge_github__does_not_ask_for_ever(void **state)
{
	int n = 0;

	(void)state;
	char *head CLEANUP(freep) = github_fake_push(&hub, first.head, 1);
	int64_t number = ensure();
	fault("PUT", "*/merge",
	      "\"status\", \"times\": 99, \"status\": 405, \"message\": \"a review is required\"");
	while (merge_fails(number, head) == ERR_BUSY)
		assert_true(++n < 99);
	assert_int_equal(n, 39);
	assert_int_equal(e.code, ERR_INVALID);
	assert_non_null(strstr(e.msg, "does not call blocked: a review is required"));
}

static void assert_methods(const char *branch, unsigned expected)
{
	unsigned methods = 0;

	if (f->ops->methods(f, branch, &methods, &e))
		fail_msg("%s", e.msg);
	assert_int_equal(methods, expected);
}

static void test_forge_github__knows_by_which_methods_it_may_merge(void **state)
{
	(void)state;
	assert_methods("epic/e", FORGE_ANY);
	github_fake_tell(&hub, "human",
			 "{\"do\": \"methods\", \"methods\": [\"squash\", \"rebase\"]}");
	assert_methods("epic/e", FORGE_SQUASH | FORGE_REBASE);
	/* Who may not push is not told. */
	github_fake_tell(&hub, "conf", "{\"tells_methods\": false}");
	assert_methods("epic/e", FORGE_ANY);
	github_fake_tell(
		&hub, "human",
		"{\"do\": \"rules\", \"rules\": [{\"type\": \"pull_request\", \"branches\": "
		"[\"epic/*\"], \"parameters\": {\"allowed_merge_methods\": [\"merge\", "
		"\"squash\"]}}]}");
	assert_methods("epic/e", FORGE_MERGE | FORGE_SQUASH);
	assert_methods("epic/new", FORGE_MERGE | FORGE_SQUASH);
	assert_methods("main", FORGE_ANY);
	/* Its queue has a method of its own. */
	github_fake_tell(&hub, "human",
			 "{\"do\": \"rules\", \"rules\": [{\"type\": \"required_linear_history\"}, "
			 "{\"type\": \"merge_queue\", \"branches\": [\"main\"]}]}");
	assert_methods("epic/e", FORGE_SQUASH | FORGE_REBASE);
	assert_methods("main", FORGE_MERGE);
	github_fake_tell(&hub, "human",
			 "{\"do\": \"rules\", \"rules\": [{\"type\": \"merge_queue\", "
			 "\"parameters\": {\"merge_method\": \"SQUASH\"}}]}");
	assert_methods("main", FORGE_SQUASH);
	github_fake_tell(&hub, "human", "{\"do\": \"rules\", \"rules\": []}");
	github_fake_tell(&hub, "human",
			 "{\"do\": \"protect\", \"protection\": {\"epic/e\": {\"linear\": true}}}");
	github_fake_tell(&hub, "conf", "{\"admin\": true}");
	assert_methods("epic/e", FORGE_SQUASH | FORGE_REBASE);
}

/* A base with a merge queue of its own: it is given to that, once, and not merged by us. */
static void test_forge_github__a_queue_of_its_base_takes_it(void **state)
{
	(void)state;
	for (int async = 0; async < 2; async++) {
		github_fake_tell(&hub, "conf", async ? "{\"async\": true}" : "{\"async\": false}");
		open_forge(false);
		github_fake_tell(&hub, "human",
				 "{\"do\": \"rules\", \"rules\": [{\"type\": \"merge_queue\"}]}");
		char *head CLEANUP(freep) = github_fake_push(&hub, first.head, 1 + async);
		int64_t number = ensure();
		for (int i = 0; i < 2; i++) {
			assert_int_equal(merge_fails(number, head), ERR_BUSY);
			assert_non_null(strstr(e.msg, "in the merge queue of its base"));
		}
		assert_int_equal(times("enqueue"), 1 + async);
		assert_int_equal(asked("PUT */merge"), 0);
		github_fake_tell(&hub, "human", "{\"do\": \"run_queue\"}");
		struct forge_merge m = merge(number, head);
		assert_merged(&m);
	}
}

/* It is taken out of the queue again and again: that is said, and does not go on for ever. */
static void test_forge_github__what_its_queue_refuses_is_left(void **state)
{
	(void)state;
	char *head CLEANUP(freep) = github_fake_push(&hub, first.head, 1);
	int64_t number = ensure();
	github_fake_tell(&hub, "human",
			 "{\"do\": \"rules\", \"rules\": [{\"type\": \"merge_queue\"}]}");
	for (int i = 0; i < 3; i++) {
		assert_int_equal(merge_fails(number, head), ERR_BUSY);
		github_fake_tell(&hub, "human", "{\"do\": \"empty_queue\"}");
	}
	assert_int_equal(merge_fails(number, head), ERR_INVALID);
	assert_non_null(strstr(e.msg, "out again 3 times"));
}

static void test_forge_github__a_draft_is_made_ready_to_be_merged(void **state)
{
	(void)state;
	open_forge(true);
	char *head CLEANUP(freep) = github_fake_push(&hub, first.head, 1);
	int64_t number = ensure();
	assert_int_equal(times("ready"), 0);
	struct forge_merge m = merge(number, head);
	assert_merged(&m);
	assert_int_equal(times("ready"), 1);
}

static void test_forge_github__a_closed_one_is_not_merged(void **state)
{
	(void)state;
	char *head CLEANUP(freep) = github_fake_push(&hub, first.head, 1);
	int64_t number = ensure();
	github_fake_tell(&hub, "human", "{\"do\": \"close_pull\"}");
	assert_int_equal(merge_fails(number, head), ERR_CONFLICT);
	assert_non_null(strstr(e.msg, "somebody closed"));
	assert_string_equal(e.hint, "open it again there");
}

/* Origins 4c-4: what was merged, and then failed elsewhere, counted as not merged. */
static void test_origins__4c4_a_merge_is_found_again(void **state)
{
	(void)state;
	char *head CLEANUP(freep) = github_fake_push(&hub, first.head, 1);
	int64_t number = ensure();
	struct forge_merge m = merge(number, head), again = merge(number, head);
	assert_merged(&m);
	assert_string_equal(again.sha.hex, m.sha.hex);
	assert_int_equal(times("merge"), 1);
	assert_int_equal(f->ops->finish(f, number, m.sha.hex, &e), 0);
	assert_int_equal(f->ops->finish(f, number, m.sha.hex, &e), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(test_origins__4c4_a_merge_is_found_again),
		T(test_forge_github__merges_once_whatever_is_cut),
		T(test_forge_github__merges_only_what_was_tested),
		T(test_forge_github__a_405_has_many_reasons),
		T(test_forge_github__a_job_that_fails_says_why),
		T(test_forge_github__a_job_of_another_head_is_not_ours),
		T(test_forge_github__waits_for_required_checks),
		T(test_forge_github__waits_for_checks_of_protection),
		T(test_forge_github__knows_what_a_push_would_lack),
		T(test_forge_github__knows_what_a_pull_request_would_lack),
		T(test_forge_github__waits_for_reviews),
		T(test_forge_github__reads_protection_where_it_may),
		T(test_forge_github__waits_for_reviews_of_protection),
		T(test_forge_github__waits_for_reviews_that_it_may_not_read),
		T(test_forge_github__what_is_blocked_waits_for_people),
		T(test_forge_github__does_not_ask_for_ever),
		T(test_forge_github__knows_by_which_methods_it_may_merge),
		T(test_forge_github__a_queue_of_its_base_takes_it),
		T(test_forge_github__what_its_queue_refuses_is_left),
		T(test_forge_github__a_draft_is_made_ready_to_be_merged),
		T(test_forge_github__a_closed_one_is_not_merged),
	};

	return cmocka_run_group_tests_name("forge_github_merge", tests, NULL, NULL);
}
