/*
 * Preloaded into the supervisor: the n-th call of one kind fails.
 *
 *   GANGER_FAULT=KIND:N:ERRNO[:on]   write fsync rename open spawn malloc step git; 'on': the n-th
 *                                    and every later one
 *   GANGER_FAULT_FIRED=FILE          is made when it has failed; of a step, with its SQL; of malloc, with who asked
 *   GANGER_FAULT_COUNT=FILE          at the end: how many calls of each kind there were
 *   GANGER_FAULT_GIT=PROGRAM         what runs in place of the git command that fails
 *
 * Only 'ganger' itself is hit: what it starts does not get the preload. Writes count that go to
 * regular files, for SQLite is among those who write them. Of allocations those count that come by
 * a way of calls not seen before: there are tens of thousands in a run, and those of one way fail
 * alike. Symbols are named by hand, since the 64-bit names of libc are aliases that a header would
 * turn into one.
 */
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define WAY_DEPTH 6 /* with two of ours */
#define WAYS      (1u << 16)

enum kind { NONE, WRITE, FSYNC, RENAME, OPEN, SPAWN, MALLOC, STEP, GIT, KIND_COUNT };

static const char *const names[KIND_COUNT] = {
	[WRITE] = "write", [FSYNC] = "fsync",   [RENAME] = "rename", [OPEN] = "open",
	[SPAWN] = "spawn", [MALLOC] = "malloc", [STEP] = "step",     [GIT] = "git",
};

static enum kind chosen;
static long at, counts[KIND_COUNT];
static int number;
static bool goes_on;
static uintptr_t ways[WAYS]; /* a hash of the callers each; 0: free */
static char fired[4096], counted[4096], no_git[4096];

#define NAMED(name) __asm__(name) __attribute__((visibility("default"), used))
#define REAL(type, name)                                                                           \
	({                                                                                         \
		static type *real_;                                                                \
		if (!real_)                                                                        \
			*(void **)&real_ = dlsym(RTLD_NEXT, name);                                 \
		real_;                                                                             \
	})

static void copy_env(char to[4096], const char *name)
{
	const char *value = getenv(name);

	if (value && strlen(value) < 4096)
		memcpy(to, value, strlen(value) + 1);
}

static void put(const char *path, const char *text, int length)
{
	long fd =
		path[0] ? syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600)
			: -1;

	if (fd < 0)
		return;
	(void)!syscall(SYS_write, fd, text, (size_t)length);
	(void)syscall(SYS_close, fd);
}

__attribute__((constructor)) static void begin(void)
{
	char name[16] = "", more[4] = "";
	const char *what = getenv("GANGER_FAULT");

	void *frame;

	if (strcmp(program_invocation_short_name, "ganger") != 0 || !what ||
	    sscanf(what, "%15[a-z]:%ld:%d:%3s", name, &at, &number, more) < 3)
		return;
	goes_on = strcmp(more, "on") == 0;
	copy_env(fired, "GANGER_FAULT_FIRED");
	copy_env(counted, "GANGER_FAULT_COUNT");
	copy_env(no_git, "GANGER_FAULT_GIT");
	unsetenv("LD_PRELOAD");
	(void)backtrace(&frame, 1); /* it allocates the first time */
	for (int i = 1; i < KIND_COUNT; i++)
		if (strcmp(names[i], name) == 0)
			chosen = (enum kind)i;
}

__attribute__((destructor)) static void end(void)
{
	char text[512];
	int n = 0;

	if (!chosen)
		return;
	for (int i = 1; i < KIND_COUNT; i++)
		n += snprintf(text + n, sizeof(text) - (size_t)n, "%s %ld\n", names[i], counts[i]);
	put(counted, text, n);
}

static bool fails(enum kind k)
{
	if (!chosen)
		return false;
	long n = __atomic_add_fetch(&counts[k], 1, __ATOMIC_RELAXED);
	if (chosen != k || (n != at && !(goes_on && n > at)))
		return false;
	put(fired, "", 0);
	errno = number;
	return true;
}

/* Did nobody allocate from here yet? */
static bool is_new_way(void)
{
	void *frames[WAY_DEPTH];
	int n = backtrace(frames, WAY_DEPTH);
	uintptr_t hash = 14695981039346656037u; /* FNV-1a */

	for (int i = 0; i < n; i++)
		hash = (hash ^ (uintptr_t)frames[i]) * 1099511628211u;
	hash += !hash;
	for (size_t i = hash >> 40;; i++) {
		uintptr_t there = 0;

		if (__atomic_compare_exchange_n(&ways[i % WAYS], &there, hash, false,
						__ATOMIC_RELAXED, __ATOMIC_RELAXED))
			return true;
		if (there == hash)
			return false;
	}
}

/* The callers, as file and offset each, which are the same in every run. */
static void put_way(void)
{
	void *frames[WAY_DEPTH];
	char text[WAY_DEPTH * 80];
	int n = backtrace(frames, WAY_DEPTH), length = 0;

	for (int i = 2; i < n; i++) {
		Dl_info about;
		const char *slash;

		if (!dladdr(frames[i], &about) || !about.dli_fname)
			continue;
		slash = strrchr(about.dli_fname, '/');
		length += snprintf(text + length, 80, "%.50s+%#zx ",
				   slash ? slash + 1 : about.dli_fname,
				   (size_t)((char *)frames[i] - (char *)about.dli_fbase));
	}
	put(fired, text, length);
}

static bool fails_to_allocate(void)
{
	if (!chosen || !is_new_way() || !fails(MALLOC))
		return false;
	put_way();
	errno = number;
	return true;
}

static bool is_file(int fd)
{
	struct stat st;

	return chosen && fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

typedef ssize_t write_fn(int, const void *, size_t);
typedef ssize_t pwrite_fn(int, const void *, size_t, long);
typedef int sync_fn(int);
typedef int open_fn(const char *, int, ...);
typedef int openat_fn(int, const char *, int, ...);
typedef int rename_fn(const char *, const char *);
typedef int spawn_fn(pid_t *,
		     const char *,
		     const posix_spawn_file_actions_t *,
		     const posix_spawnattr_t *,
		     char *const[],
		     char *const[]);

ssize_t fault_write(int fd, const void *p, size_t n) NAMED("write");
ssize_t fault_write(int fd, const void *p, size_t n)
{
	return is_file(fd) && fails(WRITE) ? -1 : REAL(write_fn, "write")(fd, p, n);
}

ssize_t fault_pwrite(int fd, const void *p, size_t n, long offset) NAMED("pwrite");
ssize_t fault_pwrite(int fd, const void *p, size_t n, long offset)
{
	return is_file(fd) && fails(WRITE) ? -1 : REAL(pwrite_fn, "pwrite")(fd, p, n, offset);
}

ssize_t fault_pwrite64(int fd, const void *p, size_t n, long offset) NAMED("pwrite64");
ssize_t fault_pwrite64(int fd, const void *p, size_t n, long offset)
{
	return fault_pwrite(fd, p, n, offset);
}

int fault_fsync(int fd) NAMED("fsync");
int fault_fsync(int fd)
{
	return fails(FSYNC) ? -1 : REAL(sync_fn, "fsync")(fd);
}

int fault_fdatasync(int fd) NAMED("fdatasync");
int fault_fdatasync(int fd)
{
	return fails(FSYNC) ? -1 : REAL(sync_fn, "fdatasync")(fd);
}

int fault_rename(const char *from, const char *to) NAMED("rename");
int fault_rename(const char *from, const char *to)
{
	return fails(RENAME) ? -1 : REAL(rename_fn, "rename")(from, to);
}

static int open_mode(int flags, va_list ap)
{
	return flags & (O_CREAT | O_TMPFILE) ? va_arg(ap, int) : 0;
}

int fault_open(const char *path, int flags, ...) NAMED("open");
int fault_open(const char *path, int flags, ...)
{
	va_list ap;

	va_start(ap, flags);
	int mode = open_mode(flags, ap);
	va_end(ap);
	return fails(OPEN) ? -1 : REAL(open_fn, "open")(path, flags, mode);
}

int fault_open64(const char *path, int flags, ...) NAMED("open64");
int fault_open64(const char *path, int flags, ...)
{
	va_list ap;

	va_start(ap, flags);
	int mode = open_mode(flags, ap);
	va_end(ap);
	return fails(OPEN) ? -1 : REAL(open_fn, "open")(path, flags, mode);
}

int fault_openat(int dir, const char *path, int flags, ...) NAMED("openat64");
int fault_openat(int dir, const char *path, int flags, ...)
{
	va_list ap;

	va_start(ap, flags);
	int mode = open_mode(flags, ap);
	va_end(ap);
	return fails(OPEN) ? -1 : REAL(openat_fn, "openat")(dir, path, flags, mode);
}

/* How a job's shim starts. */
int fault_spawn(pid_t *pid,
		const char *path,
		const posix_spawn_file_actions_t *fa,
		const posix_spawnattr_t *attr,
		char *const argv[],
		char *const envp[]) NAMED("posix_spawn");
int fault_spawn(pid_t *pid,
		const char *path,
		const posix_spawn_file_actions_t *fa,
		const posix_spawnattr_t *attr,
		char *const argv[],
		char *const envp[])
{
	spawn_fn *real = REAL(spawn_fn, "posix_spawn");

	return fails(SPAWN) ? number : real(pid, path, fa, attr, argv, envp);
}

typedef int exec_fn(const char *, char *const[], char *const[]);

/* How a helper starts: in our memory still, so that what is counted here is counted. */
int fault_exec(const char *path, char *const argv[], char *const envp[]) NAMED("execvpe");
int fault_exec(const char *path, char *const argv[], char *const envp[])
{
	exec_fn *real = REAL(exec_fn, "execvpe");

	if (fails(SPAWN))
		return -1;
	return real(strcmp(argv[0], "git") == 0 && fails(GIT) ? no_git : path, argv, envp);
}

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t each);
void *__libc_realloc(void *p, size_t n);

void *fault_malloc(size_t n) NAMED("malloc");
void *fault_malloc(size_t n)
{
	return fails_to_allocate() ? NULL : __libc_malloc(n);
}

void *fault_calloc(size_t n, size_t each) NAMED("calloc");
void *fault_calloc(size_t n, size_t each)
{
	return fails_to_allocate() ? NULL : __libc_calloc(n, each);
}

void *fault_realloc(void *p, size_t n) NAMED("realloc");
void *fault_realloc(void *p, size_t n)
{
	return fails_to_allocate() ? NULL : __libc_realloc(p, n);
}

struct sqlite3;
struct sqlite3_stmt;
typedef int step_fn(struct sqlite3_stmt *);
typedef const char *sql_fn(struct sqlite3_stmt *);
typedef int each_fn(void *, int, char **, char **);
typedef int sqlite_exec_fn(struct sqlite3 *, const char *, each_fn *, void *, char **);

static __thread int step_failed; /* the code; 0: none has */

int fault_step(struct sqlite3_stmt *s) NAMED("sqlite3_step");
int fault_step(struct sqlite3_stmt *s)
{
	if (!fails(STEP))
		return REAL(step_fn, "sqlite3_step")(s);
	const char *text = REAL(sql_fn, "sqlite3_sql")(s); /* of its own inner ones NULL */
	put(fired, text ? text : "", text ? (int)strlen(text) : 0);
	step_failed = number == EIO ? /* SQLITE_IOERR */ 10 : /* SQLITE_FULL */ 13;
	return step_failed;
}

/* It steps, and then believes the statement, which knows of no error. */
int fault_sqlite_exec(struct sqlite3 *db, const char *sql, each_fn *each, void *ctx, char **why)
	NAMED("sqlite3_exec");
int fault_sqlite_exec(struct sqlite3 *db, const char *sql, each_fn *each, void *ctx, char **why)
{
	step_failed = 0;
	int rc = REAL(sqlite_exec_fn, "sqlite3_exec")(db, sql, each, ctx, why);

	return rc ? rc : step_failed;
}
