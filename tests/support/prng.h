/*
 * Numbers from a seed, the same on every host: SplitMix64 (Steele, Lea, Flood, OOPSLA 2014).
 *
 * One call in an expression: the order of two is the compiler's to choose.
 */
#ifndef VLAB_TESTS_SUPPORT_PRNG_H
#define VLAB_TESTS_SUPPORT_PRNG_H

#include <stdbool.h>
#include <stdint.h>

struct prng {
    uint64_t state;
};

static inline uint64_t prng_next(struct prng *p)
{
    uint64_t z = p->state += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* 0 to limit - 1; `limit` is small, so the bias of the modulus does not matter. */
static inline uint32_t prng_below(struct prng *p, uint32_t limit)
{
    return (uint32_t)(prng_next(p) % limit);
}

/* A number of any magnitude. */
static inline uint64_t prng_shifted(struct prng *p)
{
    uint64_t value = prng_next(p);

    return value >> prng_below(p, 64);
}

static inline bool prng_percent(struct prng *p, unsigned percent)
{
    return prng_below(p, 100) < percent;
}

#endif
