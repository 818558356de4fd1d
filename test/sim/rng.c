#include "sim/sim.h"

/* Vigna's SplitMix64: small, fast, and every state is a good one. */
uint64_t rng_next(struct rng *r)
{
	uint64_t z = r->x += 0x9e3779b97f4a7c15u;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

int64_t rng_below(struct rng *r, int64_t n)
{
	CHECK(n > 0);
	return (int64_t)(rng_next(r) % (uint64_t)n);
}

int64_t rng_between(struct rng *r, int64_t a, int64_t b)
{
	CHECK(a <= b);
	return a + rng_below(r, b - a + 1);
}

bool rng_chance(struct rng *r, double p)
{
	return (double)(rng_next(r) >> 11) < p * 9007199254740992.0;
}
