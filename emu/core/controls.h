/*
 * What makes the guest leave: the VM-execution controls of a VMCS (Intel SDM vol. 3, 25.6, and
 * 25.7.1), as far as this machine has what they control.
 *
 * - An event that the controls let pass never becomes an exit: the machine does what a bare CPU
 *   would do, silently, and no monitor sees it.
 * - Some exits no control can prevent (SDM 26.1.2): CPUID, INVD, XSETBV, GETSEC, VMX instructions,
 *   task switches, triple faults.
 * - machine_set_controls() puts them in force.
 */
#ifndef VLAB_CORE_CONTROLS_H
#define VLAB_CORE_CONTROLS_H

#include "core/exit.h"

#include <stdbool.h>
#include <stdint.h>

/* Pin-based VM-execution controls, SDM Table 25-5. */
#define PIN_EXTERNAL_INTERRUPT (1u << 0)
#define PIN_NMI (1u << 3)
#define PIN_VIRTUAL_NMIS (1u << 5)

/* Primary processor-based VM-execution controls, SDM Table 25-6. */
#define PRIMARY_INTERRUPT_WINDOW (1u << 2)
#define PRIMARY_HLT (1u << 7)
#define PRIMARY_INVLPG (1u << 9)
#define PRIMARY_MWAIT (1u << 10)
#define PRIMARY_RDPMC (1u << 11)
#define PRIMARY_RDTSC (1u << 12)
#define PRIMARY_CR3_LOAD (1u << 15)
#define PRIMARY_CR3_STORE (1u << 16)
#define PRIMARY_CR8_LOAD (1u << 19)
#define PRIMARY_CR8_STORE (1u << 20)
#define PRIMARY_NMI_WINDOW (1u << 22)
#define PRIMARY_MOV_DR (1u << 23)
#define PRIMARY_UNCONDITIONAL_IO (1u << 24)
#define PRIMARY_IO_BITMAPS (1u << 25)
#define PRIMARY_MONITOR_TRAP (1u << 27)
#define PRIMARY_MSR_BITMAPS (1u << 28)
#define PRIMARY_MONITOR (1u << 29)
#define PRIMARY_PAUSE (1u << 30)
#define PRIMARY_SECONDARY (1u << 31) /* the secondary controls count */

/* Secondary processor-based VM-execution controls, SDM Table 25-7. */
#define SECONDARY_EPT (1u << 1)
#define SECONDARY_DESCRIPTOR_TABLE (1u << 2)
#define SECONDARY_WBINVD (1u << 6)
#define SECONDARY_RDRAND (1u << 11)
#define SECONDARY_RDSEED (1u << 16)

/* VM-exit controls, SDM Table 25-13. */
#define EXIT_ACK_INTERRUPT (1u << 15)

#define CONTROLS_BITMAP_SIZE 4096u
#define CONTROLS_CR3_TARGETS 4u

struct controls {
    uint32_t pin, primary, secondary, exit;
    uint32_t exception_bitmap;              /* one bit a vector */
    uint32_t pf_error_mask, pf_error_match; /* #PF exits by its error code, SDM 25.6.3 */
    uint64_t cr0_mask, cr4_mask;            /* bits that the monitor owns, SDM 25.6.6 */
    uint64_t cr0_shadow, cr4_shadow;        /* what the guest reads in those bits */
    uint64_t cr3_target[CONTROLS_CR3_TARGETS];
    unsigned cr3_target_count;
    uint8_t io_bitmap[2 * CONTROLS_BITMAP_SIZE]; /* A and B: one bit a port */
    /*
     * MSR bitmap, SDM 25.6.9: read low (0-1fffh), read high (c0000000h-c0001fffh), write low, write
     * high; 1 KiB each.
     */
    uint8_t msr_bitmap[CONTROLS_BITMAP_SIZE];
};

/*
 * What a teaching hypervisor wants to see: all exceptions, interrupts, HLT, INVLPG, RDPMC, RDTSC,
 * control-register writes, every port and MSR. Not by default: PAUSE, reads of control registers,
 * debug and descriptor-table registers, MONITOR and MWAIT, RDRAND and RDSEED, the monitor trap.
 */
void controls_default(struct controls *c);

/* Does this event leave the guest? `exit` is filled in as if it did. */
bool controls_exit(const struct controls *c, const struct vm_exit *exit);

/* For an event that does: why, into `cause` and `owned`. */
void controls_cause(const struct controls *c, struct vm_exit *exit);

#endif
