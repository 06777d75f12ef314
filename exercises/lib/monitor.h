/*
 * What your monitor can ask of the machine. The judge holds the machine; each of these goes to it and
 * comes back, so keep what you have read.
 *
 * Addresses are physical: the guest's, or, for a monitor that builds tables of its own, the host's.
 */
#ifndef VLAB_EXERCISE_MONITOR_H
#define VLAB_EXERCISE_MONITOR_H

#include <stdint.h>

/*
 * Guest memory by guest-physical address, `size` 1, 2, 4 or 8 bytes, little-endian. Where no memory is,
 * reads give all ones and writes do nothing.
 */
uint64_t guest_read(uint64_t gpa, unsigned size);
void guest_write(uint64_t gpa, unsigned size, uint64_t value);

/* Entries of tables in host memory. Addresses are those of frames that you took. */
uint64_t host_read64(uint64_t hpa);
void host_write64(uint64_t hpa, uint64_t value);

/*
 * A frame of 4 KiB, filled with zeros, with one reference; 0: there is none left. Who maps it a second
 * time holds it once more; dropping the last reference frees it.
 */
uint64_t frame_take(void);
void frame_hold(uint64_t hpa);
void frame_drop(uint64_t hpa);
void frame_copy(uint64_t to, uint64_t from);

/*
 * The exercise's side, in its harness.c: make an answer to a question. Both are seven values, as the
 * harness says.
 */
void monitor_question(const uint64_t question[7], uint64_t answer[7]);

#endif
