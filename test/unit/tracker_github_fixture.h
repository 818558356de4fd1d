#ifndef TEST_UNIT_TRACKER_GITHUB_FIXTURE_H
#define TEST_UNIT_TRACKER_GITHUB_FIXTURE_H

#include "base/clean.h"
#include "github_fake.h"
#include "tmp.h"
#include "tracker/github.h"
#include "wire/github.h"

#include <cjson/cJSON.h>

/* The tracker 'github' against its stand-in: what the contract of all trackers does not ask for. */

static char *dir;
static struct github_fake hub;
static struct tracker *t;
static struct issue_graph g;
static struct issue epic;
static struct err e;

/* An epic of three with one dependency, one closed blocker outside, and a pull request's number. */
#define EPIC                                                                                       \
	", \"issues\": ["                                                                          \
	"{\"number\": 1, \"title\": \"epic\", \"children\": [2, 3, 4]},"                           \
	"{\"number\": 2, \"title\": \"one\", \"labels\": [\"a\", \"b c\"]},"                       \
	"{\"number\": 3, \"title\": \"two\", \"blocked_by\": [2]},"                                \
	"{\"number\": 4, \"title\": \"three\", \"blocked_by\": [3, 5]},"                           \
	"{\"number\": 5, \"title\": \"before\"}]"

static struct tracker *open_tracker(const char *state, const char *comments, const char *label)
{
	struct github_options o = {.url = hub.url, .token_env = "TEST_TOKEN", .repository = "o/r"};
	struct tracker *ret = NULL;

	if (tracker_github_new(&(struct github_tracker_spec){.api = &o,
							     .repository = "o/r",
							     .comments = comments,
							     .label = label,
							     .state_dir = state},
			       &ret, &e))
		fail_msg("%s", e.msg);
	return ret;
}

static void start(const char *issues)
{
	github_fake_start(&hub, dir, issues);
	t = open_tracker(dir, "one", NULL);
}

static int setup(void **state)
{
	(void)state;
	memset(&e, 0, sizeof(e));
	dir = tmp_make();
	return setenv("TEST_TOKEN", "test-token", 1);
}

static void forget(void)
{
	issue_graph_done(&g);
	issue_done(&epic);
}

static int teardown(void **state)
{
	(void)state;
	forget();
	t->ops->free(t);
	t = NULL;
	github_fake_check(&hub);
	github_fake_stop(&hub);
	tmp_done(dir);
	return 0;
}

#define OK(call)                                                                                   \
	do {                                                                                       \
		if (call)                                                                          \
			fail_msg(#call ": %s", e.msg);                                             \
	} while (0)

static inline int load(const char *id)
{
	forget();
	return t->ops->load(t, id, &epic, &g, &e);
}

/* How often this was effectively written. */
static inline int wrote(const char *kind)
{
	char *text CLEANUP(freep) = github_fake_control(&hub, "journal", NULL);
	struct cJSON *j CLEANUP(json_freep) = json_parse(str_of(text));
	const struct cJSON *one;
	int n = 0;

	cJSON_ArrayForEach(one, j)
	{
		n += streq(json_text(one, "kind"), kind) && !json_true(one, "again");
	}
	return n;
}

#endif
