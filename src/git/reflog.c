#include "base/file.h"
#include "git/impl.h"

#include <string.h>
#include <unistd.h>

/*
 * Git's logs of our branches after a power cut. They are written without a sync, as are the objects
 * that agents commit: a log may name what is gone, or end in zero bytes, and git's fsck takes both
 * for damage. What a log can still name stays in it.
 */

struct log {
	char *path;
	struct buf text;
};

static char *log_path(const struct git_repo *g, const char *branch)
{
	return mem_printf("%s/logs/" PREFIX_HEADS "%s", g->place.common_dir, branch);
}

/* The ids of a line, "<old> <new> <who> <when>\t<why>"; false: it is no such line. */
static bool ids_of(struct str line, struct oid ret[2])
{
	for (int i = 0; i < 2; i++) {
		struct str id;

		if (!str_next(&line, ' ', &id) || !oid_parse(id, &ret[i]))
			return false;
	}
	return true;
}

static bool is_null(const struct oid *id)
{
	return !id->hex[strspn(id->hex, "0")];
}

static void ask(struct str text, struct buf *names)
{
	struct str line;
	struct oid ids[2];

	while (str_next(&text, '\n', &line)) {
		for (int i = 0; i < 2 && ids_of(line, ids); i++) {
			if (!is_null(&ids[i]))
				buf_printf(names, "%s\n", ids[i].hex);
		}
	}
}

/* The next answer: is it there? They come in the order in which was asked. */
static bool is_there(struct str *answers)
{
	struct str line;

	return str_next(answers, '\n', &line) && !str_ends(line, " missing");
}

/* The lines that name what is there. */
static void keep(struct str text, struct str *answers, struct buf *ret)
{
	struct str line;
	struct oid ids[2];

	while (str_next(&text, '\n', &line)) {
		bool good = ids_of(line, ids);

		for (int i = 0; i < 2 && ids_of(line, ids); i++)
			good = (is_null(&ids[i]) || is_there(answers)) && good;
		if (good)
			buf_printf(ret, "%.*s\n", (int)line.n, line.p);
	}
}

/* What cannot be written stays as it is: git goes on with it. */
static void mend(const struct log *l, struct str *answers)
{
	struct buf kept CLEANUP(buf_done) = BUF_INIT;

	keep(buf_str(&l->text), answers, &kept);
	if (str_eq(buf_str(&kept), buf_str(&l->text)))
		return;
	if (kept.n)
		(void)!file_write(l->path, buf_str(&kept), /* durable */ true, NULL);
	else
		(void)unlink(l->path);
}

int reflogs_mend(struct git_repo *g, const struct git_named *v, size_t n, struct err *e)
{
	VEC(struct log) logs = {0};
	struct child_result r CLEANUP(child_result_done) = {0};
	struct buf names CLEANUP(buf_done) = BUF_INIT;
	struct cmd c = repo_cmd(g);
	struct str answers;
	int rc = 0;

	for (size_t i = 0; i < n; i++) {
		struct log l = {.text = BUF_INIT};

		if (!v[i].branch)
			continue;
		l.path = log_path(g, v[i].branch);
		/* Usually absent. Of one that is too long only the beginning was read: it stays. */
		if (file_read(l.path, SMALL_FILE, &l.text, NULL))
			buf_reset(&l.text);
		ask(buf_str(&l.text), &names);
		VEC_PUSH(&logs, l);
	}
	c.input = buf_str(&names);
	if (names.n)
		rc = cmd_ok(&c, ARGS("cat-file", "--batch-check"), &r, e);
	answers = buf_str(&r.out);
	for (size_t i = 0; i < logs.n; i++) {
		if (!rc)
			mend(&logs.items[i], &answers);
		free(logs.items[i].path);
		buf_done(&logs.items[i].text);
	}
	VEC_DONE(&logs);
	return rc;
}
