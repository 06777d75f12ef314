/* Guests for exercise 02, see trap_guest.h. */
#include "exercises/grader/trap_guest.h"

#include "util/bytes.h"

#include <string.h>

enum { PIECES = 16, INTERRUPT_FORMS = 9, HANDLERS = 0x6000, STUBS = 0x6080, STUB_SIZE = 16 };

/* Words of the handlers: where the next event goes; where to go on behind #GP, and behind user code. */
enum { NEXT = 0x9000, RESUME = 0x9004, BACK = 0x9008 };

enum { INT_LEAVE = 0x40, INT_PROBE, INT_RAISE };

/* ---- writing --------------------------------------------------------------------------------- */

static void put(struct trap_guest *g, const uint8_t *bytes, unsigned size)
{
    if (g->size + size > TRAP_CODE_MAX)
        return;
    g->starts[g->size] = true;
    memcpy(g->code + g->size, bytes, size);
    g->size += size;
}

#define PUT(g, ...) put(g, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static uint32_t here(const struct trap_guest *g)
{
    return TRAP_CODE + g->size;
}

static uint32_t any(struct trap_guest *g)
{
    return (uint32_t)random_next(g->random);
}

static unsigned below(struct trap_guest *g, unsigned limit)
{
    return (unsigned)random_below(g->random, limit);
}

/* One byte and a word: mov r32, imm32 and its kin. */
static void put_word(struct trap_guest *g, uint8_t opcode, uint32_t value)
{
    uint8_t bytes[5] = {opcode};

    put_le32(bytes + 1, value);
    put(g, bytes, sizeof(bytes));
}

static void put_mov(struct trap_guest *g, enum x86_gpr gpr, uint32_t value)
{
    put_word(g, (uint8_t)(0xb8 + gpr), value);
}

/* mov dword [address], value; returns where the value is in the code. */
static unsigned put_store(struct trap_guest *g, uint32_t address, uint32_t value)
{
    uint8_t bytes[10] = {0xc7, 0x05};

    put_le32(bytes + 2, address);
    put_le32(bytes + 6, value);
    put(g, bytes, sizeof(bytes));
    return g->size - 4;
}

/* An instruction behind prefixes that do not matter to it, and sometimes 66h. */
static void put_prefixed(struct trap_guest *g, const uint8_t *insn, unsigned size)
{
    static const uint8_t prefixes[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x67, 0xf2, 0xf3};
    unsigned count = below(g, 2) ? below(g, 4) : 0, length = 0;
    uint8_t bytes[8];

    for (unsigned i = 0; i < count; i++)
        bytes[length++] = prefixes[below(g, sizeof(prefixes))];
    if (below(g, 2))
        bytes[length++] = 0x66;
    memcpy(bytes + length, insn, size);
    put(g, bytes, length + size);
}

#define PUT_PREFIXED(g, ...)                                                                       \
    put_prefixed(g, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

/* inc eax: something that an event can come behind */
static void put_incs(struct trap_guest *g, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        PUT(g, 0x40);
}

static void put_cli(struct trap_guest *g)
{
    PUT_PREFIXED(g, 0xfa);
}

static void put_sti(struct trap_guest *g)
{
    PUT_PREFIXED(g, 0xfb);
}

static void put_raise(struct trap_guest *g)
{
    PUT(g, 0xe6, TRAP_LINE_PORT);
}

/* ---- pieces ---------------------------------------------------------------------------------- */

static void put_flags(struct trap_guest *g)
{
    for (unsigned i = below(g, 4); i-- > 0;)
        if (below(g, 2))
            put_cli(g);
        else
            put_sti(g);
    put_incs(g, below(g, 2));
    PUT(g, 0xcd, INT_PROBE);
}

/* mov [slot], eax */
static void put_slot(struct trap_guest *g, uint32_t insn)
{
    if (g->slots == TRAP_SLOTS_MAX)
        return;
    g->slot_of[g->slots] = insn;
    put_word(g, 0xa3, TRAP_SLOTS + 4 * g->slots++);
}

static void put_in_out(struct trap_guest *g)
{
    uint8_t opcode = (uint8_t)(0xe4 + below(g, 4) + 8 * below(g, 2));
    uint8_t port = (uint8_t)(0x80 + below(g, 0x60));
    uint32_t at;

    put_mov(g, X86_RAX, any(g));
    put_mov(g, X86_RDX, (any(g) & 0xffff0000) | (0x1000 + below(g, 0x4000)));
    at = here(g);
    if (opcode & 8)
        PUT_PREFIXED(g, opcode);
    else
        PUT_PREFIXED(g, opcode, port);
    put_slot(g, at);
}

static void put_io(struct trap_guest *g)
{
    put_in_out(g);
    put_in_out(g);
}

static void put_interrupt(struct trap_guest *g)
{
    unsigned form = g->piece < INTERRUPT_FORMS ? g->piece : below(g, INTERRUPT_FORMS);

    put_cli(g);
    put_incs(g, below(g, 2));
    if (form < 6)
        put_raise(g);
    put_incs(g, below(g, 3));
    put_sti(g);
    switch (form) {
    case 0: /* closed again in the shadow: not yet */
        put_cli(g);
        put_incs(g, 2);
        put_sti(g);
        break;
    case 1: /* the second opens no shadow */
        put_sti(g);
        break;
    case 2: /* the instruction in the shadow traps, too */
        put_in_out(g);
        break;
    case 3:
        PUT(g, 0xcd, INT_PROBE);
        break;
    case 6: /* comes while it may */
        put_incs(g, 1);
        put_raise(g);
        break;
    case 7: /* comes in the shadow's last moment */
        put_raise(g);
        break;
    case 8: /* comes in a handler, which IRET ends */
        PUT(g, 0xcd, INT_RAISE);
        break;
    default:
        break;
    }
    put_incs(g, 3);
}

static void put_halt(struct trap_guest *g)
{
    bool is_there = g->piece < 2 ? g->piece : below(g, 2);

    put_cli(g);
    if (is_there)
        put_raise(g);
    put_sti(g);
    if (!is_there)
        put_incs(g, below(g, 2));
    PUT_PREFIXED(g, 0xf4);
    put_incs(g, 1);
}

/* ---- user code ------------------------------------------------------------------------------- */

/* What the next #GP goes on behind; the address is filled in by resume_here(). */
static unsigned put_resume(struct trap_guest *g)
{
    return put_store(g, RESUME, 0);
}

static void resume_here(struct trap_guest *g, unsigned at)
{
    put_le32(g->code + at, here(g));
}

/* mov ds, a selector that there is not: #GP with an error code, in every ring */
static void put_fault(struct trap_guest *g)
{
    unsigned at;

    put_mov(g, X86_RAX, 0x1000 | (any(g) & 0xeff8));
    at = put_resume(g);
    PUT(g, 0x8e, 0xd8);
    resume_here(g, at);
}

/* Of ring 0 whatever IOPL is: HLT, CLTS, MOV to CR0, LGDT, RDMSR, INVLPG. */
enum { PRIVILEGED_INSNS = 6 };

static void put_privileged(struct trap_guest *g, unsigned which)
{
    static const uint8_t insns[PRIVILEGED_INSNS][7] = {{0xf4},
                                                       {0x0f, 0x06},
                                                       {0x0f, 0x22, 0xc0},
                                                       {0x0f, 0x01, 0x15, 0x00, 0x80, 0x00, 0x00},
                                                       {0x0f, 0x32},
                                                       {0x0f, 0x01, 0x3d, 0x00, 0x80, 0x00, 0x00}};
    static const uint8_t sizes[PRIVILEGED_INSNS] = {1, 2, 3, 7, 2, 7};
    unsigned at = put_resume(g);

    put(g, insns[which], sizes[which]);
    resume_here(g, at);
}

/* Those that IOPL decides about. */
static void put_by_iopl(struct trap_guest *g)
{
    unsigned at;
    uint32_t insn;

    put_mov(g, X86_RDX, 0x1000 + below(g, 0x4000));
    at = put_resume(g);
    insn = here(g);
    switch (below(g, 4)) {
    case 0:
        put_cli(g);
        break;
    case 1:
        put_sti(g);
        break;
    case 2:
        PUT_PREFIXED(g, (uint8_t)(0xec + below(g, 4)));
        break;
    default:
        PUT_PREFIXED(g, (uint8_t)(0xe4 + below(g, 4)), 0x90);
    }
    resume_here(g, at);
    put_slot(g, insn);
    PUT(g, 0xcd, INT_PROBE);
}

/* IRET into ring 3, with IF and IOPL as they fall; user code; back by INT. */
static void put_user(struct trap_guest *g)
{
    unsigned iopl = g->piece % 4, at, back;

    put_fault(g);
    back = put_store(g, BACK, 0);
    PUT(g, 0x6a, TRAP_USER_SS);
    put_word(g, 0x68, TRAP_STACK_USER);
    put_word(g, 0x68, RFLAGS_FIXED | iopl << 12 | (below(g, 2) ? RFLAGS_IF : 0));
    PUT(g, 0x6a, TRAP_USER_CS);
    at = g->size + 1;
    put_word(g, 0x68, 0);
    PUT(g, 0xcf);
    resume_here(g, at);
    put_privileged(g, 0);
    put_privileged(g, 1 + below(g, PRIVILEGED_INSNS - 1));
    put_by_iopl(g);
    for (unsigned i = 1 + below(g, 4); i-- > 0;)
        switch (below(g, 4)) {
        case 0:
            put_fault(g);
            break;
        case 1:
            put_privileged(g, below(g, PRIVILEGED_INSNS));
            break;
        default:
            put_by_iopl(g);
        }
    PUT(g, 0xcd, INT_LEAVE);
    resume_here(g, back);
}

static void put_gate(struct trap_guest *g)
{
    PUT(g, 0xfa);
}

void trap_guest_make(struct trap_guest *g, enum trap_kind kind, struct grader_random *random)
{
    static void (*const pieces[])(struct trap_guest * g) = {
        [TRAP_GATE] = put_gate, [TRAP_FLAGS] = put_flags,
        [TRAP_IO] = put_io,     [TRAP_INTERRUPTS] = put_interrupt,
        [TRAP_HALT] = put_halt, [TRAP_USER] = put_user,
    };

    *g = (struct trap_guest){.random = random};
    for (; g->piece < (kind == TRAP_GATE ? 1 : PIECES); g->piece++)
        pieces[kind](g);
    put_incs(g, 2);
    g->end = here(g);
    PUT(g, 0x90);
}

/* ---- handlers and tables --------------------------------------------------------------------- */

/*
 * Behind a stub, which has pushed error code and vector:
 *
 *   pushad
 *   mov ebx, [NEXT]
 *   write down vector, error, EIP, CS, EFLAGS, EAX       add ebx, 24     mov [NEXT], ebx
 *   cmp byte [esp + 32], 13      jne out     the saved EIP becomes [RESUME]
 *   out: popad      add esp, 8      iret
 */
static const uint8_t common[] = {
    0x60,                                     /* pushad */
    0x8b, 0x1d, 0x00, 0x90, 0x00, 0x00,       /* mov ebx, [NEXT] */
    0x8b, 0x44, 0x24, 0x20, 0x89, 0x03,       /* vector */
    0x8b, 0x44, 0x24, 0x24, 0x89, 0x43, 0x04, /* error */
    0x8b, 0x44, 0x24, 0x28, 0x89, 0x43, 0x08, /* EIP */
    0x8b, 0x44, 0x24, 0x2c, 0x89, 0x43, 0x0c, /* CS */
    0x8b, 0x44, 0x24, 0x30, 0x89, 0x43, 0x10, /* EFLAGS */
    0x8b, 0x44, 0x24, 0x1c, 0x89, 0x43, 0x14, /* EAX */
    0x83, 0xc3, 0x18,                         /* add ebx, 24 */
    0x89, 0x1d, 0x00, 0x90, 0x00, 0x00,       /* mov [NEXT], ebx */
    0x80, 0x7c, 0x24, 0x20, 0x0d,             /* cmp byte [esp + 32], 13 */
    0x75, 0x09,                               /* jne */
    0xa1, 0x04, 0x90, 0x00, 0x00,             /* mov eax, [RESUME] */
    0x89, 0x44, 0x24, 0x28,                   /* mov [esp + 40], eax */
    0x61, 0x83, 0xc4, 0x08, 0xcf,             /* popad; add esp, 8; iret */
};

/* mov esp, TRAP_STACK; jmp [BACK] */
static const uint8_t leave[] = {0xbc, 0x00, 0x7f, 0x00, 0x00, 0xff, 0x25, 0x08, 0x90, 0x00, 0x00};

/* [out TRAP_LINE_PORT, al] [push 0] push vector; jmp common */
static void put_stub(struct machine *m, unsigned vector)
{
    uint32_t at = STUBS + STUB_SIZE * (vector & 0x7f);
    uint8_t bytes[STUB_SIZE];
    unsigned size = 0;

    if (vector == INT_RAISE) {
        bytes[size++] = 0xe6;
        bytes[size++] = TRAP_LINE_PORT;
    }
    if (vector != X86_GP) {
        bytes[size++] = 0x6a;
        bytes[size++] = 0;
    }
    bytes[size++] = 0x6a;
    bytes[size++] = (uint8_t)vector;
    bytes[size++] = 0xe9;
    put_le32(bytes + size, HANDLERS - (at + size + 4));
    size += 4;
    if (vector == INT_LEAVE) {
        memcpy(bytes, leave, sizeof(leave));
        size = sizeof(leave);
    }
    ram_write(&m->ram, at, bytes, size);
}

static void put_vector(struct machine *m, unsigned vector, unsigned dpl)
{
    uint8_t gate[8] = {0};

    put_le16(gate, (uint16_t)(STUBS + STUB_SIZE * (vector & 0x7f)));
    put_le16(gate + 2, TRAP_CS);
    gate[5] = (uint8_t)(0x8e | dpl << 5);
    ram_write(&m->ram, TRAP_IDT + 8 * vector, gate, sizeof(gate));
    put_stub(m, vector);
}

static void put_tables(struct machine *m)
{
    static const uint8_t gdt[] = {
        0xff, 0xff, 0, 0, 0, 0x9b, 0xcf, 0, /* 08 */
        0xff, 0xff, 0, 0, 0, 0x93, 0xcf, 0, /* 10 */
        0xff, 0xff, 0, 0, 0, 0xfb, 0xcf, 0, /* 1b */
        0xff, 0xff, 0, 0, 0, 0xf3, 0xcf, 0, /* 23 */
    };
    uint8_t tss[104] = {0};

    put_le32(tss + 4, TRAP_STACK_EVENT);
    put_le16(tss + 8, TRAP_SS);
    put_le16(tss + 102, sizeof(tss)); /* no I/O bitmap */
    ram_write(&m->ram, TRAP_GDT + 8, gdt, sizeof(gdt));
    ram_write(&m->ram, TRAP_TSS, tss, sizeof(tss));
}

void trap_guest_load(const struct trap_guest *g, struct machine *m)
{
    uint8_t next[4];

    put_le32(next, TRAP_EVENTS);
    ram_write(&m->ram, NEXT, next, sizeof(next));
    ram_write(&m->ram, TRAP_CODE, g->code, g->size);
    ram_write(&m->ram, HANDLERS, common, sizeof(common));
    put_tables(m);
    put_vector(m, X86_GP, 0);
    for (unsigned i = 0; i < TRAP_VECTORS; i++)
        put_vector(m, TRAP_VECTOR + i, 0);
    for (unsigned i = INT_LEAVE; i <= INT_RAISE; i++)
        put_vector(m, i, 3);
}

/* ---- what was written down ------------------------------------------------------------------- */

static uint32_t word(const struct machine *m, uint32_t address)
{
    uint8_t bytes[4] = {0};

    ram_read(&m->ram, address, bytes, sizeof(bytes));
    return get_le32(bytes);
}

unsigned trap_guest_events(const struct machine *m)
{
    return (word(m, NEXT) - TRAP_EVENTS) / (4 * TRAP_EVENT_WORDS);
}

uint32_t trap_guest_event(const struct machine *m, unsigned number, enum trap_word which)
{
    uint32_t value = word(m, TRAP_EVENTS + 4 * (TRAP_EVENT_WORDS * number + which));

    return which == TRAP_EVENT_EFLAGS ? value & ~RFLAGS_RF : value;
}
