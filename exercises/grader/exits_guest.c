/* Guests for exercise 03, see exits_guest.h. */
#include "exercises/grader/exits_guest.h"

#include "util/bytes.h"
#include "x86/msr.h"

#include <string.h>

enum { GDT = 0x5000, IDT = 0x5100, GP_HANDLER = 0x6000, IRQ_HANDLER = 0x6040, STACK = 0x7ff0 };
enum { PIECES = 24, CODE_MAX = 0x3000 };

struct writer {
    uint8_t code[CODE_MAX];
    unsigned size;
    struct grader_random *random;
};

static void put(struct writer *w, const uint8_t *bytes, unsigned size)
{
    if (w->size + size > CODE_MAX)
        return;
    memcpy(w->code + w->size, bytes, size);
    w->size += size;
}

#define PUT(w, ...) put(w, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

/* mov r32, imm32 */
static void put_mov(struct writer *w, enum x86_gpr gpr, uint32_t value)
{
    uint8_t bytes[5] = {(uint8_t)(0xb8 + gpr)};

    put_le32(bytes + 1, value);
    put(w, bytes, sizeof(bytes));
}

static uint32_t any(struct writer *w)
{
    return (uint32_t)random_next(w->random);
}

static unsigned below(struct writer *w, unsigned limit)
{
    return (unsigned)random_below(w->random, limit);
}

/* ---- pieces ---------------------------------------------------------------------------------- */

static void put_cpuid(struct writer *w)
{
    static const uint32_t leaves[] = {0,          1,          1,          7,  0x40000000,
                                      0x80000000, 0x80000001, 0x80000008, 0xd};

    put_mov(w, X86_RAX, leaves[below(w, sizeof(leaves) / sizeof(leaves[0]))]);
    put_mov(w, X86_RCX, below(w, 2));
    PUT(w, 0x0f, 0xa2);
}

/* Ports that nobody else has. */
static uint16_t any_port(struct writer *w)
{
    return (uint16_t)(0x1000 + below(w, 0x4000));
}

static void put_io(struct writer *w)
{
    unsigned form = below(w, 8);
    uint8_t port = (uint8_t)(0x40 + below(w, 0x40));

    put_mov(w, X86_RAX, any(w));
    put_mov(w, X86_RDX, any_port(w));
    if (form < 3) /* in al, in ax, in eax, dx */
        put(w, (const uint8_t[][2]){{0xec, 0x90}, {0x66, 0xed}, {0xed, 0x90}}[form], 2);
    else if (form < 6)
        put(w, (const uint8_t[][2]){{0xee, 0x90}, {0x66, 0xef}, {0xef, 0x90}}[form - 3], 2);
    else if (form == 6)
        PUT(w, 0xe4, port);
    else
        PUT(w, 0xe7, port);
}

/* [cld or std] [rep] ins or outs, of any size. */
static void put_string(struct writer *w)
{
    bool in = below(w, 2), rep = below(w, 3) > 0, down = below(w, 2);
    unsigned size = 1u << below(w, 3);

    put_mov(w, X86_RDX, any_port(w));
    put_mov(w, in ? X86_RDI : X86_RSI, EXITS_DATA + 0x100 + below(w, 0x100));
    put_mov(w, X86_RCX, 1 + below(w, 5));
    PUT(w, down ? 0xfd : 0xfc);
    if (size == 2)
        PUT(w, 0x66);
    if (rep)
        PUT(w, 0xf3);
    PUT(w, (uint8_t)((in ? 0x6c : 0x6e) | (size > 1)));
    PUT(w, 0xfc);
}

static void put_msr(struct writer *w)
{
    static const uint32_t msrs[] = {MSR_SYSENTER_ESP, MSR_STAR,     MSR_LSTAR,  MSR_STAR,
                                    MSR_CSTAR,        MSR_EFER,     0x12345678, MSR_SYSENTER_EIP,
                                    MSR_LSTAR,        MSR_APIC_BASE};

    put_mov(w, X86_RCX, msrs[below(w, sizeof(msrs) / sizeof(msrs[0]))]);
    put_mov(w, X86_RAX, any(w));
    put_mov(w, X86_RDX, below(w, 0x8000));
    if (below(w, 2))
        PUT(w, 0x0f, 0x30);
    else
        PUT(w, 0x0f, 0x32);
}

static void put_hypercall(struct writer *w)
{
    put_mov(w, X86_RAX, below(w, 3) ? 1 : below(w, 1000));
    put_mov(w, X86_RBX, any(w));
    put_mov(w, X86_RCX, any(w));
    PUT(w, 0x0f, 0x01, 0xc1);
}

/* EAX, ECX, EDX, EBX, ESI or EDI; never the stack. */
static unsigned any_gpr(struct writer *w)
{
    static const uint8_t gprs[] = {0, 1, 2, 3, 6, 7};

    return gprs[below(w, sizeof(gprs))];
}

/* Bits that change nothing for this code: of CR0 MP, EM, TS, NE, AM; of CR4 TSD, DE, PGE, OSFXSR. */
static void put_cr(struct writer *w)
{
    uint32_t cr0 = CR0_PE | CR0_ET | (any(w) & (CR0_MP | CR0_EM | CR0_TS | CR0_NE | CR0_AM));
    uint32_t cr4 = any(w) & (CR4_TSD | CR4_DE | CR4_PGE | CR4_OSFXSR);
    unsigned gpr = any_gpr(w);

    switch (below(w, 6)) {
    case 0:
        put_mov(w, (enum x86_gpr)gpr, cr0);
        PUT(w, 0x0f, 0x22, (uint8_t)(0xc0 | gpr));
        break;
    case 1:
        put_mov(w, (enum x86_gpr)gpr, cr4);
        PUT(w, 0x0f, 0x22, (uint8_t)(0xe0 | gpr));
        break;
    case 2:
        put_mov(w, (enum x86_gpr)gpr, any(w) & 0xfffff000);
        PUT(w, 0x0f, 0x22, (uint8_t)(0xd8 | gpr));
        break;
    case 3:
        PUT(w, 0x0f, 0x20, (uint8_t)(0xd8 | gpr));
        break;
    case 4:
        PUT(w, 0x0f, 0x06); /* clts */
        break;
    default:
        put_mov(w, X86_RAX, 0x10 | (any(w) & 0xf));
        PUT(w, 0x0f, 0x01, 0xf0); /* lmsw ax */
    }
}

/* Interrupts are off for a while, then on, and now and then the guest waits. */
static void put_inject(struct writer *w)
{
    unsigned off = below(w, 6), on = 1 + below(w, 6);

    PUT(w, 0xfa);
    for (unsigned i = 0; i < off; i++)
        PUT(w, 0x40); /* inc eax */
    PUT(w, 0xfb);
    for (unsigned i = 0; i < on; i++)
        PUT(w, 0x40);
    if (below(w, 3) == 0)
        PUT(w, 0xf4);
}

static void put_nops(struct writer *w)
{
    PUT(w, 0x40);
}

static void put_piece(struct writer *w, enum exits_kind kind)
{
    static void (*const pieces[])(struct writer * w) = {
        [EXITS_NOPS] = put_nops,     [EXITS_CPUID] = put_cpuid,
        [EXITS_IO] = put_io,         [EXITS_STRINGS] = put_string,
        [EXITS_MSR] = put_msr,       [EXITS_CR] = put_cr,
        [EXITS_INJECT] = put_inject, [EXITS_HYPERCALL] = put_hypercall,
    };

    pieces[kind](w);
}

/* ---- the machine ----------------------------------------------------------------------------- */

static void put_gate(struct machine *m, unsigned vector, uint32_t handler)
{
    uint8_t gate[8] = {0};

    put_le16(gate, (uint16_t)handler);
    put_le16(gate + 2, 0x08);
    gate[5] = 0x8e;
    ram_write(&m->ram, IDT + 8 * vector, gate, sizeof(gate));
}

/* #GP is behind a RDMSR or WRMSR, both two bytes long: go on behind it. An interrupt is counted. */
static void put_handlers(struct machine *m)
{
    static const uint8_t gdt[] = {0xff, 0xff, 0, 0, 0, 0x9b, 0xcf, 0,
                                  0xff, 0xff, 0, 0, 0, 0x93, 0xcf, 0};
    static const uint8_t gp[] = {0x83, 0x44, 0x24, 0x04, 0x02, 0x83, 0xc4, 0x04, 0xcf};
    static const uint8_t irq[] = {0xff, 0x05, 0x00, 0x90, 0x00, 0x00, 0xcf};

    ram_write(&m->ram, GDT + 8, gdt, sizeof(gdt));
    ram_write(&m->ram, GP_HANDLER, gp, sizeof(gp));
    ram_write(&m->ram, IRQ_HANDLER, irq, sizeof(irq));
    put_gate(m, X86_GP, GP_HANDLER);
    put_gate(m, EXITS_VECTOR, IRQ_HANDLER);
}

static void set_state(struct machine *m)
{
    struct x86_state s;

    x86_state_reset(&s);
    s.cr0 = CR0_PE | CR0_ET;
    for (int i = X86_ES; i <= X86_GS; i++)
        s.seg[i] = (struct x86_segment){.selector = 0x10, .limit = ~0u, .access = 0xc093};
    s.seg[X86_CS] = (struct x86_segment){.selector = 0x08, .limit = ~0u, .access = 0xc09b};
    s.gdtr = (struct x86_table){.base = GDT, .limit = 0x17};
    s.idtr = (struct x86_table){.base = IDT, .limit = 0x7ff};
    s.gpr[X86_RSP] = STACK;
    s.rip = EXITS_CODE;
    machine_set_state(m, &s);
}

uint64_t exits_guest_load(struct machine *m, enum exits_kind kind, struct grader_random *random)
{
    struct writer w = {.random = random};
    uint8_t data[0x400];

    if (kind == EXITS_NOPS)
        PUT(&w, 0x0f, 0xa2);
    for (unsigned i = 0; i < PIECES; i++)
        put_piece(&w, kind);
    PUT(&w, 0x90);
    for (unsigned i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)random_next(random);
    ram_write(&m->ram, EXITS_DATA, data, sizeof(data));
    ram_write(&m->ram, EXITS_CODE, w.code, w.size);
    put_handlers(m);
    set_state(m);
    return EXITS_CODE + w.size - 1;
}
