/* Checks of control-register values, see control.h. */
#include "x86/control.h"

#include "x86/regs.h"

uint64_t x86_cr4_supported(void)
{
    return 0xf /* VME PVI TSD DE */ | CR4_PSE | CR4_PAE | CR4_PGE | CR4_OSFXSR | CR4_OSXMMEXCPT |
           CR4_LA57 | CR4_FSGSBASE | CR4_OSXSAVE | CR4_SMEP | CR4_SMAP | CR4_PKE;
}

bool x86_cr0_valid(uint64_t value, uint64_t cr4, uint64_t efer, bool code64)
{
    if (value >> 32)
        return false;
    if ((value & CR0_PG) && !(value & CR0_PE))
        return false;
    if ((value & CR0_NW) && !(value & CR0_CD))
        return false;
    if ((value & CR0_PG) && (efer & EFER_LME) && !(cr4 & CR4_PAE))
        return false;
    return !(code64 && !(value & CR0_PG)); /* paging cannot be left in 64-bit mode */
}

bool x86_cr3_valid(uint64_t value, uint64_t efer)
{
    return !(efer & EFER_LMA) || !(value >> 40); /* MAXPHYADDR is 40 */
}

bool x86_cr4_valid(uint64_t value, uint64_t old, uint64_t efer)
{
    if (value & ~x86_cr4_supported())
        return false;
    if ((efer & EFER_LMA) && ((value ^ old) & CR4_LA57))
        return false;
    return !(efer & EFER_LMA) || (value & CR4_PAE);
}

bool x86_xcr0_valid(uint64_t value)
{
    return (value & ~(uint64_t)XCR0_SSE) == XCR0_X87;
}
