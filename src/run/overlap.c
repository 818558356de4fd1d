#include "run/overlap.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

void overlaps_done(struct overlaps *o)
{
	for (size_t i = 0; i < o->tasks.n; i++) {
		struct touching *t = &o->tasks.items[i];
		for (size_t k = 0; k < t->globs.n; k++)
			free(t->globs.items[k]);
		VEC_DONE(&t->globs);
		free(t->id);
	}
	VEC_DONE(&o->tasks);
	map_done(&o->numbers);
	map_done(&o->pairs);
}

size_t overlaps_number(struct overlaps *o, const char *id)
{
	size_t n = o->tasks.n;
	if (map_find(&o->numbers, id, &n))
		return n;
	VEC_PUSH(&o->tasks, ((struct touching){.id = mem_strdup(id)}));
	map_set(&o->numbers, id, n);
	return n;
}

/* "./src/" is "src": it and what is below it. */
void overlaps_add(struct overlaps *o, size_t task, struct str glob)
{
	glob = str_trim(glob);
	while (glob.n && strchr("`'\"", glob.p[0]))
		glob = (struct str){glob.p + 1, glob.n - 1};
	while (glob.n && strchr("`'\"/", glob.p[glob.n - 1]))
		glob.n--;
	while (glob.n > 1 && glob.p[0] == '.' && glob.p[1] == '/')
		glob = (struct str){glob.p + 2, glob.n - 2};
	if (!glob.n || glob.n > GLOB_MAX)
		return;
	while (o->tasks.n <= task)
		VEC_PUSH(&o->tasks, (struct touching){0});
	struct touching *t = &o->tasks.items[task];
	for (size_t i = 0; i < t->globs.n; i++)
		if (str_eq(str_of(t->globs.items[i]), glob))
			return;
	if (t->globs.n == TOUCHED_MAX)
		return;
	VEC_PUSH(&t->globs, mem_strndup(glob.p, glob.n));
	o->changed = true;
}

/* "files:", also in a list or in bold; false: no such line. */
static bool is_declaration(struct str *line)
{
	while (line->n && (isspace((unsigned char)line->p[0]) || strchr("-*_", line->p[0])))
		*line = (struct str){line->p + 1, line->n - 1};
	if (line->n < 6 || strncasecmp(line->p, "files:", 6) != 0)
		return false;
	*line = (struct str){line->p + 6, line->n - 6};
	while (line->n && strchr("*_", line->p[0]) && (line->n < 2 || line->p[1] == line->p[0] ||
							isspace((unsigned char)line->p[1])))
		*line = (struct str){line->p + 1, line->n - 1};
	return true;
}

void overlaps_declare(struct overlaps *o, size_t task, const char *body)
{
	struct str rest = str_of(body), line;
	while (str_next(&rest, '\n', &line)) {
		if (!is_declaration(&line))
			continue;
		for (size_t i = 0; i <= line.n;) {
			size_t n = 0;
			while (i + n < line.n && line.p[i + n] != ',' &&
			       !isspace((unsigned char)line.p[i + n]))
				n++;
			overlaps_add(o, task, (struct str){line.p + i, n});
			i += n + 1;
		}
	}
}

#define STEPS_MAX 100000 /* of one comparison: what takes longer is taken to meet */

struct pair {
	const char *end_a; /* to tell which one has come to its end */
	bool folder_a, folder_b;
	int steps;
};

static bool meet(struct pair *p, const char *a, const char *b);

/* a begins with stars: they stand for nothing, or for what b has there. */
static bool meet_star(struct pair *p, const char *a, const char *b)
{
	bool deep = a[1] == '*';
	const char *rest = a + strspn(a, "*");
	if (deep && *rest == '/' && meet(p, rest + 1, b))
		return true;
	if (meet(p, rest, b))
		return true;
	if (!*b || (*b == '/' && !deep))
		return false;
	if (*b == '*') /* both may be anything: b's is used up */
		return meet(p, a, b + strspn(b, "*"));
	return meet(p, a, b + 1);
}

/* Where a folder's name ends, the other may go on below it. */
static bool meet_end(const struct pair *p, const char *a, const char *b)
{
	const char *ended = *a ? b : a, *more = *a ? a : b;
	more += strspn(more, "*"); /* for nothing */
	return !*more || (*more == '/' && (ended == p->end_a ? p->folder_a : p->folder_b));
}

static bool meet(struct pair *p, const char *a, const char *b)
{
	if (++p->steps > STEPS_MAX)
		return true;
	if (!*a || !*b)
		return meet_end(p, a, b);
	if (*a == '*')
		return meet_star(p, a, b);
	if (*b == '*')
		return meet_star(p, b, a);
	bool any = (*a == '?' && *b != '/') || (*b == '?' && *a != '/');
	return (any || *a == *b) && meet(p, a + 1, b + 1);
}

/* A name with a dot in it is a file's. */
static bool may_be_folder(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	return !name[0] || !strchr(name + 1, '.');
}

bool globs_meet(const char *x, const char *y)
{
	bool turned = strcmp(x, y) > 0; /* the answer is the same either way */
	const char *a = turned ? y : x, *b = turned ? x : y;
	struct pair p = {.end_a = a + strlen(a),
			 .folder_a = may_be_folder(a),
			 .folder_b = may_be_folder(b)};
	return meet(&p, a, b);
}

static const char *between(const struct overlaps *o, size_t a, size_t from, size_t b)
{
	if (a >= o->tasks.n || b >= o->tasks.n || a == b)
		return NULL;
	const struct touching *x = &o->tasks.items[a], *y = &o->tasks.items[b];
	for (size_t i = from; i < x->globs.n; i++)
		for (size_t k = 0; k < y->globs.n; k++)
			if (globs_meet(x->globs.items[i], y->globs.items[k]))
				return x->globs.items[i];
	return NULL;
}

const char *overlaps_between(const struct overlaps *o, size_t a, size_t b)
{
	return between(o, a, 0, b);
}

bool overlaps_new(struct overlaps *o, size_t a, size_t from, size_t b)
{
	char key[48];
	size_t found;
	if (o->n_pairs == OVERLAPS_MAX || !between(o, a, from, b))
		return false;
	(void)snprintf(key, sizeof(key), "%zu %zu", a < b ? a : b, a < b ? b : a);
	if (map_find(&o->pairs, key, &found))
		return false;
	map_set(&o->pairs, key, 1);
	o->n_pairs++;
	return true;
}
