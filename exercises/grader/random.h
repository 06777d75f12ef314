/* Numbers from a seed, the same on every host: SplitMix64 (Steele, Lea, Flood, OOPSLA 2014). */
#ifndef VLAB_GRADER_RANDOM_H
#define VLAB_GRADER_RANDOM_H

#include <stdint.h>

struct grader_random {
    uint64_t state;
};

static inline void random_seed(struct grader_random *random, uint64_t seed)
{
    random->state = seed;
}

static inline uint64_t random_next(struct grader_random *random)
{
    uint64_t z = random->state += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* 0 to limit - 1; `limit` is small, so the bias of the modulus does not matter. */
static inline uint64_t random_below(struct grader_random *random, uint64_t limit)
{
    return random_next(random) % limit;
}

#endif
