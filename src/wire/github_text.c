#include "wire/github_text.h"

#include "base/clean.h"

#include <string.h>
#include <strings.h>

#define REFS_MAX 1000

void github_refs_done(struct github_refs *r)
{
	for (size_t i = 0; i < r->list.n; i++)
		free(r->list.items[i].repository);
	VEC_DONE(&r->list);
}

static bool is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_' || c == '.';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Digits at the start of s, which nothing of a word follows; how many, 0: none. */
static size_t number_at(struct str s, int64_t *ret)
{
	size_t n = 0;

	while (n < s.n && is_digit(s.p[n]))
		n++;
	if (!n || n > 15 || (n < s.n && (is_name(s.p[n]) && s.p[n] != '.' && s.p[n] != '-')))
		return 0;
	return str_i64((struct str){s.p, n}, ret) && *ret > 0 ? n : 0;
}

/* "owner/name" at the start of s; how many bytes, 0: none. */
static size_t repository_at(struct str s)
{
	size_t owner = 0, n;

	while (owner < s.n && is_name(s.p[owner]))
		owner++;
	if (!owner || owner >= s.n || s.p[owner] != '/')
		return 0;
	n = owner + 1;
	while (n < s.n && is_name(s.p[n]))
		n++;
	return n > owner + 1 ? n : 0;
}

static void add_ref(struct github_refs *r, struct str repository, int64_t number)
{
	if (r->list.n >= REFS_MAX)
		return;
	VEC_PUSH(
		&r->list,
		((struct github_ref){
			.repository = repository.n ? mem_strndup(repository.p, repository.n) : NULL,
			.number = number}));
}

static struct str after(struct str s, size_t n)
{
	return (struct str){s.p + n, s.n - n};
}

/* "https://host/owner/name/issues/12": how many bytes, 0: it is none. */
static size_t address_at(struct str s, const char *host, struct github_refs *r)
{
	char *start CLEANUP(freep) = mem_printf("https://%s/", host);
	size_t at = strlen(start);

	if (!str_starts(s, start))
		return 0;
	size_t repository = repository_at(after(s, at));
	struct str rest = after(s, at + repository);
	int64_t number;
	if (!repository || !str_starts(rest, "/issues/"))
		return 0;
	size_t digits = number_at(after(rest, 8), &number);
	if (!digits)
		return 0;
	add_ref(r, (struct str){s.p + at, repository}, number);
	return at + repository + 8 + digits;
}

/* One reference at the start of s; how many bytes, 0: there is none. */
static size_t ref_at(struct str s, const char *host, struct github_refs *r)
{
	size_t address = address_at(s, host, r), repository = repository_at(s);
	struct str rest = after(s, repository);
	int64_t number;

	if (address)
		return address;
	if (!rest.n || rest.p[0] != '#')
		return 0;
	size_t digits = number_at(after(rest, 1), &number);
	if (!digits)
		return 0;
	add_ref(r, (struct str){s.p, repository}, number);
	return repository + 1 + digits;
}

/* Lines outside of code fences and quotations. */
struct lines {
	struct str rest;
	char fence; /* '`' or '~' inside of one */
};

static bool next_line(struct lines *l, struct str *ret)
{
	while (str_next(&l->rest, '\n', ret)) {
		struct str s = str_trim(*ret);
		char fence = str_starts(s, "```") ? '`' : str_starts(s, "~~~") ? '~' : '\0';

		if (fence && (!l->fence || l->fence == fence)) {
			l->fence = l->fence ? '\0' : fence;
			continue;
		}
		if (!l->fence && !str_starts(s, ">"))
			return true;
	}
	return false;
}

void github_task_list(struct str body, const char *host, struct github_refs *ret)
{
	struct lines l = {.rest = body};
	struct str line;

	while (next_line(&l, &line)) {
		struct str s = str_trim(line);

		if (s.n < 6 || !strchr("-*+", s.p[0]) || s.p[1] != ' ')
			continue;
		s = str_trim(after(s, 1));
		if (!str_starts(s, "[ ] ") && !str_starts(s, "[x] ") && !str_starts(s, "[X] "))
			continue;
		(void)ref_at(str_trim(after(s, 3)), host, ret);
	}
}

/* What may stand between two of "#1, #2 and #3". */
static size_t between(struct str s)
{
	size_t n = 0;

	while (n < s.n && (s.p[n] == ' ' || s.p[n] == ',' || s.p[n] == '&' || s.p[n] == '\t'))
		n++;
	if (n && s.n >= n + 4 && strncasecmp(s.p + n, "and ", 4) == 0)
		n += 4;
	return n;
}

static void take_list(struct str s, const char *host, struct github_refs *ret)
{
	size_t n;

	while (s.n && (s.p[0] == ' ' || s.p[0] == ':' || s.p[0] == '*' || s.p[0] == '\t'))
		s = after(s, 1);
	while ((n = ref_at(s, host, ret))) {
		s = after(s, n);
		s = after(s, between(s));
	}
}

void github_depends_on(struct str body, const char *host, struct github_refs *ret)
{
	static const char *const words[] = {"depends on", "blocked by"};
	struct lines l = {.rest = body};
	struct str line;

	while (next_line(&l, &line)) {
		for (size_t w = 0; w < sizeof(words) / sizeof(words[0]); w++) {
			size_t n = strlen(words[w]);

			for (size_t i = 0; i + n <= line.n; i++) {
				if (strncasecmp(line.p + i, words[w], n) == 0 &&
				    (i == 0 || !is_name(line.p[i - 1])))
					take_list(after(line, i + n), host, ret);
			}
		}
	}
}

void buf_github_copied(struct buf *b, struct str text)
{
	if (!buf_mute(b, text, MUTE_OTHERS, GITHUB_BODY_MAX))
		buf_puts(b, "\n(the rest was left out)");
}

void buf_github_marker(struct buf *b, const char *marker)
{
	buf_printf(b, "\n\n<!-- %s -->", marker);
}

bool github_has_marker(struct str body, const char *marker)
{
	char *line CLEANUP(freep) = mem_printf("\n<!-- %s -->", marker);

	return str_ends(str_trim(body), line);
}
