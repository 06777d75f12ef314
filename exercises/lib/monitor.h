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
 * The vCPU, in exercises that have one: fields of its VMCS by their encodings (SDM vol. 3, Appendix B), or, where
 * there is no VMCS, by the numbers of the exercise's own header; and the general registers, which a VMCS does not hold:
 * RAX RCX RDX RBX RSP RBP RSI RDI R8-R15 are 0 to 15. A field that there is not, or that may not be written, reads all
 * ones, and keeps its value.
 */
uint64_t vmread(uint32_t field);
void vmwrite(uint32_t field, uint64_t value);
uint64_t gpr_read(unsigned number);
void gpr_write(unsigned number, uint64_t value);

/* What lies behind the hypervisor: ports of devices (`size` 1, 2 or 4), MSRs, and the host's own CPUID. */
uint64_t port_in(uint16_t port, unsigned size);
void port_out(uint16_t port, unsigned size, uint64_t value);
uint64_t msr_read(uint32_t msr);
void msr_write(uint32_t msr, uint64_t value);
void host_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t regs[4]); /* EAX EBX ECX EDX */

/*
 * The exercise's side, in its harness.c: make an answer to a question. Both are seven values, as the
 * harness says.
 */
void monitor_question(const uint64_t question[7], uint64_t answer[7]);

#endif
