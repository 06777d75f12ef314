/*
 * Multiboot 1 for the loaders of kernels, for the files of this folder only.
 *
 *   multiboot_find() -> the kernel's own checks -> multiboot_prepare() -> the kernel is written ->
 *   multiboot_start()
 */
#ifndef VLAB_LOADER_MULTIBOOT_H
#define VLAB_LOADER_MULTIBOOT_H

#include "loader/parts.h"

#include <stddef.h>

struct multiboot_header {
    size_t offset; /* in the file */
    uint32_t flags;
};

/* What the kernel covers below 4 GiB: bytes from `begin` to before `end`. */
struct kernel {
    uint64_t begin, end;
};

/* What goes into RAM beside the kernel. */
struct multiboot {
    uint64_t high, high_end, low, low_end;
    uint32_t module[IMAGE_MODULES_MAX]; /* guest-physical addresses */
    uint32_t info;
    size_t info_size;
    uint8_t *bytes; /* the information, malloc()ed */
};

/* The first header in the first 8 KiB whose checksum is right. */
bool multiboot_find(const struct image *image, struct multiboot_header *h);

/* The header says itself where the file goes, whatever format the file has. */
bool multiboot_has_addresses(const struct multiboot_header *h);

/* Find room for everything and build the tables; the machine is not changed. */
int multiboot_prepare(struct multiboot *mb, const struct machine *m, const struct image *image,
                      const struct multiboot_header *h, const struct kernel *kernel,
                      struct error *err);

/* Write what was prepared, free it, and set the start state. */
void multiboot_start(struct multiboot *mb, struct machine *m, const struct image *image,
                     uint32_t entry);

#endif
