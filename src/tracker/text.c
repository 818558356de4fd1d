#include "tracker/text.h"

#include "base/clean.h"
#include "base/mem.h"
#include "base/utf8.h"

#include <string.h>

char *text_clean(struct str s)
{
	struct buf b = BUF_INIT;

	if (str_utf8(s))
		return mem_strndup(s.p, s.n);
	while (s.n) {
		size_t n = utf8_length(s.p, s.n);

		if (n)
			buf_add(&b, s.p, n);
		else
			buf_puts(&b, "\xef\xbf\xbd");
		s.p += n ? n : 1;
		s.n -= n ? n : 1;
	}
	return buf_take(&b);
}

char *text_line(struct str s)
{
	char *clean CLEANUP(freep) = text_clean(s);

	for (char *p = clean; *p; p++) {
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = ' ';
	}
	struct str trimmed = str_trim(str_of(clean));
	return mem_strndup(trimmed.p, trimmed.n);
}

static bool has_line(const struct buf *b, struct str line)
{
	struct str rest = buf_str(b), one;

	while (str_next(&rest, '\n', &one)) {
		if (str_eq(one, line))
			return true;
	}
	return false;
}

char *text_labels(struct str s)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;
	struct str line, label;

	while (str_next(&s, '\n', &line)) {
		while (str_next(&line, ',', &label)) {
			char *clean CLEANUP(freep) = text_line(label);

			if (!*clean || has_line(&b, str_of(clean)))
				continue;
			if (b.n)
				buf_putc(&b, '\n');
			buf_puts(&b, clean);
		}
	}
	return mem_strdup(buf_cstr(&b));
}
