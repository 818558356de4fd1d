#include "agent/zone.h"

#include "base/child.h"
#include "base/clean.h"
#include "base/file.h"
#include "base/mem.h"

#include <ctype.h>
#include <string.h>
#include <time.h>

#define ZONE_DIR        "/usr/share/zoneinfo"
#define DATE_TIMEOUT_MS 5000

/* "Area/Place": letters, digits, '_', '-', '+' and single inner slashes. */
static bool is_zone_name(struct str name)
{
	bool slash = false;

	if (name.n == 0 || name.n >= ZONE_NAME_MAX || !isupper((unsigned char)name.p[0]))
		return false;
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];

		if (c == '/') {
			if (i + 1 == name.n || name.p[i + 1] == '/')
				return false;
			slash = true;
		} else if (!isalnum((unsigned char)c) && c != '_' && c != '-' && c != '+') {
			return false;
		}
	}
	return slash;
}

bool zone_named(struct zone *z, struct str name)
{
	char *path CLEANUP(freep) = NULL;

	if (!is_zone_name(name))
		return false;
	path = mem_printf(ZONE_DIR "/%.*s", (int)name.n, name.p);
	if (!file_exists(path))
		return false;
	*z = (struct zone){.kind = ZONE_NAMED};
	memcpy(z->name, name.p, name.n);
	return true;
}

static long local_offset(int64_t at)
{
	time_t t = at;
	struct tm tm;

	return localtime_r(&t, &tm) ? tm.tm_gmtoff : 0;
}

/* "+0530\n" */
static bool parse_offset(struct str text, long *ret)
{
	int64_t value;

	text = str_trim(text);
	if (text.n != 5 || (text.p[0] != '+' && text.p[0] != '-') ||
	    !str_i64((struct str){text.p + 1, 4}, &value))
		return false;
	*ret = (long)(value / 100 * 3600 + value % 100 * 60) * (text.p[0] == '-' ? -1 : 1);
	return true;
}

static bool named_offset(const char *name, int64_t at, long *ret)
{
	char *when CLEANUP(freep) = mem_printf("@%lld", (long long)at);
	char *zone CLEANUP(freep) = mem_printf("TZ=%s", name);
	const char *const argv[] = {"date", "-d", when, "+%z", NULL};
	const char *const set[] = {zone, "LC_ALL=C", NULL};
	struct child_spec spec = {.argv = argv, .set = set, .timeout_ms = DATE_TIMEOUT_MS};
	struct child_result r;
	bool ok = child_ok(&spec, &r, NULL) == 0 && parse_offset(buf_str(&r.out), ret);

	child_result_done(&r);
	return ok;
}

long zone_offset(const struct zone *z, int64_t at)
{
	long offset;

	switch (z->kind) {
	case ZONE_FIXED:
		return z->offset;
	case ZONE_NAMED:
		if (named_offset(z->name, at, &offset))
			return offset;
		break;
	case ZONE_LOCAL:
		break;
	}
	return local_offset(at);
}
