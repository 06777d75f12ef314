/*
 * Instruction length decoder, Intel SDM vol. 2 chapter 2 and the opcode maps of Appendix A.
 *
 * Two tables give, for each opcode of the one-byte and the 0F map, whether a ModRM byte follows,
 * which immediate, and the operand size rule; the 0F38 and 0F3A maps need none (always ModRM, and
 * for 0F3A always an imm8). VEX, EVEX and AMD's XOP reuse the maps. Where Intel and AMD differ the
 * SDM is followed: in 64-bit mode near branches ignore the 66 prefix.
 *
 * Left out: whether an opcode is defined at all. APX (REX2, extended EVEX) is not decoded.
 */
#include "x86/decode.h"

#include "x86/regs.h"

#define INSN_MAX 15 /* bytes; one more is #GP, SDM vol. 3 2.3.11 */
#define NO_SEGMENT 0xff

/* clang-format off */
/* What follows the opcode: the low 4 bits name the immediate, the others are flags. */
enum {
    NO = 0,   /* nothing */
    IB = 1,   /* 1 byte */
    IW = 2,   /* 2 bytes */
    IZ = 3,   /* 2 or 4 bytes by operand size */
    IV = 4,   /* 2, 4 or 8 bytes by operand size */
    MO = 5,   /* moffs: an offset of the address size */
    AP = 6,   /* ptr16:16 or ptr16:32 */
    EN = 7,   /* ENTER: imm16, imm8 */
    G3 = 8,   /* group 3: TEST has an immediate (F6 imm8, F7 immZ), the others have none */
    SA = 9,   /* SSE4a EXTRQ and INSERTQ: two imm8; VMREAD without 66 or F2: none */
    ID = 10,  /* 4 bytes (XOP map A) */
    PX = 15,  /* legacy prefix */
    IMMEDIATE = 15,
    RM = 16,  /* ModRM byte */
    D4 = 32,  /* operand size defaults to 64 in 64-bit mode (the SDM's d64) */
    F4 = 64,  /* operand size is 64 in 64-bit mode whatever the prefixes say (f64) */
    RR = 128, /* MOV to and from CR, DR: ModRM names registers whatever mod says */
    /* Combinations, so that a row of a table fits a line. */
    MB = RM | IB, MZ = RM | IZ, M3 = RM | G3, MA = RM | SA, MR = RM | RR, MD = RM | D4,
    DB = D4 | IB, DZ = D4 | IZ, DE = D4 | EN, FB = F4 | IB, FW = F4 | IW, FZ = F4 | IZ
};
/* clang-format on */

/* clang-format off */
/* One-byte map, SDM Table A-2. */
static const uint8_t map_one[256] = {
    /*       0   1   2   3   4   5   6   7   8   9   a   b   c   d   e   f */
    /* 0 */ RM, RM, RM, RM, IB, IZ, NO, NO, RM, RM, RM, RM, IB, IZ, NO, NO,
    /* 1 */ RM, RM, RM, RM, IB, IZ, NO, NO, RM, RM, RM, RM, IB, IZ, NO, NO,
    /* 2 */ RM, RM, RM, RM, IB, IZ, PX, NO, RM, RM, RM, RM, IB, IZ, PX, NO,
    /* 3 */ RM, RM, RM, RM, IB, IZ, PX, NO, RM, RM, RM, RM, IB, IZ, PX, NO,
    /* 4 */ NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
    /* 5 */ D4, D4, D4, D4, D4, D4, D4, D4, D4, D4, D4, D4, D4, D4, D4, D4,
    /* 6 */ NO, NO, RM, RM, PX, PX, PX, PX, DZ, MZ, DB, MB, NO, NO, NO, NO,
    /* 7 */ FB, FB, FB, FB, FB, FB, FB, FB, FB, FB, FB, FB, FB, FB, FB, FB,
    /* 8 */ MB, MZ, MB, MB, RM, RM, RM, RM, RM, RM, RM, RM, RM, RM, RM, MD,
    /* 9 */ NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, AP, NO, D4, D4, NO, NO,
    /* a */ MO, MO, MO, MO, NO, NO, NO, NO, IB, IZ, NO, NO, NO, NO, NO, NO,
    /* b */ IB, IB, IB, IB, IB, IB, IB, IB, IV, IV, IV, IV, IV, IV, IV, IV,
    /* c */ MB, MB, FW, F4, RM, RM, MB, MZ, DE, D4, IW, NO, NO, IB, NO, NO,
    /* d */ RM, RM, RM, RM, IB, IB, NO, NO, RM, RM, RM, RM, RM, RM, RM, RM,
    /* e */ FB, FB, FB, FB, IB, IB, IB, IB, FZ, FZ, AP, FB, NO, NO, NO, NO,
    /* f */ PX, NO, PX, PX, NO, NO, M3, M3, NO, NO, NO, NO, NO, NO, RM, RM,
};
/* clang-format on */

/* clang-format off */
/* Two-byte map, SDM Table A-3. */
static const uint8_t map_0f[256] = {
    /*       0   1   2   3   4   5   6   7   8   9   a   b   c   d   e   f */
    /* 0 */ RM, RM, RM, RM, NO, NO, NO, NO, NO, NO, NO, NO, NO, RM, NO, MB,
    /* 1 */ RM, RM, RM, RM, RM, RM, RM, RM, RM, RM, RM, RM, RM, RM, RM, RM,
    /* 2 */ MR, MR, MR, MR, MR, NO, MR, NO, RM, RM, RM, RM, RM, RM, RM, RM,
    /* 3 */ NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
    /* 4 */ RM, RM, RM, RM, RM, RM, RM, RM, RM, RM, RM, RM, RM, RM, RM, RM,
    /* 5 */ RM, RM, RM, RM, RM, RM, RM, RM, RM, RM, RM, RM, RM, RM, RM, RM,
    /* 6 */ RM, RM, RM, RM, RM, RM, RM, RM, RM, RM, RM, RM, RM, RM, RM, RM,
    /* 7 */ MB, MB, MB, MB, RM, RM, RM, NO, MA, RM, RM, RM, RM, RM, RM, RM,
    /* 8 */ FZ, FZ, FZ, FZ, FZ, FZ, FZ, FZ, FZ, FZ, FZ, FZ, FZ, FZ, FZ, FZ,
    /* 9 */ RM, RM, RM, RM, RM, RM, RM, RM, RM, RM, RM, RM, RM, RM, RM, RM,
    /* a */ D4, D4, NO, RM, MB, RM, RM, RM, D4, D4, NO, RM, MB, RM, RM, RM,
    /* b */ RM, RM, RM, RM, RM, RM, RM, RM, RM, RM, MB, RM, RM, RM, RM, RM,
    /* c */ RM, RM, MB, RM, MB, MB, MB, RM, NO, NO, NO, NO, NO, NO, NO, NO,
    /* d */ RM, RM, RM, RM, RM, RM, RM, RM, RM, RM, RM, RM, RM, RM, RM, RM,
    /* e */ RM, RM, RM, RM, RM, RM, RM, RM, RM, RM, RM, RM, RM, RM, RM, RM,
    /* f */ RM, RM, RM, RM, RM, RM, RM, RM, RM, RM, RM, RM, RM, RM, RM, RM,
};
/* clang-format on */

struct cursor {
    const uint8_t *start, *at, *end;
};

static bool has_bytes(const struct cursor *c, size_t count)
{
    return (size_t)(c->end - c->at) >= count;
}

static void take_prefix(struct x86_insn *insn, uint8_t byte, unsigned bits)
{
    switch (byte) {
    case 0x26:
    case 0x2e:
    case 0x36:
    case 0x3e: /* 64-bit mode ignores these four */
        if (bits != 64)
            insn->segment = byte >> 3 & 3;
        break;
    case 0x64:
    case 0x65:
        insn->segment = (uint8_t)(X86_FS + (byte & 1));
        break;
    case 0x66:
        insn->opsize_prefix = true;
        break;
    case 0x67:
        insn->address_size = bits == 32 ? 2 : 4;
        break;
    case 0xf0:
        insn->lock = true;
        break;
    default: /* f2, f3: the last one counts */
        insn->repne = byte == 0xf2;
        insn->rep = byte == 0xf3;
    }
}

/* Legacy prefixes in any order, then REX. A REX that is not the last of them has no effect. */
static bool take_prefixes(struct cursor *c, struct x86_insn *insn, unsigned bits)
{
    for (; c->at != c->end; c->at++, insn->prefix_count++) {
        if (bits == 64 && (*c->at & 0xf0) == 0x40) {
            insn->rex = *c->at;
        } else if (map_one[*c->at] == PX) {
            insn->rex = 0;
            take_prefix(insn, *c->at, bits);
        } else {
            return true;
        }
    }
    return false;
}

/*
 * Rules of an opcode in one of the maps that VEX, EVEX and XOP select. All have a ModRM byte but
 * VZEROUPPER; of map 0F only the vector instructions' immediates are left.
 */
static uint8_t vector_rules(unsigned map, uint8_t opcode, bool vex)
{
    static const uint8_t xop[3] = {MB, RM, RM | ID}; /* maps 8, 9, A */

    if (map == 1)
        return vex && opcode == 0x77 ? NO : RM | ((map_0f[opcode] & IMMEDIATE) == IB ? IB : NO);
    if (map >= 8 && map <= 10)
        return xop[map - 8];
    return map == 3 ? MB : RM;
}

/*
 * VEX, EVEX and XOP. `size` is that of the prefix, whose second byte begins with the inverted
 * R, X and B; W is the top bit of the third where there is one.
 *
 *   C5  R.vvvv.L.pp          opcode       62  RXB.R'.0.mmm  W.vvvv.1.pp  z.LL.b.V'.aaa  opcode
 *   C4  RXB.mmmmm  W.vvvv.L.pp  opcode    8F  RXB.mmmmm  W.vvvv.L.pp  opcode
 */
static bool take_vector_prefix(struct cursor *c, struct x86_insn *insn, unsigned size,
                               unsigned bits, uint8_t *rules)
{
    const uint8_t *p = c->at;
    unsigned map = 1;
    unsigned rex;

    if (!has_bytes(c, size + 1))
        return false;
    rex = 0x40 | (~p[1] >> 5 & 4);
    if (size != 2) {
        rex |= (~p[1] >> 5 & 7) | (p[2] >> 4 & 8);
        map = p[1] & (size == 4 ? 7 : 31);
    }
    insn->rex = bits == 64 ? (uint8_t)rex : 0;
    c->at += size;
    insn->opcode = *c->at++;
    insn->map = (uint8_t)map;
    insn->vector = true;
    *rules = vector_rules(map, insn->opcode, size != 4);
    return true;
}

/* Size of the vector prefix that begins at c->at, 0 when it is a plain opcode (LES, BOUND, POP). */
static unsigned vector_prefix_size(const struct cursor *c, unsigned bits)
{
    bool registers = bits == 64 || (has_bytes(c, 2) && c->at[1] >= 0xc0);

    switch (*c->at) {
    case 0xc5:
        return registers ? 2 : 0;
    case 0xc4:
        return registers ? 3 : 0;
    case 0x62:
        return registers ? 4 : 0;
    case 0x8f:
        return has_bytes(c, 2) && (c->at[1] & 31) >= 8 ? 3 : 0;
    default:
        return 0;
    }
}

/* 0F, 0F38 and 0F3A. */
static bool take_escape(struct cursor *c, struct x86_insn *insn, uint8_t *rules)
{
    c->at++;
    if (c->at == c->end)
        return false;
    insn->opcode = *c->at++;
    insn->map = 1;
    *rules = map_0f[insn->opcode];
    if (insn->opcode != 0x38 && insn->opcode != 0x3a)
        return true;
    if (c->at == c->end)
        return false;
    insn->map = insn->opcode == 0x38 ? 2 : 3;
    *rules = insn->map == 2 ? RM : MB;
    insn->opcode = *c->at++;
    return true;
}

static bool take_opcode(struct cursor *c, struct x86_insn *insn, unsigned bits, uint8_t *rules)
{
    unsigned vector;

    if (*c->at == 0x0f)
        return take_escape(c, insn, rules);
    vector = vector_prefix_size(c, bits);
    if (vector)
        return take_vector_prefix(c, insn, vector, bits, rules);
    insn->opcode = *c->at++;
    *rules = map_one[insn->opcode];
    return true;
}

static void set_operand_size(struct x86_insn *insn, unsigned bits, uint8_t rules)
{
    if (bits != 64 && !(rules & RR))
        insn->operand_size = (bits == 16) != insn->opsize_prefix ? 2 : 4;
    else if (bits != 64)
        insn->operand_size = 4;
    else if (rules & (F4 | RR) || insn->rex & 8)
        insn->operand_size = 8;
    else if (insn->opsize_prefix)
        insn->operand_size = 2;
    else
        insn->operand_size = rules & D4 ? 8 : 4;
}

/* Group 5 in 64-bit mode: near CALL and JMP are f64, PUSH is d64 (SDM Table A-6). */
static void set_group5_size(struct x86_insn *insn)
{
    unsigned op = insn->modrm >> 3 & 7;

    if (op == 2 || op == 4 || (op == 6 && !insn->opsize_prefix))
        insn->operand_size = 8;
}

/* Bytes of SIB and displacement after ModRM: SDM Tables 2-1 (16-bit) and 2-2 (32- and 64-bit). */
static unsigned address_bytes(const struct cursor *c, const struct x86_insn *insn)
{
    static const uint8_t displacement[4] = {0, 1, 4, 0};
    unsigned mod = insn->modrm >> 6;
    unsigned rm = insn->modrm & 7;

    if (mod == 3)
        return 0;
    if (insn->address_size == 2)
        return mod ? mod : (rm == 6 ? 2 : 0);
    if (rm == 4) {
        bool base_is_disp32 = mod == 0 && c->at != c->end && (*c->at & 7) == 5;

        return 1 + (base_is_disp32 ? 4 : displacement[mod]);
    }
    return mod == 0 && rm == 5 ? 4 : displacement[mod];
}

static bool take_modrm(struct cursor *c, struct x86_insn *insn, uint8_t rules)
{
    unsigned more;

    if (c->at == c->end)
        return false;
    insn->has_modrm = true;
    insn->modrm_at = (uint8_t)(c->at - c->start);
    insn->modrm = *c->at++;
    more = rules & RR ? 0 : address_bytes(c, insn);
    if (!has_bytes(c, more))
        return false;
    c->at += more;
    return true;
}

static unsigned immediate_bytes(const struct x86_insn *insn, uint8_t rules)
{
    unsigned z = insn->operand_size == 2 ? 2 : 4;

    switch (rules & IMMEDIATE) {
    case IB:
        return 1;
    case IW:
        return 2;
    case IZ:
        return z;
    case IV:
        return insn->operand_size;
    case MO:
        return insn->address_size;
    case AP:
        return z + 2;
    case EN:
        return 3;
    case G3:
        return insn->modrm & 0x30 ? 0 : (insn->opcode == 0xf6 ? 1 : z);
    case SA:
        return insn->opsize_prefix || insn->repne ? 2 : 0;
    case ID:
        return 4;
    default:
        return 0;
    }
}

static bool take_immediate(struct cursor *c, struct x86_insn *insn, uint8_t rules)
{
    unsigned count = immediate_bytes(insn, rules);

    if (!has_bytes(c, count))
        return false;
    for (unsigned i = 0; i < count; i++)
        insn->immediate |= (uint64_t)c->at[i] << 8 * i;
    c->at += count;
    return true;
}

bool x86_decode(const uint8_t *bytes, size_t size, unsigned bits, struct x86_insn *insn)
{
    struct cursor c = {
        .start = bytes, .at = bytes, .end = bytes + (size < INSN_MAX ? size : INSN_MAX)};
    uint8_t rules;

    *insn = (struct x86_insn){.address_size = (uint8_t)(bits / 8), .segment = NO_SEGMENT};
    if (!take_prefixes(&c, insn, bits) || !take_opcode(&c, insn, bits, &rules))
        return false;
    set_operand_size(insn, bits, rules);
    if (rules & RM && !take_modrm(&c, insn, rules))
        return false;
    if (insn->opcode == 0xff && insn->map == 0 && bits == 64)
        set_group5_size(insn);
    if (rules & IMMEDIATE && !take_immediate(&c, insn, rules))
        return false;
    insn->length = (uint8_t)(c.at - bytes);
    return true;
}

unsigned x86_count_insns(const uint8_t *bytes, size_t size, unsigned bits, uint32_t *last)
{
    struct x86_insn insn;
    unsigned count = 0;
    size_t at = 0;

    *last = 0;
    while (at < size) {
        count++;
        *last = (uint32_t)at;
        if (!x86_decode(bytes + at, size - at, bits, &insn))
            break;
        at += insn.length;
    }
    return count;
}

/* Read-modify-write of memory: group 1, INC, DEC, NOT, NEG, bit tests that write, exchanges. */
bool x86_lock_allowed(const struct x86_insn *insn)
{
    unsigned op = insn->opcode, reg = insn->modrm >> 3 & 7;

    if (!insn->has_modrm || insn->modrm >> 6 == 3)
        return false;
    if (insn->map == 0)
        return (op < 0x38 && (op & 7) < 2) || (op >= 0x80 && op <= 0x83 && reg != 7) ||
               op == 0x86 || op == 0x87 || ((op & 0xfe) == 0xf6 && (reg == 2 || reg == 3)) ||
               ((op & 0xfe) == 0xfe && reg < 2);
    if (insn->map != 1)
        return false;
    return op == 0xab || op == 0xb3 || op == 0xbb || (op == 0xba && reg >= 5) ||
           (op & 0xfe) == 0xb0 || (op & 0xfe) == 0xc0 || (op == 0xc7 && reg == 1);
}
