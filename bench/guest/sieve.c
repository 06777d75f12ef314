/* The sieve of Eratosthenes over a byte array of 1 MiB, eight stores a round: mostly stores. */
#include <stdint.h>

#define LIMIT (1u << 20)
#define ROUNDS 120

static uint8_t composite[LIMIT];

/* Strike out the multiples of i. */
static void strike(uint32_t i)
{
    uint32_t j = i * 2;

    for (; j + 7 * i < LIMIT; j += 8 * i) {
#pragma GCC unroll 8
        for (uint32_t n = 0; n < 8; n++)
            composite[j + n * i] = 1;
    }
    for (; j < LIMIT; j += i)
        composite[j] = 1;
}

static uint64_t count_primes(void)
{
    uint64_t primes = 0;

    for (uint32_t i = 0; i < LIMIT; i++)
        composite[i] = 0;
    for (uint32_t i = 2; i < LIMIT; i++) {
        if (composite[i])
            continue;
        primes++;
        if (i < LIMIT / 2)
            strike(i);
    }
    return primes;
}

uint64_t bench_main(void)
{
    uint64_t sum = 0;

    for (int round = 0; round < ROUNDS; round++)
        sum = sum * 31 + count_primes();
    return sum;
}
