/*
 * Which model-specific registers exist and which values they take (Intel SDM vol. 4; AMD manual
 * vol. 2, Appendix A). Reading or writing any other raises #GP(0).
 */
#ifndef VLAB_X86_MSR_H
#define VLAB_X86_MSR_H

#include <stdbool.h>
#include <stdint.h>

enum x86_msr {
    MSR_TSC = 0x00000010,
    MSR_APIC_BASE = 0x0000001b,
    MSR_SYSENTER_CS = 0x00000174,
    MSR_SYSENTER_ESP = 0x00000175,
    MSR_SYSENTER_EIP = 0x00000176,
    MSR_MISC_ENABLE = 0x000001a0,
    MSR_PAT = 0x00000277,
    MSR_EFER = 0xc0000080,
    MSR_STAR = 0xc0000081,
    MSR_LSTAR = 0xc0000082,
    MSR_CSTAR = 0xc0000083,
    MSR_FMASK = 0xc0000084,
    MSR_FS_BASE = 0xc0000100,
    MSR_GS_BASE = 0xc0000101,
    MSR_KERNEL_GS_BASE = 0xc0000102,
    MSR_TSC_AUX = 0xc0000103
};

bool x86_msr_known(uint32_t msr);

/*
 * May `value` be written? `old` is the current value, `cr0` decides whether EFER.LME may change.
 * On success *value is what the register then holds (EFER.LMA is not the guest's to write).
 */
bool x86_msr_check_write(uint32_t msr, uint64_t old, uint64_t cr0, uint64_t *value);

/* "IA32_EFER", ... or NULL for one that this CPU does not have. */
const char *x86_msr_name(uint32_t msr);

#endif
