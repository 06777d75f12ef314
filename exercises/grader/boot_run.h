/*
 * One run of a boot sector on the judge's machine, with data at 500, and what was seen.
 *
 * - The judge owns the machine; the sector has nothing but it.
 * - A slow UART is the judge's: after each byte, and at the start, its line status register says
 *   "busy" for `polls` reads; a byte that is sent meanwhile counts as lost.
 */
#ifndef VLAB_GRADER_BOOT_RUN_H
#define VLAB_GRADER_BOOT_RUN_H

#include "core/machine.h"

#include <stdbool.h>
#include <stdint.h>

#define BOOT_SECTOR_SIZE 512
#define BOOT_DATA_MAX 64   /* n at most */
#define BOOT_BYTES_MAX 256 /* bytes of the UART that are kept; all are counted */
#define BOOT_INSNS 200000  /* budget of a run */
#define BOOT_EXITS 4000

/* Where something happened: the exit's number and the address of its instruction. */
struct boot_place {
    bool known;
    uint64_t exit, address;
};

struct boot_case {
    uint8_t data[BOOT_DATA_MAX];
    unsigned n;
    uint16_t segment; /* DS, ES and SS at the start */
    unsigned polls;   /* 0: the UART is always ready */
};

struct boot_seen {
    struct run_result result;
    uint8_t bytes[BOOT_BYTES_MAX];
    struct boot_place places[BOOT_BYTES_MAX]; /* of each byte */
    unsigned count;                           /* bytes sent, all of them */
    unsigned lost;                            /* of them while the UART was busy */
    struct boot_place first_lost;
    struct boot_place last; /* the last exit */
};

/* Run `sector` (512 bytes). Negative when the machine could not be made. */
int boot_run(const uint8_t *sector, const struct boot_case *c, struct boot_seen *seen,
             struct error *err);

/*
 * The same start as a flat image to be loaded at BOOT_REPLAY_AT: a few instructions that set the
 * segments and jump to 7c00, the data, the sector. For the screen. `image` has BOOT_REPLAY_SIZE
 * bytes. Exits have the same numbers as in boot_run().
 */
#define BOOT_REPLAY_AT 0x4e0
#define BOOT_REPLAY_SIZE (0x7c00 - BOOT_REPLAY_AT + BOOT_SECTOR_SIZE)
void boot_replay_image(const uint8_t *sector, const struct boot_case *c, uint8_t *image);

#endif
