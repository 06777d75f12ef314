/*
 * Putting an image into a machine: flat binary, boot sector, disk, ELF32/ELF64, multiboot, BIOS ROM.
 *
 * Formats, their start state, and what is checked:
 * - boot sector: 512 bytes ending in 55 aa, at 0000:7c00, real mode, DL = 80h (Phoenix BIOS Boot
 *   Specification 6.5.1); SP = 7c00, IF = 0. The firmware of emu/firmware is there as after POST, with
 *   the sector as its disk.
 * - disk: a larger image whose first sector ends in 55 aa; the firmware starts by RESET and boots from
 *   it. The image itself is never written.
 * - flat binary: bytes at a given address below 1 MiB, entered in real mode with CS:IP = 0000:addr
 *   below 64 KiB, else CS = addr >> 4, IP = addr & 15. The firmware is under it, without a disk,
 *   unless it reaches into f0000-fffff.
 * - ELF32 (EM_386): PT_LOAD segments at p_paddr, entered at e_entry in flat 32-bit protected mode
 *   without paging, interrupts off, EAX = 2badb002, EBX = 0.
 *   ELF64 (EM_X86_64): the same; entry is 32-bit code, and must be below 4 GiB.
 * - multiboot 1: an ELF file of either class with a multiboot header in its first 8 KiB, or any file
 *   whose header has address fields: the same state, EBX = the information structure (memory, memory
 *   map, command line "NAME ARGUMENTS", modules, loader's name). See loader/multiboot.c. ELF64 is
 *   taken as GRUB takes it; QEMU's -kernel refuses it.
 * - BIOS ROM: 64 KiB to 16 MiB in whole 64 KiB, below 4 GiB, started by RESET at fffffff0.
 *
 * Every field of a file is hostile: nothing is written to the machine unless all of it was checked.
 */
#ifndef VLAB_CORE_LOADER_H
#define VLAB_CORE_LOADER_H

#include "util/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct machine;

enum image_kind {
    IMAGE_AUTO,
    IMAGE_FLAT,
    IMAGE_BOOT_SECTOR, /* or a disk that begins with one */
    IMAGE_ELF,         /* with a multiboot header or without */
    IMAGE_BIOS,
    IMAGE_MULTIBOOT /* no ELF: the header's address fields say where it goes */
};

#define IMAGE_MODULES_MAX 32

/* A file that a multiboot kernel gets beside it. */
struct image_module {
    const uint8_t *data;
    size_t size;
    const char *string; /* "NAME ARGUMENTS", what the kernel is told of it */
};

struct image {
    enum image_kind kind; /* IMAGE_AUTO: by magic; flat when `at` is set; else an error */
    const uint8_t *data;  /* stays the caller's */
    size_t size;          /* bytes */
    const char *name;     /* for messages */
    uint64_t at;          /* load address of a flat binary, bytes */
    bool has_at;
    const char *command_line; /* for a multiboot kernel, behind its name; NULL: none */
    const struct image_module *modules;
    unsigned module_count;
};

/* Load an image and set the vCPU to its start state. -EINVAL with a clear line when it is bad. */
int machine_load(struct machine *m, const struct image *image, struct error *err);

/* Read a whole file into malloc()ed memory that the caller frees; at most `max` bytes. */
int file_read(const char *path, size_t max, uint8_t **data, size_t *size, struct error *err);

/* "flat", "boot sector", "ELF", "BIOS ROM", "multiboot" */
const char *image_kind_name(enum image_kind kind);

#endif
