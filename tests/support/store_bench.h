/*
 * A bench for the snapshot store: a temporary folder, and snapshots that are made from a number and
 * can be compared with what that number makes.
 */
#ifndef VLAB_TESTS_STORE_BENCH_H
#define VLAB_TESTS_STORE_BENCH_H

#include "snapshot/store.h"

#include <stdint.h>

extern char bench_folder[200];         /* for the test alone */
extern char bench_dir[220];            /* the store in it */
extern unsigned bench_ram, bench_disk; /* pages that a snapshot has */

void bench_make_folder(void);
void bench_remove_folder(void);

/* Everything in the folder `from` in a new folder `to`; a folder and what is in it is gone. */
void bench_copy(const char *from, const char *to);
void bench_remove(const char *path);

/* Files in a folder of a store whose names end in `suffix`. */
unsigned bench_files(const char *store_dir, const char *folder, const char *suffix);
uint8_t *bench_slurp(const char *path, size_t *size); /* free() */
void bench_spill(const char *path, const uint8_t *data, size_t size);

struct store *bench_open(const char *dir); /* it is created where it is missing */

/*
 * The bytes of page `n` of snapshot `seed`: most are the same in many snapshots, or, from a seed of
 * BENCH_UNLIKE on, few.
 */
#define BENCH_UNLIKE 1000u
void bench_page(uint8_t page[STORE_PAGE_SIZE], unsigned seed, bool disk, unsigned n);

/* A snapshot of `seed`, below `parent` ("": a root); its id. 0, or what the store fails with. */
int bench_try_save(struct store *store, unsigned seed, const char *parent, char id[NODE_ID_SIZE],
                   struct error *err);
void bench_save(struct store *store, unsigned seed, const char *parent, char id[NODE_ID_SIZE]);

/* Whether it can be loaded and every byte is what its seed makes. */
bool bench_is_whole(struct store *store, const char *id);

/* NULL, or the node of this id. */
const struct node *bench_find(const struct store_list *list, const char *id);

/* Every snapshot is whole, every parent is there, and the store finds nothing wrong with itself. */
void bench_all_whole(const char *dir, unsigned at_least, unsigned at_most);

#endif
