#include "config/node.h"

#include "base/clean.h"

#include <libfyaml.h>
#include <string.h>

/* One reading of a text. */
struct reader {
	const char *path;
	struct str text;
	struct fy_diag *diag;
	struct fy_parser *parser;
	struct fy_document *document, *second;
	unsigned n_nodes; /* taken; aliases could make many of few */
};

static void reader_done(struct reader *r)
{
	if (r->document)
		fy_parse_document_destroy(r->parser, r->document);
	if (r->second)
		fy_parse_document_destroy(r->parser, r->second);
	if (r->parser)
		fy_parser_destroy(r->parser);
	if (r->diag)
		fy_diag_destroy(r->diag);
}

/* What the library found wrong; its first complaint is the cause. */
static int reader_error(struct reader *r, struct err *e)
{
	void *iterator = NULL;
	struct fy_diag_error *d = fy_diag_errors_iterate(r->diag, &iterator);

	if (!d)
		return err_set(e, ERR_INVALID, "cannot read '%s': it is not YAML", r->path);
	return err_set(e, ERR_INVALID, "cannot read '%s' line %d: %s", r->path,
		       d->line > 0 ? d->line : 1, d->msg);
}

/* The line a node begins at. Only scalars carry a mark; a list or map begins at its first one. */
static int line_of(struct fy_node *n)
{
	struct fy_token *token = fy_node_get_scalar_token(n);
	const struct fy_mark *mark = token ? fy_token_start_mark(token) : NULL;

	return mark ? mark->line + 1 : 0;
}

static int
node_take(struct reader *r, struct fy_node *from, int depth, struct node *to, struct err *e);

static bool is_null(struct fy_node *from, const char *text, size_t n)
{
	struct str s = {text, n};

	if (fy_node_get_style(from) != FYNS_PLAIN)
		return false;
	return !n || str_eq(s, STR("~")) || str_eq(s, STR("null")) || str_eq(s, STR("Null")) ||
	       str_eq(s, STR("NULL"));
}

static size_t spaces(struct str line)
{
	size_t n = 0;

	while (n < line.n && line.p[n] == ' ')
		n++;
	return n;
}

/* The column that the value in a line belongs to: of its key, or of its dash. */
static size_t parent_column(struct str line)
{
	size_t at = spaces(line), next;

	for (; at + 1 < line.n && strchr("-?:", line.p[at]) && line.p[at + 1] == ' '; at = next) {
		next = at + 1 + spaces((struct str){line.p + at + 1, line.n - at - 1});
		if (next == line.n || strchr("|>&!", line.p[next]))
			break;
	}
	return at;
}

/*
 * Of a text block ("|" and ">") that is not indented below its key, or has no line at all, the
 * library (0.7.12) gives what is in fresh memory, or lets the end out.
 */
static bool block_stands(const struct reader *r, struct fy_node *from)
{
	const struct fy_mark *mark = fy_token_start_mark(fy_node_get_scalar_token(from));
	struct str rest = r->text, line;
	size_t parent = 0;

	for (int i = 0; mark && str_next(&rest, '\n', &line); i++) {
		if (i == mark->line - 1)
			parent = parent_column(line);
		if (i >= mark->line && str_trim(line).n)
			return spaces(line) > parent;
	}
	return false;
}

static int take_text(struct reader *r, struct fy_node *from, struct node *to, struct err *e)
{
	size_t n = 0;
	const char *text = fy_node_get_scalar(from, &n);
	enum fy_node_style style = fy_node_get_style(from);

	if (n && (style == FYNS_LITERAL || style == FYNS_FOLDED) && !block_stands(r, from))
		return err_set(e, ERR_INVALID,
			       "cannot read '%s' line %d: a text block must be indented below its "
			       "key",
			       r->path, to->line);
	if (!text || is_null(from, text, n)) {
		to->kind = NODE_NULL;
		return 0;
	}
	if (memchr(text, '\0', n))
		return err_set(e, ERR_INVALID, "cannot read '%s' line %d: it has a zero byte",
			       r->path, to->line);
	to->kind = NODE_TEXT;
	to->plain = fy_node_get_style(from) == FYNS_PLAIN;
	to->text = mem_strndup(text, n);
	return 0;
}

static int
take_list(struct reader *r, struct fy_node *from, int depth, struct node *to, struct err *e)
{
	struct fy_node *item;
	void *iterator = NULL;
	int rc = 0;

	to->kind = NODE_LIST;
	while (rc == 0 && (item = fy_node_sequence_iterate(from, &iterator))) {
		struct node *next = VEC_ADD(&to->items);

		next->line = to->line;
		rc = node_take(r, item, depth, next, e);
	}
	return rc;
}

/* The key of the last item of a map, which no item before it may have. */
static int take_key(struct reader *r, struct fy_node *key, struct node *map, struct err *e)
{
	struct node *item = &map->items.items[map->items.n - 1];
	const char *name = key ? fy_node_get_scalar0(key) : NULL;

	if (key && line_of(key))
		item->line = line_of(key);
	if (!name)
		return err_set(e, ERR_INVALID, "cannot read '%s' line %d: a key is not a text",
			       r->path, item->line);
	item->key = mem_strdup(name);
	for (size_t i = 0; i + 1 < map->items.n; i++) {
		if (streq(map->items.items[i].key, name))
			return err_set(e, ERR_INVALID,
				       "cannot read '%s' line %d: key '%s' is there twice", r->path,
				       item->line, name);
	}
	return 0;
}

static int
take_map(struct reader *r, struct fy_node *from, int depth, struct node *to, struct err *e)
{
	struct fy_node_pair *pair;
	void *iterator = NULL;
	int rc = 0;

	to->kind = NODE_MAP;
	while (rc == 0 && (pair = fy_node_mapping_iterate(from, &iterator))) {
		struct node *item = VEC_ADD(&to->items);

		item->line = to->line;
		rc = take_key(r, fy_node_pair_key(pair), to, e);
		if (rc == 0)
			rc = node_take(r, fy_node_pair_value(pair), depth, item, e);
	}
	return rc;
}

static int
node_take(struct reader *r, struct fy_node *from, int depth, struct node *to, struct err *e)
{
	int line = from ? line_of(from) : 0;

	if (line && !to->key)
		to->line = line;
	/* One that names itself ends at the depth limit. */
	if (from && fy_node_is_alias(from)) {
		from = fy_node_resolve_alias(from);
		if (!from)
			return err_set(e, ERR_INVALID, "cannot read '%s' line %d: it names nothing",
				       r->path, to->line);
	}
	if (r->n_nodes++ > NODE_COUNT_MAX)
		return err_set(e, ERR_INVALID, "cannot read '%s': it has more than %u values",
			       r->path, NODE_COUNT_MAX);
	if (depth == 0)
		return err_set(e, ERR_INVALID, "cannot read '%s' line %d: it is nested too deep",
			       r->path, to->line);
	if (!from || fy_node_is_null(from)) {
		to->kind = NODE_NULL;
		return 0;
	}
	if (fy_node_is_sequence(from))
		return take_list(r, from, depth - 1, to, e);
	if (fy_node_is_mapping(from))
		return take_map(r, from, depth - 1, to, e);
	return take_text(r, from, to, e);
}

static int reader_open(struct reader *r, struct str text, struct err *e)
{
	struct fy_parse_cfg cfg = {
		.flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG | FYPCF_ALLOW_DUPLICATE_KEYS |
			 FYPCF_DISABLE_MMAP_OPT,
	};

	r->diag = mem_must_have(fy_diag_create(NULL));
	fy_diag_set_collect_errors(r->diag, true);
	cfg.diag = r->diag;
	r->parser = mem_must_have(fy_parser_create(&cfg));
	if (fy_parser_set_string(r->parser, text.p, text.n) != 0)
		return reader_error(r, e);
	r->document = fy_parse_load_document(r->parser);
	if (!r->document && fy_parser_get_stream_error(r->parser))
		return reader_error(r, e);
	r->second = r->document ? fy_parse_load_document(r->parser) : NULL;
	if (r->second)
		return err_set(e, ERR_INVALID, "cannot read '%s': it has more than one document",
			       r->path);
	if (fy_parser_get_stream_error(r->parser))
		return reader_error(r, e);
	return 0;
}

/*
 * A key on its own, as "? key": nothing here needs one, and the library (0.7.12) dies of some that are
 * not complete. So no line begins with it, not even one of a text of several lines.
 */
static int check_keys(const struct reader *r, struct err *e)
{
	struct str rest = r->text, line;

	for (int n = 1; str_next(&rest, '\n', &line); n++) {
		struct str s = str_trim(line);
		if (s.n && s.p[0] == '?' && (s.n == 1 || s.p[1] == ' ' || s.p[1] == '\t'))
			return err_set(
				e, ERR_INVALID,
				"cannot read '%s' line %d: it begins with '?': write 'key: value'",
				r->path, n);
	}
	return 0;
}

int node_parse(const char *path, struct str text, struct node *ret, struct err *e)
{
	struct reader r CLEANUP(reader_done) = {.path = path, .text = text};
	struct node root = {.line = 1};
	int rc;

	if (!str_utf8(text))
		return err_set(e, ERR_INVALID, "cannot read '%s': it is not UTF-8", path);
	if (!str_trim(text).n)
		text = STR("~");
	rc = check_keys(&r, e);
	rc = rc ? rc : reader_open(&r, text, e);
	if (rc == 0)
		rc = node_take(&r, r.document ? fy_document_root(r.document) : NULL, NODE_DEPTH_MAX,
			       &root, e);
	if (rc < 0) {
		node_done(&root);
		return rc;
	}
	*ret = root;
	return 0;
}

void node_done(struct node *n)
{
	if (!n)
		return;
	for (size_t i = 0; i < n->items.n; i++)
		node_done(&n->items.items[i]);
	VEC_DONE(&n->items);
	free(n->text);
	free(n->key);
	*n = (struct node){0};
}
