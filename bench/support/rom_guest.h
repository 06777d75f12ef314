/*
 * A guest that is a ROM (bench/guest/rom.inc) in a machine of ours: as large as the one in QEMU
 * (qemu_guest.h), and from RESET on the same.
 */
#ifndef VLAB_BENCH_ROM_GUEST_H
#define VLAB_BENCH_ROM_GUEST_H

#include "core/machine.h"
#include "util/error.h"

#define ROM_GUEST_MIB 64u
#define ROM_GUEST_PAGES (ROM_GUEST_MIB << 8)
#define ROM_GUEST_PARAMETERS 0x500u /* 32-bit numbers from here on */

/* Loads $BUILD/bench/guest/`rom`. machine_destroy(). */
int rom_guest_create(struct machine **m, const char *rom, struct error *err);
/* The same in RAM: no ROM is in front of it. */
int rom_guest_create_flat(struct machine **m, const char *rom, struct error *err);

/* Run to the mark: where QEMU's breakpoint is, too. */
int rom_guest_round(struct machine *m, struct error *err);

/* A number in RAM, 32 bits. */
void rom_guest_put(struct machine *m, uint32_t gpa, uint32_t value);
uint32_t rom_guest_get(const struct machine *m, uint32_t gpa);

#endif
