/*
 * What differs between two machines of the same RAM and devices: two snapshots, or a snapshot and the
 * machine of now.
 */
#ifndef VLAB_SNAPSHOT_DIFFERENCE_H
#define VLAB_SNAPSHOT_DIFFERENCE_H

#include "core/machine.h"

enum difference_kind {
    DIFFERENCE_REGISTER, /* `name` RAX, CS.base, XMM3[63:0], ...; `old`, `new`; `text`: flags by name */
    DIFFERENCE_DEVICE, /* `name` "pit: channel 0 count", `text` is what the new value means */
    DIFFERENCE_ENTRY, /* an entry of a page table of either: `address` of it, `old`, `new`, `gva` */
    DIFFERENCE_MEMORY, /* a page of RAM or ROM: `address`, `bytes` that differ, first at `first` */
    DIFFERENCE_DISK    /* a block of the disk: `address` is its byte, `bytes`, `first` */
};

#define DIFFERENCE_RUN_MAX 8u

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
    uint64_t gva_last; /* DIFFERENCE_ENTRY: the last linear address */
    /* memory, disk: bytes from the first on, as far as each differs, DIFFERENCE_RUN_MAX at most */
    unsigned run;
    uint8_t run_old[DIFFERENCE_RUN_MAX], run_new[DIFFERENCE_RUN_MAX];
};

/*
 * Tell `found` of every difference, in the order of the kinds; returns how many. -EINVAL: the machines
 * have not the same RAM, ROM, disk and devices. -ENOMEM.
 */
typedef void difference_fn(void *ctx, const struct difference *d);
int64_t machine_differences(const struct machine *old, const struct machine *new,
                            difference_fn *found, void *ctx);

/* One on a line, as `vlab snap diff` prints it. */
#define DIFFERENCE_TEXT_MAX 256
const char *difference_text(const struct difference *d, char buf[DIFFERENCE_TEXT_MAX]);
const char *difference_kind_name(enum difference_kind kind); /* "register", "device", ... */

/* "ZF 0 -> 1, IF 0 -> 1": the flags that differ between two values of RFLAGS, CR0, CR4 or IA32_EFER; else "". */
void difference_flags(const char *register_name, uint64_t old, uint64_t new, char *buf,
                      size_t size);

#endif
