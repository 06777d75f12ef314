/*
 * The machine's own firmware, assembled from bios.asm: see its head for what it does and leaves out.
 *
 * Its first bytes are for the loader, 16 bits each: where the contents of low memory lie in the ROM
 * and their size in bytes, where the list of ports lies and how many there are (port of 16 bits,
 * value of 8).
 */
#ifndef VLAB_FIRMWARE_FIRMWARE_H
#define VLAB_FIRMWARE_FIRMWARE_H

#include <stdint.h>

#define FIRMWARE_SIZE 0x10000u

extern const uint8_t firmware_rom[FIRMWARE_SIZE];

#endif
