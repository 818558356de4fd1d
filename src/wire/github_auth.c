#include "base/child.h"
#include "base/clean.h"
#include "base/clock.h"
#include "wire/github-impl.h"
#include "wire/github_parse.h"

#include <cjson/cJSON.h>
#include <string.h>

/* Where a token comes from. It goes into a header and nowhere else. */

#define GH_TIMEOUT_MS    20000
#define TOKEN_MAX        16384
#define RENEW_EARLIER_MS 300000 /* a token of an App lives for an hour */

static bool is_set(const char *s)
{
	return s && *s;
}

/* What would break the header it is put in is no token. */
static bool is_token(const char *s)
{
	if (!*s || strlen(s) > TOKEN_MAX)
		return false;
	for (; *s; s++) {
		if (*s <= ' ' || *s > '~')
			return false;
	}
	return true;
}

/* The host as gh names it: the API of github.com has a host of its own. */
static const char *gh_host(const struct github *g)
{
	return streq(g->host, "api.github.com") ? "github.com" : g->host;
}

static int ask_gh(struct github *g, char **ret, struct err *e)
{
	const char *const argv[] = {"gh", "auth", "token", "--hostname", gh_host(g), NULL};
	struct child_result r = {.out = BUF_INIT, .errout = BUF_INIT};
	int rc = child_ok(&(struct child_spec){.argv = argv,
					       .timeout_ms = GH_TIMEOUT_MS,
					       .out_max = TOKEN_MAX},
			  &r, e);

	if (rc == 0) {
		struct str s = str_trim(buf_str(&r.out));
		*ret = mem_strndup(s.p, s.n);
	}
	if (r.out.p)
		memset(r.out.p, 0, r.out.n);
	child_result_done(&r);
	if (rc == 0 && !is_token(*ret)) {
		github_secret_free(TAKE(*ret));
		rc = err_set(e, ERR_INVALID, "what 'gh auth token' printed is no token");
	}
	return rc;
}

static int no_credential(const struct github_options *o, struct err *e)
{
	(void)err_set(e, ERR_IO, "there is no login for GitHub");
	return err_hint(e,
			"set $%s (github.token_env), log in with 'gh auth login', or name a GitHub "
			"App (github.app_id, github.app_key)",
			is_set(o->token_env) ? o->token_env : "GITHUB_TOKEN");
}

int github_auth_init(struct github *g, const struct github_options *o, struct err *e)
{
	const char *token = is_set(o->token_env) ? getenv(o->token_env) : NULL;

	if (is_set(o->app_id)) { /* what was named in the settings comes before what is lying around */
		if (!is_set(o->app_key))
			return err_set(e, ERR_INVALID, "github.app_id needs github.app_key");
		if (strpbrk(o->app_id, "\"\\"))
			return err_set(e, ERR_INVALID, "this is no id of a GitHub App: '%s'",
				       o->app_id);
		g->credential = CREDENTIAL_APP;
		return 0;
	}
	if (is_set(token)) {
		if (!is_token(token))
			return err_set(e, ERR_INVALID, "what $%s holds is no token", o->token_env);
		g->credential = CREDENTIAL_TOKEN;
		g->token = mem_strdup(token);
		return 0;
	}
	g->credential = CREDENTIAL_GH;
	if (str_starts(str_of(g->url), "http:") || ask_gh(g, &g->token, NULL))
		return no_credential(o, e);
	return 0;
}

/* A request as the App itself. */
static int as_app(struct github *g,
		  const char *method,
		  const char *path,
		  struct str body,
		  struct cJSON **ret,
		  struct err *e)
{
	char *url CLEANUP(freep) = mem_printf("%s%s", g->url, path);
	struct http_answer a = {0};
	char *jwt = NULL;
	int rc = github_jwt(g->app_id, g->app_key, clock_now().wall_ms / 1000, &jwt, e);

	if (rc)
		return rc;
	rc = github_request(
		g, &(struct github_call){.method = method, .url = url, .body = body, .bearer = jwt},
		&a, e);
	github_secret_free(jwt);
	if (rc == 0 && a.status / 100 != 2) {
		char *words CLEANUP(freep) = github_message(a.status, buf_str(&a.body));
		rc = err_set(e, a.status >= 500 ? ERR_IO : ERR_INVALID, "%s", words);
	}
	if (rc == 0) {
		*ret = json_parse(buf_str(&a.body));
		if (!*ret)
			rc = err_set(e, ERR_IO, "the answer of '%s' is no JSON", g->host);
	}
	if (a.body.p)
		memset(a.body.p, 0, a.body.n);
	http_answer_done(&a);
	return rc;
}

/* "{"repositories":["name"]}": for this repository alone. */
static char *token_request(const struct github *g)
{
	const char *slash = strchr(g->repository, '/');
	cJSON *j CLEANUP(json_freep) = cJSON_CreateObject();
	cJSON *list = cJSON_AddArrayToObject(j, "repositories");

	(void)cJSON_AddItemToArray(list, cJSON_CreateString(slash ? slash + 1 : g->repository));
	char *text = cJSON_PrintUnformatted(j), *copy = mem_strdup(text);
	cJSON_free(text);
	return copy;
}

static int find_installation(struct github *g, struct err *e)
{
	cJSON *j CLEANUP(json_freep) = NULL;
	char *path CLEANUP(freep) = mem_printf("/repos/%s/installation", g->repository);
	int rc = g->installation ? 0 : as_app(g, "GET", path, STR(""), &j, e);

	if (rc)
		return err_wrap(e, "could not find the GitHub App's installation at '%s'",
				g->repository);
	if (!g->installation)
		g->installation = json_int(j, "id");
	return 0;
}

static int app_token(struct github *g, struct err *e)
{
	cJSON *answer CLEANUP(json_freep) = NULL;
	int rc = find_installation(g, e);

	if (rc)
		return rc;
	char *path CLEANUP(freep) =
		mem_printf("/app/installations/%lld/access_tokens", (long long)g->installation);
	char *body CLEANUP(freep) = token_request(g);
	rc = as_app(g, "POST", path, str_of(body), &answer, e);
	const char *token = json_text(answer, "token");
	if (rc == 0 && !is_token(token))
		rc = err_set(e, ERR_IO, "the answer has no token");
	if (rc)
		return err_wrap(e, "could not get a token for the GitHub App");
	github_secret_free(g->token);
	g->token = mem_strdup(token);
	g->token_until_ms = json_time(answer, "expires_at");
	return 0;
}

int github_auth_ready(struct github *g, struct err *e)
{
	int64_t now_ms = clock_now().wall_ms;

	if (g->credential != CREDENTIAL_APP)
		return 0;
	if (g->token && (!g->token_until_ms || now_ms < g->token_until_ms - RENEW_EARLIER_MS))
		return 0;
	return app_token(g, e);
}

bool github_auth_renew(struct github *g)
{
	char *token = NULL;

	switch (g->credential) {
	case CREDENTIAL_TOKEN:
		return false;
	case CREDENTIAL_APP:
		return app_token(g, NULL) == 0;
	case CREDENTIAL_GH:
		if (ask_gh(g, &token, NULL))
			return false;
		break;
	}
	if (streq(token, g->token)) {
		github_secret_free(token);
		return false;
	}
	github_secret_free(g->token);
	g->token = token;
	return true;
}
