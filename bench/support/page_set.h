/* A set of pages of 4 KiB, known by content: how many different ones there are. Zeros do not count. */
#ifndef VLAB_BENCH_PAGE_SET_H
#define VLAB_BENCH_PAGE_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <xxhash.h>

struct page_set {
    XXH128_hash_t *slots; /* all zero: free */
    size_t count, capacity;
};

/* Empty; page_set_free() frees what it points to. `most`: pages that it can have. */
bool page_set_make(struct page_set *set, size_t most);
void page_set_free(struct page_set *set);

void page_set_add(struct page_set *set, const uint8_t *page);

#endif
