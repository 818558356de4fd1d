/*
 * Dispatch the issues named, and tell what becomes of them until all are over.
 *
 *     cc dispatch.c $(pkg-config --cflags --libs ganger) -o dispatch
 *     ./dispatch 12 14 19              a new run
 *     ./dispatch --run dispatch-3      one of before, as it goes on
 */
#include <ganger.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const words[] = {
	[GANGER_NONE] = "new",	     [GANGER_CREATED] = "created", [GANGER_DISPATCHED] = "dispatched",
	[GANGER_RUNNING] = "running", [GANGER_IDLE] = "idle",       [GANGER_COMPLETED] = "completed",
	[GANGER_FAILED] = "failed",
};

static int fail(const struct ganger_error *e)
{
	fprintf(stderr, "error: %s\n", e->message);
	if (e->hint[0])
		fprintf(stderr, "hint: %s\n", e->hint);
	return 1;
}

static void show(const struct ganger_event *e)
{
	const struct ganger_session *s = &e->session;
	printf("%s %s -> %s", s->id, words[e->before], words[s->state]);
	if (s->pull)
		printf(", pull request %lld", (long long)s->pull);
	printf("%s%s\n", s->reason[0] ? ": " : "", s->reason);
	fflush(stdout);
}

/* Registers all of them, each once; what is beyond max_concurrent waits its turn. */
static int dispatch(struct ganger *g, char **issues, int n)
{
	struct ganger_error error;
	char **ids = calloc((size_t)n + 1, sizeof(*ids));
	int rc = ganger_dispatch_batch(g, (const char *const *)issues, (size_t)n, ids, &error);
	for (int i = 0; rc == GANGER_OK && i < n; i++)
		printf("issue %s: session %s\n", issues[i], ids[i]);
	for (int i = 0; i < n; i++)
		free(ids[i]);
	free(ids);
	return rc == GANGER_OK ? 0 : fail(&error);
}

static int follow(struct ganger *g)
{
	struct ganger_event event;
	struct ganger_error error;
	for (;;) {
		int rc = ganger_next(g, &event, &error);
		if (rc < 0)
			return fail(&error);
		if (rc == 1) {
			show(&event);
			continue;
		}
		if (ganger_count_active(g) == 0)
			return 0;
		struct pollfd p = {.fd = ganger_fd(g), .events = POLLIN};
		(void)poll(&p, 1, -1);
	}
}

int main(int argc, char **argv)
{
	struct ganger_options options = {.program = getenv("GANGER")};
	struct ganger_error error;
	struct ganger *g;
	int first = 1;
	if (argc > 2 && strcmp(argv[1], "--run") == 0) {
		options.name = argv[2];
		first = 3;
	}
	if (ganger_open(&options, &g, &error) != GANGER_OK)
		return fail(&error);
	printf("run %s\n", ganger_name(g));
	fflush(stdout);
	int code = argc > first ? dispatch(g, argv + first, argc - first) : 0;
	if (code == 0)
		code = follow(g);
	ganger_close(g);
	return code;
}
