#include "base/clean.h"
#include "base/clock.h"
#include "wire/github-impl.h"
#include "wire/github_parse.h"

#include <string.h>
#include <time.h>

#define REDIRECTS_MAX 3
#define LOOK_MS       200 /* whether somebody is in a hurry */
#define BUSY_MS       20  /* to another process's write again */

static int stopped(struct err *e)
{
	return err_set(e, ERR_IO, "could not ask GitHub: ganger is stopping");
}

/* Up to that moment of the boot's clock. */
static void wait_until(struct github *g, int64_t mono_ms)
{
	struct timespec until = {mono_ms / 1000, mono_ms % 1000 * 1000000};

	while (pthread_cond_timedwait(&g->wake, &g->mutex, &until) == 0)
		continue; /* for no reason */
}

int github_pause(struct github *g, int64_t ms, struct err *e)
{
	int64_t end = clock_now().mono_ms + ms;

	for (int64_t now = end - ms; now < end; now = clock_now().mono_ms) {
		if (http_hurried(g->http) && end - now > http_hurried(g->http))
			return stopped(e);
		wait_until(g, end - now < LOOK_MS ? end : now + LOOK_MS);
	}
	return 0;
}

static int say_wait(const struct github *g, const char *words, struct err *e)
{
	struct buf when CLEANUP(buf_done) = BUF_INIT;

	buf_time(&when, g->wait_until_ms);
	(void)err_set(e, ERR_BUSY, "GitHub says to wait until %s%s%s", buf_cstr(&when),
		      *words ? ": " : "", words);
	if (e)
		e->until_ms = g->wait_until_ms;
	return ERR_BUSY;
}

/* Another process may have been told to. */
static bool is_to_wait(struct github *g)
{
	int64_t now_ms = clock_now().wall_ms, others = github_budget_wait(&g->budget, now_ms);

	if (others > g->wait_until_ms)
		g->wait_until_ms = others;
	return now_ms < g->wait_until_ms;
}

static int64_t left_of(const struct github *g, int64_t last_ms)
{
	return last_ms ? last_ms + g->write_interval_ms - clock_now().mono_ms : 0;
}

/* How long until the next write of any process: 0 is now, and then it is ours until leave_turn(). */
static int64_t enter_turn(struct github *g)
{
	int64_t left = left_of(g, g->last_write_ms), last;

	if (left > 0 || !g->write_interval_ms)
		return left > 0 ? left : 0;
	if (!github_budget_enter(&g->budget, clock_now().mono_ms, &last))
		return BUSY_MS;
	left = left_of(g, last);
	if (left <= 0)
		return 0;
	github_budget_leave(&g->budget, last);
	return left;
}

static void leave_turn(struct github *g)
{
	g->last_write_ms = clock_now().mono_ms;
	if (g->write_interval_ms)
		github_budget_leave(&g->budget, g->last_write_ms);
}

/* Writes come one after another with time between them; reads may pass one that waits. */
static int wait_for_turn(struct github *g, bool is_write, struct err *e)
{
	for (;;) {
		if (is_to_wait(g))
			return say_wait(g, "", e);
		int64_t left = is_write ? enter_turn(g) : 0;
		if (!left)
			return 0;
		if (left == BUSY_MS && http_hurried(g->http))
			return stopped(e);
		int rc = github_pause(g, left, e);
		if (rc)
			return rc;
	}
}

char *github_words(const struct github *g, const struct http_answer *a)
{
	char *words = github_message(a->status, buf_str(&a->body)), *at;
	size_t n = g->token ? strlen(g->token) : 0;

	while (n && (at = strstr(words, g->token)))
		memset(at, '*', n);
	return words;
}

/* What an answer says about limits; BUSY where it is a refusal because of one. */
static int learn(struct github *g, const struct http_answer *a, struct err *e)
{
	int64_t now_ms = clock_now().wall_ms;
	int64_t wait_ms = github_wait_ms(a, now_ms / 1000, g->waits);

	if (!wait_ms) {
		g->waits = 0;
		return 0;
	}
	g->wait_until_ms = now_ms + wait_ms;
	github_budget_set_wait(&g->budget, g->wait_until_ms);
	if (a->status != 403 && a->status != 429)
		return 0; /* it was done, and was the last for now */
	g->waits++;
	char *words CLEANUP(freep) = github_words(g, a);
	return say_wait(g, words, e);
}

static int send_once(struct github *g,
		     const struct github_call *call,
		     const char *etag,
		     struct http_answer *ret,
		     struct err *e)
{
	bool is_write = !streq(call->method, "GET");
	char *auth = mem_printf("Authorization: Bearer %s", call->bearer ? call->bearer : g->token);
	char *match CLEANUP(freep) = etag ? mem_printf("If-None-Match: %s", etag) : NULL;
	const char *const headers[] = {
		auth,
		"Accept: application/vnd.github+json",
		"User-Agent: ganger/" GANGER_VERSION,
		"X-GitHub-Api-Version: " GITHUB_API_VERSION,
		call->body.n ? "Content-Type: application/json" : "Content-Type:",
		match,
		NULL,
	};
	int rc = http_send(g->http,
			   &(struct http_request){.method = call->method,
						  .url = call->url,
						  .headers = headers,
						  .body = call->body},
			   ret, e);

	github_secret_free(auth);
	if (is_write)
		leave_turn(g);
	return rc ? rc : learn(g, ret, e);
}

static bool is_ours(const struct github *g, struct str url)
{
	size_t n = strlen(g->origin);

	return str_starts(url, g->origin) && url.n > n && url.p[n] == '/';
}

/* Where an answer sends us; NULL: nowhere. Never to another machine, which would get the token. */
static int redirect(const struct github *g, const struct http_answer *a, char **ret, struct err *e)
{
	struct str to;

	*ret = NULL;
	if (a->status != 301 && a->status != 302 && a->status != 307 && a->status != 308)
		return 0;
	if (!http_header(a, "location", &to) || !to.n)
		return 0;
	if (to.p[0] == '/' && (to.n == 1 || to.p[1] != '/')) {
		*ret = mem_printf("%s%.*s", g->origin, (int)to.n, to.p);
		return 0;
	}
	if (!is_ours(g, to))
		return err_set(e, ERR_INVALID, "'%s' sends us to another machine", g->host);
	*ret = mem_strndup(to.p, to.n);
	return 0;
}

/* A read, by what is remembered of it. */
static int
ask(struct github *g, const struct github_call *call, struct http_answer *ret, struct err *e)
{
	bool is_read = streq(call->method, "GET") && !call->bearer;
	const struct cached *c = is_read ? github_cache_find(g->cache, call->url) : NULL;
	int rc = send_once(g, call, c ? c->etag : NULL, ret, e);
	struct str etag, link = STR("");

	if (rc || !is_read)
		return rc;
	if (ret->status == 304 && c) {
		ret->status = 200;
		buf_reset(&ret->body);
		buf_add(&ret->body, c->body.p, c->body.n);
		if (!http_header(ret, "link", &link) && *c->link)
			buf_printf(&ret->headers, "link: %s\n", c->link);
	} else if (ret->status == 200 && http_header(ret, "etag", &etag) && etag.n) {
		(void)http_header(ret, "link", &link); /* empty where there is none */
		github_cache_put(g->cache, call->url, etag, link, buf_str(&ret->body));
	}
	return 0;
}

/* 401: a token may have ended before its time. */
static int ask_again_unless(struct github *g,
			    const struct github_call *call,
			    struct http_answer *ret,
			    struct err *e)
{
	int rc = ask(g, call, ret, e);

	if (rc || ret->status != 401 || call->bearer || !github_auth_renew(g))
		return rc;
	http_answer_done(ret);
	return ask(g, call, ret, e);
}

int github_request(struct github *g,
		   const struct github_call *call,
		   struct http_answer *ret,
		   struct err *e)
{
	char *url CLEANUP(freep) = mem_strdup(call->url);
	struct github_call now = *call;

	*ret = (struct http_answer){.headers = BUF_INIT, .body = BUF_INIT};
	for (int i = 0; i <= REDIRECTS_MAX; i++) {
		char *to = NULL;
		int rc = call->bearer ? 0 : github_auth_ready(g, e);

		now.url = url;
		if (rc == 0)
			rc = wait_for_turn(g, !streq(call->method, "GET"), e);
		if (rc == 0)
			rc = ask_again_unless(g, &now, ret, e);
		if (rc == 0)
			rc = redirect(g, ret, &to, e);
		if (rc || !to)
			return rc;
		http_answer_done(ret);
		free(url);
		url = to;
	}
	return err_set(e, ERR_INVALID, "'%s' sends us from one address to the next", g->host);
}
