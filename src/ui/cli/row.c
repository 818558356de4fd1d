#include "base/clean.h"
#include "ui/board/text.h"
#include "ui/boardview.h"
#include "ui/cli/cli.h"

#include <unistd.h>

#define TITLE_COLS_MIN 16 /* less than this does not tell what it is */
#define INDENT_COLS    4

/* A row as it goes to a terminal. */
struct row {
	struct buf out;
	int cols;
	bool utf8;
	int begins; /* columns of what stands in front of the title */
	struct str title, said;
};

static int cols_of(const struct row *r, struct str s)
{
	return text_cols(s, r->utf8);
}

/* What has no place beside the title, below it where the title begins; not if that is far right. */
static void fold(struct row *r)
{
	int indent = r->begins <= r->cols / 2 ? r->begins : INDENT_COLS;
	struct str rest = str_trim(r->said);

	if (indent >= r->cols)
		indent = 0;
	for (bool first = true; rest.n; first = false) {
		struct str piece = text_next(&rest, r->cols - indent, r->utf8);

		if (!first || r->title.n) /* without a title it begins on the first line */
			buf_printf(&r->out, "\n%*s", indent, "");
		(void)text_cut(&r->out, piece, r->cols - indent, r->utf8);
	}
}

static void lay_out(struct row *r, struct str begins)
{
	int title = cols_of(r, r->title), said = cols_of(r, r->said);
	int least = title < TITLE_COLS_MIN ? title : TITLE_COLS_MIN;
	bool beside;

	if (!str_trim(begins).n && cols_of(r, begins) > r->cols / 2)
		begins.n = INDENT_COLS;
	r->begins = text_cut(&r->out, begins, r->cols, r->utf8);
	beside = r->begins + least + said <= r->cols;
	(void)text_cut(&r->out, r->title, r->cols - r->begins - (beside ? said : 0), r->utf8);
	if (beside)
		(void)text_cut(&r->out, r->said, said, r->utf8);
	else
		fold(r);
}

void cli_print_row(struct cli *c, const char *begins, const char *title, const char *said)
{
	struct buf safe CLEANUP(buf_done) = BUF_INIT, of_it CLEANUP(buf_done) = BUF_INIT;
	struct row r = {.out = BUF_INIT, .utf8 = boardview_style(c->colour_out).utf8};
	struct board_size size;

	buf_line(&safe, str_of(title));
	buf_line(&of_it, str_of(said));
	if (board_terminal_size(STDOUT_FILENO, &size)) {
		struct text_locale l = text_wide();

		r.cols = size.cols;
		r.title = buf_str(&safe);
		r.said = buf_str(&of_it);
		lay_out(&r, str_of(begins));
		text_narrow(l);
	} else {
		buf_printf(&r.out, "%s%s%s", begins ? begins : "", buf_cstr(&safe),
			   buf_cstr(&of_it));
	}
	buf_putc(&r.out, '\n');
	cli_print_buf(c, &r.out);
	buf_done(&r.out);
}
