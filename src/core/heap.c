#include "base/check.h"
#include "core/core-impl.h"

/* Heaps of task indices; each task knows its place in them, so that it can be taken out. */

/* The ready ones have a heap for each kind: one that rests keeps nobody else waiting. */
static struct heap *heap_of(struct core *c, enum heap_order o, int task)
{
	if (o == HEAP_READY)
		return &c->kinds.items[c->tasks.items[task].heap_kind].ready;
	return o == HEAP_QUEUE ? &c->queue : &c->due;
}

/* One that waits for another try may be in the queue as well. */
static int *pos_of(struct core *c, enum heap_order o, int task)
{
	struct task *t = &c->tasks.items[task];
	return o == HEAP_DUE ? &t->due_pos : &t->heap_pos;
}

/* So many that came later and were begun before it make an entry more urgent by one. */
#define PASSED_MAX 4

static int64_t urgency(const struct task *t, enum heap_order o)
{
	return t->priority - (o == HEAP_QUEUE ? t->passed_by / PASSED_MAX : 0);
}

/*
 * In the queue a person's order first, of the ready ones resolvers; then urgency, then how many
 * it unblocks, then age (of the issue, or in the queue).
 */
bool heap_before(const struct core *c, enum heap_order o, int x, int y)
{
	const struct task *a = &c->tasks.items[x], *b = &c->tasks.items[y];
	if (o == HEAP_DUE)
		return a->due_mono != b->due_mono ? a->due_mono < b->due_mono : x < y;
	if (o == HEAP_QUEUE && a->place != b->place)
		return a->place < b->place;
	if (a->resolve != b->resolve) /* what finishes something is never starved */
		return a->resolve > b->resolve;
	if (urgency(a, o) != urgency(b, o))
		return urgency(a, o) < urgency(b, o);
	if (a->dependents.n != b->dependents.n)
		return a->dependents.n > b->dependents.n;
	if (o == HEAP_QUEUE && a->queued_seq != b->queued_seq)
		return a->queued_seq < b->queued_seq;
	return a->age != b->age ? a->age < b->age : x < y;
}

bool core_queue_before(const struct core *c, int a, int b)
{
	return heap_before(c, HEAP_QUEUE, a, b);
}

static void place(struct core *c, struct heap *h, enum heap_order o, size_t at, int task)
{
	h->items.items[at] = task;
	*pos_of(c, o, task) = (int)at;
}

static void sift_up(struct core *c, struct heap *h, enum heap_order o, size_t at)
{
	int task = h->items.items[at];
	while (at > 0 && heap_before(c, o, task, h->items.items[(at - 1) / 2])) {
		place(c, h, o, at, h->items.items[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	place(c, h, o, at, task);
}

static void sift_down(struct core *c, struct heap *h, enum heap_order o, size_t at)
{
	int task = h->items.items[at];
	for (size_t child; (child = 2 * at + 1) < h->items.n; at = child) {
		if (child + 1 < h->items.n &&
		    heap_before(c, o, h->items.items[child + 1], h->items.items[child]))
			child++;
		if (heap_before(c, o, task, h->items.items[child]))
			break;
		place(c, h, o, at, h->items.items[child]);
	}
	place(c, h, o, at, task);
}

void heap_add(struct core *c, enum heap_order o, int task)
{
	struct task *t = &c->tasks.items[task];
	CHECK(*pos_of(c, o, task) < 0);
	if (o == HEAP_READY)
		t->heap_kind = (int)core_next_kind(c, t);
	struct heap *h = heap_of(c, o, task);
	VEC_PUSH(&h->items, task);
	sift_up(c, h, o, h->items.n - 1);
}

void heap_remove(struct core *c, enum heap_order o, int task)
{
	struct heap *h = heap_of(c, o, task);
	int at = *pos_of(c, o, task);
	CHECK(at >= 0 && (size_t)at < h->items.n && h->items.items[at] == task);
	*pos_of(c, o, task) = -1;
	int last = h->items.items[--h->items.n];
	if (last == task)
		return;
	place(c, h, o, (size_t)at, last);
	sift_up(c, h, o, (size_t)at);
	sift_down(c, h, o, (size_t)*pos_of(c, o, last));
}

void heap_update(struct core *c, int task)
{
	const struct task *t = &c->tasks.items[task];
	enum heap_order o = t->state == TASK_QUEUED ? HEAP_QUEUE : HEAP_READY;
	if (t->heap_pos < 0)
		return;
	heap_remove(c, o, task);
	heap_add(c, o, task);
}

static void check(const struct core *c, const struct heap *h, enum heap_order o)
{
	for (size_t i = 0; i < h->items.n; i++) {
		const struct task *t = &c->tasks.items[h->items.items[i]];
		CHECK((o == HEAP_DUE ? t->due_pos : t->heap_pos) == (int)i);
		CHECK(i == 0 || heap_before(c, o, h->items.items[(i - 1) / 2], h->items.items[i]));
	}
}

void heap_check(const struct core *c)
{
	check(c, &c->queue, HEAP_QUEUE);
	check(c, &c->due, HEAP_DUE);
	for (size_t i = 0; i < c->kinds.n; i++) {
		const struct heap *h = &c->kinds.items[i].ready;
		check(c, h, HEAP_READY);
		for (size_t k = 0; k < h->items.n; k++)
			CHECK(core_next_kind(c, &c->tasks.items[h->items.items[k]]) == (int64_t)i);
	}
}
