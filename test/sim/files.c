#include "base/child.h"
#include "base/clean.h"
#include "base/clock.h"
#include "base/file.h"
#include "sim/sim.h"

#include <string.h>
#include <unistd.h>

/* base/file.h, base/clock.h and base/child.h in memory: what the linker takes instead of those. */

struct sim_file *sim_file_find(const char *path)
{
	size_t index = 0;
	if (!map_find(&sim->file_paths, path, &index) || !sim->files.items[index].there)
		return NULL;
	return &sim->files.items[index];
}

struct sim_file *sim_file_add(const char *path, bool dir)
{
	size_t index = 0;
	if (!map_find(&sim->file_paths, path, &index)) {
		index = sim->files.n;
		map_set(&sim->file_paths, path, index);
		VEC_PUSH(&sim->files, ((struct sim_file){.path = mem_strdup(path)}));
	}
	struct sim_file *f = &sim->files.items[index];
	f->dir = dir;
	f->there = true;
	return f;
}

/* A write: it may find no room, fail, or be the last thing we do. */
static int try_write(const char *what, struct err *e)
{
	enum fate f = fate(what);
	if (f == FATE_LOST_ANSWER || f == FATE_CRASH_AFTER)
		f = FATE_CRASH;
	if (f == FATE_CRASH)
		sim->dead = true;
	if (sim->disk_full)
		return err_set(e, ERR_IO, "could not write: no space left");
	if (f == FATE_ERROR)
		return err_set(e, ERR_IO, "could not write");
	return refused(f, e);
}

int file_read(const char *path, size_t max, struct buf *b, struct err *e)
{
	const struct sim_file *f = sim_file_find(path);
	(void)max;
	if (!f)
		return err_set(e, ERR_NOT_FOUND, "there is no '%s'", path);
	buf_puts(b, f->text ? f->text : "");
	return 0;
}

int file_read_given(const char *path, size_t max, struct buf *b, struct err *e)
{
	return file_read(path, max, b, e);
}

int file_tail(const char *path, size_t n, struct buf *b, struct err *e)
{
	return file_read(path, n, b, e);
}

int file_write(const char *path, struct str text, bool durable, struct err *e)
{
	(void)durable;
	int rc = try_write("write a file", e);
	bool progress = strstr(path, "progress.json") != NULL;
	if (progress)
		sim->write_failed = rc != 0;
	if (rc)
		return rc;
	struct sim_file *f = sim_file_add(path, false);
	if (progress && text.p) { /* no text: run.c left out the making of it */
		free(f->text);
		f->text = mem_strndup(text.p, text.n);
	}
	return 0;
}

int file_touch(const char *path, struct err *e)
{
	int rc = try_write("make a file", e);
	if (rc == 0)
		(void)sim_file_add(path, false);
	return rc;
}

int file_link(const char *path, const char *name, struct err *e)
{
	int rc = try_write("link a file", e);
	if (rc == 0 && !sim_file_find(path))
		checker_break(sim->checker, "ports: link of '%s', which is not there", path);
	if (rc == 0)
		(void)sim_file_add(name, false);
	return rc;
}

int dir_make(const char *path, struct err *e)
{
	if (sim->dead)
		return err_set(e, ERR_IO, "we are dead");
	if (sim_file_find(path))
		return 0;
	int rc = try_write("make a folder", e);
	if (rc == 0)
		(void)sim_file_add(path, true);
	return rc;
}

static bool is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);
	return strncmp(path, dir, n) == 0 && (path[n] == '/' || !path[n]);
}

int dir_remove(const char *path, struct err *e)
{
	int rc = refused(fate("remove a folder"), e);
	if (rc)
		return rc;
	for (size_t i = 0; i < sim->files.n; i++)
		if (is_below(sim->files.items[i].path, path))
			sim->files.items[i].there = false;
	return 0;
}

int dir_each(const char *path, void (*each)(void *ctx, const char *name), void *ctx, struct err *e)
{
	size_t n = strlen(path);
	(void)e;
	for (size_t i = 0; i < sim->files.n; i++) {
		const char *p = sim->files.items[i].path;
		if (sim->files.items[i].there && is_below(p, path) && p[n] &&
		    !strchr(p + n + 1, '/'))
			each(ctx, p + n + 1);
	}
	return 0;
}

int disk_free(const char *path, uint64_t *ret_bytes, struct err *e)
{
	(void)path;
	(void)e;
	*ret_bytes = sim->disk_full ? 0 : (uint64_t)1 << 40;
	return 0;
}

bool file_exists(const char *path)
{
	return sim_file_find(path) != NULL;
}

char *path_join(const char *dir, const char *name)
{
	size_t n = strlen(dir), m = strlen(name) + 1; /* asked for more often than all else */
	char *path = mem_alloc(n + 1 + m);
	memcpy(path, dir, n);
	path[n] = '/';
	memcpy(path + n + 1, name, m);
	return path;
}

/* ---- base/clock.h ---- */

struct moment clock_now(void)
{
	return (struct moment){.mono_ms = sim->now - sim->boot_at + 1000, .wall_ms = wall_now()};
}

void clock_boot_id(char ret[BOOT_ID_SIZE])
{
	(void)snprintf(ret, BOOT_ID_SIZE, "boot-%d", sim->boot);
}

void buf_time(struct buf *b, int64_t wall_ms)
{
	buf_printf(b, "%lld", (long long)wall_ms);
}

/* What the seed of the first START is made of. */
pid_t getpid(void)
{
	return 1;
}

/* ---- base/child.h: there are no helpers here but the git that moves the base ---- */

int child_lock(const char *path, int *ret_fd, struct err *e)
{
	(void)path;
	if (sim->dead)
		return err_set(e, ERR_IO, "we are dead");
	*ret_fd = -1;
	return 0;
}

int child_run(const struct child_spec *s, struct child_result *ret, struct err *e)
{
	if (streq(s->argv[0], "git"))
		return finish_moves_base(ret, e);
	return err_set(e, ERR_NOT_FOUND, "there are no programs in this world");
}

int child_ok(const struct child_spec *s, struct child_result *ret, struct err *e)
{
	int rc = child_run(s, ret, e);
	if (!rc && ret->exit_code)
		return err_set(e, ERR_INVALID, "it ended with %d", ret->exit_code);
	return rc;
}

void child_result_done(struct child_result *r)
{
	(void)r;
}
