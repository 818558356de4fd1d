/*
 * The board with any texts, in any size. The input: rows, columns, style and counts, a byte each,
 * then the texts, each ended by a NUL.
 */
#include "ui/board/board.h"

#include "base/utf8.h"
#include "fuzz.h"
#include "ui/board/text.h"

#include <locale.h>
#include <wchar.h>

#define ROWS_MAX 3

/* The columns a terminal gives a line without colours, asked of the C library character by character. */
static int cols_of(struct str s)
{
	mbstate_t state = {0};
	int cols = 0;

	while (s.n) {
		wchar_t c;
		size_t n = mbrtowc(&c, s.p, s.n, &state);

		CHECK(n > 0 && n <= s.n);
		CHECK(wcwidth(c) >= 0);
		cols += wcwidth(c);
		s = (struct str){s.p + n, s.n - n};
	}
	return cols;
}

/* Colours off; nothing else may begin with an escape. */
static void strip(struct buf *b, struct str s, bool colour)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] != '\x1b') {
			buf_putc(b, s.p[i]);
			continue;
		}
		CHECK(colour && i + 1 < s.n && s.p[i + 1] == '[');
		for (i += 2; i < s.n && s.p[i] != 'm'; i++)
			CHECK((s.p[i] >= '0' && s.p[i] <= '9') || s.p[i] == ';');
		CHECK(i < s.n);
	}
}

static void check_page(struct str page, struct board_size size, const struct board_style *style)
{
	struct str line;
	int rows = 0;

	CHECK(!page.n || page.p[page.n - 1] == '\n');
	while (str_next(&page, '\n', &line)) {
		struct buf b CLEANUP(buf_done) = BUF_INIT;

		rows++;
		strip(&b, line, style->colour);
		fuzz_check_line(buf_str(&b));
		for (size_t i = 0; !style->utf8 && i < b.n; i++)
			CHECK((unsigned char)b.p[i] < 0x80);
		CHECK(cols_of(buf_str(&b)) <= size.cols);
	}
	CHECK(rows <= size.rows);
}

static void check_plain(struct str s)
{
	struct buf b CLEANUP(buf_done) = BUF_INIT;

	text_plain(&b, s);
	CHECK(!memchr(buf_cstr(&b), '\x1b', b.n) && !memchr(buf_cstr(&b), '\r', b.n));
}

static enum board_tone tone(unsigned c)
{
	return (enum board_tone)(c % (BOARD_BAD + 1));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct str rest = fuzz_text(data, n);
	struct board_size size = {.rows = (int)fuzz_byte(&rest) % 40,
				  .cols = (int)fuzz_byte(&rest)};
	unsigned bits = fuzz_byte(&rest), count = fuzz_byte(&rest), kind = fuzz_byte(&rest);
	struct board_style style = {.colour = bits & 1, .utf8 = bits & 2};
	char *texts[6 + 8 * ROWS_MAX];
	struct board_task tasks[ROWS_MAX];
	struct board_entry queue[ROWS_MAX];
	const char *messages[ROWS_MAX];
	struct buf page CLEANUP(buf_done) = BUF_INIT;
	char **t = texts;

	(void)setlocale(LC_CTYPE, "C.UTF-8"); /* to measure by; the board has its own */
	check_plain(rest);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		texts[i] = fuzz_cstr(&rest, '\0');
	struct board_view v = {
		.epic = t[0], .title = bits & 4 ? t[1] : NULL, .paused = bits & 8 ? t[2] : NULL};
	t += 3;
	v.untested = bits & 16;
	v.elapsed_ms = (int64_t)count * 1000 * (bits & 32 ? 100000 : 1);
	v.totals = (struct board_totals){.total = (int)count,
					 .merged = (int)count / 3,
					 .closed = (int)kind % 5,
					 .working = ROWS_MAX,
					 .queued = ROWS_MAX,
					 .failed = (int)kind / 7,
					 .blocked = (int)bits};
	for (int i = 0; i < ROWS_MAX; i++) {
		tasks[i] = (struct board_task){.id = t[0],
					       .title = t[1],
					       .state = t[2],
					       .tone = tone(kind),
					       .attempt = i,
					       .agent = bits & 64 ? t[3] : NULL,
					       .since_ms = (int64_t)kind * 1000 - 1000,
					       .last_line = bits & 128 ? t[4] : NULL};
		queue[i] = (struct board_entry){.id = t[5],
						.title = t[6],
						.pr = (int64_t)kind,
						.state = t[2],
						.tone = tone(count)};
		messages[i] = t[7];
		t += 8;
	}
	v.tasks = tasks;
	v.n_tasks = (int)(count % (ROWS_MAX + 1));
	v.queue = queue;
	v.n_queue = (int)(kind % (ROWS_MAX + 1));
	v.messages = messages;
	v.n_messages = (int)(bits % (ROWS_MAX + 1));
	board_render(&v, size, &style, &page);
	check_page(buf_str(&page), size, &style);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		free(texts[i]);
	return 0;
}
