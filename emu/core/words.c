/* Names of exceptions, registers and MSRs as the SDM spells them, see words.h. */
#include "core/words.h"

struct vector_names {
    const char *mnemonic, *name;
};

static const struct vector_names *vector_find(unsigned vector)
{
    static const struct vector_names names[] = {
        [0] = {"#DE", "divide error"},
        [1] = {"#DB", "debug exception"},
        [2] = {"NMI", "non-maskable interrupt"},
        [3] = {"#BP", "breakpoint"},
        [4] = {"#OF", "overflow"},
        [5] = {"#BR", "BOUND range exceeded"},
        [6] = {"#UD", "invalid opcode"},
        [7] = {"#NM", "device not available"},
        [8] = {"#DF", "double fault"},
        [10] = {"#TS", "invalid TSS"},
        [11] = {"#NP", "segment not present"},
        [12] = {"#SS", "stack-segment fault"},
        [13] = {"#GP", "general protection"},
        [14] = {"#PF", "page fault"},
        [16] = {"#MF", "x87 floating-point error"},
        [17] = {"#AC", "alignment check"},
        [18] = {"#MC", "machine check"},
        [19] = {"#XM", "SIMD floating-point exception"},
        [20] = {"#VE", "virtualization exception"},
        [21] = {"#CP", "control protection exception"},
    };

    if (vector >= sizeof(names) / sizeof(names[0]) || !names[vector].name)
        return NULL;
    return &names[vector];
}

const char *vector_mnemonic(unsigned vector)
{
    const struct vector_names *names = vector_find(vector);

    return names ? names->mnemonic : NULL;
}

const char *vector_name(unsigned vector)
{
    const struct vector_names *names = vector_find(vector);

    return names ? names->name : NULL;
}

void add_event(struct text *t, uint32_t info)
{
    unsigned vector = INTR_VECTOR(info);

    switch (INTR_TYPE(info)) {
    case INTR_EXTERNAL:
        text_add(t, "external interrupt %u", vector);
        return;
    case INTR_NMI:
        text_add(t, "an NMI");
        return;
    case INTR_SOFTWARE:
        text_add(t, "INT 0x%x", vector);
        return;
    default:
        if (vector_name(vector))
            text_add(t, "%s (%s)", vector_mnemonic(vector), vector_name(vector));
        else
            text_add(t, "vector %u", vector);
    }
}

const char *gpr_sized(unsigned gpr, unsigned bytes)
{
    static const char *const names[3][16] = {
        {"ax", "cx", "dx", "bx", "sp", "bp", "si", "di", "r8w", "r9w", "r10w", "r11w", "r12w",
         "r13w", "r14w", "r15w"},
        {"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi", "r8d", "r9d", "r10d", "r11d",
         "r12d", "r13d", "r14d", "r15d"},
        {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12",
         "r13", "r14", "r15"}};

    return names[bytes == 2 ? 0 : bytes == 4 ? 1 : 2][gpr & 15];
}

const char *gpr_name(const struct vm_exit *exit, unsigned gpr)
{
    return gpr_sized(gpr, exit->mode == X86_MODE_LONG64 || (gpr & 15) >= 8 ? 8 : 4);
}

const char *segment_name(unsigned segment)
{
    static const char *const names[] = {"ES", "CS", "SS", "DS", "FS", "GS"};

    return segment < sizeof(names) / sizeof(names[0]) ? names[segment] : "not used";
}

const char *msr_name(uint32_t msr)
{
    static const struct {
        uint32_t number;
        const char *name;
    } names[] = {
        {0x10, "IA32_TIME_STAMP_COUNTER"},
        {0x17, "IA32_PLATFORM_ID"},
        {0x1b, "IA32_APIC_BASE"},
        {0x3a, "IA32_FEATURE_CONTROL"},
        {0x79, "IA32_BIOS_UPDT_TRIG"},
        {0x8b, "IA32_BIOS_SIGN_ID"},
        {0xfe, "IA32_MTRRCAP"},
        {0x174, "IA32_SYSENTER_CS"},
        {0x175, "IA32_SYSENTER_ESP"},
        {0x176, "IA32_SYSENTER_EIP"},
        {0x179, "IA32_MCG_CAP"},
        {0x1a0, "IA32_MISC_ENABLE"},
        {0x1d9, "IA32_DEBUGCTL"},
        {0x277, "IA32_PAT"},
        {0x2ff, "IA32_MTRR_DEF_TYPE"},
        {0x480, "IA32_VMX_BASIC"},
        {0x6e0, "IA32_TSC_DEADLINE"},
        {0xc0000080, "IA32_EFER"},
        {0xc0000081, "IA32_STAR"},
        {0xc0000082, "IA32_LSTAR"},
        {0xc0000083, "IA32_CSTAR"},
        {0xc0000084, "IA32_FMASK"},
        {0xc0000100, "IA32_FS_BASE"},
        {0xc0000101, "IA32_GS_BASE"},
        {0xc0000102, "IA32_KERNEL_GS_BASE"},
        {0xc0000103, "IA32_TSC_AUX"},
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (names[i].number == msr)
            return names[i].name;
    return NULL;
}

const char *port_name(unsigned port)
{
    static const struct {
        uint16_t first, last;
        const char *name;
    } ports[] = {
        {0x20, 0x21, "PIC"},        {0x40, 0x43, "PIT"},        {0x60, 0x60, "keyboard"},
        {0x61, 0x61, "port B"},     {0x64, 0x64, "keyboard"},   {0x70, 0x71, "RTC and CMOS"},
        {0x80, 0x80, "POST code"},  {0xa0, 0xa1, "second PIC"}, {0xe9, 0xe9, "debug text"},
        {0xf4, 0xf4, "debug-exit"}, {0x3f8, 0x3ff, "COM1"},     {0x402, 0x402, "debug text"},
        {0xcf8, 0xcff, "PCI"},      {0x500, 0x50f, "firmware"}, {0x510, 0x511, "fw_cfg"},
    };

    for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++)
        if (port >= ports[i].first && port <= ports[i].last)
            return ports[i].name;
    return NULL;
}

/* SDM vol. 3, 2.5 */
static const char *cr_bit_name(unsigned cr, unsigned bit)
{
    static const char *const cr0[32] = {
        [0] = "PE",  [1] = "MP",  [2] = "EM",  [3] = "TS",  [4] = "ET", [5] = "NE",
        [16] = "WP", [18] = "AM", [29] = "NW", [30] = "CD", [31] = "PG"};
    static const char *const cr4[32] = {
        [0] = "VME",         [1] = "PVI",    [2] = "TSD",      [3] = "DE",    [4] = "PSE",
        [5] = "PAE",         [6] = "MCE",    [7] = "PGE",      [8] = "PCE",   [9] = "OSFXSR",
        [10] = "OSXMMEXCPT", [11] = "UMIP",  [12] = "LA57",    [13] = "VMXE", [14] = "SMXE",
        [16] = "FSGSBASE",   [17] = "PCIDE", [18] = "OSXSAVE", [19] = "KL",   [20] = "SMEP",
        [21] = "SMAP",       [22] = "PKE",   [23] = "CET",     [24] = "PKS",  [25] = "UINTR"};

    return cr == 4 ? cr4[bit] : cr0[bit];
}

#define CR_BITS_NAMED 3

void add_cr_bits(struct text *t, unsigned cr, uint32_t bits)
{
    unsigned left = (unsigned)__builtin_popcount(bits), named = 0;

    for (unsigned bit = 0; bit < 32 && left; bit++) {
        const char *name = cr_bit_name(cr, bit);

        if (!(bits >> bit & 1))
            continue;
        if (named == CR_BITS_NAMED) {
            text_add(t, " and %u more", left);
            return;
        }
        if (name)
            text_add(t, "%s%s", named++ ? ", " : "", name);
        else
            text_add(t, "%sbit %u", named++ ? ", " : "", bit);
        left--;
    }
}
