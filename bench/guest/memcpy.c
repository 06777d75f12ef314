/* Copies of 64 KiB, eight words a round as a C library does it, between blocks of 1 MiB. */
#include <stddef.h>
#include <stdint.h>

#define WORDS (1u << 17)
#define BLOCK (1u << 13)
#define ROUNDS 35000

static uint64_t memory[WORDS];

static void copy(uint64_t *to, const uint64_t *from)
{
#pragma GCC unroll 8
    for (size_t i = 0; i < BLOCK; i++) {
        to[i] = from[i];
        /* Or the compiler makes a call to memcpy() of it, which is not there. */
        __asm__ volatile("" ::: "memory");
    }
}

uint64_t bench_main(void)
{
    uint64_t sum = 0;

    for (uint64_t i = 0; i < WORDS; i++)
        memory[i] = i * 0x9e3779b97f4a7c15u;
    for (unsigned round = 0; round < ROUNDS; round++) {
        size_t to = round * 3 % (WORDS / BLOCK), from = round * 5 % (WORDS / BLOCK);

        copy(&memory[to * BLOCK], &memory[from * BLOCK]);
        memory[round % WORDS] += round;
    }
    for (uint64_t i = 0; i < WORDS; i++)
        sum = sum * 31 + memory[i];
    return sum;
}
