/* The table of model-specific registers, see msr.h. */
#include "x86/msr.h"

#include "x86/regs.h"

#include <stddef.h>

struct msr {
    uint32_t number;
    const char *name;
    uint64_t writable; /* other bits are reserved: a 1 there is #GP */
    bool canonical;    /* holds a linear address */
    bool read_only;
};

#define ALL (~0ull)
static const struct msr table[] = {
    {MSR_TSC, "IA32_TIME_STAMP_COUNTER", 0, false, true},
    {MSR_APIC_BASE, "IA32_APIC_BASE", 0, false, true}, /* there is no APIC to move */
    {MSR_SYSENTER_CS, "IA32_SYSENTER_CS", ALL, false, false},
    {MSR_SYSENTER_ESP, "IA32_SYSENTER_ESP", ALL, true, false},
    {MSR_SYSENTER_EIP, "IA32_SYSENTER_EIP", ALL, true, false},
    {MSR_MISC_ENABLE, "IA32_MISC_ENABLE", 1, false, false},
    {MSR_PAT, "IA32_PAT", 0x0707070707070707ull, false, false},
    {MSR_EFER, "IA32_EFER", EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE, false, false},
    {MSR_STAR, "IA32_STAR", ALL, false, false},
    {MSR_LSTAR, "IA32_LSTAR", ALL, true, false},
    {MSR_CSTAR, "IA32_CSTAR", ALL, true, false},
    {MSR_FMASK, "IA32_FMASK", 0xffffffff, false, false},
    {MSR_FS_BASE, "IA32_FS_BASE", ALL, true, false},
    {MSR_GS_BASE, "IA32_GS_BASE", ALL, true, false},
    {MSR_KERNEL_GS_BASE, "IA32_KERNEL_GS_BASE", ALL, true, false},
    {MSR_TSC_AUX, "IA32_TSC_AUX", 0xffffffff, false, false},
};

static const struct msr *find(uint32_t number)
{
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (table[i].number == number)
            return &table[i];
    return NULL;
}

bool x86_msr_known(uint32_t msr)
{
    return find(msr) != NULL;
}

const char *x86_msr_name(uint32_t msr)
{
    const struct msr *entry = find(msr);

    return entry ? entry->name : NULL;
}

/* LMA follows LME and CR0.PG; LME must not change while paging is on (SDM vol. 3, 2.2.1). */
static bool check_efer(uint64_t old, uint64_t cr0, uint64_t *value)
{
    if ((cr0 & CR0_PG) && ((old ^ *value) & EFER_LME))
        return false;
    *value = (*value & ~(uint64_t)EFER_LMA) | (old & EFER_LMA);
    return true;
}

/* Each byte is a memory type: UC, WC, WT, WP, WB or UC- (SDM vol. 3, Table 12-10). */
static bool check_pat(uint64_t value)
{
    for (; value; value >>= 8)
        if ((value & 0xff) == 2 || (value & 0xff) == 3)
            return false;
    return true;
}

bool x86_msr_check_write(uint32_t msr, uint64_t old, uint64_t cr0, uint64_t *value)
{
    const struct msr *entry = find(msr);

    if (!entry || entry->read_only || (*value & ~entry->writable))
        return false;
    if (entry->canonical && !x86_canonical48(*value))
        return false;
    if (msr == MSR_PAT && !check_pat(*value))
        return false;
    return msr == MSR_EFER ? check_efer(old, cr0, value) : true;
}
