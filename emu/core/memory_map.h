/*
 * Guest-physical memory as a PC's firmware tells a system of it (ACPI 6.5, section 15: the entries
 * of INT 15h E820h; the multiboot memory map has the same types).
 *
 * The map is the same whether a firmware runs or not: a kernel may count on what is reserved.
 */
#ifndef VLAB_CORE_MEMORY_MAP_H
#define VLAB_CORE_MEMORY_MAP_H

#include "core/ram.h"

#define MEMORY_LOW_END 0x9fc00u    /* end of conventional memory; the EBDA's 1 KiB is above */
#define MEMORY_EXTENDED 0x100000u  /* where extended memory begins */
#define MEMORY_ROM_LOW 0xf0000u    /* the firmware, in real mode's reach */
#define MEMORY_ROM_HIGH 0xfffc0000 /* and below 4 GiB */
#define MEMORY_RANGES_MAX 6

enum memory_type { MEMORY_RAM = 1, MEMORY_RESERVED = 2 };

struct memory_range {
    uint64_t base, size; /* bytes */
    enum memory_type type;
};

/* Fills the ranges in order of address, none empty, none overlapping; returns how many. */
unsigned memory_map_get(const struct ram *ram, struct memory_range ranges[MEMORY_RANGES_MAX]);

/* Bytes of RAM from MEMORY_EXTENDED up to the first hole. */
uint64_t memory_extended(const struct ram *ram);

#endif
