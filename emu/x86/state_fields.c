/* The table of struct x86_state's fields, see state_fields.h. */
#include "x86/state_fields.h"

#include <string.h>

#define FIELD(label, member)                                                                       \
    {                                                                                              \
        .name = (label), .offset = offsetof(struct x86_state, member),                             \
        .size = sizeof(((struct x86_state *)0)->member), .count = 1                                \
    }
#define SEGMENT(label, i)                                                                          \
    FIELD(label ".selector", seg[i].selector), FIELD(label ".base", seg[i].base),                  \
        FIELD(label ".limit", seg[i].limit), FIELD(label ".access", seg[i].access)

static const struct x86_field fields[] = {
    FIELD("RAX", gpr[X86_RAX]),
    FIELD("RCX", gpr[X86_RCX]),
    FIELD("RDX", gpr[X86_RDX]),
    FIELD("RBX", gpr[X86_RBX]),
    FIELD("RSP", gpr[X86_RSP]),
    FIELD("RBP", gpr[X86_RBP]),
    FIELD("RSI", gpr[X86_RSI]),
    FIELD("RDI", gpr[X86_RDI]),
    FIELD("R8", gpr[X86_R8]),
    FIELD("R9", gpr[X86_R9]),
    FIELD("R10", gpr[X86_R10]),
    FIELD("R11", gpr[X86_R11]),
    FIELD("R12", gpr[X86_R12]),
    FIELD("R13", gpr[X86_R13]),
    FIELD("R14", gpr[X86_R14]),
    FIELD("R15", gpr[X86_R15]),
    FIELD("RIP", rip),
    FIELD("RFLAGS", rflags),
    SEGMENT("ES", X86_ES),
    SEGMENT("CS", X86_CS),
    SEGMENT("SS", X86_SS),
    SEGMENT("DS", X86_DS),
    SEGMENT("FS", X86_FS),
    SEGMENT("GS", X86_GS),
    SEGMENT("LDTR", X86_LDTR),
    SEGMENT("TR", X86_TR),
    FIELD("GDTR.base", gdtr.base),
    FIELD("GDTR.limit", gdtr.limit),
    FIELD("IDTR.base", idtr.base),
    FIELD("IDTR.limit", idtr.limit),
    FIELD("CR0", cr0),
    FIELD("CR2", cr2),
    FIELD("CR3", cr3),
    FIELD("CR4", cr4),
    FIELD("CR8", cr8),
    FIELD("PDPTE0", pdpte[0]),
    FIELD("PDPTE1", pdpte[1]),
    FIELD("PDPTE2", pdpte[2]),
    FIELD("PDPTE3", pdpte[3]),
    FIELD("DR0", dr[0]),
    FIELD("DR1", dr[1]),
    FIELD("DR2", dr[2]),
    FIELD("DR3", dr[3]),
    FIELD("DR6", dr6),
    FIELD("DR7", dr7),
    FIELD("XCR0", xcr0),
    FIELD("PKRU", pkru),
    FIELD("IA32_EFER", efer),
    FIELD("IA32_STAR", star),
    FIELD("IA32_LSTAR", lstar),
    FIELD("IA32_CSTAR", cstar),
    FIELD("IA32_FMASK", fmask),
    FIELD("IA32_KERNEL_GS_BASE", kernel_gs_base),
    FIELD("IA32_SYSENTER_CS", sysenter_cs),
    FIELD("IA32_SYSENTER_ESP", sysenter_esp),
    FIELD("IA32_SYSENTER_EIP", sysenter_eip),
    FIELD("IA32_PAT", pat),
    FIELD("IA32_APIC_BASE", apic_base),
    FIELD("IA32_MISC_ENABLE", misc_enable),
    FIELD("IA32_TSC_AUX", tsc_aux),
    FIELD("interruptibility", interruptibility),
    FIELD("activity", activity),
    FIELD("pending event", pending.info),
    FIELD("pending error code", pending.error),
    FIELD("pending length", pending.insn_len),
    FIELD("pending CR2", pending.cr2),
    FIELD("pending debug", pending_debug),
    FIELD("once", once),
    {.name = "x87 and SSE", .offset = offsetof(struct x86_state, fxsave), .size = 1, .count = 512},
};

const struct x86_field *x86_state_fields(unsigned *count)
{
    *count = sizeof(fields) / sizeof(fields[0]);
    return fields;
}

uint64_t x86_field_get(const struct x86_state *state, const struct x86_field *field, unsigned i)
{
    const uint8_t *p = (const uint8_t *)state + field->offset + (size_t)i * field->size;
    uint16_t word;
    uint32_t dword;
    uint64_t qword;

    switch (field->size) {
    case 1:
        return *p;
    case 2:
        memcpy(&word, p, sizeof(word));
        return word;
    case 4:
        memcpy(&dword, p, sizeof(dword));
        return dword;
    default:
        memcpy(&qword, p, sizeof(qword));
        return qword;
    }
}

void x86_field_set(struct x86_state *state, const struct x86_field *field, unsigned i,
                   uint64_t value)
{
    uint8_t *p = (uint8_t *)state + field->offset + (size_t)i * field->size;
    const uint16_t word = (uint16_t)value;
    const uint32_t dword = (uint32_t)value;

    switch (field->size) {
    case 1:
        *p = (uint8_t)value;
        return;
    case 2:
        memcpy(p, &word, sizeof(word));
        return;
    case 4:
        memcpy(p, &dword, sizeof(dword));
        return;
    default:
        memcpy(p, &value, sizeof(value));
    }
}

size_t x86_state_put(const struct x86_state *state, uint8_t *p)
{
    uint8_t *begin = p;

    for (size_t f = 0; f < sizeof(fields) / sizeof(fields[0]); f++) {
        if (fields[f].size == 1) { /* an area of bytes */
            memcpy(p, (const uint8_t *)state + fields[f].offset, fields[f].count);
            p += fields[f].count;
            continue;
        }
        for (unsigned i = 0; i < fields[f].count; i++) {
            uint64_t value = x86_field_get(state, &fields[f], i);

            for (unsigned byte = 0; byte < fields[f].size; byte++)
                *p++ = (uint8_t)(value >> (8 * byte));
        }
    }
    return (size_t)(p - begin);
}

bool x86_state_take(struct x86_state *state, const uint8_t *p, size_t size)
{
    size_t want = 0;

    for (size_t f = 0; f < sizeof(fields) / sizeof(fields[0]); f++)
        want += (size_t)fields[f].size * fields[f].count;
    if (size != want)
        return false;
    memset(state, 0, sizeof(*state));
    for (size_t f = 0; f < sizeof(fields) / sizeof(fields[0]); f++) {
        if (fields[f].size == 1) {
            memcpy((uint8_t *)state + fields[f].offset, p, fields[f].count);
            p += fields[f].count;
            continue;
        }
        for (unsigned i = 0; i < fields[f].count; i++) {
            uint64_t value = 0;

            for (unsigned byte = 0; byte < fields[f].size; byte++)
                value |= (uint64_t)*p++ << (8 * byte);
            x86_field_set(state, &fields[f], i, value);
        }
    }
    return true;
}
