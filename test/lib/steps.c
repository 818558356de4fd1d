/* The library's calls, a line of standard input each; what they answer, a line each. */
#include "lib/ganger.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ISSUES_MAX 20000

static struct ganger *g;
static struct ganger_error error;

static const char *const words[] = {"none", "created",   "dispatched", "running",
				    "idle", "completed", "failed"};

static void answer(int rc)
{
	printf("%d%s%s\n", rc, rc < 0 ? " " : "", rc < 0 ? error.message : "");
}

static void show(const struct ganger_session *s)
{
	printf("%s %s %s pull=%lld over=%d times=%d%d%d %s\n", s->id, s->issue, words[s->state],
	       (long long)s->pull, s->over, s->created_ms > 0, s->updated_ms >= s->created_ms,
	       s->ended_ms > 0, s->reason);
}

static void do_open(char *name)
{
	struct ganger_options o = {.program = getenv("GANGER"), .name = name};
	int rc = ganger_open(&o, &g, &error);
	if (rc)
		answer(rc);
	else
		printf("%s\n", ganger_name(g));
}

static void do_dispatch(char *list)
{
	static const char *issues[ISSUES_MAX];
	static char *ids[ISSUES_MAX];
	size_t n = 0;
	for (char *id = strtok_r(list, " ", &list); id && n < ISSUES_MAX; id = strtok_r(NULL, " ", &list))
		issues[n++] = id;
	int rc = ganger_dispatch_batch(g, issues, n, ids, &error);
	if (rc) {
		answer(rc);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		printf("%s%s", i ? " " : "", ids[i]);
		free(ids[i]);
	}
	printf("\n");
}

static void do_list(void)
{
	size_t n = ganger_count(g);
	struct ganger_session s;
	printf("%zu active of %zu\n", ganger_count_active(g), n);
	for (size_t i = 0; i < n; i++)
		if (ganger_session_at(g, i, &s) == GANGER_OK)
			show(&s);
}

/* Events until an issue is in a state ("ID WORD"), or until nothing is active (""). */
static void do_follow(const char *until)
{
	struct ganger_event e;
	for (;;) {
		int rc = ganger_next(g, &e, &error);
		if (rc < 0) {
			answer(rc);
			return;
		}
		if (rc == 1) {
			char now[200];
			printf("%s: %s -> %s\n", e.session.id, words[e.before], words[e.session.state]);
			(void)snprintf(now, sizeof(now), "%s %s", e.session.issue, words[e.session.state]);
			if (strcmp(now, until) == 0)
				return;
			continue;
		}
		if (!*until && ganger_count_active(g) == 0)
			return;
		struct pollfd p = {.fd = ganger_fd(g), .events = POLLIN};
		if (poll(&p, 1, 60000) == 0) {
			printf("nothing comes\n");
			return;
		}
	}
}

static void do_find(const char *issue, int by_id)
{
	struct ganger_session s;
	int rc = by_id ? ganger_session_by_id(g, issue, &s) : ganger_session_of_issue(g, issue, &s);
	if (rc)
		printf("%d\n", rc);
	else
		show(&s);
}

static void step(const char *verb, char *rest)
{
	if (!g && strcmp(verb, "open") != 0) {
		printf("nothing is open\n");
	} else if (strcmp(verb, "open") == 0) {
		do_open(*rest ? rest : NULL);
	} else if (strcmp(verb, "close") == 0) {
		ganger_close(g);
		g = NULL;
		printf("closed\n");
	} else if (strcmp(verb, "dispatch") == 0) {
		do_dispatch(rest);
	} else if (strcmp(verb, "list") == 0) {
		do_list();
	} else if (strcmp(verb, "follow") == 0) {
		do_follow(rest);
	} else if (strcmp(verb, "issue") == 0) {
		do_find(rest, 0);
	} else if (strcmp(verb, "id") == 0) {
		do_find(rest, 1);
	} else if (strcmp(verb, "retry") == 0) {
		answer(ganger_retry(g, rest, &error));
	} else if (strcmp(verb, "cancel") == 0) {
		answer(ganger_cancel(g, rest, &error));
	} else if (strcmp(verb, "stop") == 0) {
		answer(ganger_stop(g, strcmp(rest, "now") == 0, &error));
	} else {
		printf("what is '%s'?\n", verb);
	}
	(void)fflush(stdout);
}

int main(void)
{
	static char line[1 << 20];
	if (ganger_api_version() != GANGER_API_VERSION)
		return 1;
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		size_t n = strcspn(line, " ");
		char *rest = line + n + (line[n] ? 1 : 0);
		line[n] = '\0';
		step(line, rest);
	}
	ganger_close(g);
	return 0;
}
