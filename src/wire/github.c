#include "wire/github.h"

#include "base/clean.h"
#include "base/map.h"
#include "wire/github-impl.h"
#include "wire/github_parse.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <string.h>

/* All that are open: who opens the same again shares its budget. */
static struct {
	pthread_mutex_t mutex;
	struct github *first;
} clients = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static void lock(pthread_mutex_t *m)
{
	CHECK(pthread_mutex_lock(m) == 0);
}

static void unlock(pthread_mutex_t *m)
{
	CHECK(pthread_mutex_unlock(m) == 0);
}

static void destroy(struct github *g)
{
	if (!g)
		return;
	CHECK(pthread_cond_destroy(&g->wake) == 0);
	CHECK(pthread_mutex_destroy(&g->mutex) == 0);
	http_free(g->http);
	github_cache_free(g->cache);
	github_budget_close(&g->budget);
	github_secret_free(g->token);
	free(g->url);
	free(g->origin);
	free(g->host);
	free(g->app_id);
	free(g->app_key);
	free(g->repository);
	free(g);
}

static struct github *new_client(const struct github_options *o)
{
	struct github *g = mem_alloc(sizeof(*g));
	pthread_condattr_t attr;

	CHECK(pthread_condattr_init(&attr) == 0);
	CHECK(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0);
	CHECK(pthread_cond_init(&g->wake, &attr) == 0);
	CHECK(pthread_condattr_destroy(&attr) == 0);
	CHECK(pthread_mutex_init(&g->mutex, NULL) == 0);
	g->refs = 1;
	g->url = mem_strdup(o->url && *o->url ? o->url : GITHUB_URL);
	for (size_t n = strlen(g->url); n && g->url[n - 1] == '/'; n--)
		g->url[n - 1] = '\0';
	g->app_id = mem_strdup(o->app_id);
	g->app_key = mem_strdup(o->app_key);
	g->repository = mem_strdup(o->repository ? o->repository : "");
	g->write_interval_ms = o->write_interval_ms;
	g->cache = github_cache_new();
	g->budget.fd = -1;
	return g;
}

/* An App's token is for one repository; any other is the same for all. */
static bool is_same(const struct github *a, const struct github *b)
{
	if (!streq(a->url, b->url) || a->credential != b->credential)
		return false;
	if (a->credential == CREDENTIAL_APP)
		return streq(a->app_id, b->app_id) && streq(a->repository, b->repository);
	return a->credential == CREDENTIAL_GH || streq(a->token, b->token);
}

static struct github *find_same(const struct github *g)
{
	struct github *p = clients.first;

	while (p && !is_same(p, g))
		p = p->next;
	return p;
}

/* Of an App the budget is that of its installation. */
static void open_budget(struct github *g, const char *dir)
{
	const char *id = g->credential == CREDENTIAL_APP ? g->app_id : g->token;
	char *of = mem_printf("%s\n%s\n%s", g->url, id,
			      g->credential == CREDENTIAL_APP ? g->repository : "");

	github_budget_open(&g->budget, dir, of);
	github_secret_free(of);
}

int github_open(const struct github_options *o, struct github **ret, struct err *e)
{
	struct github *g = new_client(o), *other;
	int rc = http_origin(g->url, &g->origin, &g->host, e);

	if (rc)
		(void)err_wrap(e, "github.url");
	if (rc == 0)
		rc = github_auth_init(g, o, e);
	if (rc == 0)
		rc = http_new(&g->http, e);
	if (rc) {
		destroy(g);
		return rc;
	}
	open_budget(g, o->budget_dir);
	lock(&clients.mutex);
	other = find_same(g);
	if (other) {
		other->refs++;
	} else {
		g->next = clients.first;
		clients.first = g;
	}
	unlock(&clients.mutex);
	if (other)
		destroy(g);
	*ret = other ? other : g;
	return 0;
}

void github_close(struct github *g)
{
	bool is_last;

	if (!g)
		return;
	lock(&clients.mutex);
	is_last = --g->refs == 0;
	for (struct github **p = &clients.first; is_last && *p; p = &(*p)->next) {
		if (*p == g) {
			*p = g->next;
			break;
		}
	}
	unlock(&clients.mutex);
	if (is_last)
		destroy(g);
}

/* Without the mutex, which a call under way holds. */
void github_hurry(struct github *g, int64_t each_ms)
{
	http_hurry(g->http, each_ms);
}

static int
read_refused(const struct github *g, const char *path, const struct http_answer *a, struct err *e)
{
	char *words CLEANUP(freep) = github_words(g, a);
	enum err_code code = ERR_INVALID;

	if (a->status == 404 || a->status == 410)
		code = ERR_NOT_FOUND;
	else if (a->status >= 500)
		code = ERR_IO;
	return err_set(e, code, "could not read '%.200s' of GitHub: %s", path, words);
}

/* One try of a read; the answer is good where it returns 0. */
static int try_read(struct github *g,
		    const char *path,
		    const struct github_call *call,
		    struct http_answer *a,
		    struct cJSON **ret,
		    struct err *e)
{
	int rc = github_request(g, call, a, e);

	if (rc)
		return err_wrap(e, "could not read '%.200s' of GitHub", path);
	if (a->status != 200)
		return read_refused(g, path, a, e);
	*ret = json_parse(buf_str(&a->body));
	if (!*ret)
		return err_set(e, ERR_IO, "could not read '%.200s' of GitHub: it is no JSON", path);
	return 0;
}

/* next: where the following page is, or NULL. */
static int read_page(struct github *g,
		     const char *url,
		     const char *path,
		     struct cJSON **ret,
		     char **ret_next,
		     struct err *e)
{
	struct github_call call = {.method = "GET", .url = url};
	struct err own = ERR_INIT, *at = e ? e : &own;
	int rc = ERR_IO;

	for (int i = 0; rc == ERR_IO && i < GITHUB_TRIES; i++) {
		struct http_answer a = {0};
		struct str link, next;

		if (i && github_pause(g, g->write_interval_ms, at))
			return at->code;
		rc = try_read(g, path, &call, &a, ret, at);
		if (rc == 0 && ret_next && http_header(&a, "link", &link) && link_next(link, &next))
			*ret_next = mem_strndup(next.p, next.n);
		http_answer_done(&a);
	}
	return rc;
}

int github_get(struct github *g, const char *path, struct cJSON **ret, struct err *e)
{
	char *url CLEANUP(freep) = mem_printf("%s%s", g->url, path);

	lock(&g->mutex);
	int rc = read_page(g, url, path, ret, NULL, e);
	unlock(&g->mutex);
	return rc;
}

/* A list that changed between two pages may show something twice. */
static void take_items(struct cJSON *from, struct cJSON *to, struct map *seen)
{
	struct cJSON *item;

	while ((item = cJSON_DetachItemFromArray(from, 0))) {
		char id[32];
		size_t at;

		(void)snprintf(id, sizeof(id), "%" PRId64, json_int(item, "id"));
		if (json_int(item, "id") && map_find(seen, id, &at)) {
			json_free(item);
			continue;
		}
		map_set(seen, id, 1);
		CHECK(cJSON_AddItemToArray(to, item));
	}
}

static int add_page(struct github *g,
		    const char *path,
		    const char *key,
		    struct cJSON *page,
		    struct cJSON *list,
		    struct map *seen,
		    struct err *e)
{
	struct cJSON *from = key ? (struct cJSON *)(uintptr_t)json_at(page, key) : page;

	(void)g;
	if (!cJSON_IsArray(from))
		return err_set(e, ERR_IO, "could not read '%.200s' of GitHub: it is no list", path);
	take_items(from, list, seen);
	return 0;
}

static int
read_pages(struct github *g, const char *path, const char *key, struct cJSON *list, struct err *e)
{
	struct map seen CLEANUP(map_done) = {0};
	char *url CLEANUP(freep) = mem_printf("%s%s", g->url, path);

	for (int i = 0; i < GITHUB_PAGES_MAX; i++) {
		struct cJSON *page CLEANUP(json_freep) = NULL;
		char *next = NULL;
		int rc = read_page(g, url, path, &page, &next, e);

		if (rc == 0)
			rc = add_page(g, path, key, page, list, &seen, e);
		if (rc || !next) {
			free(next);
			return rc;
		}
		free(url);
		url = next;
		if (!str_starts(str_of(url), g->origin) || url[strlen(g->origin)] != '/')
			return err_set(e, ERR_INVALID, "'%s' sends us to another machine", g->host);
	}
	return err_set(e, ERR_LIMIT, "could not read '%.200s' of GitHub: more than %d pages", path,
		       GITHUB_PAGES_MAX);
}

int github_list(
	struct github *g, const char *path, const char *key, struct cJSON **ret, struct err *e)
{
	struct cJSON *list = cJSON_CreateArray();

	CHECK(list);
	lock(&g->mutex);
	int rc = read_pages(g, path, key, list, e);
	unlock(&g->mutex);
	if (rc)
		json_free(list);
	else
		*ret = list;
	return rc;
}

void github_answer_done(struct github_answer *a)
{
	if (!a)
		return;
	json_free(a->json);
	free(a->text);
	*a = (struct github_answer){0};
}

static void judge(const struct github *g, const struct http_answer *a, struct github_answer *ret)
{
	ret->status = a->status;
	ret->json = json_parse(buf_str(&a->body));
	if (a->status / 100 == 2)
		/* A proxy's page is not GitHub's word that it was done. */
		ret->result = ret->json || a->status == 204 || a->status == 205 ? GITHUB_DONE
										: GITHUB_UNKNOWN;
	else
		ret->result =
			a->status >= 500 || a->status == 408 ? GITHUB_UNKNOWN : GITHUB_REFUSED;
	if (ret->result != GITHUB_DONE)
		ret->text = github_words(g, a);
}

static int
write_at(struct github *g, const struct github_call *call, struct github_answer *ret, struct err *e)
{
	struct err own = ERR_INIT, *at = e ? e : &own;
	struct http_answer a = {0};

	*ret = (struct github_answer){0};
	lock(&g->mutex);
	int rc = github_request(g, call, &a, at);
	if (rc == 0) {
		judge(g, &a, ret);
	} else if (rc != ERR_BUSY && a.sent) {
		ret->result = GITHUB_UNKNOWN;
		ret->text = mem_strdup(at->msg);
		rc = 0;
	}
	unlock(&g->mutex);
	http_answer_done(&a);
	return rc;
}

static int write_json(struct github *g,
		      const char *method,
		      const char *url,
		      const struct cJSON *body,
		      struct github_answer *ret,
		      struct err *e)
{
	char *text = body ? cJSON_PrintUnformatted(body) : NULL;

	CHECK(!body || text);
	CHECK(!streq(method, "GET"));
	int rc = write_at(g,
			  &(struct github_call){.method = method, .url = url, .body = str_of(text)},
			  ret, e);
	cJSON_free(text);
	return rc;
}

int github_send(struct github *g,
		const char *method,
		const char *path,
		const struct cJSON *body,
		struct github_answer *ret,
		struct err *e)
{
	char *url CLEANUP(freep) = mem_printf("%s%s", g->url, path);

	return write_json(g, method, url, body, ret, e);
}

/* Of github.com it is beside the other paths, of GitHub Enterprise beside "/v3". */
static char *graphql_url(const struct github *g)
{
	struct str base = str_of(g->url);

	if (str_ends(base, "/api/v3"))
		base.n -= 3;
	return mem_printf("%.*s/graphql", (int)base.n, base.p);
}

int github_graphql(struct github *g,
		   const char *query,
		   const struct cJSON *variables,
		   struct github_answer *ret,
		   struct err *e)
{
	char *url CLEANUP(freep) = graphql_url(g);
	struct cJSON *body CLEANUP(json_freep) = cJSON_CreateObject();

	CHECK(cJSON_AddStringToObject(body, "query", query));
	if (variables)
		CHECK(cJSON_AddItemToObject(body, "variables", cJSON_Duplicate(variables, true)));
	int rc = write_json(g, "POST", url, body, ret, e);
	if (rc || ret->result != GITHUB_DONE)
		return rc;
	if (cJSON_GetArraySize(json_at(ret->json, "errors")) > 0) {
		char *text = cJSON_PrintUnformatted(ret->json);
		ret->result = GITHUB_REFUSED;
		ret->text = github_message(ret->status, str_of(text));
		cJSON_free(text);
	}
	struct cJSON *data = cJSON_DetachItemFromObjectCaseSensitive(ret->json, "data");
	json_free(ret->json);
	ret->json = data;
	return 0;
}

int github_refused(const struct github_answer *a,
		   enum err_code code,
		   const char *what,
		   struct err *e)
{
	CHECK(a->result != GITHUB_DONE);
	return err_set(e, a->result == GITHUB_UNKNOWN ? ERR_IO : code, "could not %s: %s", what,
		       a->text);
}
