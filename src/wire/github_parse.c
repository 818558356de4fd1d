#include "wire/github_parse.h"

#include "base/clean.h"
#include "wire/github.h"
#include "wire/http.h"
#include "wire/json.h"

#include <cjson/cJSON.h>
#include <curl/curl.h>
#include <string.h>
#include <strings.h>

#define MESSAGE_MAX  600
#define ERRORS_SHOWN 5

/* Of '; rel="next"; x=y': is the relation among what rel names? */
static bool is_next(struct str params)
{
	struct str one, word;

	while (str_next(&params, ';', &one)) {
		one = str_trim(one);
		if (one.n < 4 || strncasecmp(one.p, "rel=", 4) != 0)
			continue;
		one = (struct str){one.p + 4, one.n - 4};
		if (one.n >= 2 && one.p[0] == '"' && one.p[one.n - 1] == '"')
			one = (struct str){one.p + 1, one.n - 2};
		while (str_next(&one, ' ', &word)) {
			if (str_eq(word, STR("next")))
				return true;
		}
	}
	return false;
}

/* The end of a link's parameters: the next comma outside of quotes. */
static size_t params_end(struct str s)
{
	bool quoted = false;

	for (size_t i = 0; i < s.n; i++) {
		quoted ^= s.p[i] == '"';
		if (s.p[i] == ',' && !quoted)
			return i;
	}
	return s.n;
}

bool link_next(struct str header, struct str *ret)
{
	while (header.n) {
		const char *open = memchr(header.p, '<', header.n);
		const char *close =
			open ? memchr(open, '>', header.n - (size_t)(open - header.p)) : NULL;

		if (!close)
			return false;
		struct str url = {open + 1, (size_t)(close - open - 1)};
		struct str rest = {close + 1, header.n - (size_t)(close + 1 - header.p)};
		size_t end = params_end(rest);

		if (url.n && is_next((struct str){rest.p, end})) {
			*ret = url;
			return true;
		}
		header = (struct str){rest.p + end, rest.n - end};
	}
	return false;
}

static int64_t number(const struct http_answer *a, const char *name)
{
	struct str s;
	int64_t n;

	return http_header(a, name, &s) && str_i64(s, &n) && n >= 0 ? n : -1;
}

void github_limits_read(const struct http_answer *a, struct github_limits *ret)
{
	struct str date;

	*ret = (struct github_limits){
		.remaining = number(a, "x-ratelimit-remaining"),
		.reset_s = number(a, "x-ratelimit-reset"),
		.retry_after_s = number(a, "retry-after"),
		.date_s = -1,
	};
	if (http_header(a, "date", &date)) {
		char *text CLEANUP(freep) = mem_strndup(date.p, date.n);
		time_t t = curl_getdate(text, NULL);
		ret->date_s = t > 0 ? t : -1;
	}
}

static int64_t bounded(int64_t seconds)
{
	int64_t max = GITHUB_WAIT_MAX_MS / 1000;

	if (seconds < 1) /* a reset that is past by a clock that is off is due at once */
		return 1000;
	return (seconds < max ? seconds : max) * 1000;
}

/* Case-insensitively: the words have changed their case before. */
static bool says(struct str body, const char *words)
{
	size_t n = strlen(words);

	for (size_t i = 0; i + n <= body.n; i++) {
		if (strncasecmp(body.p + i, words, n) == 0)
			return true;
	}
	return false;
}

int64_t github_wait_ms(const struct http_answer *a, int64_t now_s, int times)
{
	struct github_limits l;

	github_limits_read(a, &l);
	int64_t reset = l.reset_s - (l.date_s > 0 ? l.date_s : now_s);
	if (a->status != 403 && a->status != 429)
		return l.remaining == 0 && l.reset_s >= 0 ? bounded(reset) : 0;
	if (l.retry_after_s >= 0)
		return bounded(l.retry_after_s);
	if (l.remaining == 0 && l.reset_s >= 0)
		return bounded(reset);
	if (a->status == 403 && !says(buf_str(&a->body), "secondary rate limit") &&
	    !says(buf_str(&a->body), "abuse detection") &&
	    !says(buf_str(&a->body), "rate limit exceeded"))
		return 0;
	int64_t wait = (int64_t)GITHUB_WAIT_MS << (times < 6 ? times : 6);
	return wait < GITHUB_WAIT_MAX_MS ? wait : GITHUB_WAIT_MAX_MS;
}

static void add_word(struct buf *b, const char *word)
{
	if (*word)
		buf_printf(b, "%s%s", b->n ? " " : "", word);
}

/* One of 'errors': an object, or a text. */
static void add_error(struct buf *b, const cJSON *error)
{
	struct buf one CLEANUP(buf_done) = {.max = MESSAGE_MAX};

	if (cJSON_IsString(error)) {
		add_word(&one, error->valuestring);
	} else {
		const char *message = json_text(error, "message");
		if (!*message) {
			add_word(&one, json_text(error, "resource"));
			add_word(&one, json_text(error, "field"));
			add_word(&one, json_text(error, "code"));
		}
		add_word(&one, message);
	}
	if (one.n)
		buf_printf(b, "; %s", buf_cstr(&one));
}

char *github_message(int status, struct str body)
{
	cJSON *j CLEANUP(json_freep) = json_parse(body);
	struct buf text CLEANUP(buf_done) = {.max = MESSAGE_MAX};
	struct buf line CLEANUP(buf_done) = {.max = 4 * MESSAGE_MAX};
	const cJSON *errors = json_at(j, "errors"), *one;
	const cJSON *list = cJSON_IsArray(errors) ? errors : NULL;
	int shown = 0;

	buf_puts(&text, json_text(j, "message"));
	if (cJSON_IsString(errors))
		add_error(&text, errors);
	cJSON_ArrayForEach(one, list)
	{
		if (shown++ < ERRORS_SHOWN)
			add_error(&text, one);
	}
	struct str s = buf_str(&text);
	if (str_starts(s, "; "))
		s = (struct str){s.p + 2, s.n - 2};
	buf_line(&line, s);
	if (!line.n)
		buf_printf(&line, "HTTP status %d", status);
	return buf_take(&line);
}

/* "git@host:path" and "scheme://user@host:port/path": host and path; false for others. */
static bool split_remote(struct str s, struct str *ret_host, struct str *ret_path)
{
	const char *scheme, *at, *end;

	if (!s.p)
		return false;
	scheme = memmem(s.p, s.n, "://", 3);
	if (scheme)
		s = (struct str){scheme + 3, s.n - (size_t)(scheme + 3 - s.p)};
	end = memchr(s.p, scheme ? '/' : ':', s.n);
	if (!end)
		return false;
	*ret_path = (struct str){end + 1, s.n - (size_t)(end + 1 - s.p)};
	*ret_host = (struct str){s.p, (size_t)(end - s.p)};
	at = memrchr(ret_host->p, '@', ret_host->n);
	if (at)
		*ret_host = (struct str){at + 1, ret_host->n - (size_t)(at + 1 - ret_host->p)};
	at = scheme ? memchr(ret_host->p, ':', ret_host->n) : NULL;
	if (at)
		ret_host->n = (size_t)(at - ret_host->p);
	return true;
}

char *github_repository_of(const char *remote_url, const char *api_url)
{
	char *host CLEANUP(freep) = NULL;
	struct str of, path;

	if (http_origin(api_url && *api_url ? api_url : GITHUB_URL, NULL, &host, NULL))
		return NULL;
	if (!split_remote(str_of(remote_url), &of, &path))
		return NULL;
	if (!str_eq(of, str_of(streq(host, "api.github.com") ? "github.com" : host)))
		return NULL;
	if (str_ends(path, "/"))
		path.n--;
	if (str_ends(path, ".git"))
		path.n -= 4;
	const char *slash = path.n ? memchr(path.p, '/', path.n) : NULL;
	if (!slash || slash == path.p || slash == path.p + path.n - 1 ||
	    memchr(slash + 1, '/', path.n - (size_t)(slash + 1 - path.p)))
		return NULL;
	return mem_strndup(path.p, path.n);
}
