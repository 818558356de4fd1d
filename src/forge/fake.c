#include "forge/fake.h"

#include "base/mem.h"
#include "base/str.h"

#include <inttypes.h>
#include <string.h>

struct fake {
	struct forge forge;     /* first, for fake_of() */
	VEC(struct pull) pulls; /* number n is at n - 1 */
	int fail_in;            /* calls; 0: none fails */
	enum err_code fail_code;
	bool fail_after;
};

static const struct forge_ops fake_ops;

static struct fake *fake_of(const struct forge *f)
{
	CHECK(f->ops == &fake_ops);
	return (struct fake *)(uintptr_t)f;
}

/* Is it this call's turn to fail? */
static bool fails(struct fake *f)
{
	return f->fail_in && --f->fail_in == 0;
}

static int failure(const struct fake *f, struct err *e)
{
	return err_set(e, f->fail_code, "could not reach the forge: told so by a test");
}

static void set(char **at, const char *text)
{
	free(*at);
	*at = mem_strdup(text ? text : "");
}

static struct pull *find_open(struct fake *f, const struct pull_spec *s)
{
	for (size_t i = 0; i < f->pulls.n; i++) {
		struct pull *p = &f->pulls.items[i];

		if (p->state == PULL_OPEN && streq(p->head, s->head) && streq(p->base, s->base))
			return p;
	}
	return NULL;
}

static int fake_ensure(struct forge *forge, const struct pull_spec *s, int64_t *ret, struct err *e)
{
	struct fake *f = fake_of(forge);
	bool failing = fails(f);

	if (failing && !f->fail_after)
		return failure(f, e);
	if (!s->head || !*s->head || !s->base || !*s->base || !s->title || !*s->title)
		return err_set(e, ERR_INVALID, "a pull request needs a head, a base and a title");
	struct pull *p = find_open(f, s);
	if (!p) {
		p = VEC_ADD(&f->pulls);
		p->number = (int64_t)f->pulls.n;
		p->state = PULL_OPEN;
		set(&p->head, s->head);
		set(&p->base, s->base);
		set(&p->merged_sha, "");
	}
	set(&p->head_sha, s->head_sha);
	set(&p->title, s->title);
	set(&p->body, s->body);
	set(&p->task, s->task);
	if (failing)
		return failure(f, e);
	*ret = p->number;
	return 0;
}

static struct pull *find(struct fake *f, int64_t number)
{
	return number >= 1 && number <= (int64_t)f->pulls.n ? &f->pulls.items[number - 1] : NULL;
}

static int not_found(int64_t number, struct err *e)
{
	return err_set(e, ERR_NOT_FOUND, "there is no pull request %" PRId64, number);
}

static int fake_finish(struct forge *forge, int64_t number, const char *sha, struct err *e)
{
	struct fake *f = fake_of(forge);
	enum pull_state wanted = sha ? PULL_MERGED : PULL_CLOSED;
	bool failing = fails(f);
	struct pull *p = find(f, number);

	if (failing && !f->fail_after)
		return failure(f, e);
	if (!p)
		return not_found(number, e);
	if (p->state != PULL_OPEN && (p->state != wanted || !streq(p->merged_sha, sha ? sha : "")))
		return err_set(e, ERR_CONFLICT, "pull request %" PRId64 " ended otherwise already",
			       number);
	p->state = wanted;
	set(&p->merged_sha, sha);
	return failing ? failure(f, e) : 0;
}

static int fake_get(struct forge *forge, int64_t number, struct pull *ret, struct err *e)
{
	struct fake *f = fake_of(forge);
	bool failing = fails(f);
	const struct pull *p = find(f, number);

	if (failing)
		return failure(f, e);
	if (!p)
		return not_found(number, e);
	*ret = (struct pull){
		.number = p->number,
		.head = mem_strdup(p->head),
		.base = mem_strdup(p->base),
		.head_sha = mem_strdup(p->head_sha),
		.title = mem_strdup(p->title),
		.body = mem_strdup(p->body),
		.task = mem_strdup(p->task),
		.merged_sha = mem_strdup(p->merged_sha),
		.state = p->state,
	};
	return 0;
}

static void fake_free(struct forge *forge)
{
	if (!forge)
		return;
	struct fake *f = fake_of(forge);
	for (size_t i = 0; i < f->pulls.n; i++)
		pull_done(&f->pulls.items[i]);
	VEC_DONE(&f->pulls);
	free(f);
}

static const struct forge_ops fake_ops = {
	.name = "fake",
	.ensure = fake_ensure,
	.finish = fake_finish,
	.get = fake_get,
	.free = fake_free,
};

int forge_fake_new(struct forge **ret, struct err *e)
{
	struct fake *f = mem_alloc(sizeof(*f));

	(void)e; /* it cannot fail */
	f->forge.ops = &fake_ops;
	*ret = &f->forge;
	return 0;
}

void forge_fake_fail(struct forge *forge, int n, enum err_code code, bool after)
{
	struct fake *f = fake_of(forge);

	f->fail_in = n;
	f->fail_code = code;
	f->fail_after = after;
}

const struct pull *forge_fake_pulls(const struct forge *forge, size_t *ret_n)
{
	const struct fake *f = fake_of(forge);

	*ret_n = f->pulls.n;
	return f->pulls.items;
}
