/* The judge's own exit handler, see exits_model.h. Intel SDM vol. 2 for each instruction. */
#include "exercises/grader/exits_model.h"

#include "util/bytes.h"
#include "x86/cpuid.h"
#include "x86/msr.h"

#define HIDDEN_ECX (1u << 30 | 1u << 31) /* RDRAND, hypervisor */
#define HYPERVISOR_LEAF 0x40000000u
#define GP_INFO (INTR_VALID | INTR_HAS_ERROR | INTR_HARDWARE_EXCEPTION << 8 | X86_GP)

static uint64_t mask_of(unsigned size)
{
    return size == 4 ? 0xffffffff : (1ull << 8 * size) - 1;
}

static void expect_cpuid(struct exits_state *s)
{
    uint32_t leaf = (uint32_t)s->gpr[X86_RAX];
    struct x86_cpuid out = x86_cpuid(leaf, (uint32_t)s->gpr[X86_RCX] & 0xffff);

    if (leaf == 1)
        out.ecx &= ~HIDDEN_ECX;
    if (leaf == HYPERVISOR_LEAF)
        out = (struct x86_cpuid){0};
    s->gpr[X86_RAX] = out.eax;
    s->gpr[X86_RBX] = out.ebx;
    s->gpr[X86_RCX] = out.ecx;
    s->gpr[X86_RDX] = out.edx;
}

/* ---- I/O ------------------------------------------------------------------------------------- */

static uint64_t port_read(struct exits_state *s, uint16_t port, unsigned size)
{
    uint64_t value = exits_port_value(s->reads++, port, size);

    s->last = value | (uint64_t)port << 32 | (uint64_t)size << 48;
    return value;
}

static void port_write(struct exits_state *s, uint16_t port, unsigned size, uint64_t value)
{
    s->writes++;
    s->last = (value & mask_of(size)) | (uint64_t)port << 32 | (uint64_t)size << 48;
}

/* True: the instruction is over. */
static bool expect_string(const struct exits_world *w, const struct vm_exit *exit,
                          struct exits_state *s, struct exits_memory *memory)
{
    uint64_t q = exit->qualification;
    uint16_t port = IO_QUAL_PORT(q);
    unsigned size = IO_QUAL_SIZE(q);
    uint32_t by = s->rflags & RFLAGS_DF ? 0 - size : size;
    uint64_t *index = &s->gpr[q & IO_QUAL_IN ? X86_RDI : X86_RSI];

    if (q & IO_QUAL_IN) {
        *memory = (struct exits_memory){exit->guest_linear, port_read(s, port, size), size};
    } else {
        uint8_t bytes[8] = {0};

        ram_read(&w->m->ram, exit->guest_linear, bytes, size);
        port_write(s, port, size, get_le64(bytes));
    }
    *index = (uint32_t)(*index + by);
    if (!(q & IO_QUAL_REP))
        return true;
    s->gpr[X86_RCX] = (uint32_t)(s->gpr[X86_RCX] - 1);
    return s->gpr[X86_RCX] == 0;
}

static bool expect_io(const struct exits_world *w, const struct vm_exit *exit,
                      struct exits_state *s, struct exits_memory *memory)
{
    uint64_t q = exit->qualification;
    unsigned size = IO_QUAL_SIZE(q);
    uint64_t kept = size == 4 ? 0 : s->gpr[X86_RAX] & ~mask_of(size);

    if (q & IO_QUAL_STRING)
        return expect_string(w, exit, s, memory);
    if (q & IO_QUAL_IN)
        s->gpr[X86_RAX] = kept | port_read(s, IO_QUAL_PORT(q), size);
    else
        port_write(s, IO_QUAL_PORT(q), size, s->gpr[X86_RAX]);
    return true;
}

/* ---- MSRs, control registers, hypercalls ----------------------------------------------------- */

static bool expect_msr(const struct vm_exit *exit, struct exits_state *s)
{
    int msr = exits_msr((uint32_t)s->gpr[X86_RCX]);

    if (msr < 0) {
        s->entry_info = GP_INFO;
        s->entry_error = 0;
        return false;
    }
    if (exit->reason == EXIT_WRMSR) {
        s->msr[msr] = s->gpr[X86_RDX] << 32 | (uint32_t)s->gpr[X86_RAX];
    } else {
        s->gpr[X86_RAX] = (uint32_t)s->msr[msr];
        s->gpr[X86_RDX] = s->msr[msr] >> 32;
    }
    return true;
}

static void set_cr(uint64_t *cr, uint64_t *shadow, uint64_t mask, uint64_t value)
{
    *shadow = value & mask;
    *cr = (*cr & mask) | (value & ~mask);
}

static void expect_cr(const struct exits_world *w, const struct vm_exit *exit,
                      struct exits_state *s)
{
    const struct controls *c = &w->m->controls;
    uint64_t q = exit->qualification, value = s->gpr[CR_QUAL_GPR(q)];
    uint64_t read = (s->cr0 & ~c->cr0_mask) | s->cr0_shadow;

    switch ((enum cr_access)CR_QUAL_TYPE(q)) {
    case CR_ACCESS_MOV_FROM: /* CR3 */
        s->gpr[CR_QUAL_GPR(q)] = s->cr3;
        break;
    case CR_ACCESS_CLTS:
        set_cr(&s->cr0, &s->cr0_shadow, c->cr0_mask, read & ~(uint64_t)CR0_TS);
        break;
    case CR_ACCESS_LMSW:
        set_cr(&s->cr0, &s->cr0_shadow, c->cr0_mask,
               (read & ~(uint64_t)(CR0_MP | CR0_EM | CR0_TS)) | (CR_QUAL_LMSW(q) & 0xf));
        break;
    default:
        if (CR_QUAL_NUMBER(q) == 0)
            set_cr(&s->cr0, &s->cr0_shadow, c->cr0_mask, value);
        else if (CR_QUAL_NUMBER(q) == 4)
            set_cr(&s->cr4, &s->cr4_shadow, c->cr4_mask, value);
        else
            s->cr3 = value;
    }
}

static void expect_hypercall(struct exits_state *s)
{
    uint32_t sum = (uint32_t)(s->gpr[X86_RBX] + s->gpr[X86_RCX]);

    s->gpr[X86_RAX] = (uint32_t)s->gpr[X86_RAX] == 1 ? sum : 0xffffffff;
}

/* ---- events ---------------------------------------------------------------------------------- */

static void expect_delivery(struct exits_model *model, uint32_t interruptibility,
                            struct exits_state *s)
{
    bool takes = (s->rflags & RFLAGS_IF) &&
                 !(interruptibility & (X86_BLOCKING_BY_STI | X86_BLOCKING_BY_MOV_SS));

    s->window = !takes;
    if (!takes)
        return;
    s->entry_info = INTR_VALID | model->vector;
    model->waits = false;
}

void exits_expect(struct exits_model *model, const struct exits_world *w,
                  const struct vm_exit *exit, uint32_t interruptibility, struct exits_state *s,
                  struct exits_memory *memory)
{
    bool over = true;

    memory->size = 0;
    switch (exit->reason) {
    case EXIT_CPUID:
        expect_cpuid(s);
        break;
    case EXIT_IO:
        over = expect_io(w, exit, s, memory);
        break;
    case EXIT_RDMSR:
    case EXIT_WRMSR:
        over = expect_msr(exit, s);
        break;
    case EXIT_VMCALL:
        expect_hypercall(s);
        break;
    case EXIT_CR_ACCESS:
        expect_cr(w, exit, s);
        break;
    case EXIT_HLT:
        s->waits = 1;
        break;
    case EXIT_EXTERNAL_INTERRUPT:
        model->waits = true;
        model->vector = INTR_VECTOR(exit->intr_info);
        expect_delivery(model, interruptibility, s);
        return;
    default: /* the window */
        if (model->waits)
            expect_delivery(model, interruptibility, s);
        return;
    }
    if (over)
        s->rip += exit->insn_len;
}
