#include "run/socket.h"

#include "base/clean.h"
#include "base/file.h"
#include "base/mem.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* A socket's path is short (108 bytes); ours need not be: /proc gives its folder a short name. */
static int socket_address(const char *path, struct sockaddr_un *ret, int *ret_dir, struct err *e)
{
	const char *slash = strrchr(path, '/');
	char *dir CLEANUP(freep) = mem_strndup(path, (size_t)(slash - path));
	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	*ret_dir = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (*ret_dir < 0)
		return err_sys(e, "could not open '%s'", dir);
	struct buf b CLEANUP(buf_done) = BUF_INIT;
	buf_printf(&b, "/proc/self/fd/%d/%s", *ret_dir, slash + 1);
	CHECK(b.n < sizeof(ret->sun_path));
	memcpy(ret->sun_path, buf_cstr(&b), b.n + 1);
	return 0;
}

static int made(int type, int *ret, struct err *e)
{
	*ret = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	return *ret < 0 ? err_sys(e, "could not make a socket") : 0;
}

int socket_connect(const char *path, int *ret, struct err *e)
{
	struct sockaddr_un to;
	int dir CLEANUP(closep) = -1, fd CLEANUP(closep) = -1;
	if (!file_exists(path))
		return 1;
	if (socket_address(path, &to, &dir, e) || made(SOCK_STREAM, &fd, e))
		return e->code;
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0)
		return 1;
	*ret = fd;
	fd = -1;
	return 0;
}

int socket_bind(const char *path, int *ret, struct err *e)
{
	struct sockaddr_un at;
	int dir CLEANUP(closep) = -1, fd CLEANUP(closep) = -1;
	if (socket_address(path, &at, &dir, e) || made(SOCK_STREAM | SOCK_NONBLOCK, &fd, e))
		return e->code;
	(void)unlink(path); /* of a supervisor that died: we hold the lock */
	mode_t before = umask(0077);
	int rc = bind(fd, (struct sockaddr *)&at, sizeof(at));
	(void)umask(before);
	if (rc != 0)
		return err_sys(e, "could not make '%s'", path);
	*ret = fd;
	fd = -1;
	return 0;
}
