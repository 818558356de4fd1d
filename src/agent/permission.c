#include "agent/permission.h"

#include "base/clean.h"

#include <fnmatch.h>
#include <string.h>

/* An absolute path without "." and "..", by its text. */
static void add_plain(struct buf *b, const char *worktree, const char *path)
{
	struct str rest, part;

	if (path[0] != '/')
		add_plain(b, "", worktree);
	rest = str_of(path);
	while (str_next(&rest, '/', &part)) {
		if (!part.n || str_eq(part, STR(".")))
			continue;
		if (str_eq(part, STR(".."))) {
			while (b->n && b->p[--b->n] != '/')
				;
			continue;
		}
		buf_putc(b, '/');
		buf_add(b, part.p, part.n);
	}
	if (b->p)
		b->p[b->n] = '\0';
}

/* What follows the worktree in a plain path; NULL where it is outside. */
static const char *below(const char *worktree, const char *path)
{
	size_t n = strlen(worktree);

	if (strncmp(path, worktree, n) != 0 || (path[n] && path[n] != '/'))
		return NULL;
	return path[n] ? path + n + 1 : path + n;
}

static bool fits_text(struct str pattern, const char *text)
{
	struct buf b CLEANUP(buf_done) = {.max = 4096};

	buf_add(&b, pattern.p, pattern.n);
	return text && !b.full && fnmatch(buf_cstr(&b), text, 0) == 0;
}

static bool
fits(struct str rule, const struct permission_ask *ask, const char *path, const char *inside)
{
	const char *open = rule.n ? memchr(rule.p, '(', rule.n) : NULL;
	struct str tool = rule, pattern = {0};

	if (open) {
		tool.n = (size_t)(open - rule.p);
		pattern = (struct str){open + 1, rule.n - tool.n - 1};
		pattern.n -= str_ends(pattern, ")");
	}
	if (!fits_text(tool, ask->tool) && !fits_text(tool, ask->does))
		return false;
	return !open || fits_text(pattern, path) || fits_text(pattern, inside) ||
	       fits_text(pattern, ask->command);
}

bool permission_is_outside(const char *worktree, const char *path)
{
	struct buf tree CLEANUP(buf_done) = {.max = 8192}, plain CLEANUP(buf_done) = {.max = 8192};

	add_plain(&tree, "", worktree);
	add_plain(&plain, worktree, path);
	return plain.full || !below(buf_cstr(&tree), buf_cstr(&plain));
}

enum permission permission_decide(const char *const *rules,
				  const char *worktree,
				  const struct permission_ask *ask,
				  struct buf *why)
{
	struct buf tree CLEANUP(buf_done) = {.max = 8192}, path CLEANUP(buf_done) = {.max = 8192};
	const char *inside = NULL, *plain = NULL;

	add_plain(&tree, "", worktree);
	if (ask->path) {
		add_plain(&path, worktree, ask->path);
		plain = buf_cstr(&path);
		inside = path.full ? NULL : below(buf_cstr(&tree), plain);
	}
	for (const char *const *r = rules; r && *r; r++) {
		struct str rest = str_of(*r), word;

		if (!str_next(&rest, ' ', &word) || !fits(str_trim(rest), ask, plain, inside))
			continue;
		if (str_eq(word, STR("allow")))
			return PERMISSION_ALLOW;
		buf_printf(why, "not permitted here: %s", *r);
		return str_eq(word, STR("ask")) ? PERMISSION_ASK : PERMISSION_DENY;
	}
	if (streq(ask->does, "write") && ask->path && !inside) {
		buf_printf(why, "not permitted: '%s' is outside the worktree '%s'", ask->path,
			   worktree);
		return PERMISSION_DENY;
	}
	if (streq(ask->does, PERMISSION_ESCALATE)) {
		buf_puts(why, "not permitted: it would leave its sandbox");
		return PERMISSION_DENY;
	}
	return PERMISSION_ALLOW;
}
