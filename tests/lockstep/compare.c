/* Comparing two CPU states and two memories, see compare.h. */
#include "tests/lockstep/compare.h"

#include "core/exit.h"
#include "tests/lockstep/undefined.h"
#include "util/bytes.h"

#include <stdio.h>
#include <string.h>

static void note(struct difference *d, unsigned field, const char *name, uint64_t here,
                 uint64_t there)
{
    if (here == there)
        return;
    if (!d->fields)
        snprintf(d->first, sizeof(d->first), "%s: here %#llx, QEMU %#llx", name,
                 (unsigned long long)here, (unsigned long long)there);
    d->fields |= field;
}

static bool is_long(const struct x86_state *s)
{
    return x86_mode_of(s) == X86_MODE_LONG64;
}

/* Outside 64-bit code a register has 32 bits: what lies above is undefined on the way there. */
static void compare_gprs(const struct pair *p, struct difference *d)
{
    static const char names[][4] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                    "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};
    bool wide = is_long(&p->before) && is_long(&p->here);
    uint64_t mask = wide ? ~0ull : 0xffffffff;

    for (int i = 0; i < (wide ? 16 : 8); i++)
        note(d, FIDELITY_GPR, names[i], p->here.gpr[i] & mask, p->there.gpr[i] & mask);
}

static void compare_control(const struct pair *p, struct difference *d)
{
    static const char names[][3] = {"es", "cs", "ss", "ds", "fs", "gs"};
    const struct x86_state *h = &p->here, *t = &p->there;

    for (int i = X86_ES; i <= X86_GS; i++)
        note(d, FIDELITY_SEGMENT, names[i], h->seg[i].selector, t->seg[i].selector);
    note(d, FIDELITY_SEGMENT, "fs base", h->seg[X86_FS].base, t->seg[X86_FS].base);
    note(d, FIDELITY_SEGMENT, "gs base", h->seg[X86_GS].base, t->seg[X86_GS].base);
    note(d, FIDELITY_SEGMENT, "kernel gs base", h->kernel_gs_base, t->kernel_gs_base);
    note(d, FIDELITY_CONTROL, "cr0", h->cr0, t->cr0);
    note(d, FIDELITY_CONTROL, "cr2", h->cr2, t->cr2);
    note(d, FIDELITY_CONTROL, "cr3", h->cr3, t->cr3);
    note(d, FIDELITY_CONTROL, "cr4", h->cr4, t->cr4);
    note(d, FIDELITY_CONTROL, "efer", h->efer, t->efer);
}

static void compare_fpu(const struct pair *p, struct difference *d)
{
    const uint8_t *h = p->here.fxsave, *t = p->there.fxsave;
    char name[8];

    note(d, FIDELITY_X87, "fcw", get_le16(h), get_le16(t));
    note(d, FIDELITY_X87_STATUS, "fsw", get_le16(h + 2), get_le16(t + 2));
    note(d, FIDELITY_MXCSR, "mxcsr", get_le32(h + 24), get_le32(t + 24));
    for (unsigned i = 0; i < 8; i++) {
        snprintf(name, sizeof(name), "st%u", i);
        note(d, FIDELITY_X87, name, get_le64(h + 32 + 16 * i), get_le64(t + 32 + 16 * i));
        snprintf(name, sizeof(name), "st%u.x", i);
        note(d, FIDELITY_X87, name, get_le16(h + 40 + 16 * i), get_le16(t + 40 + 16 * i));
    }
    for (unsigned i = 0; i < 32; i++) {
        snprintf(name, sizeof(name), "xmm%u.%c", i / 2, i % 2 ? 'h' : 'l');
        note(d, FIDELITY_XMM, name, get_le64(h + 160 + 8 * i), get_le64(t + 160 + 8 * i));
    }
}

static void compare_memory(const struct pair *p, struct difference *d)
{
    uint32_t at = pair_memory_difference(p);
    char name[24];

    if (at == LOCKSTEP_TOP)
        return;
    snprintf(name, sizeof(name), "memory %05x", at);
    note(d, FIDELITY_MEMORY, name, get_le64(ram_ptr(&p->m->ram, at, 8)), get_le64(p->q.ram + at));
}

unsigned compare_vector_here(const struct pair *p)
{
    return p->vector < 0 ? FIDELITY_NONE : (unsigned)p->vector;
}

/* Nothing but an exception leads to a handler, or hardly ever. */
unsigned compare_vector_there(const struct pair *p)
{
    int vector = lockstep_vector(&p->there);

    if (x86_cpl(&p->before) == 0 && vector < 0)
        return FIDELITY_NONE;
    return vector < 0 ? FIDELITY_NONE : (unsigned)vector;
}

/* BSF and BSR of zero leave their destination undefined, ZF says so. */
static bool zero_source(const struct pair *p)
{
    return p->there.rflags & RFLAGS_ZF;
}

void compare(const struct pair *p, struct difference *d)
{
    uint64_t undefined = undefined_flags(&p->insn, &p->before);

    d->fields = 0;
    d->first[0] = '\0';
    if (lockstep_vector(&p->here) != lockstep_vector(&p->there))
        note(d, FIDELITY_EVENT, "vector", compare_vector_here(p), compare_vector_there(p));
    note(d, FIDELITY_RIP, "rip", p->here.rip, p->there.rip);
    compare_gprs(p, d);
    note(d, FIDELITY_RFLAGS, "rflags", p->here.rflags & ~undefined, p->there.rflags & ~undefined);
    compare_control(p, d);
    compare_fpu(p, d);
    compare_memory(p, d);
    d->any = d->fields || p->here.rflags != p->there.rflags;
    d->fields &= ~undefined_results(&p->insn, &p->before, zero_source(p));
}
