#ifndef TEST_UNIT_FORGE_GITHUB_FIXTURE_H
#define TEST_UNIT_FORGE_GITHUB_FIXTURE_H

#include "base/clean.h"
#include "base/clock.h"
#include "forge/github.h"
#include "github_fake.h"
#include "tmp.h"
#include "wire/github.h"
#include "wire/json.h"

#include <cjson/cJSON.h>
#include <inttypes.h>

/*
 * Pull requests on GitHub when things go wrong, against its stand-in: whatever a call may have
 * done is found out, and nothing is done twice.
 */

static char *dir;
static struct github_fake hub;
static struct forge *f;
static struct err e;

static inline void open_forge(bool draft)
{
	struct github_options client = {
		.url = hub.url, .token_env = "TEST_TOKEN", .repository = "o/r"};

	if (f)
		f->ops->free(f);
	if (forge_github_new(&(struct forge_github_options){.client = &client, .draft = draft}, &f,
			     &e))
		fail_msg("%s", e.msg);
}

static int setup(void **state)
{
	(void)state;
	dir = tmp_make();
	memset(&e, 0, sizeof(e));
	setenv("TEST_TOKEN", "test-token", 1);
	github_fake_start(&hub, dir, "");
	free(github_fake_git(&hub, "git update-ref refs/heads/epic/e main"));
	f = NULL;
	open_forge(false);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	f->ops->free(f);
	github_fake_check(&hub);
	github_fake_stop(&hub);
	tmp_done(dir);
	return 0;
}

static const struct pull_spec first = {
	.head = "ganger/e/1", .base = "epic/e", .title = "one", .body = "Closes #1", .task = "1"};

/* How often the server did such a thing. */
static inline int times(const char *kind)
{
	char *text CLEANUP(freep) = github_fake_control(&hub, "journal", NULL);
	struct cJSON *list CLEANUP(json_freep) = json_parse(str_of(text));
	const struct cJSON *one;
	int n = 0;

	cJSON_ArrayForEach(one, list) n += streq(json_text(one, "kind"), kind);
	return n;
}

/* How often the server was asked so ("PUT *" and the end of a route). */
static inline int asked(const char *what)
{
	char *text CLEANUP(freep) = github_fake_control(&hub, "asked", NULL);
	struct cJSON *j CLEANUP(json_freep) = json_parse(str_of(text));
	const char *end = strchr(what, '*') + 1;
	const struct cJSON *one;
	int n = 0;

	cJSON_ArrayForEach(one, json_at(j, "requests"))
	{
		if (strncmp(one->string, what, (size_t)(end - 1 - what)) == 0 &&
		    str_ends(str_of(one->string), end))
			n += one->valueint;
	}
	return n;
}

static inline void fault(const char *method, const char *route, const char *act)
{
	char *text CLEANUP(freep) = mem_printf(
		"{\"method\": \"%s\", \"route\": \"%s\", \"act\": %s}", method, route, act);

	github_fake_tell(&hub, "fault", text);
}

/* Again and again, as the outbox does; at most five times. */
static inline int64_t ensure(void)
{
	int64_t number = -1;
	int rc = ERR_BUSY;

	for (int i = 0; rc && i < 5; i++) {
		rc = f->ops->ensure(f, &first, &number, &e);
		if (rc && rc != ERR_BUSY && rc != ERR_IO && rc != ERR_LIMIT)
			fail_msg("%d: %s", rc, e.msg);
	}
	if (rc)
		fail_msg("%d: %s", rc, e.msg);
	return number;
}

static const char *const cuts[] = {
	"\"status\", \"status\": 500",
	"\"status\", \"status\": 502, \"html\": true",
	"\"status\", \"status\": 503, \"after\": true",
	"\"status\", \"status\": 504, \"after\": true",
	"\"close\"",
	"\"close\", \"after\": true",
	"\"half\"",
	"\"slow\"",
	"\"secondary\", \"seconds\": 1",
};

#endif
