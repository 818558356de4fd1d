#include "base/file.h"
#include "base/map.h"
#include "git/leftovers.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * What the set-up command leaves is not the agent's work. When it is over, whatever differs from
 * HEAD is noted with its content; what is still the same when the attempt has ended is not taken.
 */

#define LIST_MAX ((size_t)64 << 20)

/* A file as it is: its mode and, of a regular one, its content. */
struct look {
	unsigned mode; /* 0: absent */
	uint64_t link; /* of a symbolic link: where it leads */
	struct oid content;
};

/* git reads names a line each, and a quote at their start as its own quoting. */
static bool can_be_asked(const char *path)
{
	return path[0] != '"' && !strchr(path, '\n');
}

static struct look look_at(const struct slot *s, const char *path)
{
	char *whole CLEANUP(freep) = path_join(s->path, path);
	struct look l = {0};
	char to[4096] = "";
	struct stat st;

	if (lstat(whole, &st) != 0)
		return l;
	l.mode = st.st_mode;
	if (S_ISLNK(st.st_mode) && readlink(whole, to, sizeof(to) - 1) >= 0)
		l.link = text_hash(to);
	return l;
}

/* All of them by one process; without filters, since nothing is stored. */
static int look_inside(struct git_repo *g,
		       const struct slot *s,
		       const struct leftovers *l,
		       struct look *looks,
		       struct err *e)
{
	struct child_result r CLEANUP(child_result_done) = {0};
	struct buf names CLEANUP(buf_done) = BUF_INIT;
	struct cmd c = slot_cmd(g, s);
	struct str rest, line;
	int rc;

	for (size_t i = 0; i < l->files.n; i++) {
		if (S_ISREG(looks[i].mode))
			buf_printf(&names, "%s\n", l->files.items[i].path);
	}
	if (!names.n)
		return 0;
	c.input = buf_str(&names);
	rc = cmd_ok(&c, ARGS("hash-object", "--no-filters", "--stdin-paths"), &r, e);
	rest = buf_str(&r.out);
	for (size_t i = 0; !rc && i < l->files.n; i++) {
		if (S_ISREG(looks[i].mode) && str_next(&rest, '\n', &line))
			(void)oid_parse(line, &looks[i].content); /* else it equals nothing */
	}
	return rc;
}

/* One look for each of the files; those that cannot be asked about are absent and equal nothing. */
static int look_at_all(struct git_repo *g,
		       const struct slot *s,
		       const struct leftovers *l,
		       struct look **ret,
		       struct err *e)
{
	struct look *looks = mem_alloc((l->files.n + 1) * sizeof(*looks));

	for (size_t i = 0; i < l->files.n; i++) {
		const struct leftover *f = &l->files.items[i];

		if (!f->nested && can_be_asked(f->path))
			looks[i] = look_at(s, f->path);
	}
	*ret = looks;
	return look_inside(g, s, l, looks, e);
}

static void add_note(struct buf *b, const struct look *l, const char *path)
{
	buf_printf(b, "%o %" PRIx64 " %s %s", l->mode, l->link, l->content.hex, path);
	buf_putc(b, '\0');
}

int op_brought(struct git *git, const char *path, struct err *e)
{
	struct git_repo *g = repo_of(git);
	struct slot s CLEANUP(slot_done) = {0};
	struct leftovers l CLEANUP(leftovers_done) = {0};
	struct look *looks CLEANUP(freep) = NULL;
	struct mark m CLEANUP(mark_done) = {0};
	struct buf b CLEANUP(buf_done) = BUF_INIT;
	char *note CLEANUP(freep) = NULL;
	int rc;

	slot_init(g, path, &s);
	slot_unlink(&s, FILE_BROUGHT);
	if (!mark_read(&s, &m))
		return err_set(e, ERR_NOT_FOUND, "there is no worktree of ours in '%s'", path);
	rc = leftovers_find(g, &s, &m.start, NULL, &l, e);
	if (rc || !l.files.n)
		return rc;
	rc = look_at_all(g, &s, &l, &looks, e);
	for (size_t i = 0; !rc && i < l.files.n; i++)
		add_note(&b, &looks[i], l.files.items[i].path);
	note = slot_file(&s, FILE_BROUGHT);
	return rc ? rc : file_write(note, buf_str(&b), /* durable */ false, e);
}

/* Every note ends with a zero byte, so that a name is not found within another one. */
static bool is_noted(const struct map *notes, const struct look *l, const char *path)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;
	size_t found = 0;

	add_note(&b, l, path);
	return map_find(notes, buf_cstr(&b), &found);
}

int leftovers_brought(struct git_repo *g, const struct slot *s, struct leftovers *l, struct err *e)
{
	char *note CLEANUP(freep) = slot_file(s, FILE_BROUGHT);
	struct look *looks CLEANUP(freep) = NULL;
	struct map notes CLEANUP(map_done) = {0};
	struct buf b CLEANUP(buf_done) = BUF_INIT;
	struct str rest, entry;
	int rc;

	if (!slot_has(s, FILE_BROUGHT))
		return 0;
	rc = file_read(note, LIST_MAX, &b, e);
	if (rc < 0)
		return rc;
	for (rest = buf_str(&b); str_next(&rest, '\0', &entry);)
		map_set(&notes, entry.p, 1);
	rc = look_at_all(g, s, l, &looks, e);
	for (size_t i = 0; !rc && i < l->files.n; i++) {
		struct leftover *f = &l->files.items[i];

		f->brought =
			!f->nested && can_be_asked(f->path) && is_noted(&notes, &looks[i], f->path);
		if (f->brought)
			f->out = "came from set-up";
	}
	return rc;
}
