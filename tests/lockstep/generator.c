/*
 * Making instructions, see generator.h. Opcode forms by Intel SDM vol. 2, Appendix A. Not made on
 * purpose, though random bytes may hit them: what is no CPU's business but the machine's (CPUID,
 * RDTSC, MSRs, ports and control registers at CPL 0), EVEX, AVX.
 */
#include "tests/lockstep/generator.h"

#include "util/bytes.h"

#include <string.h>

enum form_flags {
    MODRM = 1 << 0,
    MEM = 1 << 1, /* memory only */
    REG = 1 << 2, /* register only */
    NOT64 = 1 << 3,
    LOCK = 1 << 4, /* LOCK is allowed with a memory operand */
    STRING = 1 << 5,
    USER = 1 << 6, /* made in ring 3 only, where it faults */
    SSE = 1 << 7,  /* 66, F3, F2 choose the instruction */
    VEX = 1 << 8   /* the BMI instructions */
};

enum immediate { NONE, IB, IW, IZ, IV, OFFSET, REL8, RELZ, FAR, IWIB };

struct form {
    uint8_t map, first, last;
    int8_t reg; /* ModRM.reg, -1: any */
    uint8_t weight;
    uint8_t imm;
    uint16_t flags;
};

static const struct form forms[] = {
    /* integer, one byte */
    {0, 0x00, 0x03, -1, 6, NONE, MODRM | LOCK},
    {0, 0x08, 0x0b, -1, 6, NONE, MODRM | LOCK},
    {0, 0x10, 0x13, -1, 8, NONE, MODRM | LOCK},
    {0, 0x18, 0x1b, -1, 8, NONE, MODRM | LOCK},
    {0, 0x20, 0x23, -1, 4, NONE, MODRM | LOCK},
    {0, 0x28, 0x2b, -1, 6, NONE, MODRM | LOCK},
    {0, 0x30, 0x33, -1, 4, NONE, MODRM | LOCK},
    {0, 0x38, 0x3b, -1, 4, NONE, MODRM},
    {0, 0x04, 0x04, -1, 1, IB, 0},
    {0, 0x0d, 0x0d, -1, 1, IZ, 0},
    {0, 0x14, 0x14, -1, 2, IB, 0},
    {0, 0x1d, 0x1d, -1, 2, IZ, 0},
    {0, 0x2c, 0x2c, -1, 1, IB, 0},
    {0, 0x3d, 0x3d, -1, 1, IZ, 0},
    {0, 0x06, 0x07, -1, 1, NONE, NOT64},
    {0, 0x1e, 0x1f, -1, 1, NONE, NOT64},
    {0, 0x27, 0x27, -1, 2, NONE, NOT64},
    {0, 0x2f, 0x2f, -1, 2, NONE, NOT64},
    {0, 0x37, 0x37, -1, 2, NONE, NOT64},
    {0, 0x3f, 0x3f, -1, 2, NONE, NOT64},
    {0, 0x40, 0x4f, -1, 4, NONE, NOT64},
    {0, 0x50, 0x5f, -1, 10, NONE, 0},
    {0, 0x60, 0x61, -1, 2, NONE, NOT64},
    {0, 0x62, 0x62, -1, 1, NONE, NOT64 | MODRM | MEM},
    {0, 0x63, 0x63, -1, 3, NONE, MODRM},
    {0, 0x68, 0x68, -1, 2, IZ, 0},
    {0, 0x69, 0x69, -1, 3, IZ, MODRM},
    {0, 0x6a, 0x6a, -1, 2, IB, 0},
    {0, 0x6b, 0x6b, -1, 3, IB, MODRM},
    {0, 0x6c, 0x6f, -1, 3, NONE, USER | STRING},
    {0, 0x70, 0x7f, -1, 12, REL8, 0},
    {0, 0x80, 0x80, -1, 6, IB, MODRM | LOCK},
    {0, 0x81, 0x81, -1, 6, IZ, MODRM | LOCK},
    {0, 0x82, 0x82, -1, 1, IB, MODRM | NOT64},
    {0, 0x83, 0x83, -1, 6, IB, MODRM | LOCK},
    {0, 0x84, 0x87, -1, 8, NONE, MODRM},
    {0, 0x88, 0x8b, -1, 12, NONE, MODRM},
    {0, 0x8c, 0x8c, -1, 3, NONE, MODRM},
    {0, 0x8d, 0x8d, -1, 5, NONE, MODRM | MEM},
    {0, 0x8e, 0x8e, -1, 2, NONE, MODRM},
    {0, 0x8f, 0x8f, 0, 2, NONE, MODRM},
    {0, 0x90, 0x97, -1, 4, NONE, 0},
    {0, 0x98, 0x99, -1, 4, NONE, 0},
    {0, 0x9a, 0x9a, -1, 1, FAR, NOT64},
    {0, 0x9b, 0x9b, -1, 1, NONE, 0},
    {0, 0x9c, 0x9d, -1, 5, NONE, 0},
    {0, 0x9e, 0x9f, -1, 3, NONE, 0},
    {0, 0xa0, 0xa3, -1, 2, OFFSET, 0},
    {0, 0xa4, 0xa7, -1, 6, NONE, STRING},
    {0, 0xa8, 0xa8, -1, 1, IB, 0},
    {0, 0xa9, 0xa9, -1, 1, IZ, 0},
    {0, 0xaa, 0xaf, -1, 7, NONE, STRING},
    {0, 0xb0, 0xb7, -1, 5, IB, 0},
    {0, 0xb8, 0xbf, -1, 6, IV, 0},
    {0, 0xc0, 0xc1, -1, 8, IB, MODRM},
    {0, 0xc2, 0xc2, -1, 1, IW, 0},
    {0, 0xc3, 0xc3, -1, 1, NONE, 0},
    {0, 0xc4, 0xc5, -1, 1, NONE, MODRM | MEM | NOT64},
    {0, 0xc6, 0xc6, 0, 2, IB, MODRM},
    {0, 0xc7, 0xc7, 0, 3, IZ, MODRM},
    {0, 0xc8, 0xc8, -1, 2, IWIB, 0},
    {0, 0xc9, 0xc9, -1, 1, NONE, 0},
    {0, 0xca, 0xca, -1, 1, IW, 0},
    {0, 0xcb, 0xcb, -1, 1, NONE, 0},
    {0, 0xcc, 0xcc, -1, 1, NONE, 0},
    {0, 0xcd, 0xcd, -1, 2, IB, 0},
    {0, 0xce, 0xce, -1, 1, NONE, NOT64},
    {0, 0xcf, 0xcf, -1, 1, NONE, 0},
    {0, 0xd0, 0xd3, -1, 12, NONE, MODRM},
    {0, 0xd4, 0xd5, -1, 2, IB, NOT64},
    {0, 0xd6, 0xd6, -1, 1, NONE, NOT64},
    {0, 0xd7, 0xd7, -1, 2, NONE, 0},
    {0, 0xe0, 0xe3, -1, 4, REL8, 0},
    {0, 0xe4, 0xe7, -1, 3, IB, USER},
    {0, 0xe8, 0xe9, -1, 4, RELZ, 0},
    {0, 0xea, 0xea, -1, 1, FAR, NOT64},
    {0, 0xeb, 0xeb, -1, 2, REL8, 0},
    {0, 0xec, 0xef, -1, 3, NONE, USER},
    {0, 0xf1, 0xf1, -1, 1, NONE, 0},
    {0, 0xf4, 0xf4, -1, 2, NONE, USER},
    {0, 0xf5, 0xf5, -1, 2, NONE, 0},
    {0, 0xf6, 0xf6, 0, 2, IB, MODRM},
    {0, 0xf7, 0xf7, 0, 2, IZ, MODRM},
    {0, 0xf6, 0xf7, 2, 3, NONE, MODRM | LOCK},
    {0, 0xf6, 0xf7, 3, 3, NONE, MODRM | LOCK},
    {0, 0xf6, 0xf7, 4, 4, NONE, MODRM},
    {0, 0xf6, 0xf7, 5, 4, NONE, MODRM},
    {0, 0xf6, 0xf7, 6, 3, NONE, MODRM},
    {0, 0xf6, 0xf7, 7, 3, NONE, MODRM},
    {0, 0xf8, 0xf9, -1, 3, NONE, 0},
    {0, 0xfa, 0xfb, -1, 2, NONE, 0},
    {0, 0xfc, 0xfd, -1, 3, NONE, 0},
    {0, 0xfe, 0xff, 0, 3, NONE, MODRM | LOCK},
    {0, 0xfe, 0xff, 1, 3, NONE, MODRM | LOCK},
    {0, 0xff, 0xff, -1, 3, NONE, MODRM},
    /* x87 */
    {0, 0xd8, 0xdf, -1, 24, NONE, MODRM | MEM},
    {0, 0xd8, 0xdf, -1, 30, NONE, MODRM | REG},
    /* two bytes: system */
    {1, 0x00, 0x00, -1, 2, NONE, MODRM | USER},
    {1, 0x00, 0x00, 0, 1, NONE, MODRM},
    {1, 0x00, 0x00, 1, 1, NONE, MODRM},
    {1, 0x00, 0x00, 4, 1, NONE, MODRM},
    {1, 0x00, 0x00, 5, 1, NONE, MODRM},
    {1, 0x01, 0x01, 0, 1, NONE, MODRM | MEM},
    {1, 0x01, 0x01, 1, 1, NONE, MODRM | MEM},
    {1, 0x01, 0x01, 4, 1, NONE, MODRM},
    {1, 0x01, 0x01, -1, 2, NONE, MODRM | USER},
    {1, 0x02, 0x03, -1, 2, NONE, MODRM},
    {1, 0x06, 0x06, -1, 1, NONE, USER},
    {1, 0x08, 0x09, -1, 1, NONE, 0},
    {1, 0x0b, 0x0b, -1, 1, NONE, 0},
    {1, 0x0d, 0x0d, -1, 1, NONE, MODRM | MEM},
    {1, 0x18, 0x1f, -1, 2, NONE, MODRM},
    {1, 0x20, 0x20, -1, 1, NONE, MODRM | REG},
    {1, 0x21, 0x23, -1, 2, NONE, MODRM | REG | USER},
    {1, 0x30, 0x35, -1, 2, NONE, USER},
    /* two bytes: integer */
    {1, 0x40, 0x4f, -1, 6, NONE, MODRM},
    {1, 0x80, 0x8f, -1, 4, RELZ, 0},
    {1, 0x90, 0x9f, -1, 5, NONE, MODRM},
    {1, 0xa0, 0xa1, -1, 1, NONE, 0},
    {1, 0xa8, 0xa9, -1, 1, NONE, 0},
    {1, 0xa3, 0xa3, -1, 3, NONE, MODRM},
    {1, 0xab, 0xab, -1, 3, NONE, MODRM | LOCK},
    {1, 0xb3, 0xb3, -1, 3, NONE, MODRM | LOCK},
    {1, 0xbb, 0xbb, -1, 3, NONE, MODRM | LOCK},
    {1, 0xa4, 0xa4, -1, 3, IB, MODRM},
    {1, 0xa5, 0xa5, -1, 3, NONE, MODRM},
    {1, 0xac, 0xac, -1, 3, IB, MODRM},
    {1, 0xad, 0xad, -1, 3, NONE, MODRM},
    {1, 0xae, 0xae, -1, 5, NONE, MODRM},
    {1, 0xaf, 0xaf, -1, 5, NONE, MODRM},
    {1, 0xb0, 0xb1, -1, 4, NONE, MODRM | LOCK},
    {1, 0xb2, 0xb2, -1, 1, NONE, MODRM | MEM},
    {1, 0xb4, 0xb5, -1, 1, NONE, MODRM | MEM},
    {1, 0xb6, 0xb7, -1, 5, NONE, MODRM},
    {1, 0xb8, 0xb8, -1, 4, NONE, MODRM | SSE},
    {1, 0xb9, 0xb9, -1, 1, NONE, MODRM},
    {1, 0xba, 0xba, -1, 4, IB, MODRM},
    {1, 0xbc, 0xbd, -1, 8, NONE, MODRM | SSE},
    {1, 0xbe, 0xbf, -1, 5, NONE, MODRM},
    {1, 0xc0, 0xc1, -1, 4, NONE, MODRM | LOCK},
    {1, 0xc3, 0xc3, -1, 1, NONE, MODRM | MEM},
    {1, 0xc7, 0xc7, 1, 2, NONE, MODRM | MEM | LOCK},
    {1, 0xc8, 0xcf, -1, 4, NONE, 0},
    {1, 0xff, 0xff, -1, 1, NONE, MODRM},
    /* MMX, SSE */
    {1, 0x10, 0x17, -1, 12, NONE, MODRM | SSE},
    {1, 0x28, 0x2f, -1, 14, NONE, MODRM | SSE},
    {1, 0x50, 0x5f, -1, 22, NONE, MODRM | SSE},
    {1, 0x60, 0x6f, -1, 16, NONE, MODRM | SSE},
    {1, 0x70, 0x70, -1, 3, IB, MODRM | SSE},
    {1, 0x71, 0x73, -1, 4, IB, MODRM | REG | SSE},
    {1, 0x74, 0x77, -1, 3, NONE, MODRM | SSE},
    {1, 0x7c, 0x7f, -1, 6, NONE, MODRM | SSE},
    {1, 0xc2, 0xc2, -1, 4, IB, MODRM | SSE},
    {1, 0xc4, 0xc6, -1, 4, IB, MODRM | SSE},
    {1, 0xd0, 0xfe, -1, 30, NONE, MODRM | SSE},
    {2, 0x00, 0x0b, -1, 6, NONE, MODRM | SSE},
    {2, 0x10, 0x17, -1, 4, NONE, MODRM | SSE},
    {2, 0x1c, 0x2b, -1, 6, NONE, MODRM | SSE},
    {2, 0x30, 0x41, -1, 8, NONE, MODRM | SSE},
    {2, 0xdb, 0xdf, -1, 3, NONE, MODRM | SSE},
    {2, 0xf0, 0xf1, -1, 4, NONE, MODRM | SSE},
    {2, 0xf6, 0xf6, -1, 3, NONE, MODRM | SSE},
    {3, 0x08, 0x17, -1, 6, IB, MODRM | SSE},
    {3, 0x20, 0x22, -1, 2, IB, MODRM | SSE},
    {3, 0x40, 0x44, -1, 3, IB, MODRM | SSE},
    {3, 0x60, 0x63, -1, 3, IB, MODRM | SSE},
    {3, 0xdf, 0xdf, -1, 1, IB, MODRM | SSE},
    /* BMI */
    {2, 0xf2, 0xf7, -1, 8, NONE, MODRM | VEX},
    {3, 0xf0, 0xf0, -1, 2, IB, MODRM | VEX},
};
#define FORM_COUNT (sizeof(forms) / sizeof(forms[0]))

struct maker {
    struct sequence *s;
    const struct lockstep_mode *mode;
    struct prng r;
};

/* What one instruction's prefixes made of it. */
struct prefixes {
    bool opsize, addrsize, rex_w;
    uint8_t rex;
};

static void emit(struct maker *m, uint64_t value, unsigned size)
{
    for (unsigned i = 0; i < size && m->s->size < SEQUENCE_MAX; i++)
        m->s->code[m->s->size++] = (uint8_t)(value >> (8 * i));
}

static uint64_t interesting(struct prng *r)
{
    static const uint64_t values[] = {
        0,          1,          2,      0x7f,       0x80,
        0xff,       0x7fff,     0x8000, 0xffff,     0x7fffffff,
        0x80000000, 0xffffffff, ~0ull,  1ull << 63, 0x7fffffffffffffff};

    if (prng_percent(r, 40))
        return values[prng_below(r, sizeof(values) / sizeof(values[0]))];
    return prng_shifted(r);
}

/* An offset that the data segment reaches; now and then near the end of it. */
static uint32_t data_offset(struct maker *m)
{
    uint32_t at = prng_below(&m->r, 4) ? prng_below(&m->r, 0x8000) : prng_below(&m->r, DATA_SIZE);

    return AT_DATA - m->mode->data_base + at;
}

/* Mostly aligned, as SSE wants it. */
static uint32_t pointer(struct maker *m)
{
    uint32_t at = data_offset(m);

    return prng_percent(&m->r, 60) ? at & ~15u : at;
}

/* ---- operands -------------------------------------------------------------------------------- */

/*
 * EBX, EBP, ESI and EDI begin as pointers into the data and R12-R15 as well: most instructions
 * write to others.
 */
static unsigned pick_register(struct maker *m)
{
    return prng_percent(&m->r, 85) ? prng_below(&m->r, 3) : prng_below(&m->r, 8);
}

static void modrm16(struct maker *m, unsigned reg)
{
    unsigned mod = prng_below(&m->r, 3), rm = prng_below(&m->r, 8);

    emit(m, mod << 6 | reg << 3 | rm, 1);
    if (mod == 1)
        emit(m, prng_next(&m->r), 1);
    else if (mod == 2 || rm == 6)
        emit(m, data_offset(m), 2);
}

static void sib(struct maker *m, unsigned mod, unsigned reg, unsigned base)
{
    bool wild = prng_percent(&m->r, 25);
    unsigned index = wild ? prng_below(&m->r, 8) : 4, scale = prng_below(&m->r, 4);

    emit(m, mod << 6 | reg << 3 | 4, 1);
    emit(m, scale << 6 | index << 3 | base, 1);
}

static void modrm32(struct maker *m, unsigned reg, bool aligned)
{
    static const uint8_t pointers[] = {3, 5, 6, 7};
    unsigned mod = 1 + prng_below(&m->r, 2), base = pointers[prng_below(&m->r, 4)];

    if (prng_percent(&m->r, 15)) { /* an address alone; in 64-bit code relative to RIP */
        uint32_t at = data_offset(m) & (aligned ? ~15u : ~0u);

        if (m->mode->bits == 64)
            at -= AT_CODE + (uint32_t)m->s->size + 5;
        emit(m, reg << 3 | 5, 1);
        emit(m, at, 4);
        return;
    }
    if (prng_percent(&m->r, 10))
        base = prng_below(&m->r, 8);
    if (base == 4 || prng_percent(&m->r, 25))
        sib(m, mod, reg, base);
    else
        emit(m, mod << 6 | reg << 3 | base, 1);
    emit(m, (mod == 1 ? prng_next(&m->r) : prng_below(&m->r, 256)) & (aligned ? ~15u : ~0u),
         mod == 1 ? 1 : 4);
}

static void modrm(struct maker *m, const struct form *f, const struct prefixes *p)
{
    unsigned reg = f->reg >= 0 ? (unsigned)f->reg : pick_register(m);
    bool memory = f->flags & MEM || (!(f->flags & REG) && prng_percent(&m->r, 55));

    if (!memory)
        emit(m, 0xc0 | reg << 3 | pick_register(m), 1);
    else if ((m->mode->bits == 16) != p->addrsize)
        modrm16(m, reg);
    else
        modrm32(m, reg, f->flags & SSE && prng_percent(&m->r, 75));
}

/* Branches go a few bytes on, mostly to the next instruction, seldom back. */
static uint64_t displacement(struct maker *m)
{
    unsigned kind = prng_below(&m->r, 10);

    if (kind < 6)
        return 0;
    return kind < 9 ? prng_below(&m->r, 12) : (uint64_t)0 - prng_below(&m->r, 40);
}

static void far_pointer(struct maker *m, unsigned offset_size)
{
    static const uint16_t selectors[] = {0x08, 0x10, 0x28, 0x2b, 0x40, 0x50, 0x53,
                                         0x60, 0x6b, 0,    0x48, 0x88, 0x98, 0x1000};

    emit(m, AT_CODE - m->mode->code_base + m->s->size + offset_size + 2, offset_size);
    emit(m, selectors[prng_below(&m->r, sizeof(selectors) / sizeof(selectors[0]))], 2);
}

static void immediate(struct maker *m, enum immediate kind, const struct prefixes *p)
{
    bool wide = (m->mode->bits == 16) == p->opsize;
    unsigned z = wide || p->rex_w ? 4 : 2;

    switch (kind) {
    case IB:
        emit(m, prng_percent(&m->r, 50) ? prng_below(&m->r, 35) : prng_next(&m->r), 1);
        break;
    case IW:
        emit(m, prng_below(&m->r, 64), 2);
        break;
    case IZ:
        emit(m, interesting(&m->r), z);
        break;
    case IV:
        emit(m, interesting(&m->r), p->rex_w ? 8 : z);
        break;
    case OFFSET:
        emit(m, data_offset(m),
             m->mode->bits == 64                    ? (p->addrsize ? 4 : 8)
             : (m->mode->bits == 16) == p->addrsize ? 4
                                                    : 2);
        break;
    case REL8:
        emit(m, displacement(m), 1);
        break;
    case RELZ: /* in 64-bit code the size prefix is ignored here */
        emit(m, displacement(m), m->mode->bits == 64 ? 4 : z);
        break;
    case FAR:
        far_pointer(m, z);
        break;
    case IWIB:
        emit(m, prng_below(&m->r, 64), 2);
        emit(m, prng_below(&m->r, 4), 1);
        break;
    default:
        break;
    }
}

/* ---- instructions ---------------------------------------------------------------------------- */

static struct prefixes prefixes(struct maker *m, const struct form *f)
{
    static const uint8_t segments[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65};
    static const uint8_t mandatory[] = {0, 0x66, 0xf3, 0xf2};
    struct prefixes p = {0};

    if (prng_percent(&m->r, 6))
        emit(m, segments[prng_below(&m->r, 6)], 1);
    if (prng_percent(&m->r, 5)) {
        p.addrsize = true;
        emit(m, 0x67, 1);
    }
    if (f->flags & SSE) {
        uint8_t prefix = mandatory[prng_below(&m->r, 4)];

        p.opsize = prefix == 0x66;
        emit(m, prefix, prefix != 0);
    } else if (prng_percent(&m->r, 15)) {
        p.opsize = true;
        emit(m, 0x66, 1);
    }
    if ((f->flags & STRING && prng_percent(&m->r, 60)) || prng_percent(&m->r, 1))
        emit(m, 0xf2 + prng_below(&m->r, 2), 1);
    if (prng_percent(&m->r, f->flags & LOCK ? 10 : 0) || prng_below(&m->r, 300) == 0)
        emit(m, 0xf0, 1);
    if (m->mode->bits == 64 && prng_percent(&m->r, 45)) {
        p.rex = (uint8_t)(0x40 | prng_below(&m->r, 16));
        if (f->imm == NONE && f->flags & MODRM && prng_percent(&m->r, 70))
            p.rex &= 0x4d; /* seldom an unknown index */
        p.rex_w = p.rex & 8;
        emit(m, p.rex, 1);
    }
    return p;
}

static void opcode(struct maker *m, const struct form *f)
{
    unsigned op = f->first + prng_below(&m->r, f->last - f->first + 1u);

    if (f->map)
        emit(m, 0x0f, 1);
    if (f->map > 1)
        emit(m, f->map == 2 ? 0x38 : 0x3a, 1);
    emit(m, op, 1);
}

/* C4: three bytes; R, X, B inverted, W, vvvv inverted, L = 0, pp. */
static void vex(struct maker *m, const struct form *f)
{
    unsigned rxb = m->mode->bits == 64 ? prng_below(&m->r, 8) << 5 | 0x40 : 0xe0;
    unsigned vvvv = m->mode->bits == 64 ? prng_below(&m->r, 16) : 8 + prng_below(&m->r, 8);

    emit(m, 0xc4, 1);
    emit(m, rxb | f->map, 1);
    emit(m, vvvv << 3 | (prng_below(&m->r, 8) * 0x21 & 0x83), 1); /* W and pp */
    emit(m, f->first + prng_below(&m->r, f->last - f->first + 1u), 1);
}

static const struct form *pick_form(struct maker *m)
{
    for (;;) {
        unsigned total = 0, at;
        const struct form *f = forms;

        for (size_t i = 0; i < FORM_COUNT; i++)
            total += forms[i].weight;
        at = prng_below(&m->r, total);
        while (at >= f->weight)
            at -= f++->weight;
        if (!(f->flags & NOT64 && m->mode->bits == 64) && !(f->flags & USER && !m->mode->cpl))
            return f;
    }
}

static void raw_bytes(struct maker *m)
{
    for (unsigned n = 1 + prng_below(&m->r, 6); n; n--)
        emit(m, prng_next(&m->r), 1);
}

static void instruction(struct maker *m)
{
    const struct form *f = pick_form(m);
    struct prefixes p = {0};

    m->s->count++;
    if (prng_percent(&m->r, 4)) {
        raw_bytes(m);
        return;
    }
    if (f->flags & VEX) {
        vex(m, f);
    } else {
        p = prefixes(m, f);
        opcode(m, f);
    }
    if (f->flags & MODRM)
        modrm(m, f, &p);
    immediate(m, f->imm, &p);
}

static void start_registers(struct maker *m)
{
    static const uint8_t pointers[] = {X86_RBX, X86_RBP, X86_RSI, X86_RDI,
                                       X86_R12, X86_R13, X86_R14, X86_R15};
    uint64_t flags = RFLAGS_CF | RFLAGS_PF | RFLAGS_AF | RFLAGS_ZF | RFLAGS_SF | RFLAGS_OF |
                     (prng_percent(&m->r, 20) ? RFLAGS_DF : 0);

    for (int i = 0; i < X86_GPR_COUNT; i++)
        m->s->gpr[i] = interesting(&m->r);
    for (unsigned i = 0; i < sizeof(pointers); i++)
        m->s->gpr[pointers[i]] = pointer(m);
    if (prng_percent(&m->r, 70)) /* a count that REP can finish */
        m->s->gpr[X86_RCX] = prng_below(&m->r, 8);
    for (int i = 0; i < X86_GPR_COUNT && m->mode->bits < 64; i++)
        m->s->gpr[i] &= i < X86_R8 ? 0xffffffff : 0; /* what the stub can set */
    m->s->rflags = RFLAGS_FIXED | (prng_next(&m->r) & flags);
    if (prng_percent(&m->r, 2))
        m->s->rflags |= RFLAGS_TF;
    for (unsigned i = 0; i < sizeof(m->s->xmm); i += 8)
        put_le64(m->s->xmm + i, interesting(&m->r));
}

/*
 * LOCK BTS, BTR and BTC on a register end the process while the core translates them, also ahead of
 * where the CPU is ("lock-bit-register" in emu/x86/fidelity.c): take the LOCK away.
 */
static void defuse(struct sequence *s)
{
    for (size_t i = 0; i + 2 < s->size; i++) {
        unsigned op = s->code[i + 1];
        bool sets_bit = op == 0xab || op == 0xb3 || op == 0xba || op == 0xbb;

        if (s->code[i] != 0x0f || !sets_bit || s->code[i + 2] < 0xc0)
            continue;
        for (size_t k = i; k-- > 0 && i - k < 14;)
            if (s->code[k] == 0xf0)
                s->code[k] = 0x90;
    }
}

void generate(struct sequence *s, const struct lockstep_mode *mode, uint64_t seed)
{
    uint64_t number = (uint64_t)(mode - lockstep_modes); /* each mode has its own sequences */
    struct maker m = {.s = s, .mode = mode, .r = {seed + (number << 32)}};
    unsigned wanted = 6 + prng_below(&m.r, 20);

    memset(s, 0, sizeof(*s));
    start_registers(&m);
    emit(&m, 0xe3db, 2); /* FNINIT: the x87 tags are not the stub's to set */
    if (prng_percent(&m.r, 40))
        emit(&m, 0xebd9e8d9 /* FLD1, FLDPI */, 4);
    s->count = 1;
    while (s->count < wanted)
        instruction(&m);
    defuse(s);
}

void generate_data(uint8_t *data, size_t size)
{
    static const uint64_t doubles[] = {0x3ff0000000000000, 0xbff8000000000000, 0x4059000000000000,
                                       0x7ff0000000000000, 0x7ff8000000000000, 0x0000000000000001,
                                       0x8000000000000000, 0x3fb999999999999a};
    static const uint32_t floats[] = {0x3f800000, 0xc0490fdb, 0x7f800000, 0x7fc00000,
                                      0x00000001, 0x80000000, 0x4b000000, 0x3dcccccd};
    struct prng r = {size};

    for (size_t at = 0; at + 8 <= size; at += 8) {
        unsigned kind = prng_below(&r, 8);

        if (kind < 2)
            put_le64(data + at, doubles[prng_below(&r, 8)]);
        else if (kind < 4)
            put_le64(data + at, 0x100000001ull * floats[prng_below(&r, 8)]);
        else
            put_le64(data + at, kind < 6 ? interesting(&r) : prng_next(&r));
    }
}
