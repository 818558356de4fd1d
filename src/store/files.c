#include "store/files.h"

#include "base/clean.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "store/store-impl.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define SQLITE_MAGIC       "SQLite format 3" /* and its NUL */
#define SQLITE_HEADER_SIZE 100
#define WAL_LEAST          (32 + 24 + 512) /* a header and the smallest frame */
#define MARK_MAX           64

static int pass(struct err *e, const struct err *why)
{
	if (e)
		*e = *why;
	return why->code;
}

static int64_t size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? (int64_t)st.st_size : -1;
}

static int mark_read(const char *path, enum journal_mark *ret, struct err *e)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;
	struct err why = ERR_INIT;
	int rc = file_read(path, MARK_MAX, &b, &why);

	if (rc == ERR_NOT_FOUND) {
		*ret = MARK_NONE;
		return 0;
	}
	if (rc && rc != ERR_LIMIT)
		return pass(e, &why);
	/* Whatever else it says: it is there, so there was a journal. */
	*ret = str_starts(buf_str(&b), "open") ? MARK_OPEN : MARK_CLOSED;
	return 0;
}

int files_look(const char *path, struct journal_files *ret, struct err *e)
{
	const char *slash = strrchr(path, '/');

	*ret = (struct journal_files){0};
	ret->dir = !slash ? mem_strdup(".")
			  : mem_strndup(path, (size_t)(slash - path) + (slash == path));
	ret->base = mem_strdup(slash ? slash + 1 : path);
	ret->mark_path = mem_printf("%s/.%s.mark", ret->dir, ret->base);
	ret->wal_path = mem_printf("%s-wal", path);
	ret->shm_path = mem_printf("%s-shm", path);
	ret->size = size_of(path);
	ret->wal_size = size_of(ret->wal_path);
	return mark_read(ret->mark_path, &ret->mark, e);
}

void files_done(struct journal_files *f)
{
	free(f->dir);
	free(f->base);
	free(f->mark_path);
	free(f->wal_path);
	free(f->shm_path);
	*f = (struct journal_files){0};
}

int files_mark(const struct journal_files *f, enum journal_mark mark, struct err *e)
{
	struct err why = ERR_INIT;
	int rc = file_write(f->mark_path, mark == MARK_OPEN ? STR("open\n") : STR("closed\n"), true,
			    &why);

	if (!rc)
		return 0;
	if (why.sys == ENOSPC || why.sys == EDQUOT)
		return err_set(e, ERR_LIMIT, "%s", why.msg);
	return pass(e, &why);
}

int files_hint(const char *path, struct err *e)
{
	struct journal_files f CLEANUP(files_done) = {0};
	struct buf dir CLEANUP(buf_done) = BUF_INIT;
	const char *epic;

	if (files_look(path, &f, NULL) != 0)
		return e ? e->code : ERR_CORRUPT; /* the damage itself was said */
	epic = strrchr(f.dir, '/');
	buf_shell(&dir, f.dir);
	return err_hint(e,
			"what agents committed is kept, see 'git for-each-ref refs/ganger/%s/'; to "
			"begin a new record (attempts, queue and costs of the old one are then "
			"forgotten) move %s, %s-wal and .%s.mark out of %s",
			epic ? epic + 1 : f.dir, f.base, f.base, f.base, buf_cstr(&dir));
}

static int torn(const char *path, struct err *e, const char *reason)
{
	(void)err_set(e, ERR_CORRUPT, "could not open journal '%s': %s", path, reason);
	(void)files_hint(path, e);
	return ERR_CORRUPT;
}

static uint32_t be32(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* The file's own first bytes: is it a database, and as long as it says? */
static int header_judge(const struct journal_files *f, const char *path, struct err *e)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;
	const unsigned char *p;
	int64_t page, n_pages, application;
	struct err why = ERR_INIT;
	int rc = file_read(path, SQLITE_HEADER_SIZE, &b, &why);

	if (rc && rc != ERR_LIMIT)
		return pass(e, &why);
	if (b.n < SQLITE_HEADER_SIZE)
		return torn(path, e, "the file is cut off");
	p = (const unsigned char *)b.p;
	if (memcmp(p, SQLITE_MAGIC, sizeof(SQLITE_MAGIC)) != 0)
		return torn(path, e, "it is not a database");
	page = (int64_t)p[16] << 8 | p[17];
	page = page == 1 ? 65536 : page;
	n_pages = be32(p + 28);
	application = be32(p + 68);
	/* While it was made, our name may be in the WAL alone. Else it is there before any table. */
	if (application != STORE_APPLICATION &&
	    (application != 0 || (f->wal_size <= 0 && n_pages > 1)))
		return torn(path, e, "it is not a journal of ganger");
	/* With a WAL, a checkpoint may have been at work: then what is missing is in the WAL. */
	if (f->wal_size <= 0 && f->size < page * n_pages)
		return torn(path, e, "the file is cut off");
	return 0;
}

static int absent_judge(const struct journal_files *f,
			const char *path,
			enum store_mode mode,
			bool *ret_new,
			struct err *e)
{
	if (f->mark != MARK_NONE || f->wal_size > 0)
		return torn(path, e,
			    f->size < 0 ? "the file is gone, but other files say that there was one"
					: "the file is empty, but other files say that it was not");
	if (mode == STORE_READ)
		return err_set(e, ERR_NOT_FOUND, "could not open journal '%s': no such file", path);
	*ret_new = true;
	return 0;
}

int files_judge(const struct journal_files *f,
		const char *path,
		enum store_mode mode,
		bool *ret_new,
		struct err *e)
{
	int rc;

	if (f->size <= 0)
		return absent_judge(f, path, mode, ret_new, e);
	*ret_new = false;
	/*
	 * A reader may share its process with the writer, and closing any descriptor of a file
	 * drops all locks that the process has on it: it leaves the file to SQLite.
	 */
	if (mode == STORE_READ)
		return 0;
	rc = header_judge(f, path, e);
	if (rc)
		return rc;
	if (f->mark == MARK_OPEN && f->wal_size < WAL_LEAST)
		return torn(path, e, "its write-ahead log is gone, and with it the latest turns");
	if (f->wal_size <= 0)
		return 0;
	rc = wal_check(f->wal_path, f->shm_path, e);
	if (rc)
		(void)err_wrap(e, "could not open journal '%s'", path);
	if (rc == ERR_CORRUPT)
		(void)files_hint(path, e);
	return rc;
}
