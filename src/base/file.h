#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/err.h"
#include "base/str.h"
#include <sys/types.h>

/*
 * For reading. What others may have put there is no reason to wait: INVALID for a pipe and all else that
 * is neither a file nor a folder, NOT_FOUND where there is nothing. flags: 0, or O_NOFOLLOW.
 */
int file_open(const char *path, int flags, int *ret_fd, struct err *e) MUST_CHECK;
/* Append a whole file to b; as file_open(); ERR_LIMIT over max bytes, ERR_NOT_FOUND where it is absent. */
int file_read(const char *path, size_t max, struct buf *b, struct err *e) MUST_CHECK;
/* The same of what a person names: a pipe is waited for. */
int file_read_given(const char *path, size_t max, struct buf *b, struct err *e) MUST_CHECK;
/* The last n bytes at most. */
int file_tail(const char *path, size_t n, struct buf *b, struct err *e) MUST_CHECK;
/* Replace by rename, mode 0600; synced (file and folder) only if durable. */
int file_write(const char *path, struct str text, bool durable, struct err *e) MUST_CHECK;
/* All missing folders of path, mode 0700; one that exists is fine. */
int dir_make(const char *path, struct err *e) MUST_CHECK;
/* Remove a tree without following links; what is absent is fine. */
int dir_remove(const char *path, struct err *e) MUST_CHECK;
bool file_exists(const char *path);
/* An empty file, mode 0600, where there is none. */
int file_touch(const char *path, struct err *e) MUST_CHECK;
/* Give a file a second name, in place of what has that name now. */
int file_link(const char *path, const char *name, struct err *e) MUST_CHECK;
/* Call each for the names in a folder, without "." and "..", in no order. It must not change it. */
int dir_each(const char *path,
	     void (*each)(void *ctx, const char *name),
	     void *ctx,
	     struct err *e) MUST_CHECK;
/* Bytes that may still be written where path is. */
int disk_free(const char *path, uint64_t *ret_bytes, struct err *e) MUST_CHECK;
/* dir + "/" + name; the caller owns the result. */
char *path_join(const char *dir, const char *name);

#endif
