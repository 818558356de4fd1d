#include "base/file.h"
#include "base/utf8.h"
#include "git/collect-impl.h"

#include <stdio.h>
#include <string.h>

/* What collecting found, kept in the worktree's books so that asking again gives the same answer. */

static void add_lines(struct buf *b, const char *key, const char *lines)
{
	struct str rest = str_of(lines), line;

	while (str_next(&rest, '\n', &line))
		buf_printf(b, "%s %.*s\n", key, (int)line.n, line.p);
}

int collection_write(const struct collection *c, struct err *e)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;
	char *path CLEANUP(freep) = slot_file(c->s, FILE_WORK);
	const struct git_work *w = &c->work;

	buf_printf(&b, "task %s\nattempt %d\nhead %s\nahead %d\nleftovers %d\n", c->j->task,
		   c->j->attempt, w->head.hex, w->ahead, w->leftovers);
	add_lines(&b, "rest", c->rest.hex);
	add_lines(&b, "branch", c->branch.hex);
	add_lines(&b, "other", w->other_branch);
	add_lines(&b, "problem", w->problem);
	add_lines(&b, "left", w->left_out);
	return file_write(path, buf_str(&b), /* durable */ false, e);
}

static void read_text(struct str text, const char *key, char *ret, size_t size)
{
	struct str v;

	if (line_find(text, key, &v))
		(void)snprintf(ret, size, "%.*s", (int)v.n, v.p);
	utf8_mend(ret);
}

static void read_lines(struct str text, const char *key, char *ret, size_t size)
{
	size_t n = 0;
	struct str line, v;

	while (n < size && str_next(&text, '\n', &line)) {
		if (line_find(line, key, &v))
			n += (size_t)snprintf(ret + n, size - n, "%.*s\n", (int)v.n, v.p);
	}
	utf8_mend(ret);
}

bool collection_read(struct collection *c)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;
	char *path CLEANUP(freep) = slot_file(c->s, FILE_WORK);
	struct git_work *w = &c->work;
	int64_t attempt, ahead, leftovers;
	struct str t, v;
	bool there;

	if (read_if_there(path, SMALL_FILE, &b, &there, &c->unread))
		return false;
	t = buf_str(&b);
	/* The agent can reach it; what is in it goes to people. */
	if (!str_utf8(t))
		return false;
	if (!line_find(t, "task", &v) || !str_eq(v, str_of(c->j->task)) ||
	    !line_find(t, "attempt", &v) || !str_i64(v, &attempt) || attempt != c->j->attempt ||
	    !line_find(t, "ahead", &v) || !str_i64(v, &ahead) || !line_find(t, "leftovers", &v) ||
	    !str_i64(v, &leftovers) || !line_find(t, "head", &v) || !oid_parse(v, &w->head))
		return false;
	w->ahead = (int)ahead;
	w->leftovers = (int)leftovers;
	if (line_find(t, "rest", &v))
		(void)oid_parse(v, &c->rest);
	if (line_find(t, "branch", &v))
		(void)oid_parse(v, &c->branch);
	read_text(t, "other", w->other_branch, sizeof(w->other_branch));
	read_text(t, "problem", w->problem, sizeof(w->problem));
	read_lines(t, "left", w->left_out, sizeof(w->left_out));
	return true;
}

bool collection_find(struct collection *c, const char *ref, struct oid *ret)
{
	struct oid at;

	if (ref_find(c->g, ref, &at, &c->unread) || !at.hex[0])
		return false;
	*ret = at;
	return true;
}

int work_is_kept(const struct git_repo *g,
		 const struct slot *s,
		 const struct mark *m,
		 bool *ret,
		 struct err *e)
{
	struct job j = {.task = m->task, .attempt = m->attempt};
	struct collection c = {.g = (struct git_repo *)g, .s = s, .j = &j};
	char *ref CLEANUP(freep) = ref_attempt(g, m->task, m->attempt, "");
	char *path CLEANUP(freep) = slot_file(s, "HEAD");
	struct buf head CLEANUP(buf_done) = BUF_INIT;
	struct oid at;
	bool there;

	/* HEAD elsewhere: somebody went on working here after it was collected. */
	*ret = collection_read(&c) && collection_find(&c, ref, &at) && oid_eq(&at, &c.work.head) &&
	       read_if_there(path, SMALL_FILE, &head, &there, &c.unread) == 0 &&
	       str_eq(str_trim(buf_str(&head)), str_of(at.hex));
	if (c.unread.code && e)
		*e = c.unread;
	return c.unread.code;
}
