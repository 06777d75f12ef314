/*
 * Making hostile guests, see hostile.h. Each starts in a sound state of its mode, with tables that
 * are mostly sound as well, so that it comes far enough to do damage; everything after that is its
 * own.
 *
 *   1000 code   8000 GDT   8800 IDT   9000 TSS   a000-dfff page tables   20000 data   e0000 stack
 *
 * Left out are the two instructions that are known to end the process, "lock-bit-register" and
 * "string-compare-length" in emu/x86/fidelity.c, as far as they are written down and not made at
 * run time.
 */
#include "tests/fuzz/hostile.h"

#include "core/backend.h"
#include "tests/support/prng.h"
#include "util/bytes.h"

#include <string.h>

#define AT_CODE 0x1000u
#define CODE_SIZE 0x3000u
#define AT_GDT 0x8000u
#define AT_IDT 0x8800u
#define AT_TSS 0x9000u
#define AT_TABLES 0xa000u
#define AT_DATA 0x20000u
#define AT_STACK 0xe0000u

#define SEL_CODE 0x08
#define SEL_DATA 0x10
#define SEL_USER_CODE 0x1b
#define SEL_USER_DATA 0x23
#define SEL_TSS 0x28

enum paging { PAGING_NONE, PAGING_32, PAGING_PAE, PAGING_LONG };

static const struct kind {
    const char *name;
    unsigned bits, cpl;
    enum paging paging;
    bool real;
} kinds[] = {
    {"real", 16, 0, PAGING_NONE, true},     {"prot16", 16, 0, PAGING_NONE, false},
    {"prot32", 32, 0, PAGING_NONE, false},  {"paged32", 32, 0, PAGING_32, false},
    {"pae", 32, 0, PAGING_PAE, false},      {"long64", 64, 0, PAGING_LONG, false},
    {"user32", 32, 3, PAGING_NONE, false},  {"user-paged32", 32, 3, PAGING_32, false},
    {"user-pae", 32, 3, PAGING_PAE, false}, {"user64", 64, 3, PAGING_LONG, false},
};
#define KIND_COUNT (sizeof(kinds) / sizeof(kinds[0]))

struct maker {
    struct machine *m;
    const struct kind *kind;
    struct prng r;
    uint8_t *code;
    uint32_t size;
};

/* ---- values ---------------------------------------------------------------------------------- */

static uint64_t address(struct maker *k)
{
    static const uint64_t places[] = {0,
                                      0xfff,
                                      AT_CODE,
                                      AT_GDT,
                                      AT_IDT,
                                      AT_TSS,
                                      AT_TABLES,
                                      AT_TABLES + 0x1000,
                                      AT_TABLES + 0x2000,
                                      AT_DATA,
                                      AT_STACK,
                                      HOSTILE_RAM - 1,
                                      HOSTILE_RAM - 4,
                                      HOSTILE_RAM,
                                      0xb8000,
                                      0x7fffffff,
                                      0xfee00000,
                                      0xfffffff0,
                                      0xffffffff,
                                      0x100000000,
                                      0x7fffffffffff,
                                      0x800000000000,
                                      0xffff800000000000,
                                      ~0ull};
    uint64_t at = places[prng_below(&k->r, sizeof(places) / sizeof(places[0]))];

    switch (prng_below(&k->r, 4)) {
    case 0:
        return prng_shifted(&k->r);
    case 1:
        return at + prng_below(&k->r, 64) - 32;
    default:
        return at;
    }
}

static uint64_t entry(struct maker *k)
{
    uint64_t flags = prng_percent(&k->r, 70) ? 0x07 : prng_next(&k->r) & 0x8000000000000fff;

    return (address(k) & ~0xfffull) | flags;
}

/* ---- code ------------------------------------------------------------------------------------ */

static void emit(struct maker *k, uint64_t value, unsigned size)
{
    for (unsigned i = 0; i < size && k->size < CODE_SIZE; i++)
        k->code[k->size++] = (uint8_t)(value >> (8 * i));
}

/* MOV register, value, as wide as the mode's registers. */
static void set(struct maker *k, enum x86_gpr gpr, uint64_t value)
{
    if (k->kind->bits == 16)
        emit(k, 0x66, 1);
    if (k->kind->bits == 64)
        emit(k, 0x48, 1);
    emit(k, 0xb8u + gpr, 1);
    emit(k, value, k->kind->bits == 64 ? 8 : 4);
}

static void noise(struct maker *k)
{
    for (unsigned n = 1 + prng_below(&k->r, 12); n; n--)
        emit(k, prng_next(&k->r), 1);
}

static void write_control(struct maker *k)
{
    static const uint8_t registers[] = {0, 2, 3, 4, 8};
    unsigned cr = registers[prng_below(&k->r, sizeof(registers))];
    uint64_t value = prng_percent(&k->r, 50) ? address(k) : 1ull << prng_below(&k->r, 34);

    if (prng_percent(&k->r, 60)) { /* the value that is there with a bit or two changed */
        emit(k, 0xc0200f | cr << 19, 3);
        if (k->kind->bits == 16)
            emit(k, 0x66, 1);
        emit(k, 0xf083, 2); /* XOR EAX, imm8 sign-extended, or a bit higher up */
        emit(k, prng_next(&k->r), 1);
    } else {
        set(k, X86_RAX, value);
    }
    emit(k, 0xc0220f | cr << 19, 3);
}

static void write_msr(struct maker *k)
{
    static const uint32_t msrs[] = {0x10,       0x1b,       0x174,      0x175,      0x176,
                                    0x1a0,      0x277,      0xc0000080, 0xc0000081, 0xc0000082,
                                    0xc0000083, 0xc0000084, 0xc0000100, 0xc0000101, 0xc0000102,
                                    0xc0000103, 0xc0010117, 0xc0010015, 0x8b};
    bool known = prng_percent(&k->r, 85);

    set(k, X86_RCX,
        known ? msrs[prng_below(&k->r, sizeof(msrs) / sizeof(msrs[0]))] : prng_next(&k->r));
    set(k, X86_RAX, address(k));
    set(k, X86_RDX, prng_percent(&k->r, 70) ? 0 : prng_next(&k->r));
    emit(k, prng_percent(&k->r, 80) ? 0x300f : 0x320f, 2); /* WRMSR, RDMSR */
}

/* LGDT, LIDT, SGDT, SIDT, LMSW, INVLPG, LLDT, LTR and the rest of groups 6 and 7. */
static void load_table(struct maker *k)
{
    set(k, X86_RBX, address(k));
    emit(k, prng_below(&k->r, 2) << 8 | 0x0f, 2);
    emit(k, prng_below(&k->r, 8) << 3 | (k->kind->bits == 16 ? 7 : 3), 1);
}

static void load_selector(struct maker *k)
{
    set(k, X86_RAX, prng_percent(&k->r, 70) ? prng_below(&k->r, 0x40) : prng_next(&k->r));
    if (prng_percent(&k->r, 70))
        emit(k, 0xc08e | prng_below(&k->r, 8) << 11, 2); /* MOV Sreg, AX */
    else
        emit(k, 0xc0000f | (2 + prng_below(&k->r, 2)) << 19, 3); /* LLDT, LTR */
}

static void port_storm(struct maker *k)
{
    static const uint16_t ports[] = {0x3f8, 0x3f9, 0x3fa, 0x3fb, 0x3fd,
                                     0xe9,  0x402, 0x60,  0xcf8, 0xffff};

    set(k, X86_RDX, ports[prng_below(&k->r, sizeof(ports) / sizeof(ports[0]))]);
    set(k, X86_RCX, prng_percent(&k->r, 50) ? prng_below(&k->r, 100) : prng_next(&k->r));
    if (prng_percent(&k->r, 50)) {
        set(k, X86_RDI, address(k));
        set(k, X86_RSI, address(k));
        emit(k, 0xf3, 1);
        emit(k, 0x6c + prng_below(&k->r, 4), 1); /* REP INS, OUTS */
    } else {
        emit(k, 0xec + prng_below(&k->r, 4), 1);
        emit(k, 0xfde2, 2); /* LOOP to it */
    }
}

static void string_storm(struct maker *k)
{
    set(k, X86_RDI,
        prng_percent(&k->r, 40) ? AT_CODE + prng_below(&k->r, k->size + 1) : address(k));
    set(k, X86_RSI, address(k));
    set(k, X86_RCX, prng_percent(&k->r, 70) ? prng_below(&k->r, 5000) : prng_next(&k->r));
    emit(k, 0xfc + prng_below(&k->r, 2), 1);
    emit(k, 0xf2 + prng_below(&k->r, 2), 1);
    emit(k, 0xa4 + prng_below(&k->r, 4), 1);
    emit(k, 0xaaf3 + (prng_below(&k->r, 2) << 8), 2);
}

static void wild_jump(struct maker *k)
{
    unsigned how = prng_below(&k->r, 6);

    set(k, X86_RAX, prng_percent(&k->r, 50) ? AT_CODE + prng_below(&k->r, CODE_SIZE) : address(k));
    if (how < 2)
        emit(k, how ? 0xe0ff : 0xd0ff, 2); /* JMP, CALL */
    else if (how == 2)
        emit(k, 0xc350, 2); /* PUSH, RET */
    else if (how == 3)
        emit(k, 0xe9 | prng_next(&k->r) << 8, 5);
    else if (how == 4)
        emit(k, 0xcb5050, 3); /* PUSH, PUSH, RETF */
    else
        emit(k, 0xcf505050, 4); /* three words, IRET */
}

static void wild_stack(struct maker *k)
{
    set(k, X86_RSP, address(k));
    emit(k, 0x50 + prng_below(&k->r, 16), 1);
    if (prng_percent(&k->r, 50))
        emit(k, 0x0b0f, 2);
}

/* A store of 4 or 8 bytes: into tables, code, data, or nothing. */
static void wild_store(struct maker *k)
{
    bool tables = prng_percent(&k->r, 50);

    set(k, X86_RAX, entry(k));
    set(k, X86_RBX, tables ? AT_TABLES + 8 * prng_below(&k->r, 2048) : address(k));
    if (k->kind->bits == 64)
        emit(k, 0x48, 1);
    emit(k, k->kind->bits == 16 ? 0x0789 : 0x0389, 2);
    if (prng_percent(&k->r, 30) && !k->kind->cpl)
        emit(k, 0xd8220fd8200f, 6); /* CR3 again */
}

static void exception(struct maker *k)
{
    static const uint32_t raise[] = {0x0b0f,   0xcc,   0x80cd, 0xf1,   0xf0f6,     0xf4,
                                     0xa20f,   0x310f, 0xc10f, 0xd9f3, 0xc1010f,   0xd8010f,
                                     0xf9010f, 0x050f, 0x340f, 0x350f, 0x07480f48, 0xfb};

    emit(k, raise[prng_below(&k->r, sizeof(raise) / sizeof(raise[0]))], 4);
}

static void flags(struct maker *k)
{
    set(k, X86_RAX, prng_percent(&k->r, 50) ? 1u << prng_below(&k->r, 22) : prng_next(&k->r));
    emit(k, 0x9d50, 2); /* PUSH, POPF */
}

static void loop_back(struct maker *k)
{
    emit(k, 0xeb + (prng_below(&k->r, 2) ? 0 : 0x8900), 1);
    emit(k, 0u - prng_below(&k->r, 128), 1);
}

static void write_code(struct maker *k)
{
    static void (*const ways[])(struct maker *) = {
        noise,        noise,     write_control, write_msr,  load_table, load_selector, port_storm,
        string_storm, wild_jump, wild_stack,    wild_store, exception,  flags,         loop_back};

    while (k->size < CODE_SIZE)
        ways[prng_below(&k->r, sizeof(ways) / sizeof(ways[0]))](k);
}

static void defuse(uint8_t *code, uint32_t size)
{
    for (uint32_t i = 0; i + 2 < size; i++) {
        if (code[i] != 0x0f)
            continue;
        if (code[i + 1] == 0xab || code[i + 1] == 0xb3 || (code[i + 1] & 0xfe) == 0xba)
            code[i + 1] = 0xa3; /* BT */
    }
}

/* ---- tables ---------------------------------------------------------------------------------- */

static void put64(struct maker *k, uint64_t at, uint64_t value)
{
    uint8_t bytes[8];

    put_le64(bytes, value);
    ram_write(&k->m->ram, at, bytes, 8);
}

static void write_descriptors(struct maker *k)
{
    uint64_t code = k->kind->bits == 64   ? 0x00af9b000000ffff
                    : k->kind->bits == 32 ? 0x00cf9b000000ffff
                                          : 0x008f9b000000ffff;

    put64(k, AT_GDT + 8, code);
    put64(k, AT_GDT + 16, 0x00cf93000000ffff);
    put64(k, AT_GDT + 24, code | 3ull << 45);
    put64(k, AT_GDT + 32, 0x00cff3000000ffff);
    put64(k, AT_GDT + 40, 0x0000890000000067 | (uint64_t)AT_TSS << 16);
    put64(k, AT_GDT + 48, 0);
    for (unsigned i = 7; i < 16; i++)
        put64(k, AT_GDT + 8 * i, prng_next(&k->r));
    put64(k, AT_TSS + 4, k->kind->bits == 64 ? AT_STACK : AT_STACK | (uint64_t)SEL_DATA << 32);
    put64(k, AT_TSS + 36, prng_percent(&k->r, 50) ? AT_STACK : address(k));
    put64(k, AT_TSS + 96, prng_next(&k->r));
}

static void write_gate(struct maker *k, unsigned vector)
{
    uint64_t to = AT_CODE + prng_below(&k->r, CODE_SIZE), type = k->kind->bits == 16 ? 0x86 : 0x8e;
    unsigned size = k->kind->bits == 64 ? 16 : 8;

    if (prng_percent(&k->r, 15))
        type = prng_next(&k->r) & 0xff; /* also task and call gates */
    if (k->kind->real) {
        uint8_t place[4];

        put_le32(place, (uint32_t)to);
        ram_write(&k->m->ram, 4ull * vector, place, 4);
        return;
    }
    put64(k, AT_IDT + vector * size,
          to | SEL_CODE << 16 | type << 40 |
              (prng_percent(&k->r, 10) ? prng_next(&k->r) << 48 : 0));
    if (size == 16)
        put64(k, AT_IDT + vector * size + 8, 0);
}

/* Maps RAM to itself; now and then an entry that leads elsewhere. */
static void write_tables(struct maker *k)
{
    unsigned size = k->kind->paging == PAGING_32 ? 4 : 8;
    uint8_t bytes[8];

    put64(k, AT_TABLES, (AT_TABLES + 0x1000) | 7);
    put64(k, AT_TABLES + 0x1000, (AT_TABLES + 0x2000) | (k->kind->paging == PAGING_PAE ? 1 : 7));
    put64(k, AT_TABLES + 0x2000, (AT_TABLES + 0x3000) | 7);
    for (unsigned page = 0; page < HOSTILE_RAM / 4096; page++) {
        put_le64(bytes, prng_percent(&k->r, 2) ? entry(k) : (uint64_t)page << 12 | 7);
        ram_write(&k->m->ram, AT_TABLES + 0x3000 + size * page, bytes, size);
    }
    if (prng_percent(&k->r, 15)) {
        uint64_t to = prng_percent(&k->r, 50) ? AT_TABLES | 7 : entry(k);
        unsigned at = prng_below(&k->r, 12);

        put64(k, AT_TABLES + 0x1000ull * (at / 4) + 8ull * (at % 4), to);
    }
}

static uint64_t top_table(enum paging paging)
{
    static const uint64_t at[] = {0, AT_TABLES + 0x2000, AT_TABLES + 0x1000, AT_TABLES};

    return at[paging];
}

/* ---- state ----------------------------------------------------------------------------------- */

static void protected_segments(const struct kind *kind, struct x86_state *s)
{
    uint32_t dpl = kind->cpl << 5, code = kind->bits == 64   ? 0xa09bu
                                          : kind->bits == 32 ? 0xc09bu
                                                             : 0x809bu;

    for (int i = X86_ES; i <= X86_GS; i++)
        s->seg[i] = (struct x86_segment){.selector = kind->cpl ? SEL_USER_DATA : SEL_DATA,
                                         .limit = ~0u,
                                         .access = 0xc093u | dpl};
    s->seg[X86_CS] = (struct x86_segment){
        .selector = kind->cpl ? SEL_USER_CODE : SEL_CODE, .limit = ~0u, .access = code | dpl};
    s->seg[X86_TR] =
        (struct x86_segment){.selector = SEL_TSS, .base = AT_TSS, .limit = 0x67, .access = 0x8b};
    s->gdtr = (struct x86_table){.base = AT_GDT, .limit = 0x7f};
    s->idtr = (struct x86_table){.base = AT_IDT, .limit = kind->bits == 64 ? 0x1ff : 0xff};
    s->cr0 |= CR0_PE;
}

static void start_state(struct maker *k, struct x86_state *s)
{
    x86_state_reset(s);
    x86_segment_real(&s->seg[X86_CS], 0, true);
    s->cr0 = CR0_ET;
    s->rip = AT_CODE;
    if (!k->kind->real)
        protected_segments(k->kind, s);
    if (k->kind->paging != PAGING_NONE) {
        s->cr3 = prng_percent(&k->r, 8) ? address(k) & 0xfffff000 : top_table(k->kind->paging);
        s->cr4 = k->kind->paging == PAGING_32 ? CR4_PSE : CR4_PAE;
        s->efer = k->kind->paging == PAGING_LONG ? EFER_LME | EFER_LMA : 0;
        s->cr0 |= CR0_PG | (prng_percent(&k->r, 50) ? CR0_WP : 0);
    }
    s->cr4 |= prng_percent(&k->r, 70) ? CR4_OSFXSR : 0;
    for (int i = 0; i < X86_GPR_COUNT; i++)
        s->gpr[i] = address(k) & (k->kind->bits == 64 ? ~0ull : 0xffffffff);
    s->gpr[X86_RSP] = prng_percent(&k->r, 80) ? (k->kind->real ? 0x7000 : AT_STACK) : address(k);
    s->gpr[X86_RSP] &= k->kind->bits == 64 ? ~0ull : 0xffffffff;
    if (prng_percent(&k->r, 10))
        s->rflags |= RFLAGS_TF;
}

const char *hostile_load(struct machine *m, uint64_t seed)
{
    struct maker k = {.m = m, .r = {seed}, .code = ram_ptr(&m->ram, AT_CODE, CODE_SIZE)};
    struct x86_state s;

    k.kind = &kinds[prng_below(&k.r, KIND_COUNT)];
    if (!k.code)
        return NULL;
    write_code(&k);
    defuse(k.code, CODE_SIZE);
    for (unsigned i = 0; i < 0x4000; i += 8)
        put64(&k, AT_DATA + i, prng_next(&k.r));
    write_descriptors(&k);
    for (unsigned vector = 0; vector < (k.kind->real ? 256 : 32); vector++)
        write_gate(&k, vector);
    if (k.kind->paging != PAGING_NONE)
        write_tables(&k);
    start_state(&k, &s);
    machine_set_state(m, &s);
    m->vcpu->ops->invalidate(m->vcpu, 0, HOSTILE_RAM);
    return k.kind->name;
}
