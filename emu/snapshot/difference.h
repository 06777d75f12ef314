/*
 * What differs between two machines of the same RAM and devices: two snapshots, or a snapshot and the
 * machine of now.
 */
#ifndef VLAB_SNAPSHOT_DIFFERENCE_H
#define VLAB_SNAPSHOT_DIFFERENCE_H

#include "core/machine.h"

enum difference_kind {
    DIFFERENCE_REGISTER, /* `name` RAX, CS.base, ...; `old`, `new` */
    DIFFERENCE_DEVICE,   /* `name` "pit: channel 0 count", `text` is what the new value means */
    DIFFERENCE_ENTRY,    /* an entry of a page table in use: `address` of it, `old`, `new`, `gva` */
    DIFFERENCE_MEMORY,   /* a page of RAM: `address`, `bytes` that differ, the first at `first` */
    DIFFERENCE_DISK      /* a block of the disk: `address` is its byte, `bytes`, `first` */
};

struct difference {
    enum difference_kind kind;
    char name[80];
    char text[80];
    uint64_t address;
    uint64_t old, new; /* memory, disk: the first byte that differs */
    uint64_t gva;      /* DIFFERENCE_ENTRY: the first linear address that it translates */
    unsigned level;    /* DIFFERENCE_ENTRY: 1: PTE, ... 5: PML5E */
    unsigned size;     /* DIFFERENCE_ENTRY: bytes of an entry */
    uint32_t bytes, first;
};

/*
 * Tell `found` of every difference, in the order of the kinds; returns how many. -EINVAL: the machines
 * have not the same RAM, disk and devices. -ENOMEM.
 */
typedef void difference_fn(void *ctx, const struct difference *d);
int64_t machine_differences(const struct machine *old, const struct machine *new,
                            difference_fn *found, void *ctx);

/* One on a line, as `vlab snap diff` prints it. */
#define DIFFERENCE_TEXT_MAX 200
const char *difference_text(const struct difference *d, char buf[DIFFERENCE_TEXT_MAX]);
const char *difference_kind_name(enum difference_kind kind); /* "register", "device", ... */

#endif
