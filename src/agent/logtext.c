#include "agent/logtext.h"

#include "base/clean.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define ESC '\x1b'
#define BEL '\x07'

#define PIECE_BYTES (64 << 10)

/* Bytes of the escape sequence at p[0] == ESC (ECMA-48): CSI, OSC and the like, or two bytes. */
static size_t escape_length(const char *p, size_t n)
{
	size_t i = 2;

	if (n < 2)
		return n;
	if (p[1] == '[') {
		while (i < n && (unsigned char)p[i] < 0x40)
			i++;
		return i < n ? i + 1 : n;
	}
	if (p[1] != ']' && p[1] != 'P' && p[1] != '_' && p[1] != '^')
		return 2;
	for (; i < n; i++) {
		if (p[i] == BEL || p[i] == '\n')
			return i + (p[i] == BEL);
		if (p[i] == ESC)
			return i + 1 < n && p[i + 1] == '\\' ? i + 2 : i;
	}
	return n;
}

void log_clean(struct buf *out, struct str raw)
{
	for (size_t i = 0; i < raw.n;) {
		char c = raw.p[i];

		if (c == ESC) {
			i += escape_length(raw.p + i, raw.n - i);
			continue;
		}
		if (c == '\r')
			buf_putc(out, '\n');
		else if (c != '\0')
			buf_putc(out, c);
		i++;
	}
}

struct str log_last_line(struct str text)
{
	text = str_trim(text);
	for (size_t i = text.n; i > 0; i--)
		if (text.p[i - 1] == '\n')
			return str_trim((struct str){text.p + i, text.n - i});
	return text;
}

void log_quote(struct buf *out, struct str text, size_t max)
{
	size_t n = text.n;

	if (n > max) {
		n = max;
		while (n > 0 && ((unsigned char)text.p[n] & 0xc0) == 0x80)
			n--;
	}
	buf_line(out, (struct str){text.p, n});
	if (n < text.n)
		buf_puts(out, "...");
}

static int
read_range(int fd, const char *path, off_t from, size_t n, struct buf *out, struct err *e)
{
	char chunk[4096];

	while (n > 0) {
		ssize_t got = pread(fd, chunk, n < sizeof(chunk) ? n : sizeof(chunk), from);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_sys(e, "could not read '%s'", path);
		if (got == 0)
			break;
		buf_add(out, chunk, (size_t)got);
		from += got;
		n -= (size_t)got;
	}
	return 0;
}

/* A file alone: what a link shows us may be anybody's. */
static int log_open(const char *path, int *ret_fd, off_t *ret_size, struct err *e)
{
	int fd CLEANUP(closep) = -1;
	struct err why = ERR_INIT;
	struct stat st;
	int rc = file_open(path, O_NOFOLLOW, &fd, &why);

	if (rc == ERR_NOT_FOUND || rc == ERR_INVALID || why.sys == ELOOP)
		return err_set(e, ERR_NOT_FOUND, "could not read '%s': no such file", path);
	if (rc && e)
		*e = why;
	if (rc)
		return rc;
	if (fstat(fd, &st) < 0)
		return err_sys(e, "could not look at '%s'", path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_NOT_FOUND, "could not read '%s': not a file", path);
	*ret_fd = fd;
	*ret_size = st.st_size;
	fd = -1;
	return 0;
}

int log_read_tail(const char *path, size_t max, struct buf *out, struct err *e)
{
	int fd CLEANUP(closep) = -1;
	off_t size = 0;
	int rc = log_open(path, &fd, &size, e);

	if (rc)
		return rc;
	return read_range(fd, path, size > (off_t)max ? size - (off_t)max : 0, max, out, e);
}

int log_read(const char *path, void (*take)(void *ctx, struct str piece), void *ctx, struct err *e)
{
	int fd CLEANUP(closep) = -1;
	off_t size = 0, at;
	int rc = log_open(path, &fd, &size, e);

	if (rc)
		return rc;
	/* A log over its cap begins with a hole. */
	at = lseek(fd, 0, SEEK_DATA);
	for (at = at < 0 ? 0 : at; at < size;) {
		char piece[PIECE_BYTES];
		ssize_t n = pread(fd, piece, sizeof(piece), at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(e, "could not read '%s'", path);
		if (n == 0)
			break;
		take(ctx, (struct str){piece, (size_t)n});
		at += n;
	}
	return 0;
}
