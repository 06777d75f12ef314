/*
 * What the formats of core/loader.h share, for the files of this folder only.
 *
 *   image.c    what an image is; the entry point machine_load()
 *   flat.c     flat binaries
 *   boot.c     boot sectors and disk images
 *   elf.c      ELF32 and ELF64
 *   multiboot.c  multiboot 1 kernels (multiboot.h)
 *   rom.c      BIOS ROMs
 *   firmware.c our own firmware, for what needs one
 *   segment.c  bytes of a file to RAM
 *   start.c    the CPU's state at the first instruction
 *   file.c     files
 *
 * A xxx_load() checks the whole image before it changes the machine: 0, or -EINVAL with a line.
 */
#ifndef VLAB_LOADER_PARTS_H
#define VLAB_LOADER_PARTS_H

#include "core/loader.h"

#include <stdbool.h>
#include <stdint.h>

#define IMAGE_NAME_SHOWN 120 /* bytes of a file name in a message */
#define REAL_STACK 0x7c00u

/* `filled` bytes of the file from `offset`, zeroes up to `size`. */
struct segment {
    uint64_t gpa;
    uint64_t size;
    uint64_t offset;
    uint64_t filled;
};

/* "NAME: WHY", -EINVAL. */
int image_bad(const struct image *image, struct error *err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

bool image_is_elf(const struct image *image);
bool image_is_boot_sector(const struct image *image);

int flat_load(struct machine *m, const struct image *image, struct error *err);
int boot_load(struct machine *m, const struct image *image, struct error *err);
int elf_load(struct machine *m, const struct image *image, struct error *err);
int multiboot_load(struct machine *m, const struct image *image, struct error *err);
int rom_load(struct machine *m, const struct image *image, struct error *err);

/* ROM, vectors, BIOS data and devices as after POST. */
int firmware_install(struct machine *m, struct error *err);

/* The ROM, and a CPU that comes out of RESET: POST and INT 19h are the guest's first instructions. */
int firmware_reset_into(struct machine *m, struct error *err);

/* All of [gpa, gpa + size) is RAM that can be written. */
int segment_check_range(const struct machine *m, const struct image *image, uint64_t gpa,
                        uint64_t size, struct error *err);
void segment_write(struct machine *m, const struct image *image, const struct segment *s);

/* `size` bytes to RAM that was checked. */
void segment_put(struct machine *m, uint64_t gpa, const uint8_t *data, uint64_t size);

/* The first instruction at fffffff0. */
void start_reset(struct machine *m);
void start_real(struct machine *m, uint16_t cs, uint16_t ip);
/* `info`: guest-physical address of the multiboot information, 0: none. */
void start_protected(struct machine *m, uint32_t entry, uint32_t info);

#endif
